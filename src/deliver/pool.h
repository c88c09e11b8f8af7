/*
 * deliver/pool.h - idle sessions, kept a while for the next message.
 *
 * A session is found by its key: whatever makes two jobs fit for one
 * connection (site, target, route, and the conf that they were made with).
 */
#ifndef DELIVER_POOL_H
#define DELIVER_POOL_H

#include "base/must.h"
#include "base/slice.h"
#include "deliver/session.h"
#include "io/loop.h"

struct pool;

struct pool *pool_new(struct loop *) MUST_USE;
void pool_free(struct pool **); /* says goodbye to all */
/* Takes a session that is ready, for at most that long. */
void pool_put(struct pool *, struct session *, struct slice site,
    struct slice key, int64_t idle_ms);
/* The session used last, or NULL; the caller's from here on. */
struct session *pool_take(struct pool *, struct slice key);
void pool_close_site(struct pool *, struct slice site);
void pool_close_all(struct pool *);
size_t pool_count(const struct pool *);

#endif

/*
 * schedule/kept.h - what deliverers want kept over restarts, and ask for again,
 * in the state database.
 *
 * An OAuth 2 refresh token is told to one deliverer at a time: a server that
 * replaces it with each use takes two uses of one for a theft. The next is told
 * once that one has put its successor, or nothing where it stays as it is.
 */
#ifndef SCHEDULE_KEPT_H
#define SCHEDULE_KEPT_H

#include "base/must.h"
#include "io/loop.h"
#include "ipc/channel.h"
#include "ipc/messages.h"
#include "state/state.h"

struct kept;

struct kept *kept_new(struct loop *) MUST_USE;
void kept_free(struct kept **);
/* Borrowed; NULL, as it is at first: nothing is kept, all is empty. */
void kept_set_state(struct kept *, struct state *);
void kept_ask(struct kept *, struct channel *, const struct msg_kept_ask *);
void kept_put(struct kept *, struct channel *, const struct msg_kept_put *);
/* The channel ends; before it is freed. */
void kept_gone(struct kept *, const struct channel *);

#endif

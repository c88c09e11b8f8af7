/*
 * auth/scram.h - the server's side of SCRAM-SHA-256 and -PLUS (RFC 5802, 7677,
 * 9266) by libgsasl, from stored keys.
 *
 * A login that has no keys goes through the same exchange with made-up ones,
 * always the same for one login, and fails at the end.
 */
#ifndef AUTH_SCRAM_H
#define AUTH_SCRAM_H

#include <stdbool.h>

#include "auth/user_keys.h"
#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum { SCRAM_SECRET_SIZE = 32 };

struct scram_library; /* one a process */
struct scram;

/* False if the login has no keys; the slices must outlast the call. */
typedef bool scram_lookup_fn(struct slice login, struct scram_keys *out,
    void *arg);

enum scram_step { SCRAM_CHALLENGE, SCRAM_DONE, SCRAM_FAILED, SCRAM_MALFORMED };

/* `secret` is what the made-up salts come from. NULL if the library fails. */
struct scram_library *scram_library_new(
    const char secret[SCRAM_SECRET_SIZE]) MUST_USE;
void scram_library_free(struct scram_library **);

/*
 * `binding`: tls-exporter bytes or empty. `iterations` for made-up keys. NULL
 * if the library fails.
 */
struct scram *scram_new(struct scram_library *, bool plus, struct slice binding,
    uint32_t iterations, scram_lookup_fn *, void *arg) MUST_USE;
void scram_free(struct scram **);
/* What is to be sent (challenge, or data with success) is put into `out`. */
enum scram_step scram_step(struct scram *, struct slice response,
    struct buf *out) MUST_USE;
/* The login, once it is known; else empty. Valid while the exchange lives. */
struct slice scram_login(const struct scram *);

#endif

/*
 * auth/exchange.h - one SASL exchange, seen from the server: PLAIN, LOGIN,
 * SCRAM-SHA-256 and -PLUS.
 *
 * Pure protocol: it is fed responses and says what comes next. For PLAIN and
 * LOGIN it ends with EXCHANGE_JUDGE: somebody has to look at the password.
 */
#ifndef AUTH_EXCHANGE_H
#define AUTH_EXCHANGE_H

#include <stdbool.h>

#include "auth/scram.h"
#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum { EXCHANGE_MESSAGE_MAX = 12288 }; /* RFC 4954, 4: base64 of 12288 */

struct exchange;

enum exchange_step {
	EXCHANGE_CHALLENGE, /* send `out`, feed the response */
	EXCHANGE_JUDGE,     /* login and password are known */
	EXCHANGE_DONE,      /* it is the login; `out` goes with the success */
	EXCHANGE_FAILED,
	EXCHANGE_MALFORMED,
};

/* How SCRAM finds keys; what made-up ones look like. */
struct exchange_keys {
	struct scram_library *library; /* borrowed */
	scram_lookup_fn *lookup;
	void *arg;
	uint32_t iterations;
};

/* NULL: there is no such mechanism. */
struct exchange *exchange_new(struct slice mechanism, struct slice binding,
    const struct exchange_keys *) MUST_USE;
void exchange_free(struct exchange **);
/* `initial` is NULL when the client sent none. */
enum exchange_step exchange_start(struct exchange *,
    const struct slice *initial, struct buf *out) MUST_USE;
enum exchange_step exchange_respond(struct exchange *, struct slice response,
    struct buf *out) MUST_USE;
/* Valid while the exchange lives; empty until known. */
struct slice exchange_login(const struct exchange *);
const char *exchange_password(const struct exchange *);

#endif

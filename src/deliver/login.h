/*
 * deliver/login.h - AUTH towards a next hop (RFC 4954), the client's side.
 *
 * Pure: challenges in, responses out, both as base64. The password or token
 * shows up in no text but the responses.
 */
#ifndef DELIVER_LOGIN_H
#define DELIVER_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

struct login_library; /* one a process: gsasl, started once */
struct login;

struct login_library *login_library_new(void) MUST_USE;
void login_library_free(struct login_library **);

enum { LOGIN_BINDING_MAX = 64 };

/* What ties a SCRAM exchange to its TLS (RFC 5929, RFC 9266). n == 0: none. */
struct login_binding {
	bool is_exporter; /* tls-exporter, else tls-unique */
	size_t n;
	uint8_t octets[LOGIN_BINDING_MAX];
};

/* What we have to prove ourselves with; borrowed during login_new(). */
struct login_means {
	const char *user;
	const char *password; /* or NULL */
	const char *token;    /* of OAuth 2, for the host and port; or NULL */
	const char *host;
	uint16_t port;
	struct login_binding binding;
};

/* `mechanism` is one of login_mechanisms(). NULL if the library lacks it. */
struct login *login_new(struct login_library *, const char *mechanism,
    const struct login_means *) MUST_USE;
void login_free(struct login **);

enum login_progress { LOGIN_MORE, LOGIN_DONE, LOGIN_FAILED };
/*
 * Answers a challenge (what stands behind "334 "; for the first one, of an
 * initial response, nothing). The response, base64, is added to *out; a
 * mechanism whose server speaks first gets none out of an empty challenge.
 * What a server says after it is done is answered as the mechanism wants it.
 * LOGIN_DONE: the exchange is whole, the server has proved itself if the
 * mechanism lets it; all that is missing is its 235.
 */
enum login_progress login_answer(struct login *, struct slice challenge,
    struct buf *out) MUST_USE;
/* Has login_answer() said LOGIN_DONE? */
bool login_is_done(const struct login *);
/* Does the client speak first? */
bool login_has_initial(const struct login *);

/* The server has told us that it does not take the token. */
bool login_was_refused(const struct login *);

/* What can be done with these means, the best first; a NULL ends it. */
const char *const *login_mechanisms(const struct login_means *);

#endif

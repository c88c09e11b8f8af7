/*
 * deliver/smtp_client.h - one SMTP or LMTP conversation, from the client's
 * side.
 *
 * Pure protocol: it is fed bytes, writes commands and wants content. It owns no
 * socket, timer or file and never blocks, so tests and fuzzer drive it by hand.
 * What a peer can make it keep is bounded (some 40 KiB).
 */
#ifndef DELIVER_SMTP_CLIENT_H
#define DELIVER_SMTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/step.h"
#include "deliver/login.h"
#include "ipc/messages.h"
#include "mail/envelope.h"
#include "mail/fate.h"
#include "smtp/data.h"

struct smtp_client;

enum client_tls {
	CLIENT_TLS_NEVER,
	CLIENT_TLS_OFFERED,  /* STARTTLS if the server offers it */
	CLIENT_TLS_REQUIRED, /* nothing is sent without TLS */
};

struct smtp_client_options {
	bool lmtp;
	enum client_tls tls;
	const char *helo;             /* borrowed */
	const char *user;             /* borrowed; NULL: no AUTH */
	const char *password, *token; /* borrowed; one of them, with a user */
	const char *host;             /* borrowed; whom the token is for */
	uint16_t port;
	struct login_library *library; /* borrowed; with a user */
};

/*
 * One message, for the recipients whose fate is FATE_NONE. The client writes
 * their fates; replies are copied into the arena.
 */
struct smtp_message {
	const struct envelope *envelope; /* borrowed until it is done */
	struct fate *fates;              /* borrowed; one a recipient */
	struct arena *arena;             /* borrowed */
	uint64_t size;                   /* octets of content */
	bool utf8_header;                /* its header has UTF-8 in it */
};

/* Why a session ended by itself; fates that are FATE_NONE then still are. */
struct client_failure {
	enum job_trouble trouble;
	struct fate fate; /* for them, if nobody else takes the message */
};

struct smtp_client *smtp_client_new(
    const struct smtp_client_options *) MUST_USE;
void smtp_client_free(struct smtp_client **);

/*
 * STEP_MORE: it waits for the server, or for content.  STEP_WAIT: it is ready
 * for smtp_client_send(), and what was sent is done.  STEP_TLS: start TLS, then
 * smtp_client_secured().  STEP_CLOSE: it is over, see smtp_client_failure().
 * In each case send what it wrote first.
 */
enum step smtp_client_feed(struct smtp_client *, struct slice in,
    size_t *eaten) MUST_USE;
/* TLS is up, after STEP_TLS or (implicit TLS) before the greeting. */
enum step smtp_client_secured(struct smtp_client *, bool verified) MUST_USE;
/* What its TLS can be known by, before smtp_client_secured(). */
void smtp_client_bind(struct smtp_client *, const struct login_binding *);
/*
 * Allowed when ready. STEP_WAIT at once: no recipient could be sent, their
 * fates say why. If some fate is still FATE_NONE when it is done without a
 * failure, send it again for those: a server takes just so many at once.
 */
enum step smtp_client_send(struct smtp_client *,
    const struct smtp_message *) MUST_USE;
/* Says QUIT. */
enum step smtp_client_quit(struct smtp_client *) MUST_USE;
/* The connection ended: 0, ERR_TIMEOUT, ERR_TLS, -errno. */
void smtp_client_lost(struct smtp_client *, int rc);

/* The commands; whoever sends them resets it. */
struct buf *smtp_client_output(struct smtp_client *);
/*
 * After the commands are sent: does it want content now, and how much is left?
 * A content of 0 octets is wanted, too.
 */
bool smtp_client_wants_content(const struct smtp_client *, uint64_t *left);
/* The next piece, as it goes on the wire, comes by the sink. */
void smtp_client_content(struct smtp_client *, struct slice, data_sink_fn *sink,
    void *arg);
/* What is left may go as it is, by another way than the sink: so much went. */
bool smtp_client_takes_raw(const struct smtp_client *);
void smtp_client_content_went(struct smtp_client *, uint64_t octets);
/* True when a new wait has begun since the last call: how long it may be. */
bool smtp_client_new_patience(struct smtp_client *, int64_t *ms);

bool smtp_client_is_ready(const struct smtp_client *);
/* It ended between STEP_TLS and smtp_client_secured(). */
bool smtp_client_broke_tls(const struct smtp_client *);
/* It is over because the server did not take our login. */
bool smtp_client_login_refused(const struct smtp_client *);
/* NULL while nothing went wrong. Its reply is the client's. */
const struct client_failure *smtp_client_failure(const struct smtp_client *);
/* The site asked us to slow down, in some reply of this transaction. */
bool smtp_client_is_busy(const struct smtp_client *);
/* The exchange so far, without content and secrets, since clear. Bounded. */
struct slice smtp_client_dialogue(const struct smtp_client *);
void smtp_client_clear_dialogue(struct smtp_client *);
/* A remark in the dialogue. */
void smtp_client_note(struct smtp_client *, struct slice);

#endif

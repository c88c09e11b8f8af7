/*
 * receive/smtp_server.h - one SMTP conversation, seen from the server's side.
 *
 * Pure protocol: it is fed bytes and writes replies into a buffer. It owns no
 * socket, timer or file and never blocks, so the tests and the fuzzer drive it
 * by hand. Times are monotonic milliseconds.
 */
#ifndef RECEIVE_SMTP_SERVER_H
#define RECEIVE_SMTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/step.h"
#include "conf/conf.h"
#include "ipc/messages.h"
#include "receive/smtp_host.h"

enum {
	SMTP_LINE_MAX = 2048, /* a command; RFC 5321 and 3461 need 1,012 */
	SMTP_AUTH_LINE_MAX = 12288,              /* RFC 4954, 4 */
	SMTP_INPUT_MIN = SMTP_AUTH_LINE_MAX + 2, /* feed must be able to see */
};

/* The ground rules of a session. All is borrowed for the engine's life. */
struct smtp_terms {
	const char *hostname;
	const struct limits_conf *limits;
	const struct auth_conf *auth;
	struct ip client;    /* version 0: on this machine */
	const char *service; /* "relay", "submission" */
	bool is_submission;
	bool offers_tls; /* STARTTLS */
	bool requires_tls;
	bool requires_helo;
	bool is_trusted; /* the client's network */
	int64_t greet_pause_ms;
};

struct smtp_server;

/* Replies go to `out` (borrowed), to be sent after each call. */
struct smtp_server *smtp_server_new(const struct smtp_terms *,
    const struct smtp_host *, void *arg, struct buf *out) MUST_USE;
void smtp_server_free(struct smtp_server **);

/* Says hello, or begins the pause before it. */
enum step smtp_server_start(struct smtp_server *, int64_t now) MUST_USE;
/*
 * Takes one line or one run of content off the front of `in`, which is all
 * that there is (at least the first SMTP_INPUT_MIN bytes). Returns how many
 * bytes were eaten; 0 with STEP_MORE: a line that is not whole yet.
 */
size_t smtp_server_feed(struct smtp_server *, struct slice in, int64_t now,
    enum step *) MUST_USE;

/*
 * The answers to what STEP_TLS and STEP_WAIT wait for. `tls` is for Received:
 * "TLSv1.3 TLS_AES_256_GCM_SHA384". After TLS began all is forgotten.
 */
void smtp_server_secured(struct smtp_server *, const char *tls, int64_t now);
/* What RCPT waited for is known. */
enum step smtp_server_informed(struct smtp_server *, int64_t now) MUST_USE;
/* Of the message that is whole. */
enum step smtp_server_inspected(struct smtp_server *,
    const struct smtp_findings *, int64_t now) MUST_USE;
/* rc 0: the message is on disk. */
enum step smtp_server_committed(struct smtp_server *, int rc,
    int64_t now) MUST_USE;
enum step smtp_server_auth_challenge(struct smtp_server *, struct slice,
    int64_t now) MUST_USE;
enum step smtp_server_auth_done(struct smtp_server *, enum auth_verdict,
    struct slice login, struct slice additional, int64_t now) MUST_USE;

/* In a state that takes those two calls? */
bool smtp_server_awaits_auth(const struct smtp_server *);
/* In the states that smtp_server_informed() and _inspected() end? */
bool smtp_server_awaits_news(const struct smtp_server *);
bool smtp_server_awaits_findings(const struct smtp_server *);
/* A deadline, not an event, ends this STEP_WAIT: a password was wrong. */
bool smtp_server_is_delayed(const struct smtp_server *);

/* When smtp_server_expire() is due; INT64_MAX: never. */
int64_t smtp_server_deadline(const struct smtp_server *);
enum step smtp_server_expire(struct smtp_server *, int64_t now) MUST_USE;
/* We stop: false if a transaction is under way, which may go on. */
bool smtp_server_stop(struct smtp_server *, int64_t now) MUST_USE;

/* Facts for the log. */
struct slice smtp_server_helo(const struct smtp_server *);
struct slice smtp_server_login(const struct smtp_server *);
const char *smtp_server_tls(const struct smtp_server *); /* "" in plain */
/* Of the message that waits for _inspected() or _committed(). */
const struct envelope *smtp_server_envelope(const struct smtp_server *);
struct slice smtp_server_message_id(const struct smtp_server *);
/* Between MAIL and the reply to the message. */
bool smtp_server_is_busy(const struct smtp_server *);

#endif

/*
 * receive/smtp_host.h - what a protocol engine asks of the session it serves.
 *
 * The engine owns no socket, clock, queue or table; whoever drives it answers
 * these. None of them calls the engine back before it returns.
 */
#ifndef RECEIVE_SMTP_HOST_H
#define RECEIVE_SMTP_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "mail/address.h"
#include "mail/envelope.h"

/* A reply that says no: "550 5.1.1 No such user", without a line end. */
struct refusal {
	char text[512];
};

/* What was refused, for the log and the events. */
struct smtp_rejection {
	const char *stage; /* "connect", "mail", "rcpt", "data", "auth" ... */
	struct slice reply;
	struct slice sender;
	struct slice recipient;
};

/*
 * What was found about a message that is whole. All empty: nothing. It lives
 * until the message is on disk, or refused.
 */
struct smtp_findings {
	struct slice refusal;  /* "550 5.7.1 ...": it may not come in */
	struct slice above;    /* fields to stand above our Received */
	struct slice below;    /* fields to stand below it */
	struct slice verdicts; /* for the envelope */
	bool hold;             /* it is kept, and not carried on */
};

struct smtp_host {
	/* MAIL: false and the refusal, or true. `login` is empty without AUTH.
	 */
	bool (*sender)(void *arg, const struct address *, struct slice login,
	    struct refusal *);
	/*
	 * Before RCPT: is all known that may refuse it? False: the command
	 * waits until smtp_server_informed().
	 */
	bool (*informed)(void *arg);
	/* For what a client is promised of dates. */
	int64_t (*wall_ms)(void *arg);
	/* RCPT. `routed`: a source route stood before the address. */
	bool (*recipient)(void *arg, const struct address *, bool routed,
	    struct slice login, struct refusal *);

	/*
	 * A draft for the content: 0, an id for the message and its time of
	 * arrival, or -errno. It ends by draft_abort() or commit().
	 */
	int (*draft_begin)(void *arg, uint64_t *id, int64_t *arrived_ms);
	int (*draft_add)(void *arg, struct slice content);
	void (*draft_abort)(void *arg);
	/*
	 * The same content for those who look into it, as it comes: the header
	 * section with the empty line, as the client sent it, and the fields
	 * that we put before it; then the body.
	 */
	void (*head)(void *arg, struct slice added, struct slice header);
	void (*body)(void *arg, struct slice run);
	/*
	 * All of it was good: what is there to say about it? True: *findings
	 * is filled; false: smtp_server_inspected() brings them.
	 */
	bool (*inspect)(void *arg, const struct envelope *,
	    struct smtp_findings *);
	/* `prefix` goes before the content. smtp_server_committed() answers. */
	void (*commit)(void *arg, struct slice prefix, const struct envelope *);

	/* May this client try a password now? */
	bool (*auth_allowed)(void *arg, struct refusal *);
	/* smtp_server_auth_challenge() or _auth_done() answers these two. */
	void (*auth_start)(void *arg, struct slice mechanism,
	    const struct slice *initial);
	void (*auth_response)(void *arg, struct slice response);
	/* The exchange is over on our side; no answer is wanted any more. */
	void (*auth_cancel)(void *arg);
	/* A wrong password; the login may be unknown, and empty. */
	void (*auth_failed)(void *arg, struct slice login);

	void (*flush_site)(void *arg, struct slice domain); /* ETRN */
	void (*rejected)(void *arg, const struct smtp_rejection *);
};

#endif

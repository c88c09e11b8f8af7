/*
 * mail/envelope.h - what SMTP says about a message, and how it is kept.
 *
 * The encoded form stands in the queue's segments and in IPC: a sequence of
 * (tag, length, bytes) fields; unknown tags are skipped, so that an older mtad
 * reads what a newer one wrote. Decoded slices point into the encoded bytes;
 * the array of recipients is the arena's.
 */
#ifndef MAIL_ENVELOPE_H
#define MAIL_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* NOTIFY= of RFC 3461, 4.1; 0: not given, which means failure and delay. */
enum {
	NOTIFY_NEVER = 1,
	NOTIFY_SUCCESS = 2,
	NOTIFY_FAILURE = 4,
	NOTIFY_DELAY = 8,
};
enum envelope_ret { RET_NONE, RET_FULL, RET_HDRS };
enum envelope_body { BODY_7BIT, BODY_8BITMIME, BODY_BINARYMIME };
/* When its time is over: say so and go on, or give up (RFC 2852). */
enum envelope_by { BY_NONE, BY_NOTIFY, BY_RETURN };
enum { PRIORITY_LOWEST = -9, PRIORITY_HIGHEST = 9 };

struct recipient {
	struct slice address; /* forward-path without brackets */
	struct slice orcpt;   /* "rfc822;..." as in ORCPT=, xtext; or empty */
	uint8_t notify;       /* NOTIFY_* */
};

struct envelope {
	uint64_t id;
	int64_t arrived_ms;  /* wall time */
	uint64_t size;       /* octets of content, our Received included */
	struct slice sender; /* reverse-path without brackets; empty: null */
	struct slice envid;  /* as in ENVID=, xtext; or empty */
	enum envelope_ret ret;
	enum envelope_body body;
	bool smtputf8;
	bool require_tls;     /* RFC 8689 */
	struct slice service; /* "relay", "submission", "local", "dsn" */
	struct slice client;  /* address of the client, text */
	struct slice helo;
	struct slice login;    /* who authenticated; or empty */
	struct slice tls;      /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; or empty */
	struct slice verdicts; /* of the checks: verify/verdicts.h */
	bool hold;             /* into quarantine: not to be carried on */
	int64_t release_ms;    /* RFC 4865: wall time; 0: at once */
	int64_t by_ms;         /* RFC 2852: wall time, if `by` is not NONE */
	enum envelope_by by;
	bool by_trace; /* each relay reports that it has passed it on */
	bool by_told;  /* the time was over when it came: somebody told of it */
	int8_t priority; /* RFC 6710: -9 to 9 */
	uint32_t recipient_count;
	struct recipient *recipients;
};

void envelope_encode(const struct envelope *, struct buf *);
/* 0, ERR_CORRUPT, or ERR_LIMIT when the arena is full. */
int envelope_decode(struct slice, struct arena *, struct envelope *) MUST_USE;

#endif

/*
 * bounce/bounce.h - what a sender learns of a message's fate: whether, and in
 * which words (RFC 3461; RFC 3464; RFC 6522; RFC 6533 for UTF-8).
 *
 * Pure: the report goes piece by piece to a sink, the original is read through
 * a callback, and the time is given. Who keeps and sends the report is the
 * caller's business; it goes out from the null sender, always.
 */
#ifndef BOUNCE_BOUNCE_H
#define BOUNCE_BOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "mail/envelope.h"
#include "mail/fate.h"

enum bounce_kind {
	BOUNCE_NOTHING,
	BOUNCE_FAILURE,
	BOUNCE_DOUBLE, /* a failure that only the postmaster can be told */
	BOUNCE_DELAY,
	BOUNCE_SUCCESS, /* delivered, relayed or expanded */
};

struct bounce_case {
	enum fate_kind fate;
	uint8_t notify;
	bool null_sender;
	bool warned;        /* a delay has been reported already */
	bool wants_relays;  /* to hear of hops that it went to (RFC 2852) */
	bool to_postmaster; /* the recipient is the postmaster of reports */
};

/* What is owed for one recipient. Each row of its truth is in check_bounce. */
enum bounce_kind bounce_decide(const struct bounce_case *);

struct bounce_recipient {
	const struct recipient *recipient; /* borrowed: the envelope */
	struct fate fate;
	struct slice host;       /* that was spoken to last; or empty */
	int64_t last_attempt_ms; /* 0: there was none */
	bool expired;            /* failed since its time is over */
};

/* Bytes of the original from `offset` on: how many, 0 at its end, or -errno. */
typedef int64_t bounce_read_fn(uint64_t offset, char *bytes, size_t n,
    void *arg);
typedef void bounce_sink_fn(struct slice, void *arg);

struct bounce {
	enum bounce_kind kind; /* not NOTHING; all recipients are of it */
	const struct envelope *envelope; /* of the original */
	const struct bounce_recipient *recipients;
	size_t count;
	struct slice hostname;
	struct slice postmaster; /* its address */
	uint64_t id;             /* the report's own */
	int64_t now_ms;
	int64_t expires_ms; /* the original's: how long we go on trying */
	size_t full_max;    /* originals up to that size come back whole */
	bounce_read_fn *read;
	void *read_arg;
};

/* What the report's own envelope has to say. */
struct bounce_envelope {
	struct slice recipient; /* points into the bounce */
	enum envelope_body body;
	bool smtputf8;
};

/* 0, or what `read` gave: then what the sink got is worth nothing. */
int bounce_write(const struct bounce *, bounce_sink_fn *, void *arg,
    struct bounce_envelope *out) MUST_USE;

#endif

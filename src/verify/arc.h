/*
 * verify/arc.h - an Authenticated Received Chain, verified (RFC 8617, 5.2).
 *
 * The header section first, as a whole, then the body as it streams by, then
 * arc_evaluate() over a set of DNS answers, again while it says ARC_AGAIN. It
 * keeps hashes and names, nothing of the message. We never seal: the protocol
 * is on its way to Historic.
 *
 * DNS trouble makes a chain fail, since all that a chain can do is to excuse.
 */
#ifndef VERIFY_ARC_H
#define VERIFY_ARC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/must.h"
#include "base/slice.h"
#include "dns/answers.h"

enum {
	ARC_INSTANCES_MAX = 50, /* RFC 8617, 4.2.1 */
	ARC_BODIES_MAX = 10,    /* message signatures that are looked at */
	ARC_REASON_SIZE = 120,
};

enum arc_result { ARC_AGAIN, ARC_NONE, ARC_PASS, ARC_FAIL };

struct arc_verdict {
	enum arc_result result;
	unsigned instances;
	/*
	 * When it passes: the message has not changed since that instance, as
	 * far as we looked (ARC_BODIES_MAX); 1: since the first.
	 */
	unsigned oldest_pass;
	char reason[ARC_REASON_SIZE];
};

struct arc;

struct arc *arc_new(void) MUST_USE;
void arc_free(struct arc **);

/* The whole header section; only looked at during the call. Once. */
void arc_header(struct arc *, struct slice header);
/* Is there a chain that could pass? Else the body need not be shown. */
bool arc_wants_body(const struct arc *);
void arc_body(struct arc *, struct slice piece);
void arc_body_end(struct arc *);
void arc_evaluate(struct arc *, struct answers *, struct arc_verdict *out);

/* d= of the seal of instance 1 to `instances`, lower case; or "". */
const char *arc_sealer(const struct arc *, unsigned instance);
/*
 * After ARC_PASS: a sealer that `trusted` names has seen DMARC pass, and the
 * message has not changed since. False: nobody vouches for it.
 */
bool arc_is_vouched(const struct arc *, const struct arc_verdict *,
    const struct slice *trusted, size_t trusted_count, unsigned *instance);

#endif

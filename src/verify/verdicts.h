/*
 * verify/verdicts.h - all verdicts about one message, as one value: written
 * into Authentication-Results, kept in the envelope, shown to people.
 *
 * VERDICT_ABSENT means that a check was not made; it is then told nowhere.
 */
#ifndef VERIFY_VERDICTS_H
#define VERIFY_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum {
	VERDICTS_DKIM_MAX = 10,
	VERDICTS_TEXT_MAX = 320, /* of one text; longer ones are cut */
	VERDICTS_SIZE_MAX = 32768,
};

/* The words of RFC 8601, 2.7. On disk: never renumbered. */
enum verdict {
	VERDICT_ABSENT,
	VERDICT_NONE,
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_SOFTFAIL,
	VERDICT_NEUTRAL,
	VERDICT_POLICY,
	VERDICT_TEMPERROR,
	VERDICT_PERMERROR,
	VERDICTS
};

struct verdict_spf {
	enum verdict result;
	struct slice identity; /* address, domain, or the HELO name */
	struct slice reason;
};

struct verdict_dkim {
	enum verdict result;
	struct slice domain;    /* d= */
	struct slice identity;  /* i=, or empty */
	struct slice selector;  /* s= */
	struct slice algorithm; /* a= */
	struct slice signature; /* the first 8 characters of b= */
	struct slice reason;
};

struct verdict_dmarc {
	enum verdict result;
	struct slice from;    /* the author's domain */
	struct slice policy;  /* "none", "quarantine", "reject" or empty */
	struct slice applied; /* what was done by it */
	bool spf_aligned;
	bool dkim_aligned;
	struct slice reason;
};

struct verdict_arc {
	enum verdict result;
	uint32_t instances;
	uint32_t oldest_pass;
	struct slice sealer;     /* of the newest set */
	struct slice vouched_by; /* who overrode a DMARC failure; or empty */
	struct slice reason;
};

struct verdict_iprev {
	enum verdict result;
	struct slice ip;
	struct slice name; /* proved; or empty */
};

struct verdicts {
	struct verdict_spf spf; /* MAIL FROM */
	struct verdict_spf helo;
	size_t dkim_count;
	struct verdict_dkim dkim[VERDICTS_DKIM_MAX];
	struct verdict_dmarc dmarc;
	struct verdict_arc arc;
	struct verdict_iprev iprev;
	struct slice login;  /* who authenticated; or empty */
	struct slice listed; /* the DNSBL zone; or empty */
};

const char *verdict_name(enum verdict); /* "pass"; "" when absent */

/* At most VERDICTS_SIZE_MAX bytes; nothing at all when all are absent. */
void verdicts_encode(const struct verdicts *, struct buf *);
/* Slices point into the bytes. False: they are not such an encoding. */
bool verdicts_decode(struct slice, struct verdicts *out) MUST_USE;
/* "spf=pass dkim=pass:example.org dmarc=fail/reject ..."; for log_text(). */
void verdicts_text(const struct verdicts *, struct buf *);

#endif

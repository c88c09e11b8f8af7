/*
 * verify/dmarc_row.h - what one message is to an aggregate report (RFC 9990,
 * 3.1.1.8): messages whose rows are equal are counted together.
 *
 * A row is also a line of printable ASCII or UTF-8 without tabs, bounded, that
 * a database can take as a key; reading it back is total.
 */
#ifndef VERIFY_DMARC_ROW_H
#define VERIFY_DMARC_ROW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/must.h"
#include "verify/dmarc.h"
#include "verify/verdicts.h"

enum {
	DMARC_ROW_TEXT_MAX = 750,
	DMARC_PUBLISHED_TEXT_MAX = 6,
};

enum dmarc_disposition {
	DMARC_DID_NONE, /* nothing: it failed, or nothing was asked for */
	DMARC_DID_PASS, /* it passed a policy that asks for more */
	DMARC_DID_QUARANTINE,
	DMARC_DID_REJECT,
	DMARC_DISPOSITIONS
};

/* Why less was done than the policy asks for. */
enum dmarc_override {
	DMARC_OVERRIDE_NONE,
	DMARC_OVERRIDE_ARC,      /* a chain that we trust vouches for it */
	DMARC_OVERRIDE_OBSERVED, /* this host enforces no policies */
	DMARC_OVERRIDE_TEST,     /* the record has t=y */
	DMARC_OVERRIDES
};

struct dmarc_row_dkim {
	enum verdict result;
	struct slice domain, selector;
};

struct dmarc_row {
	struct ip source;
	enum dmarc_disposition disposition;
	enum dmarc_override override;
	bool dkim_aligned, spf_aligned;
	bool is_null_sender;
	struct slice header_from;
	struct slice spf_domain; /* MAIL FROM's; HELO's of a null sender */
	enum verdict spf;
	size_t dkim_count; /* those worth most first */
	struct dmarc_row_dkim dkim[VERDICTS_DKIM_MAX];
};

/* Adds at most DMARC_ROW_TEXT_MAX octets: the last signatures may be missing.
 */
void dmarc_row_write(const struct dmarc_row *, struct buf *);
/* Slices point into the text. False: it is no such line. */
bool dmarc_row_read(struct slice, struct dmarc_row *out) MUST_USE;

/* The policy of a report, in as many letters as DMARC_PUBLISHED_TEXT_MAX. */
void dmarc_published_write(const struct dmarc_published *, struct buf *);
bool dmarc_published_read(struct slice, struct dmarc_published *out) MUST_USE;

#endif

/*
 * verify/dmarc_record.h - one DMARC policy record (RFC 9989, 4.7 and 4.8).
 *
 * By its ABNF: version first, unknown tags skipped (pct, rf and ri are such
 * now), malformed values replaced by defaults. Slices point into the record.
 */
#ifndef VERIFY_DMARC_RECORD_H
#define VERIFY_DMARC_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "mail/address.h"

enum dmarc_policy {
	DMARC_POLICY_UNSET,
	DMARC_POLICY_NONE,
	DMARC_POLICY_QUARANTINE,
	DMARC_POLICY_REJECT,
};
enum dmarc_psd { DMARC_PSD_UNKNOWN, DMARC_PSD_YES, DMARC_PSD_NO };

struct dmarc_record {
	enum dmarc_policy p;  /* never unset, but in an unusable record */
	enum dmarc_policy sp; /* may be unset */
	enum dmarc_policy np;
	enum dmarc_psd psd;
	bool testing; /* t=y */
	bool adkim_strict;
	bool aspf_strict;
	/*
	 * No valid p, or an invalid sp or np: with a rua that is p=none alone,
	 * and without one nothing may be done by it (4.10.1).
	 */
	bool is_unusable;
	struct slice rua; /* for dmarc_uri_take(); or empty */
	struct slice ruf;
	struct slice fo; /* "0", "1", "d:s" ...; default "0" */
};

/* False: it is no DMARC record at all; *out is then not set. */
bool dmarc_record_parse(struct slice txt, struct dmarc_record *out) MUST_USE;

struct dmarc_uri {
	bool is_mailto; /* else of a kind that we don't serve */
	char address[ADDRESS_MAX + 1];
	uint64_t size_max; /* "!10m" of RFC 7489; 0: none given */
};

/* The next valid one of a rua or ruf list; malformed ones are skipped. */
bool dmarc_uri_take(struct slice *list, struct dmarc_uri *out) MUST_USE;

/* "none", "quarantine", "reject"; "" for unset. */
const char *dmarc_policy_name(enum dmarc_policy);

#endif

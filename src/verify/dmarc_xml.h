/*
 * verify/dmarc_xml.h - an aggregate report as XML (RFC 9990, appendix A),
 * written piece by piece. It counts nothing and sends nothing.
 *
 * Texts may hold any bytes: what XML can't carry becomes "?".
 */
#ifndef VERIFY_DMARC_XML_H
#define VERIFY_DMARC_XML_H

#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "verify/dmarc.h"
#include "verify/verdicts.h"

struct dmarc_report_head {
	struct slice organization; /* who reports */
	struct slice email;
	struct slice report_id;
	int64_t begin_s; /* seconds since 1970, UTC */
	int64_t end_s;
	struct slice domain; /* where the policy was found */
	struct dmarc_published published;
};

/* So many messages that are alike. */
struct dmarc_report_row {
	struct ip source;
	uint64_t count;
	enum dmarc_policy disposition; /* UNSET: it passed */
	bool dkim_aligned;
	bool spf_aligned;
	struct slice override; /* why policy was not applied; or empty */
	struct slice header_from;
	struct slice envelope_from;      /* MAIL FROM's domain; may be empty */
	const struct verdicts *verdicts; /* borrowed: spf, helo, dkim */
};

void dmarc_xml_begin(const struct dmarc_report_head *, struct buf *);
void dmarc_xml_row(const struct dmarc_report_row *, struct buf *);
void dmarc_xml_end(struct buf *);

#endif

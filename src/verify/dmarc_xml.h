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
#include "verify/dmarc_row.h"

struct dmarc_report_head {
	struct slice organization; /* who reports */
	struct slice email;
	struct slice report_id;
	int64_t begin_s; /* seconds since 1970, UTC */
	int64_t end_s;
	struct slice error;  /* what is wrong with the report; or empty */
	struct slice domain; /* where the policy was found */
	struct dmarc_published published;
};

void dmarc_xml_begin(const struct dmarc_report_head *, struct buf *);
/* So many messages that are alike. A report has one such row at least. */
void dmarc_xml_row(const struct dmarc_row *, uint64_t count, struct buf *);
void dmarc_xml_end(struct buf *);

#endif

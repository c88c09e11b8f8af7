/*
 * receive/dmarc_count.h - what is told of a message for the DMARC reports (RFC
 * 9990): its row, if its domain wants reports. Pure.
 */
#ifndef RECEIVE_DMARC_COUNT_H
#define RECEIVE_DMARC_COUNT_H

#include "base/buf.h"
#include "base/must.h"
#include "ipc/messages.h"
#include "verify/dmarc_row.h"

/* All borrowed. */
struct dmarc_seen {
	const struct ip *client;
	const struct dmarc_verdict *dmarc;
	const struct verdicts *verdicts; /* spf: of whom DMARC looks at; dkim */
	struct slice spf_domain;         /* MAIL FROM's, else HELO's */
	bool is_null_sender;
	bool is_enforced; /* checks.dmarc */
	bool is_vouched;  /* by ARC */
};

/*
 * Only what was judged by a record with a rua. That record is looked for in the
 * answers, where the verdict has put it.
 */
bool dmarc_count_is_wanted(const struct dmarc_verdict *,
    struct answers *) MUST_USE;
void dmarc_count_row(const struct dmarc_seen *, struct dmarc_row *out);
/* Is it such a report itself? By its Subject (RFC 9990, 3.5.2). */
bool dmarc_count_is_report(struct slice header) MUST_USE;

/* Each message that is to be counted; lives as long as the call. */
typedef void dmarc_count_fn(const struct msg_dmarc_result *, void *arg);
void dmarc_count_tell(const struct dmarc_seen *, bool is_report,
    dmarc_count_fn *, void *arg);

#endif

/*
 * schedule/dmarcrpt.h - DMARC aggregate reports (RFC 9990): the results of a
 * day, counted in the state database, and the reports made of them. Days are
 * UTC's.
 */
#ifndef SCHEDULE_DMARCRPT_H
#define SCHEDULE_DMARCRPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "ipc/messages.h"
#include "schedule/report_mail.h"
#include "state/state.h"

enum {
	DMARCRPT_ROWS_MAX = 1000,          /* of one domain and day */
	DMARCRPT_ROWS_OF_ALL_MAX = 100000, /* of a day */
	DMARCRPT_DOMAINS_MAX = 5000,       /* of a day */
	DMARCRPT_XML_MAX = 8 << 20,
	DMARCRPT_GZIP_MAX = 2 << 20,
};

/* A NULL state is fine: nothing is counted then. */
void dmarcrpt_count(struct state *, const struct msg_dmarc_result *,
    int64_t wall_ms);
/* Forgets some of what is older than yesterday. */
void dmarcrpt_purge(struct state *, int64_t wall_ms);
/*
 * A domain of yesterday's results whose turn it is to have `reporter`'s report,
 * marked as having had it; false: no more are due now.
 */
bool dmarcrpt_next(struct state *, struct slice reporter, int64_t wall_ms,
    struct buf *domain) MUST_USE;
/* Who may have it can't be found out now: its turn comes again, in an hour. */
void dmarcrpt_again(struct state *, struct slice domain, uint64_t asked_ms,
    int64_t wall_ms);
/*
 * Who is to have the report was asked at `asked_ms`, when it was the domain's
 * turn, and is known now: may it go? Once; it is marked as gone.
 */
bool dmarcrpt_may_go(struct state *, struct slice domain, uint64_t asked_ms,
    int64_t wall_ms) MUST_USE;
/*
 * The report of the day before that as XML; -ENOENT: there are no results;
 * -EFBIG: it has no room.
 */
int dmarcrpt_xml(struct state *, const struct report_sender *,
    struct slice domain, int64_t asked_ms, struct buf *xml) MUST_USE;
/* The message that carries it, whole (RFC 9990, 3.5.2). */
void dmarcrpt_mail(const struct report_sender *, struct slice domain,
    struct slice recipient, struct slice gzip, int64_t asked_ms,
    struct buf *message);

#endif

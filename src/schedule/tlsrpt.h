/*
 * schedule/tlsrpt.h - TLSRPT (RFC 8460): the results of a day, counted in the
 * state database, and the reports made of them. Days are UTC's.
 */
#ifndef SCHEDULE_TLSRPT_H
#define SCHEDULE_TLSRPT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "ipc/messages.h"
#include "schedule/report_mail.h"
#include "state/state.h"

enum { TLSRPT_REPORT_MAX = 48 * 1024 }; /* by gzip, so that it fits a message */

/* A NULL state is fine: nothing is counted then. */
void tlsrpt_count(struct state *, const struct msg_tls_result *,
    int64_t wall_ms);
/* Forgets some of what is older than yesterday. */
void tlsrpt_purge(struct state *, int64_t wall_ms);
/*
 * A domain of yesterday's results that has had no report of `reporter`, marked
 * as having one from here on; false: no more are due now.
 */
bool tlsrpt_next(struct state *, struct slice reporter, int64_t wall_ms,
    struct buf *domain) MUST_USE;
/* Yesterday's report as JSON, -ENOENT: there are no results. */
int tlsrpt_json(struct state *, const struct report_sender *,
    struct slice domain, int64_t wall_ms, struct buf *json) MUST_USE;
/* The message that carries it, whole (RFC 8460, 5.3). */
void tlsrpt_mail(const struct report_sender *, struct slice domain,
    struct slice recipient, struct slice gzip, int64_t wall_ms,
    struct buf *message);

#endif

/*
 * schedule/report_day.h - what reports about a day have in common: the day
 * (UTC) in front of their rows in the state database, and the mark that a
 * domain's report has gone out.
 */
#ifndef SCHEDULE_REPORT_DAY_H
#define SCHEDULE_REPORT_DAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "state/state.h"

enum { REPORT_DAY_SIZE = 11 }; /* "2026-11-24" */

void report_day_text(int64_t wall_ms, char out[REPORT_DAY_SIZE]);
/*
 * May the report of the day before go out? Each domain has its own moment in
 * the first hours of a day (UTC), so that nobody gets those of all the world at
 * midnight (RFC 8460, 4.3; RFC 9990).
 */
bool report_day_is_due(struct slice reporter, struct slice domain,
    int64_t wall_ms);
/* state_each(), but trouble is logged, and what was not read is not there. */
void report_day_walk(struct state *, enum state_table, struct slice prefix,
    state_fn *, void *arg);
/* Rows of that table that begin "PREFIX DAY". */
struct report_rows {
	enum state_table table;
	const char *prefix;
};

/* Drops some of each that are older than yesterday. A NULL state is fine. */
void report_day_forget(struct state *, const struct report_rows *, size_t count,
    int64_t wall_ms);

/*
 * What was marked of that report ("tlsrpt", "dmarc"); 0: nothing. The rows lie
 * in STATE_REPORTS, and are purged with the prefix "KIND\t".
 */
char report_day_mark(struct state *, const char *kind, const char *day,
    struct slice domain);
/* False: it could not be written. */
bool report_day_set_mark(struct state *, const char *kind, const char *day,
    struct slice domain, char mark) MUST_USE;

#endif

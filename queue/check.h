/*
 * queue/check.h - a walk over every record of the spool, changing nothing.
 *
 * Exact while no mtad uses the spool. Beside a running one, what is being
 * written or removed just then may be told as damage: walk again.
 */
#ifndef QUEUE_CHECK_H
#define QUEUE_CHECK_H

#include <stdint.h>

#include "base/must.h"
#include "queue/vfs.h"

struct check_totals {
	uint64_t segments;
	uint64_t records; /* good ones in them, live or done */
	uint64_t live;    /* messages, all but the damaged ones whole */
	uint64_t journals;
	uint64_t large;       /* files */
	uint64_t damaged;     /* texts that were told */
	uint64_t orphans;     /* files that no live message needs; no damage */
	uint64_t quarantined; /* files in quarantine/, of earlier damage */
};

/* `text` names the file, the place in it, the message if it is known. */
typedef void check_told_fn(const char *text, void *arg);

/* 0 with the totals, damage or not; -errno if the walk itself failed. */
int queue_check(struct vfs *, check_told_fn *, void *arg,
    struct check_totals *) MUST_USE;

#endif

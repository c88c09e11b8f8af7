/*
 * schedule/reports.h - DSNs: what a round owes to its sender goes into the
 * queue as messages of ours, and is on disk before the round is settled.
 */
#ifndef SCHEDULE_REPORTS_H
#define SCHEDULE_REPORTS_H

#include <stdint.h>

#include "conf/conf.h"
#include "schedule/disk.h"
#include "schedule/round.h"

/*
 * One report of the round is on disk (rc 0, at `place`), or is not. `encoded`
 * is its envelope. round->reports was counted down before.
 */
typedef void reports_done_fn(struct round *, int rc, uint64_t id,
    const struct place *, struct slice encoded, void *arg);

struct reports {
	const struct conf *conf; /* borrowed */
	struct disk *disk;       /* borrowed */
	reports_done_fn *done;
	void *arg;
	int64_t wall_ms;
};

/* Will there be any? The round has its envelope. */
bool reports_are_owed(const struct reports *, const struct round *);
/*
 * Begins to write them; round->reports says how many. 0 or -errno (then none is
 * under way).
 */
void reports_start(struct reports *, struct round *);

#endif

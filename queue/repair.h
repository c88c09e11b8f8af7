/*
 * queue/repair.h - makes a damaged spool whole again, at the price of what is
 * damaged.
 *
 * For `mtactl spool check --repair`, while no mtad uses the spool. A damaged
 * message goes to quarantine/ and is no longer in the queue; all others stay,
 * in a new checkpoint. Afterwards queue_check() finds nothing.
 */
#ifndef QUEUE_REPAIR_H
#define QUEUE_REPAIR_H

#include <stdint.h>

#include "base/must.h"
#include "queue/vfs.h"

struct repair_totals {
	uint64_t lost;        /* messages that are not in the queue any more */
	uint64_t foreign;     /* files that were moved to quarantine/ */
	uint64_t quarantined; /* copies that were made there */
	uint64_t mended;      /* places in segments that were written over */
};

/* `text` is what was done, or what was found. */
typedef void repair_told_fn(const char *text, void *arg);

/*
 * What is foreign is moved to quarantine/; may need more rights than the rest,
 * for folders of others. Both add to the totals; 0, or -errno: it may be run
 * again. queue_spool_create() comes before both.
 */
int queue_clear_foreign(struct vfs *, repair_told_fn *, void *arg,
    struct repair_totals *) MUST_USE;
int queue_repair(struct vfs *, int64_t wall_ms, repair_told_fn *, void *arg,
    struct repair_totals *) MUST_USE;

#endif

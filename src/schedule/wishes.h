/*
 * schedule/wishes.h - what the postmaster wants done with one message: flush,
 * hold, release, remove, bounce; also while it is under way.
 */
#ifndef SCHEDULE_WISHES_H
#define SCHEDULE_WISHES_H

#include <stdbool.h>

#include "admin/ops.h"
#include "schedule/keeper.h"
#include "schedule/lane.h"
#include "schedule/plan.h"

/* All borrowed. */
struct wishes {
	struct keeper *keeper;
	struct queue_store *store;
	struct plan *plan;
	struct lane_table *lanes;
	struct ledger *ledger;
};

/* False: nothing to do. What is under way ends before the wish is done. */
bool wishes_do(const struct wishes *, enum admin_act, struct queue_entry *,
    struct slice by);
/* Loads of the round that wait leave the plan and are freed. */
void wishes_cancel_waiting(const struct wishes *, struct round *);

#endif

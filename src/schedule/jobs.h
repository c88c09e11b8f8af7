/*
 * schedule/jobs.h - a round's loads on their way: into the plan, out of it to a
 * deliverer, and what comes of them. It decides neither what is due (keeper)
 * nor whose turn it is (plan).
 */
#ifndef SCHEDULE_JOBS_H
#define SCHEDULE_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "schedule/heed.h"
#include "schedule/keeper.h"
#include "schedule/outage.h"
#include "schedule/permit.h"
#include "schedule/routing.h"
#include "schedule/suspension.h"
#include "schedule/wishes.h"

/* All borrowed, but for the arena. */
struct jobs {
	const struct conf *conf;
	struct queue_store *store;
	struct plan *plan;
	struct lane_table *lanes;
	struct crew *crew;
	struct keeper *keeper;
	struct outage *outage;
	struct ledger *ledger;
	struct routing *routing;
	struct permits *permits;
	struct wishes *wishes;
	struct suspensions *suspensions;
	struct heeding *heeding;
	struct arena *fates; /* owned */
	int64_t wall_ms;     /* now */
	int64_t mono_ms;
};

void jobs_init(struct jobs *);
void jobs_destroy(struct jobs *);
/*
 * What is new of a round goes into the plan, or is put off. The round may be at
 * its end then.
 */
void jobs_offer(struct jobs *, struct round *);
/* A load that has left the plan, as its site takes nothing now. */
void jobs_put_off(struct jobs *, struct load *);
/* Gives out what may go now; true: more of it waits. */
bool jobs_send(struct jobs *);
void jobs_done(struct jobs *, struct load *, const struct msg_job_done *);
/* Its deliverer is gone; what became of it nobody knows. */
void jobs_lost(struct jobs *, struct load *);

#endif

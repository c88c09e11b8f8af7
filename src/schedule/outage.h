/*
 * schedule/outage.h - sites that stop working and work again: their waiting
 * mail is put off, later their deferred mail is looked for, in slices.
 */
#ifndef SCHEDULE_OUTAGE_H
#define SCHEDULE_OUTAGE_H

#include <stdbool.h>

#include "base/must.h"
#include "queue/store.h"
#include "schedule/lane.h"
#include "schedule/plan.h"
#include "schedule/round.h"

struct outage;

struct outage_events {
	/* A waiting load has left the plan: defer its recipients, free it. */
	void (*put_off)(struct load *, void *arg);
	/* This deferred message may go again. */
	void (*wake)(struct queue_entry *, void *arg);
};

struct outage *outage_new(struct plan *, struct lane_table *,
    struct queue_store *, const struct outage_events *, void *arg) MUST_USE;
void outage_free(struct outage **);
/* What plan_done() said of it. */
void outage_learn(struct outage *, struct site *, enum plan_change,
    int64_t mono_ms);
/*
 * A suspension is over: mail that an earlier life of ours put off for one may
 * go again. Its sites nobody knows yet; where one is still suspended it is put
 * off as before.
 */
void outage_wake_suspended(struct outage *);
/* Some of the work; true: there is more. */
bool outage_step(struct outage *, int64_t mono_ms);
/* Mail is being put off: sites must not be forgotten. */
bool outage_is_draining(const struct outage *);

#endif

/*
 * schedule/dispatch.h - the rounds of all messages, from due to done.
 *
 * What comes in (new mail, time, fates, the postmaster's wishes) changes the
 * rounds; at the end of each turn of the loop all that may start is started.
 */
#ifndef SCHEDULE_DISPATCH_H
#define SCHEDULE_DISPATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/ops.h"
#include "base/must.h"
#include "conf/conf.h"
#include "io/loop.h"
#include "schedule/crew.h"
#include "schedule/disk.h"
#include "schedule/events.h"
#include "schedule/history.h"
#include "schedule/lane.h"
#include "schedule/plan.h"
#include "schedule/reasons.h"
#include "schedule/sources.h"
#include "schedule/stats.h"

struct dispatch;

/* Opens the spool: 0 or -errno. */
int dispatch_new(struct loop *, int spool, const struct conf *,
    struct dispatch **out) MUST_USE;
/* What is under way is forgotten; the spool knows it. */
void dispatch_free(struct dispatch **);
/* Routes and limits from now on by this one; borrowed. */
void dispatch_configure(struct dispatch *, const struct conf *);
/* What outlives a restart; borrowed, or NULL. Call it at once after new. */
void dispatch_set_state(struct dispatch *, struct state *);
/* Starts nothing any more. `quiet` comes when all is done and on disk. */
void dispatch_stop(struct dispatch *, loop_fn *quiet, void *arg);

/* Flush of all mail that goes to that domain (ETRN). */
void dispatch_flush_domain(struct dispatch *, struct slice domain);
/* False: nothing to do. */
bool dispatch_act(struct dispatch *, enum admin_act, struct queue_entry *,
    struct slice by);
/* seconds 0: until resumed. */
void dispatch_suspend(struct dispatch *, struct slice site, uint64_t seconds);
/* False: unknown. */
bool dispatch_resume(struct dispatch *, struct slice site);

/* Mail of our own making, to one recipient; it goes the way of all mail. */
void dispatch_mail(struct dispatch *, struct slice sender,
    struct slice recipient, struct slice content);

/* Its parts, for those who only look. */
struct crew *dispatch_crew(struct dispatch *);
struct disk *dispatch_disk(struct dispatch *);
struct events *dispatch_events(struct dispatch *);
const struct history *dispatch_history(const struct dispatch *);
struct plan *dispatch_plan(struct dispatch *);
struct lane_table *dispatch_lanes(struct dispatch *);
const struct reasons *dispatch_reasons(const struct dispatch *);
struct sources *dispatch_sources(struct dispatch *);
struct stats *dispatch_stats(struct dispatch *);
const struct conf *dispatch_conf(const struct dispatch *);
/* Its recipients before any alias was expanded. */
int dispatch_original_count(struct dispatch *, const struct queue_entry *,
    uint32_t *out) MUST_USE;

#endif

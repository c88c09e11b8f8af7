/*
 * schedule/keeper.h - the rounds of all messages: how they open, how they end,
 * and what becomes of the message then.
 *
 * It knows when deferred mail is due, but not where anything goes or how fast.
 */
#ifndef SCHEDULE_KEEPER_H
#define SCHEDULE_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "conf/conf.h"
#include "schedule/disk.h"
#include "schedule/ledger.h"
#include "schedule/reports.h"
#include "schedule/round.h"

struct keeper;

/* All borrowed. The ledger's times are those of the turn. */
struct keeper *keeper_new(struct disk *, struct lane_table *, struct ledger *,
    struct reports *) MUST_USE;
/* No round is left. */
void keeper_free(struct keeper **);
void keeper_configure(struct keeper *, const struct conf *);

/* --- what is due --- */
/* Nothing, while it is under way: the end of its round sets it. */
void keeper_set_due(struct keeper *, struct queue_entry *, int64_t wall_ms);
/* A message whose time has come, or NULL. keeper_open() takes it off. */
struct queue_entry *keeper_next_due(const struct keeper *);
/* INT64_MAX: nothing is. */
int64_t keeper_due_at(const struct keeper *);

/* --- rounds --- */
/*
 * The message is active from here on, unless it is held. `encoded` is its
 * envelope if it has just come, else empty. NULL: unreadable, and dealt with.
 */
struct round *keeper_open(struct keeper *, struct queue_entry *,
    struct slice encoded);
/* Nothing of it was begun: the round is gone, the message waits for its date.
 */
void keeper_wait(struct keeper *, struct round *);
/* Reads the envelope again if it was forgotten. 0 or an error. */
int keeper_envelope(struct keeper *, struct round *) MUST_USE;
/* Forgets it, if too many are in memory. */
void keeper_spare_memory(struct keeper *, struct round *);
/* No job is left: it will end in this turn or the next. */
void keeper_check_end(struct keeper *, struct round *);
/* Ends some, with their reports. */
void keeper_end_rounds(struct keeper *);
bool keeper_has_ending(const struct keeper *);
/* Its last report is on disk, or is not. The round is gone then. */
void keeper_settle(struct keeper *, struct round *);
/* The round is gone, the message stays as it is. Its loads were freed. */
void keeper_drop(struct keeper *, struct round *);
/* Of the recipient that was tried most often. */
uint32_t keeper_attempts(struct queue_entry *);

/* --- wishes --- */
/* Not the loads: cancel what waits, too. */
void keeper_hold(struct keeper *, struct queue_entry *);
/* It was held, or waits for its date. */
void keeper_release(struct keeper *, struct queue_entry *);
/*
 * Reads it all. True: it is damaged, so it is in quarantine now, and held. Not
 * the loads: as above.
 */
bool keeper_hold_damaged(struct keeper *, struct queue_entry *);
/* It has no round. */
void keeper_remove(struct keeper *, struct queue_entry *);
/* Recipients before any alias was expanded. */
int keeper_original_count(struct keeper *, const struct queue_entry *,
    uint32_t *out) MUST_USE;

#endif

/*
 * schedule/turns.h - the loads that wait for one site: their senders take
 * turns, fresh mail goes before retries.
 *
 * Deficit round robin: a load that costs more skips turns. Knows neither time
 * nor the site's pace.
 */
#ifndef SCHEDULE_TURNS_H
#define SCHEDULE_TURNS_H

#include <stdint.h>
#include <sys/queue.h>

#include "base/must.h"
#include "base/slice.h"
#include "schedule/plan.h" /* struct plan_load */

struct turn;
TAILQ_HEAD(turn_ring, turn);
enum { TURNS_FRESH, TURNS_RETRY, TURNS_KINDS };

struct turns {
	uint64_t ready;          /* loads that wait */
	struct plan_flow *flows; /* owned: hash; a sender each */
	struct turn_ring rounds[TURNS_KINDS];
	uint32_t fresh_run;
};

void turns_init(struct turns *);
/* Behind what waits of that sender already. */
void turns_add(struct turns *, struct plan_load *, struct slice sender);
void turns_remove(struct turns *, struct plan_load *);
/* Whose turn it is: take it out by turns_remove(). One must wait. */
struct plan_load *turns_next(struct turns *) MUST_USE;
/* Any one, or NULL. */
struct plan_load *turns_first(struct turns *) MUST_USE;
void turns_each(const struct turns *,
    void (*each)(struct slice key, uint64_t ready, void *arg), void *arg);

#endif

/*
 * schedule/plan.h - which mail starts now: sites, their pace, fair turns.
 *
 * Pure: time is a parameter, events come in, decisions go out. No loop, no
 * messages, no disk. A load (one message's recipients at one site) is embedded
 * in its owner's struct; between plan_add() and plan_next() it waits in the
 * plan, between plan_next() and plan_done() it is under way.
 */
#ifndef SCHEDULE_PLAN_H
#define SCHEDULE_PLAN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/must.h"
#include "base/slice.h"
#include "ipc/messages.h" /* enum job_trouble */

struct plan;
struct plan_site;
struct plan_flow;

/* All zero: in no plan. */
struct plan_load {
	TAILQ_ENTRY(plan_load) link;
	struct plan_site *site; /* borrowed: plan; where it was last added */
	struct plan_flow *flow; /* borrowed: plan; NULL when under way */
	int64_t started_ms;
	uint32_t epoch;  /* the site's, when it started */
	uint16_t cost;   /* 1 and up: what it takes of its sender's turn */
	int8_t priority; /* the higher goes first, RFC 6710 */
	bool retry;      /* fresh mail goes first */
	uint8_t ring;    /* from which it was started */
	bool under_way;
};

struct plan_limits {
	uint32_t connections;   /* jobs at once, at most */
	double rate_per_second; /* 0: no limit */
};

enum plan_state { SITE_OPEN, SITE_BACKING_OFF, SITE_SUSPENDED };
enum plan_change { PLAN_SAME, PLAN_DOWN, PLAN_UP };
enum { PLAN_COST_MAX = 32 };

struct plan_facts {
	struct slice name;
	enum plan_state state;
	int64_t until_ms; /* of back-off or suspension; INT64_MAX: for ever */
	uint32_t under_way;
	uint32_t window;
	uint32_t ceiling; /* where the site said "too many"; 0: never */
	struct plan_limits limits;
	uint64_t ready;
	uint32_t failures; /* in a row */
	int64_t last_success_ms;
	double job_seconds; /* moving average */
};

/* `capacity`: jobs at once over all sites. */
struct plan *plan_new(uint32_t capacity) MUST_USE;
/* No load may be waiting or under way any more. */
void plan_free(struct plan **);
void plan_set_capacity(struct plan *, uint32_t capacity);
/* How long a site rests after 1, 2 ... failures in a row; copied. */
void plan_set_rests(struct plan *, const int64_t *ms, size_t count);

/* Finds or makes it. `limits` is used when it is made. */
struct plan_site *plan_site(struct plan *, struct slice name,
    const struct plan_limits *limits);
struct plan_site *plan_site_find(struct plan *, struct slice name);
void plan_site_limit(struct plan *, struct plan_site *,
    const struct plan_limits *, int64_t now);
void plan_site_facts(const struct plan_site *, struct plan_facts *out);
/* The owner's own pointer, and its right that the site not be forgotten. */
void plan_site_set_tag(struct plan_site *, void *tag);
void *plan_site_tag(const struct plan_site *);
/* Each site, in no order; each waiting sender of a site. */
void plan_each_site(struct plan *, void (*each)(struct plan_site *, void *arg),
    void *arg);
void plan_each_sender(const struct plan_site *,
    void (*each)(struct slice key, uint64_t ready, void *arg), void *arg);
/* Forgets a site: nothing waits or is under way there, it is open. */
bool plan_forget(struct plan *, struct plan_site *);

/*
 * False: the site is down or suspended, the load was not taken; defer it, to
 * no earlier than plan_site_facts() says.
 */
bool plan_add(struct plan *, struct plan_site *, struct plan_load *,
    struct slice sender, int64_t now) MUST_USE;
/* A waiting load leaves (held, removed). Not for one that is under way. */
void plan_remove(struct plan *, struct plan_load *, int64_t now);
/* The load to start now, or NULL. */
struct plan_load *plan_next(struct plan *, int64_t now) MUST_USE;
/*
 * PLAN_DOWN: the site rests from now on: take its loads by plan_drain().
 * PLAN_UP: it works again after a rest: its deferred mail may come.
 */
enum plan_change plan_done(struct plan *, struct plan_load *, enum job_trouble,
    int64_t now) MUST_USE;
/* It never began, or we shall not learn its end (a deliverer died). */
void plan_abandon(struct plan *, struct plan_load *, int64_t now);
/* A waiting load of that site, out of the plan; NULL when none is left. */
struct plan_load *plan_drain(struct plan *, struct plan_site *);

/* When to call plan_tick() and plan_next() again; INT64_MAX: after an event. */
int64_t plan_wake_at(const struct plan *);
/* Call until NULL: a site whose suspension has ended. */
struct plan_site *plan_tick(struct plan *, int64_t now) MUST_USE;

/* until INT64_MAX: until resumed. Drain it then. */
void plan_suspend(struct plan *, struct plan_site *, int64_t until);
/* Ends a suspension or a back-off. */
void plan_resume(struct plan *, struct plan_site *, int64_t now);
/* A site in back-off is probed by the next load that comes. */
void plan_nudge(struct plan *, struct plan_site *, int64_t now);

uint32_t plan_under_way(const struct plan *);
uint64_t plan_ready(const struct plan *);

#endif

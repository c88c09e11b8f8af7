/*
 * schedule/outage.c - the walks that an outage costs, a slice at a time.
 *
 * Going down: what waits for the site leaves the plan. Coming up: one walk over
 * the queue serves all sites that are up again; one that comes while it goes
 * on asks for another.
 */
#include "schedule/outage.h"

#include <string.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/suspension.h"

enum { DRAIN_SLICE = 500, WAKE_SLICE = 20000 };

TAILQ_HEAD(down_list, down);

struct down {
	TAILQ_ENTRY(down) link;
	struct site *site; /* borrowed */
};

struct outage {
	struct plan *plan;         /* borrowed */
	struct lane_table *lanes;  /* borrowed */
	struct queue_store *store; /* borrowed */
	const struct outage_events *events;
	void *arg;
	struct down_list down;
	uint64_t cursor;
	bool is_waking;
	bool wakes_again;
	bool wakes_suspended;
};

struct outage *
outage_new(struct plan *plan, struct lane_table *lanes,
    struct queue_store *store, const struct outage_events *events, void *arg)
{
	struct outage *o = mem_zero(sizeof(*o));

	o->plan = plan;
	o->lanes = lanes;
	o->store = store;
	o->events = events;
	o->arg = arg;
	TAILQ_INIT(&o->down);
	return o;
}

static void
down_free(struct outage *o, struct down *down)
{
	TAILQ_REMOVE(&o->down, down, link);
	mem_free(down);
}

void
outage_free(struct outage **place)
{
	struct outage *o = *place;
	struct down *down;

	if (o == NULL)
		return;
	while ((down = TAILQ_FIRST(&o->down)) != NULL)
		down_free(o, down);
	mem_free(o);
	*place = NULL;
}

static void
site_is_down(struct outage *o, struct site *s, int64_t mono_ms)
{
	struct down *down = mem_zero(sizeof(*down));
	struct plan_facts facts;

	plan_site_facts(s->plan, &facts);
	log_info("schedule site-down site=%.*s state=%s failures=%u "
		 "seconds=%lld waiting=%llu reason=\"%s\"",
	    SLICE_ARGS(s->name),
	    facts.state == SITE_SUSPENDED ? "suspended" : "backing_off",
	    facts.failures,
	    facts.until_ms == INT64_MAX
		? -1LL
		: (long long)(facts.until_ms - mono_ms) / SECOND,
	    (unsigned long long)facts.ready, s->last_error);
	down->site = s;
	TAILQ_INSERT_TAIL(&o->down, down, link);
}

/* Mail that waits at the route's other hops may go by this one. */
static void
wake_other_hop(struct lane *lane, void *arg)
{
	const struct lane *up = arg;

	if (lane->has_others && strcmp(lane->route, up->route) == 0)
		lane->site->is_waking = true;
}

/* A lane of the site whose route has more hops, or NULL. */
static struct lane *
one_of_several(const struct site *s)
{
	struct lane *lane;

	TAILQ_FOREACH (lane, &s->lanes, in_site)
		if (lane->has_others)
			return lane;
	return NULL;
}

static void
begin_walk(struct outage *o)
{
	if (o->is_waking)
		o->wakes_again = true;
	o->is_waking = true;
}

static void
site_is_up(struct outage *o, struct site *s)
{
	struct lane *hop = one_of_several(s);

	log_info("schedule site-up site=%.*s deferred=%llu",
	    SLICE_ARGS(s->name), (unsigned long long)s->deferred);
	if (s->deferred == 0 && hop == NULL)
		return;
	s->is_waking = true;
	if (hop != NULL)
		lane_each(o->lanes, wake_other_hop, hop);
	begin_walk(o);
}

void
outage_wake_suspended(struct outage *o)
{
	o->wakes_suspended = true;
	begin_walk(o);
}

void
outage_learn(struct outage *o, struct site *s, enum plan_change change,
    int64_t mono_ms)
{
	if (change == PLAN_DOWN)
		site_is_down(o, s, mono_ms);
	else if (change == PLAN_UP)
		site_is_up(o, s);
}

/* A load that the site will not take now; NULL if none, or it works again. */
static struct load *
next_waiting(struct outage *o, struct site *s, int64_t mono_ms)
{
	struct plan_facts facts;

	plan_site_facts(s->plan, &facts);
	if (facts.state == SITE_OPEN ||
	    (facts.state == SITE_BACKING_OFF && facts.until_ms <= mono_ms))
		return NULL;
	return (struct load *)(void *)plan_drain(o->plan, s->plan);
}

static void
drain(struct outage *o, int64_t mono_ms)
{
	struct down *down;
	unsigned n = 0;

	while (n < DRAIN_SLICE && (down = TAILQ_FIRST(&o->down)) != NULL) {
		struct load *load = next_waiting(o, down->site, mono_ms);

		if (load != NULL) {
			o->events->put_off(load, o->arg);
			n++;
		} else {
			down_free(o, down);
		}
	}
}

static bool
was_suspended(const struct outage *o, const struct queue_recipient *r)
{
	return slice_starts(queue_store_text(o->store, r->reply),
	    SUSPENSION_REPLY);
}

static bool
goes_to_woken(struct outage *o, struct queue_entry *e)
{
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);
		const struct lane *lane = lane_by_number(o->lanes, r->marks);

		if (!recipient_is_open(r))
			continue;
		if (lane != NULL ? lane->site->is_waking
				 : o->wakes_suspended && was_suspended(o, r))
			return true;
	}
	return false;
}

static void
clear_waking(struct site *s, void *arg)
{
	(void)arg;
	s->is_waking = false;
}

static void
wake(struct outage *o)
{
	for (unsigned n = 0; n < WAKE_SLICE; n++) {
		struct queue_entry *e = queue_store_each(o->store, &o->cursor);

		if (e == NULL) {
			o->cursor = 0;
			o->is_waking = o->wakes_again;
			o->wakes_again = false;
			if (o->is_waking)
				return;
			o->wakes_suspended = false;
			site_each(lane_table_sites(o->lanes), clear_waking,
			    NULL);
			return;
		}
		if (e->state == QUEUE_DEFERRED && goes_to_woken(o, e))
			o->events->wake(e, o->arg);
	}
}

bool
outage_step(struct outage *o, int64_t mono_ms)
{
	drain(o, mono_ms);
	if (o->is_waking)
		wake(o);
	return o->is_waking || !TAILQ_EMPTY(&o->down);
}

bool
outage_is_draining(const struct outage *o)
{
	return !TAILQ_EMPTY(&o->down);
}

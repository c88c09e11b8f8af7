/*
 * schedule/suspension.c - one row of the state database a suspended site: its
 * name, and the wall-clock time in milliseconds when it ends, 0 for never.
 */
#include "schedule/suspension.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/lane.h"

enum { NAMES_MAX = 16 << 20 };

static void
warn(int rc, struct slice site)
{
	if (rc != 0)
		log_warning("schedule suspension-not-kept site=%.*s "
			    "reason=\"%s\"",
		    SLICE_ARGS(site), err_text(rc));
}

static void
keep(const struct suspensions *s, struct slice site, uint64_t ms)
{
	char value[32];

	if (s->state == NULL)
		return;
	(void)snprintf(value, sizeof(value), "%llu",
	    ms == 0 ? 0ULL : (unsigned long long)s->wall_ms + ms);
	warn(state_put(s->state, STATE_SITES, site, slice_of(value)), site);
}

static void
forget(const struct suspensions *s, struct slice site)
{
	if (s->state != NULL)
		warn(state_delete(s->state, STATE_SITES, site), site);
}

/* By its name, or by that of one of its domains. */
static struct plan_site *
named(const struct suspensions *s, struct slice name)
{
	return s->lanes == NULL ? plan_site_find(s->plan, name)
				: lane_table_find(s->lanes, name);
}

/* The site need not be known yet: its limits come with its first mail. */
static struct plan_site *
suspend(const struct suspensions *s, struct slice site, uint64_t ms)
{
	const struct plan_limits any = { .connections = 1 };
	struct plan_site *plan = named(s, site);

	if (plan == NULL)
		plan = plan_site(s->plan, site, &any);
	plan_suspend(s->plan, plan,
	    ms == 0 ? INT64_MAX : s->mono_ms + (int64_t)ms);
	return plan;
}

void
suspension_begin(const struct suspensions *s, struct slice site, uint64_t ms)
{
	struct plan_site *plan = suspend(s, site, ms);
	struct site *known = plan_site_tag(plan);
	struct plan_facts facts;

	plan_site_facts(plan, &facts);
	keep(s, facts.name, ms);
	events_site(s->events, "suspended", facts.name, SLICE("postmaster"),
	    s->wall_ms);
	log_info("schedule suspended site=%.*s seconds=%llu",
	    SLICE_ARGS(facts.name), (unsigned long long)ms / SECOND);
	if (known == NULL)
		return;
	crew_close_site(s->crew, known);
	outage_learn(s->outage, known, PLAN_DOWN, s->mono_ms);
}

static void
ended(const struct suspensions *s, struct plan_site *plan, struct slice by)
{
	struct site *known = plan_site_tag(plan);
	struct plan_facts facts;

	plan_site_facts(plan, &facts);
	forget(s, facts.name);
	events_site(s->events, "resumed", facts.name, by, s->wall_ms);
	log_info("schedule resumed site=%.*s by=%.*s", SLICE_ARGS(facts.name),
	    SLICE_ARGS(by));
	if (known != NULL)
		outage_learn(s->outage, known, PLAN_UP, s->mono_ms);
}

bool
suspension_end(const struct suspensions *s, struct slice site)
{
	struct plan_site *plan = named(s, site);

	if (plan == NULL)
		return false;
	plan_resume(s->plan, plan, s->mono_ms);
	ended(s, plan, SLICE("postmaster"));
	return true;
}

void
suspensions_end_due(const struct suspensions *s)
{
	struct plan_site *plan;

	while ((plan = plan_tick(s->plan, s->mono_ms)) != NULL)
		ended(s, plan, SLICE("time"));
}

/* --- what was kept --- */

struct walk {
	const struct suspensions *s;
	struct buf over; /* names, each with a NUL: not while it walks */
};

static bool
on_kept(struct slice site, struct slice value, void *arg)
{
	struct walk *w = arg;
	uint64_t until;

	if (!slice_to_u64(value, INT64_MAX, &until) ||
	    (until != 0 && until <= (uint64_t)w->s->wall_ms)) {
		buf_add(&w->over, site);
		buf_add_char(&w->over, '\0');
		return true;
	}
	(void)suspend(w->s, site,
	    until == 0 ? 0 : until - (uint64_t)w->s->wall_ms);
	log_info("schedule still-suspended site=%.*s", SLICE_ARGS(site));
	return true;
}

void
suspensions_restore(const struct suspensions *s)
{
	struct walk w = { .s = s };
	struct slice rest;
	int rc;

	if (s->state == NULL)
		return;
	buf_init(&w.over, NAMES_MAX);
	rc = state_each(s->state, STATE_SITES, SLICE_NONE, on_kept, &w);
	if (rc != 0)
		log_error("schedule suspensions-unread reason=\"%s\"",
		    err_text(rc));
	rest = buf_slice(&w.over);
	while (rest.n > 0) {
		size_t end = slice_find(rest, '\0');

		forget(s, slice_head(rest, end));
		rest = slice_skip(rest, end + 1);
	}
	buf_done(&w.over);
}

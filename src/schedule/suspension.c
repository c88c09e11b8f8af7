/*
 * schedule/suspension.c - one row of the state database a suspended site: its
 * name, and the wall-clock time in milliseconds when it ends, 0 for never. If
 * a rule did it, behind that: since when, which rule, the site's words.
 */
#include "schedule/suspension.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/lane.h"

enum { NAMES_MAX = 16 << 20, VALUE_MAX = 4096 };

static void
warn(int rc, struct slice site)
{
	if (rc != 0)
		log_warning("schedule suspension-not-kept site=%.*s "
			    "reason=\"%s\"",
		    SLICE_ARGS(site), err_text(rc));
}

static void
keep(const struct suspensions *s, struct slice site, uint64_t ms,
    const struct reason *reason)
{
	struct buf value;

	if (s->state == NULL)
		return;
	buf_init(&value, VALUE_MAX);
	buf_addf(&value, "%llu",
	    ms == 0 ? 0ULL : (unsigned long long)s->wall_ms + ms);
	if (reason != NULL)
		buf_addf(&value, " %lld %.*s %.*s", (long long)reason->since_ms,
		    SLICE_ARGS(reason->rule), SLICE_ARGS(reason->words));
	warn(state_put(s->state, STATE_SITES, site, buf_slice(&value)), site);
	buf_done(&value);
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

/* Its connections close, its waiting mail is put off. */
static void
begin(const struct suspensions *s, struct slice site, uint64_t ms,
    const struct reason *reason)
{
	struct plan_site *plan = suspend(s, site, ms);
	struct site *known = plan_site_tag(plan);

	if (s->reasons != NULL && reason == NULL)
		reasons_drop(s->reasons, site);
	else if (s->reasons != NULL)
		reasons_put(s->reasons, site, reason);
	keep(s, site, ms, reason);
	if (known == NULL)
		return;
	crew_close_site(s->crew, known);
	outage_learn(s->outage, known, PLAN_DOWN, s->mono_ms);
}

/* What the site is called, where it is known by one of its domains, too. */
static struct slice
own_name(const struct suspensions *s, struct slice name)
{
	const struct plan_site *plan = named(s, name);
	struct plan_facts facts;

	if (plan == NULL)
		return name;
	plan_site_facts(plan, &facts);
	return facts.name;
}

void
suspension_begin(const struct suspensions *s, struct slice name, uint64_t ms)
{
	struct slice site = own_name(s, name);

	events_site(s->events, "suspended", site, SLICE("postmaster"),
	    s->wall_ms);
	log_info("schedule suspended site=%.*s seconds=%llu", SLICE_ARGS(site),
	    (unsigned long long)ms / SECOND);
	begin(s, site, ms, NULL);
}

void
suspension_by_rule(const struct suspensions *s, struct slice site, uint64_t ms,
    struct slice rule, struct slice words)
{
	const struct reason reason = { rule, words, s->wall_ms };
	struct log_text said;
	struct buf why;

	buf_init(&why, VALUE_MAX);
	buf_addf(&why, "rule %.*s: %.*s", SLICE_ARGS(rule), SLICE_ARGS(words));
	events_site(s->events, "suspended", site, buf_slice(&why), s->wall_ms);
	buf_done(&why);
	log_warning("schedule suspended site=%.*s seconds=%llu rule=%.*s "
		    "reply=%s",
	    SLICE_ARGS(site), (unsigned long long)ms / SECOND, SLICE_ARGS(rule),
	    log_text(words, &said));
	begin(s, site, ms, &reason);
}

static void
ended(const struct suspensions *s, struct plan_site *plan, struct slice by)
{
	struct site *known = plan_site_tag(plan);
	struct plan_facts facts;

	plan_site_facts(plan, &facts);
	forget(s, facts.name);
	if (s->reasons != NULL)
		reasons_drop(s->reasons, facts.name);
	events_site(s->events, "resumed", facts.name, by, s->wall_ms);
	log_info("schedule resumed site=%.*s by=%.*s", SLICE_ARGS(facts.name),
	    SLICE_ARGS(by));
	if (known != NULL)
		outage_learn(s->outage, known, PLAN_UP, s->mono_ms);
	if (s->outage != NULL)
		outage_wake_suspended(s->outage);
}

bool
suspension_end(const struct suspensions *s, struct slice site)
{
	struct plan_site *plan = named(s, site);

	if (plan == NULL)
		return false;
	plan_resume(s->plan, plan, s->mono_ms);
	if (s->sources != NULL)
		sources_wake(s->sources, own_name(s, site));
	ended(s, plan, SLICE("postmaster"));
	return true;
}

void
suspension_words(const struct suspensions *s, struct slice site,
    struct buf *out)
{
	const struct reason *r = reasons_of(s->reasons, site);

	if (r == NULL)
		buf_add_cstr(out, SUSPENSION_REPLY "the postmaster");
	else
		buf_addf(out, SUSPENSION_REPLY "rule %.*s; it said: %.*s",
		    SLICE_ARGS(r->rule), SLICE_ARGS(r->words));
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

/* "SINCE RULE WORDS", or nothing: it was the postmaster. */
static void
restore_reason(const struct suspensions *s, struct slice site,
    struct slice value)
{
	struct slice number = slice_take_until(&value, ' ');
	struct reason reason = { .rule = slice_take_until(&value, ' ') };
	uint64_t since;

	if (s->reasons == NULL || !slice_to_u64(number, INT64_MAX, &since))
		return;
	reason.words = value;
	reason.since_ms = (int64_t)since;
	reasons_put(s->reasons, site, &reason);
}

static bool
on_kept(struct slice site, struct slice value, void *arg)
{
	struct walk *w = arg;
	struct slice number = slice_take_until(&value, ' ');
	uint64_t until;

	if (!slice_to_u64(number, INT64_MAX, &until) ||
	    (until != 0 && until <= (uint64_t)w->s->wall_ms)) {
		buf_add(&w->over, site);
		buf_add_char(&w->over, '\0');
		return true;
	}
	(void)suspend(w->s, site,
	    until == 0 ? 0 : until - (uint64_t)w->s->wall_ms);
	restore_reason(w->s, site, value);
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

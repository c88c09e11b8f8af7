/*
 * schedule/site_view.c - what is known of a site, as JSON.
 */
#include "schedule/site_view.h"

#include <stdlib.h>

#include "admin/value.h"
#include "base/alloc.h"
#include "schedule/words.h"

enum { WHY_TEXT_MAX = 8192, DOMAINS_SHOWN = 100 };

static int64_t
wall_of(const struct site_view *v, int64_t mono_ms)
{
	return mono_ms == INT64_MAX || mono_ms == 0
	    ? 0
	    : v->wall_ms + mono_ms - v->mono_ms;
}

static const char *
state_name(enum plan_state state)
{
	static const char *const names[] = {
		[SITE_OPEN] = "open",
		[SITE_BACKING_OFF] = "backing_off",
		[SITE_SUSPENDED] = "suspended",
	};

	return names[state];
}

/* A site that was suspended by name may have no mail, so no struct site. */
static json_t *
site_value(const struct site_view *v, const struct plan_site *plan)
{
	const struct site *s = plan_site_tag(plan);
	struct plan_facts f;
	json_t *o = json_object();

	plan_site_facts(plan, &f);
	json_object_set_new(o, "name", value_text(f.name));
	json_object_set_new(o, "state", json_string(state_name(f.state)));
	json_object_set_new(o, "connections", json_integer(f.under_way));
	json_object_set_new(o, "window", json_integer(f.window));
	json_object_set_new(o, "limit", json_integer(f.limits.connections));
	json_object_set_new(o, "rate",
	    f.limits.rate_per_second > 0 ? json_real(f.limits.rate_per_second)
					 : json_null());
	json_object_set_new(o, "ready", json_integer((json_int_t)f.ready));
	json_object_set_new(o, "deferred",
	    json_integer(s == NULL ? 0 : (json_int_t)s->deferred));
	json_object_set_new(o, "delivered",
	    json_integer(s == NULL ? 0 : (json_int_t)s->delivered));
	json_object_set_new(o, "failed",
	    json_integer(s == NULL ? 0 : (json_int_t)s->failed));
	json_object_set_new(o, "until", value_time(wall_of(v, f.until_ms)));
	json_object_set_new(o, "failures", json_integer(f.failures));
	json_object_set_new(o, "last_error",
	    value_text(s == NULL ? SLICE_NONE : slice_of(s->last_error)));
	json_object_set_new(o, "last_success",
	    value_time(s == NULL ? 0 : s->last_success_ms));
	return o;
}

/* One a line: what holds its mail up, and what is known of its addresses. */
static void
write_sentences(const struct site_view *v, const struct plan_site *plan,
    struct buf *out)
{
	const struct site *site = plan_site_tag(plan);
	struct plan_facts facts;
	struct site_words words = { .facts = &facts,
		.site = site,
		.wall_ms = v->wall_ms,
		.mono_ms = v->mono_ms };

	plan_site_facts(plan, &facts);
	words.reason = reasons_of(dispatch_reasons(v->dispatch), facts.name);
	words_of_site(&words, out);
	if (site != NULL && site->lane_count > 0)
		sources_tell(dispatch_sources(v->dispatch),
		    dispatch_conf(v->dispatch), TAILQ_FIRST(&site->lanes),
		    words.wall_ms, out);
}

/* `why` as one text, as it always was; `reasons` one by one. */
static void
add_words(const struct site_view *v, const struct plan_site *plan, json_t *o)
{
	json_t *list = json_array();
	struct slice rest, line;
	struct buf sentences, why;

	buf_init(&sentences, WHY_TEXT_MAX);
	buf_init(&why, WHY_TEXT_MAX);
	write_sentences(v, plan, &sentences);
	rest = buf_slice(&sentences);
	while (slice_take_line(&rest, &line)) {
		json_array_append_new(list, value_text(line));
		if (why.n > 0)
			buf_add_char(&why, ' ');
		buf_add(&why, line);
	}
	json_object_set_new(o, "why", value_text(buf_slice(&why)));
	json_object_set_new(o, "reasons", list);
	buf_done(&why);
	buf_done(&sentences);
}

static void
on_sender(struct slice key, uint64_t ready, void *arg)
{
	json_t *o = json_object();

	json_object_set_new(o, "key", value_text(key));
	json_object_set_new(o, "ready", json_integer((json_int_t)ready));
	json_array_append_new(arg, o);
}

/* Who shares it: the hosts, and the names under which mail goes there. */
static void
add_domains(json_t *o, const struct site *s)
{
	json_t *names = json_array();
	const struct lane *lane;

	if (s != NULL)
		TAILQ_FOREACH (lane, &s->lanes, in_site) {
			if (json_array_size(names) == DOMAINS_SHOWN)
				break;
			json_array_append_new(names, value_text(lane->name));
		}
	json_object_set_new(o, "domains", names);
	json_object_set_new(o, "domain_count",
	    json_integer(s == NULL ? 0 : s->lane_count));
	json_object_set_new(o, "mx",
	    s == NULL || s->mx_hosts == NULL
		? json_null()
		: value_text(slice_of(s->mx_hosts)));
}

json_t *
site_view_whole(const struct site_view *v, const struct plan_site *plan)
{
	json_t *o = site_value(v, plan);
	json_t *senders = json_array();

	plan_each_sender(plan, on_sender, senders);
	json_object_set_new(o, "senders", senders);
	add_domains(o, plan_site_tag(plan));
	add_words(v, plan, o);
	return o;
}

struct walk {
	struct plan_site **sites; /* owned */
	size_t count;
	size_t size;
};

static void
on_site(struct plan_site *plan, void *arg)
{
	struct walk *w = arg;

	if (w->count == w->size) {
		w->size = w->size == 0 ? 64 : w->size * 2;
		w->sites = mem_resize(w->sites, w->size, sizeof(*w->sites));
	}
	w->sites[w->count++] = plan;
}

/* How much there is to do or to worry about. */
static uint64_t
busyness(const struct plan_site *plan)
{
	const struct site *s = plan_site_tag(plan);
	struct plan_facts f;

	plan_site_facts(plan, &f);
	return f.ready + f.under_way + (s == NULL ? 0 : s->deferred);
}

static int
busier_first(const void *x, const void *y)
{
	uint64_t a = busyness(*(struct plan_site *const *)x);
	uint64_t b = busyness(*(struct plan_site *const *)y);

	return (a < b) - (a > b);
}

json_t *
site_view_all(const struct site_view *v)
{
	struct walk w = { 0 };
	json_t *list = json_array();

	plan_each_site(dispatch_plan(v->dispatch), on_site, &w);
	if (w.count > 0)
		qsort(w.sites, w.count, sizeof(struct plan_site *),
		    busier_first);
	for (size_t i = 0; i < w.count; i++)
		json_array_append_new(list, site_value(v, w.sites[i]));
	mem_free(w.sites);
	return list;
}

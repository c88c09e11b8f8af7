/*
 * schedule/plan.c - sites with windows, buckets and rests. Whose load is next
 * within a site is not decided here but in turns.
 *
 * A site stands in one of three rings when it may start a load at once, in the
 * timer heap when only time is missing, and nowhere when an event must come
 * first. site_settle() is the one place that decides which.
 *
 * Who has sent a message to a site sends the next one too, for a while, before
 * other sites get their turns: a connection costs more than a message.
 *
 * The rings: sites that lately worked, new ones of which nothing is known, and
 * sick ones (at rest, or slow). The sick get no more than a quarter of the
 * capacity, new and sick together three quarters. So ten thousand dead or slow
 * sites leave room for those that work, and for those that may work.
 */
#include "schedule/plan.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/time.h"
#include "schedule/heap.h"
#include "schedule/turns.h"
#include "schedule/window.h"

enum {
	BREAKS_MAX = 5, /* broken connections in a row: the site is down */
	SLOW_SECONDS = 10,
	RESTS_MAX = 16,
	RUN_MAX = 16, /* loads of one turn, for each connection */
};

TAILQ_HEAD(site_ring, plan_site);

enum ring { RING_NONE, RING_PROVEN, RING_NEW, RING_SICK, RING_COUNT };

struct plan_site {
	UT_hash_handle hh;
	TAILQ_ENTRY(plan_site) ring_link;
	enum ring ring;
	uint32_t timer; /* its place in the heap */
	enum plan_state state;
	int64_t until_ms;
	struct plan_limits limits;
	struct window window;
	double tokens;
	int64_t filled_ms;
	double job_seconds;
	int64_t last_success_ms;
	uint32_t epoch;
	uint32_t failures;
	uint32_t breaks;
	uint32_t under_way;
	uint32_t run; /* loads that were started out of turn since its last */
	uint32_t hot; /* connections that may go on at once */
	struct turns turns;
	void *tag;
	size_t name_length;
	char name[];
};

struct plan {
	struct plan_site *sites; /* owned: hash */
	struct site_ring rings[RING_COUNT];
	struct heap timers;
	int64_t rests[RESTS_MAX];
	size_t rest_count;
	uint32_t capacity;
	uint32_t under_way;
	uint32_t started[RING_COUNT]; /* under way, by the ring they left */
	uint64_t ready;
	enum ring turn; /* whose it was last */
};

struct plan *
plan_new(uint32_t capacity)
{
	struct plan *p = mem_zero(sizeof(*p));

	for (size_t i = 0; i < RING_COUNT; i++)
		TAILQ_INIT(&p->rings[i]);
	heap_init(&p->timers);
	p->rests[0] = MINUTE;
	p->rest_count = 1;
	p->capacity = capacity;
	return p;
}

void
plan_free(struct plan **place)
{
	struct plan *p = *place;
	struct plan_site *s;
	struct plan_site *next;

	if (p == NULL)
		return;
	must(p->ready == 0 && p->under_way == 0);
	HASH_ITER (hh, p->sites, s, next) {
		HASH_DEL(p->sites, s);
		mem_free(s);
	}
	heap_done(&p->timers);
	mem_free(p);
	*place = NULL;
}

void
plan_set_capacity(struct plan *p, uint32_t capacity)
{
	p->capacity = capacity;
}

void
plan_set_rests(struct plan *p, const int64_t *ms, size_t count)
{
	must(count > 0);
	p->rest_count = count < RESTS_MAX ? count : RESTS_MAX;
	memcpy(p->rests, ms, p->rest_count * sizeof(*ms));
}

/* --- where a site stands --- */

static enum ring
site_class(const struct plan_site *s)
{
	if (s->state != SITE_OPEN || s->job_seconds >= SLOW_SECONDS)
		return RING_SICK;
	return s->last_success_ms == INT64_MIN ? RING_NEW : RING_PROVEN;
}

static void
bucket_fill(struct plan_site *s, int64_t now)
{
	double most = fmax(1, s->limits.rate_per_second);

	if (now > s->filled_ms)
		s->tokens += (double)(now - s->filled_ms) *
		    s->limits.rate_per_second / SECOND;
	s->filled_ms = now;
	s->tokens = fmin(s->tokens, most);
}

/* May it start one now (a ring), at *at (RING_NONE), or not for time alone? */
static enum ring
site_standing(struct plan_site *s, int64_t now, int64_t *at)
{
	*at = INT64_MAX;
	if (s->state == SITE_SUSPENDED) {
		*at = s->until_ms;
		return RING_NONE;
	}
	if (s->turns.ready == 0)
		return RING_NONE;
	if (s->state == SITE_BACKING_OFF) { /* one load at a time: the probe */
		if (s->under_way > 0)
			return RING_NONE;
		if (s->until_ms > now) {
			*at = s->until_ms;
			return RING_NONE;
		}
	} else if (s->under_way >= window_jobs(&s->window)) {
		return RING_NONE;
	}
	if (s->limits.rate_per_second > 0) {
		bucket_fill(s, now);
		if (s->tokens < 1) {
			*at = now +
			    (int64_t)ceil((1 - s->tokens) * SECOND /
				s->limits.rate_per_second);
			return RING_NONE;
		}
	}
	return site_class(s);
}

static void
ring_leave(struct plan *p, struct plan_site *s)
{
	if (s->ring != RING_NONE)
		TAILQ_REMOVE(&p->rings[s->ring], s, ring_link);
	s->ring = RING_NONE;
}

static void
site_settle(struct plan *p, struct plan_site *s, int64_t now)
{
	int64_t at;
	enum ring ring = site_standing(s, now, &at);

	if (ring != s->ring) {
		ring_leave(p, s);
		if (ring != RING_NONE)
			TAILQ_INSERT_TAIL(&p->rings[ring], s, ring_link);
		s->ring = ring;
	}
	if (at != INT64_MAX)
		heap_set(&p->timers, &s->timer, at);
	else
		heap_remove(&p->timers, &s->timer);
}

/* To the front, if a connection may go on. */
static void
site_hurry(struct plan *p, struct plan_site *s)
{
	struct site_ring *ring = &p->rings[RING_PROVEN];

	if (s->ring != RING_PROVEN)
		s->hot = 0;
	if (s->hot == 0)
		return;
	TAILQ_REMOVE(ring, s, ring_link);
	TAILQ_INSERT_HEAD(ring, s, ring_link);
}

/* --- sites --- */

struct plan_site *
plan_site_find(struct plan *p, struct slice name)
{
	struct plan_site *s;

	HASH_FIND(hh, p->sites, name.p, name.n, s);
	return s;
}

struct plan_site *
plan_site(struct plan *p, struct slice name, const struct plan_limits *limits)
{
	struct plan_site *s = plan_site_find(p, name);

	if (s != NULL)
		return s;
	s = mem_zero(sizeof(*s) + name.n);
	memcpy(s->name, name.p, name.n);
	s->name_length = name.n;
	s->limits = *limits;
	window_start(&s->window, limits->connections);
	s->tokens = 1;
	s->last_success_ms = INT64_MIN;
	turns_init(&s->turns);
	HASH_ADD_KEYPTR(hh, p->sites, s->name, s->name_length, s);
	return s;
}

void
plan_site_limit(struct plan *p, struct plan_site *s,
    const struct plan_limits *limits, int64_t now)
{
	must(limits->connections > 0);
	bucket_fill(s, now); /* what was earned at the old rate */
	s->limits = *limits;
	window_limit(&s->window, limits->connections);
	s->tokens = fmax(s->tokens, limits->rate_per_second > 0 ? 0 : 1);
	site_settle(p, s, now);
}

void
plan_site_facts(const struct plan_site *s, struct plan_facts *out)
{
	*out = (struct plan_facts){
		.name = { s->name, s->name_length },
		.state = s->state,
		.until_ms = s->state == SITE_OPEN ? 0 : s->until_ms,
		.under_way = s->under_way,
		.window = window_jobs(&s->window),
		.ceiling = s->window.ceiling,
		.limits = s->limits,
		.ready = s->turns.ready,
		.failures = s->failures,
		.last_success_ms =
		    s->last_success_ms == INT64_MIN ? 0 : s->last_success_ms,
		.job_seconds = s->job_seconds,
	};
}

void
plan_site_set_tag(struct plan_site *s, void *tag)
{
	s->tag = tag;
}

void *
plan_site_tag(const struct plan_site *s)
{
	return s->tag;
}

void
plan_each_site(struct plan *p, void (*each)(struct plan_site *, void *arg),
    void *arg)
{
	struct plan_site *s;
	struct plan_site *next;

	HASH_ITER (hh, p->sites, s, next) {
		each(s, arg);
	}
}

void
plan_each_sender(const struct plan_site *s,
    void (*each)(struct slice key, uint64_t ready, void *arg), void *arg)
{
	turns_each(&s->turns, each, arg);
}

bool
plan_forget(struct plan *p, struct plan_site *s)
{
	if (s->turns.ready > 0 || s->under_way > 0 || s->state != SITE_OPEN)
		return false;
	must(s->ring == RING_NONE && s->timer == 0);
	HASH_DEL(p->sites, s);
	mem_free(s);
	return true;
}

/* --- loads that wait --- */

bool
plan_add(struct plan *p, struct plan_site *s, struct plan_load *load,
    struct slice sender, int64_t now)
{
	must(load->flow == NULL && !load->under_way);
	must(load->cost > 0 && load->cost <= PLAN_COST_MAX);
	load->site = s;
	if (s->state == SITE_SUSPENDED ||
	    (s->state == SITE_BACKING_OFF && s->until_ms > now))
		return false;
	turns_add(&s->turns, load, sender);
	p->ready++;
	if (s->ring == RING_NONE)
		site_settle(p, s, now);
	return true;
}

void
plan_remove(struct plan *p, struct plan_load *load, int64_t now)
{
	struct plan_site *s = load->site;

	must(load->flow != NULL);
	turns_remove(&s->turns, load);
	p->ready--;
	site_settle(p, s, now);
}

struct plan_load *
plan_drain(struct plan *p, struct plan_site *s)
{
	struct plan_load *load = turns_first(&s->turns);

	if (load == NULL)
		return NULL;
	turns_remove(&s->turns, load);
	p->ready--;
	if (s->turns.ready == 0)
		ring_leave(p, s);
	if (s->turns.ready == 0 && s->state != SITE_SUSPENDED)
		heap_remove(&p->timers, &s->timer);
	return load;
}

/* --- starting --- */

/* Is there one to start, and room for it? */
static bool
ring_may_start(const struct plan *p, enum ring ring)
{
	uint32_t quarter = (p->capacity + 3) / 4;
	uint32_t sick = p->started[RING_SICK];

	if (TAILQ_EMPTY(&p->rings[ring]))
		return false;
	if (ring == RING_SICK && sick >= quarter)
		return false;
	return ring == RING_PROVEN || p->capacity < 4 ||
	    sick + p->started[RING_NEW] < p->capacity - quarter;
}

/* The ring whose turn it is; they take turns. */
static enum ring
plan_turn(struct plan *p)
{
	enum ring ring = p->turn;

	if (p->under_way >= p->capacity)
		return RING_NONE;
	for (unsigned i = RING_PROVEN; i < RING_COUNT; i++) {
		ring = ring + 1 == RING_COUNT ? RING_PROVEN : ring + 1;
		if (ring_may_start(p, ring)) {
			p->turn = ring;
			return ring;
		}
	}
	return RING_NONE;
}

struct plan_load *
plan_next(struct plan *p, int64_t now)
{
	enum ring ring = plan_turn(p);
	struct plan_site *s;
	struct plan_load *load;

	if (ring == RING_NONE)
		return NULL;
	s = TAILQ_FIRST(&p->rings[ring]);
	load = turns_next(&s->turns);
	turns_remove(&s->turns, load);
	p->ready--;
	load->under_way = true;
	load->ring = (uint8_t)ring;
	load->started_ms = now;
	load->epoch = s->epoch;
	s->under_way++;
	p->under_way++;
	p->started[ring]++;
	if (s->limits.rate_per_second > 0)
		s->tokens -= 1;
	if (s->hot > 0)
		s->hot--;
	else
		s->run = 0;
	ring_leave(p, s); /* to its end */
	site_settle(p, s, now);
	site_hurry(p, s);
	return load;
}

/* --- learning from what came of it --- */

static void
load_ended(struct plan *p, struct plan_load *load)
{
	must(load->under_way);
	load->under_way = false;
	load->site->under_way--;
	p->under_way--;
	p->started[load->ring]--;
}

static void
site_rest(struct plan *p, struct plan_site *s, int64_t now)
{
	size_t step =
	    s->failures < p->rest_count ? s->failures : p->rest_count - 1;

	s->failures++;
	s->epoch++;
	s->breaks = 0;
	s->state = SITE_BACKING_OFF;
	s->until_ms = now + p->rests[step];
}

static enum plan_change
site_succeeded(struct plan_site *s, const struct plan_load *load,
    uint32_t at_once, int64_t now)
{
	double took = (double)(now - load->started_ms) / SECOND;

	s->job_seconds = s->last_success_ms == INT64_MIN
	    ? took
	    : s->job_seconds * 0.9 + took * 0.1;
	s->last_success_ms = now;
	s->failures = 0;
	s->breaks = 0;
	if (s->state == SITE_BACKING_OFF) {
		s->state = SITE_OPEN;
		window_start(&s->window, s->limits.connections);
		return PLAN_UP;
	}
	window_grow(&s->window, at_once, s->limits.connections);
	return PLAN_SAME;
}

/*
 * Each burst of refusals counts once: what started before the last cut says
 * nothing about the window after it.
 */
static enum plan_change
site_failed(struct plan *p, struct plan_site *s, const struct plan_load *load,
    enum job_trouble trouble, uint32_t at_once, int64_t now)
{
	bool others_work = s->last_success_ms >= load->started_ms;
	bool down = false;

	if (load->epoch != s->epoch || s->state == SITE_SUSPENDED)
		return PLAN_SAME;
	if (s->state == SITE_BACKING_OFF) {
		down = true; /* it was the probe */
	} else if (trouble == TROUBLE_SITE) {
		down = !others_work;
	} else if (trouble == TROUBLE_BUSY) {
		down = window_jobs(&s->window) <= 1 && !others_work;
	} else {
		down = ++s->breaks >= BREAKS_MAX;
	}
	if (down) {
		site_rest(p, s, now);
		return PLAN_DOWN;
	}
	s->epoch++;
	window_cut(&s->window, at_once, trouble == TROUBLE_BUSY);
	return PLAN_SAME;
}

enum plan_change
plan_done(struct plan *p, struct plan_load *load, enum job_trouble trouble,
    int64_t now)
{
	struct plan_site *s = load->site;
	uint32_t at_once = s->under_way;
	enum plan_change change = PLAN_SAME;

	load_ended(p, load);
	if (trouble == TROUBLE_NONE)
		change = site_succeeded(s, load, at_once, now);
	else if (trouble != TROUBLE_LOCAL)
		change = site_failed(p, s, load, trouble, at_once, now);
	site_settle(p, s, now);
	if (trouble == TROUBLE_NONE && s->run / RUN_MAX < at_once) {
		s->run++;
		s->hot++;
		site_hurry(p, s);
	}
	return change;
}

void
plan_abandon(struct plan *p, struct plan_load *load, int64_t now)
{
	load_ended(p, load);
	site_settle(p, load->site, now);
}

/* --- time --- */

int64_t
plan_wake_at(const struct plan *p)
{
	return heap_first_when(&p->timers);
}

static struct plan_site *
site_of_timer(uint32_t *node)
{
	return (struct plan_site *)(void *)((char *)node -
	    offsetof(struct plan_site, timer));
}

struct plan_site *
plan_tick(struct plan *p, int64_t now)
{
	while (heap_first_when(&p->timers) <= now) {
		struct plan_site *s = site_of_timer(heap_first(&p->timers));

		if (s->state == SITE_SUSPENDED) {
			plan_resume(p, s, now);
			return s;
		}
		site_settle(p, s, now);
	}
	return NULL;
}

/* --- what the postmaster says --- */

void
plan_suspend(struct plan *p, struct plan_site *s, int64_t until)
{
	s->state = SITE_SUSPENDED;
	s->until_ms = until;
	site_settle(p, s, 0);
}

void
plan_resume(struct plan *p, struct plan_site *s, int64_t now)
{
	s->state = SITE_OPEN;
	s->until_ms = 0;
	s->failures = 0;
	s->epoch++;
	site_settle(p, s, now);
}

void
plan_nudge(struct plan *p, struct plan_site *s, int64_t now)
{
	if (s->state != SITE_BACKING_OFF || s->until_ms <= now)
		return;
	s->until_ms = now;
	site_settle(p, s, now);
}

uint32_t
plan_under_way(const struct plan *p)
{
	return p->under_way;
}

uint64_t
plan_ready(const struct plan *p)
{
	return p->ready;
}

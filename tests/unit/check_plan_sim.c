/*
 * unit/check_plan_sim.c - the plan in virtual time, against sites that work,
 * are dead, slow, or refuse: counts and virtual times only.
 */
#include <stdio.h>

#include "base/alloc.h"
#include "base/time.h"
#include "schedule/heap.h"
#include "schedule/plan.h"
#include "tests/unit/run.h"

enum site_kind { WORKS, DEAD, SLOW, FIVE_AT_ONCE };

struct sim_site {
	struct plan_site *site;
	enum site_kind kind;
	unsigned at_once;
};

struct sim_load {
	struct plan_load load;
	uint32_t ends; /* its place among the jobs under way */
	struct sim_site *to;
	const char *sender;
	int64_t due;
	int64_t done; /* 0: not yet */
	enum job_trouble trouble;
};

struct sim {
	struct plan *plan;
	struct heap jobs;    /* by their ends */
	struct heap waiting; /* by their next attempts */
	int64_t now;
	unsigned delivered;
	unsigned refused;
};

static const struct plan_limits wide = { .connections = 20 };

static void
sim_init(struct sim *m)
{
	int64_t rests[] = { 48 * SECOND, 4 * MINUTE };

	*m = (struct sim){ .plan = plan_new(4000), .now = 1 };
	plan_set_rests(m->plan, rests, 2);
	heap_init(&m->jobs);
	heap_init(&m->waiting);
}

static void
sim_done(struct sim *m)
{
	heap_done(&m->jobs);
	heap_done(&m->waiting);
	plan_free(&m->plan);
}

static struct sim_load *
load_of(uint32_t *ends)
{
	return (struct sim_load *)(void *)((char *)ends -
	    offsetof(struct sim_load, ends));
}

static void
sim_add(struct sim *m, struct sim_load *l)
{
	l->load.cost = 1;
	if (!plan_add(m->plan, l->to->site, &l->load, slice_of(l->sender),
		m->now)) {
		l->load.retry = true;
		heap_set(&m->waiting, &l->ends, m->now + MINUTE);
	}
}

static void
sim_start(struct sim *m, struct sim_load *l)
{
	static const int64_t takes[] = { [WORKS] = 100,
		[DEAD] = 30 * SECOND,
		[SLOW] = 60 * SECOND,
		[FIVE_AT_ONCE] = 100 };
	struct sim_site *to = l->to;

	l->trouble = to->kind == DEAD ? TROUBLE_SITE : TROUBLE_NONE;
	if (to->kind == FIVE_AT_ONCE && to->at_once >= 5)
		l->trouble = TROUBLE_BUSY;
	to->at_once++;
	heap_set(&m->jobs, &l->ends,
	    m->now + (l->trouble == TROUBLE_BUSY ? 5 : takes[to->kind]));
}

static void
sim_end(struct sim *m, struct sim_load *l)
{
	struct plan_load *left;

	heap_remove(&m->jobs, &l->ends);
	l->to->at_once--;
	if (plan_done(m->plan, &l->load, l->trouble, m->now) == PLAN_DOWN)
		while ((left = plan_drain(m->plan, l->to->site)) != NULL)
			sim_add(m, (struct sim_load *)(void *)left);
	if (l->trouble == TROUBLE_NONE) {
		l->done = m->now;
		m->delivered++;
		return;
	}
	m->refused++;
	l->load.retry = true;
	heap_set(&m->waiting, &l->ends, m->now + MINUTE);
}

/* Runs until nothing is left to do, or `until`. */
static void
sim_run(struct sim *m, int64_t until)
{
	while (m->now < until) {
		struct plan_load *next;
		int64_t at;

		while (heap_first_when(&m->waiting) <= m->now) {
			struct sim_load *l = load_of(heap_first(&m->waiting));

			heap_remove(&m->waiting, &l->ends);
			sim_add(m, l);
		}
		while (heap_first_when(&m->jobs) <= m->now)
			sim_end(m, load_of(heap_first(&m->jobs)));
		ck_assert_ptr_null(plan_tick(m->plan, m->now));
		while ((next = plan_next(m->plan, m->now)) != NULL)
			sim_start(m, (struct sim_load *)(void *)next);
		at = heap_first_when(&m->jobs);
		if (heap_first_when(&m->waiting) < at)
			at = heap_first_when(&m->waiting);
		if (plan_wake_at(m->plan) < at)
			at = plan_wake_at(m->plan);
		if (at == INT64_MAX)
			return;
		ck_assert_int_ge(at, m->now);
		m->now = at;
	}
}

START_TEST(a_bulk_sender_does_not_hold_up_twenty_small_ones)
{
	enum { BULK = 20000, SMALL = 20, EACH = 10 };
	struct sim m;
	struct sim_site to = { .kind = WORKS };
	struct sim_load *bulk = mem_array(BULK, sizeof(*bulk));
	struct sim_load *small =
	    mem_array((size_t)SMALL * EACH, sizeof(*small));
	char names[SMALL][8];
	int64_t last = 0;

	sim_init(&m);
	to.site = plan_site(m.plan, SLICE("s"), &wide);
	for (int i = 0; i < BULK; i++) {
		bulk[i].to = &to;
		bulk[i].sender = "bulk";
		sim_add(&m, &bulk[i]);
	}
	sim_run(&m, 10 * SECOND); /* the window is wide open by now */
	for (int i = 0; i < SMALL * EACH; i++) {
		(void)snprintf(names[i % SMALL], 8, "s%d", i % SMALL);
		small[i].to = &to;
		small[i].sender = names[i % SMALL];
		small[i].due = m.now;
		sim_add(&m, &small[i]);
	}
	sim_run(&m, INT64_MAX);
	ck_assert_uint_eq(m.delivered, BULK + SMALL * EACH);
	for (int i = 0; i < SMALL * EACH; i++)
		last = small[i].done > last ? small[i].done : last;
	/* 21 senders in turns, 20 at once, 100 ms each: 10 rounds. */
	ck_assert_int_le(last, small[0].due + (10 * 21 / 20 + 2) * 100);
	mem_free(bulk);
	mem_free(small);
	sim_done(&m);
}
END_TEST

enum { SITES = 1000, PER_SITE = 20 };

/* The sum of the delays of the mail to healthy sites, in milliseconds. */
static int64_t
healthy_delay(bool with_sick)
{
	struct sim m;
	struct sim_site *sites = mem_array(SITES, sizeof(*sites));
	struct sim_load *loads =
	    mem_array((size_t)SITES * PER_SITE, sizeof(*loads));
	int64_t sum = 0;

	sim_init(&m);
	for (int i = 0; i < SITES; i++) {
		char name[16];

		(void)snprintf(name, sizeof(name), "site%d", i);
		sites[i].site = plan_site(m.plan, slice_of(name), &wide);
		if (with_sick && i % 10 == 3)
			sites[i].kind = DEAD;
		else if (with_sick && i % 100 == 7)
			sites[i].kind = SLOW;
	}
	for (int i = 0; i < SITES * PER_SITE; i++) {
		loads[i].to = &sites[i % SITES];
		loads[i].sender = "a";
		loads[i].due = m.now;
		sim_add(&m, &loads[i]);
	}
	sim_run(&m, 2 * HOUR);
	for (int i = 0; i < SITES * PER_SITE; i++) {
		if (loads[i].to->kind == DEAD)
			ck_assert_int_eq(loads[i].done, 0);
		else
			ck_assert_int_gt(loads[i].done, 0);
		if (i % SITES % 10 != 3 && i % SITES % 100 != 7)
			sum += loads[i].done - loads[i].due;
	}
	/* A dead site costs a probe a rest, not an attempt a message. */
	if (with_sick) {
		ck_assert_uint_le(m.refused, SITES / 10 * 30);
		ck_assert_uint_ge(m.refused, SITES / 10 * 20);
	}
	/* What still waits for the dead is forgotten with the test. */
	for (int i = 0; i < SITES * PER_SITE; i++) {
		if (loads[i].load.flow != NULL)
			plan_remove(m.plan, &loads[i].load, m.now);
		else if (loads[i].load.under_way)
			plan_abandon(m.plan, &loads[i].load, m.now);
	}
	sim_done(&m);
	mem_free(sites);
	mem_free(loads);
	return sum;
}

START_TEST(dead_and_slow_sites_do_not_delay_the_others)
{
	int64_t alone = healthy_delay(false);
	int64_t among_sick = healthy_delay(true);

	ck_assert_int_gt(alone, 0);
	ck_assert_int_le(among_sick, alone * 105 / 100);
}
END_TEST

START_TEST(the_window_settles_below_what_is_refused)
{
	enum { COUNT = 5000 };
	struct sim m;
	struct sim_site to = { .kind = FIVE_AT_ONCE };
	struct sim_load *loads = mem_array(COUNT, sizeof(*loads));
	struct plan_facts facts;
	unsigned outside = 0;

	sim_init(&m);
	to.site = plan_site(m.plan, SLICE("s"), &wide);
	for (int i = 0; i < COUNT; i++) {
		loads[i].to = &to;
		loads[i].sender = "a";
		sim_add(&m, &loads[i]);
	}
	while (m.delivered < COUNT) {
		int64_t before = m.now;

		sim_run(&m, m.now + 1);
		plan_site_facts(to.site, &facts);
		if (m.delivered >= 200 && m.delivered < COUNT - 20)
			outside += facts.window < 3 || facts.window > 6 ? 1 : 0;
		ck_assert(m.now > before || m.delivered == COUNT);
	}
	ck_assert_uint_eq(outside, 0);
	ck_assert_uint_lt(m.refused * 100, COUNT * 2);
	heap_done(&m.waiting);
	sim_done(&m);
	mem_free(loads);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("plan in virtual time");
	TCase *tc = tcase_create("sim");

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_bulk_sender_does_not_hold_up_twenty_small_ones);
	tcase_add_test(tc, dead_and_slow_sites_do_not_delay_the_others);
	tcase_add_test(tc, the_window_settles_below_what_is_refused);
	return run_suite(suite);
}

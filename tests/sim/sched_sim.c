/*
 * sim/sched_sim.c - the scheduler's plan in virtual time: the very code that
 * runs, driven by sites that work, are dead, slow, refuse or greylist.
 *
 * Everything but the table is deterministic: counts and virtual times, no
 * clock. Usage: sched_sim (a small scale, in seconds), sched_sim full (the
 * scale that is promised), sched_sim table [MESSAGES] (speed and memory, as
 * rows of Markdown, from 10,000 messages up to that many; then what domains
 * cost).
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "base/time.h"
#include "conf/conf.h"
#include "ipc/messages.h"
#include "schedule/heap.h"
#include "schedule/lane.h"
#include "schedule/plan.h"
#include "schedule/retry.h"

enum kind { WORKS, DEAD, SLOW, FIVE_AT_ONCE, GREYLISTS, KINDS };

enum {
	JOB_MS = 100,
	GREY_MS = 2 * MINUTE, /* then a message that was seen is taken */
	LIMIT = 5,            /* of FIVE_AT_ONCE */
	REFUSAL_MS = 5,
	DNS_MS = 20,
	SENDERS_MAX = 1024,
};

struct sim_site {
	struct plan_site *site;
	struct lane *lane;     /* a domain's; NULL: the site is for ever */
	struct sim_site *host; /* whose MX host it is; itself without lanes */
	enum kind kind;
	unsigned at_once;
	unsigned tries;
};

struct msg {
	struct plan_load load; /* first: a message is found by it */
	struct sim_site *to;
	uint32_t timer;
	uint32_t sender;
	int64_t due;
	int64_t first;   /* its first attempt; 0: none yet */
	int64_t started; /* its last attempt */
	int64_t done;    /* 0: not yet */
	uint16_t attempts;
	bool is_taken; /* by the attempt under way */
	bool is_refused;
	bool is_back; /* its hosts were not the ones it was planned for */
};

struct sim {
	struct plan *plan;
	struct lane_table *lanes; /* or NULL */
	struct delivery_conf delivery;
	struct heap jobs;    /* by their ends */
	struct heap waiting; /* by their arrivals or next attempts */
	struct msg *msgs;
	size_t count;
	struct sim_site *sites;
	size_t site_count;
	int64_t now;
	uint64_t delivered;
	uint64_t refused;
	uint32_t dice;
	int64_t last_start[SENDERS_MAX];
	uint32_t watched;     /* senders below: their turns count */
	int64_t longest_turn; /* from the head of a sender's queue */
	uint32_t window_low;  /* after the first 200 deliveries */
	uint32_t window_high;
};

static const struct plan_limits wide = { .connections = 20 };
static char any[] = "*";
static struct shaping_conf shaping = { .title = any,
	.connections = 20,
	.messages_per_connection = 100,
	.recipients_per_message = 100 };
static const struct conf conf = { .shapings = &shaping, .shaping_count = 1 };
static unsigned failures;

static void
check(bool holds, const char *what)
{
	if (!holds)
		failures++;
	(void)printf("%s: %s\n", holds ? "ok" : "FAILED", what);
}

static void
sim_init(struct sim *m, size_t sites, size_t msgs, uint32_t capacity)
{
	static int64_t steps[] = { MINUTE, 5 * MINUTE, 15 * MINUTE };
	int64_t rests[3];

	*m = (struct sim){ .plan = plan_new(capacity),
		.now = 1,
		.dice = 12345,
		.window_low = UINT32_MAX };
	m->delivery.expire_ms = 5 * DAY;
	m->delivery.retry_count = 3;
	m->delivery.retry_ms = steps;
	plan_set_rests(m->plan, rests, retry_rests(&m->delivery, rests, 3));
	heap_init(&m->jobs);
	heap_init(&m->waiting);
	m->site_count = sites;
	m->sites = mem_array(sites, sizeof(*m->sites));
	m->count = msgs;
	m->msgs = mem_array(msgs, sizeof(*m->msgs));
	for (size_t i = 0; i < sites; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "site%zu", i);
		m->sites[i].site = plan_site(m->plan, slice_of(name), &wide);
		m->sites[i].host = &m->sites[i];
	}
}

static void
sim_done(struct sim *m)
{
	for (size_t i = 0; i < m->count; i++) {
		if (m->msgs[i].load.flow != NULL)
			plan_remove(m->plan, &m->msgs[i].load, m->now);
		else if (m->msgs[i].load.under_way)
			plan_abandon(m->plan, &m->msgs[i].load, m->now);
	}
	heap_done(&m->jobs);
	heap_done(&m->waiting);
	lane_table_free(&m->lanes);
	plan_free(&m->plan);
	mem_free(m->sites);
	mem_free(m->msgs);
}

/* A generator of its own, so that each run is the same. */
static uint32_t
roll(struct sim *m)
{
	m->dice = m->dice * 1664525 + 1013904223;
	return m->dice >> 8;
}

static struct msg *
msg_of(uint32_t *timer)
{
	return (
	    struct msg *)(void *)((char *)timer - offsetof(struct msg, timer));
}

static void
sim_defer(struct sim *m, struct msg *g)
{
	g->load.retry = true;
	heap_set(&m->waiting, &g->timer,
	    retry_next(&m->delivery, g->attempts, g->due, false, m->now,
		roll(m)));
}

static struct plan_site *
site_of(const struct sim_site *to)
{
	return to->lane == NULL ? to->site : to->lane->site->plan;
}

static void
sim_offer(struct sim *m, struct msg *g)
{
	char key[16];

	(void)snprintf(key, sizeof(key), "sender%u", g->sender);
	g->load.cost = 1;
	if (!plan_add(m->plan, site_of(g->to), &g->load, slice_of(key), m->now))
		sim_defer(m, g);
}

/* It will arrive then. */
static void
sim_mail(struct sim *m, size_t i, size_t site, uint32_t sender, int64_t due)
{
	struct msg *g = &m->msgs[i];

	g->to = &m->sites[site];
	g->sender = sender;
	g->due = due;
	heap_set(&m->waiting, &g->timer, due);
}

/* --- what the other end does --- */

static int64_t
attempt_takes(const struct msg *g, enum job_trouble *trouble)
{
	*trouble = TROUBLE_NONE;
	switch (g->to->host->kind) {
	case DEAD:
		*trouble = TROUBLE_SITE;
		return 30 * SECOND;
	case SLOW:
		return 60 * SECOND;
	case FIVE_AT_ONCE:
		if (g->to->host->at_once <= LIMIT)
			break;
		*trouble = TROUBLE_BUSY;
		return REFUSAL_MS;
	case WORKS:
	case GREYLISTS:
	case KINDS:
		break;
	}
	return JOB_MS;
}

/* As dispatch and a deliverer do it: to the site of its hosts, first of all. */
static bool
sim_sent_back(struct sim *m, struct msg *g)
{
	struct lane *lane = g->to->lane;

	if (lane == NULL)
		return false;
	if (g->load.site != lane->site->plan) {
		plan_abandon(m->plan, &g->load, m->now);
		sim_offer(m, g);
		return true;
	}
	g->is_back = lane_mx_to_check(lane, m->now) == MX_UNKNOWN;
	if (g->is_back)
		heap_set(&m->jobs, &g->timer, m->now + DNS_MS);
	return g->is_back;
}

static void
sim_moves(struct sim *m, struct msg *g)
{
	char name[32];
	struct lane_mx mx = { .digest = MX_UNKNOWN + 1 };

	(void)snprintf(name, sizeof(name), "mx%zu.test",
	    (size_t)(g->to->host - m->sites));
	mx.hosts = mx.best = slice_of(name);
	plan_abandon(m->plan, &g->load, m->now);
	(void)lane_move(m->lanes, g->to->lane, &conf, &mx, m->now);
	g->is_back = false;
	sim_offer(m, g);
}

static void
sim_start(struct sim *m, struct msg *g)
{
	enum job_trouble trouble;
	int64_t head = m->last_start[g->sender % SENDERS_MAX];
	int64_t takes;

	if (sim_sent_back(m, g))
		return;
	if (head < g->due)
		head = g->due;
	if (g->sender < m->watched && g->attempts == 0 &&
	    m->now - head > m->longest_turn)
		m->longest_turn = m->now - head;
	m->last_start[g->sender % SENDERS_MAX] = m->now;
	g->attempts++;
	g->started = m->now;
	if (g->first == 0)
		g->first = m->now;
	g->to->host->at_once++;
	g->to->host->tries++;
	takes = attempt_takes(g, &trouble);
	g->is_refused = trouble != TROUBLE_NONE;
	g->is_taken = trouble == TROUBLE_NONE &&
	    (g->to->host->kind != GREYLISTS || m->now - g->first >= GREY_MS);
	heap_set(&m->jobs, &g->timer, m->now + takes);
}

static enum job_trouble
trouble_of(const struct msg *g)
{
	if (!g->is_refused)
		return TROUBLE_NONE;
	return g->to->host->kind == DEAD ? TROUBLE_SITE : TROUBLE_BUSY;
}

static void
note_window(struct sim *m, const struct msg *g)
{
	struct plan_facts facts;

	plan_site_facts(g->load.site, &facts);
	if (m->delivered < 200 || facts.ready == 0)
		return;
	if (facts.window < m->window_low)
		m->window_low = facts.window;
	if (facts.window > m->window_high)
		m->window_high = facts.window;
}

static void
sim_end(struct sim *m, struct msg *g)
{
	struct plan_load *left;

	heap_remove(&m->jobs, &g->timer);
	if (g->is_back) {
		sim_moves(m, g);
		return;
	}
	g->to->host->at_once--;
	if (plan_done(m->plan, &g->load, trouble_of(g), m->now) == PLAN_DOWN)
		while ((left = plan_drain(m->plan, g->load.site)) != NULL)
			sim_defer(m, (struct msg *)(void *)left);
	note_window(m, g);
	if (g->is_taken) {
		g->done = m->now;
		m->delivered++;
		return;
	}
	if (g->is_refused)
		m->refused++;
	sim_defer(m, g);
}

/* --- virtual time --- */

static int64_t
sim_next(const struct sim *m)
{
	int64_t at = heap_first_when(&m->jobs);

	if (heap_first_when(&m->waiting) < at)
		at = heap_first_when(&m->waiting);
	if (plan_wake_at(m->plan) < at)
		at = plan_wake_at(m->plan);
	return at;
}

/* Runs until nothing is left to do, or `until`. */
static void
sim_run(struct sim *m, int64_t until)
{
	struct plan_load *next;
	int64_t at;

	while (m->now < until) {
		while (heap_first_when(&m->waiting) <= m->now) {
			struct msg *g = msg_of(heap_first(&m->waiting));

			heap_remove(&m->waiting, &g->timer);
			sim_offer(m, g);
		}
		while (heap_first_when(&m->jobs) <= m->now)
			sim_end(m, msg_of(heap_first(&m->jobs)));
		must(plan_tick(m->plan, m->now) == NULL);
		while ((next = plan_next(m->plan, m->now)) != NULL)
			sim_start(m, (struct msg *)(void *)next);
		at = sim_next(m);
		if (at == INT64_MAX)
			return;
		must(at >= m->now);
		m->now = at;
	}
}

/* --- (a) one who sends in bulk, and twenty who do not --- */

/*
 * A window's time is a job's time. 21 senders that take turns at 20
 * connections: the next message of each leaves within two of them, all ten of
 * each within eleven.
 */
static void
bulk_and_small(size_t bulk)
{
	enum { SMALL = 20, EACH = 10 };
	struct sim m;
	int64_t longest = 0;

	sim_init(&m, 1, bulk + (size_t)SMALL * EACH, 4000);
	m.watched = SMALL;
	for (size_t i = 0; i < bulk; i++)
		sim_mail(&m, i, 0, SMALL, 1);
	for (size_t i = 0; i < (size_t)SMALL * EACH; i++)
		sim_mail(&m, bulk + i, 0, (uint32_t)i % SMALL, 10 * SECOND);
	sim_run(&m, INT64_MAX);
	for (size_t i = bulk; i < m.count; i++)
		if (m.msgs[i].done - m.msgs[i].due > longest)
			longest = m.msgs[i].done - m.msgs[i].due;
	(void)printf("(a) %zu of one sender, %d of each of %d: longest turn "
		     "%lld ms, all of the small %lld ms, window's time %d ms\n",
	    bulk, EACH, SMALL, (long long)m.longest_turn, (long long)longest,
	    JOB_MS);
	check(m.delivered == m.count, "(a) all is delivered");
	check(m.longest_turn <= 2 * JOB_MS, "(a) each within two windows");
	check(longest <= 12 * JOB_MS, "(a) ten of each within twelve");
	sim_done(&m);
}

/* --- (b) the dead, the slow, and the healthy --- */

/* The healthy sites' mean delay in milliseconds, once the sites are known. */
static double
healthy_delay(size_t sites, uint32_t capacity, bool with_sick, double *cold)
{
	enum { EACH = 18, APART = 100 * SECOND, KNOWN = 6 };
	struct sim m;
	double sums[2] = { 0 };
	uint64_t counts[2] = { 0 };
	uint64_t lost = 0;

	sim_init(&m, sites, sites * EACH, capacity);
	for (size_t i = 0; with_sick && i < sites; i++)
		m.sites[i].kind = i % 10 == 3 ? DEAD
		    : i % 100 == 7            ? SLOW
					      : WORKS;
	for (size_t i = 0; i < m.count; i++)
		sim_mail(&m, i, i % sites, (uint32_t)(i % 7),
		    1 + (int64_t)(i / sites) * APART +
			(int64_t)(i % sites) * APART / (int64_t)sites);
	sim_run(&m, (EACH + 2) * APART);
	for (size_t i = 0; i < m.count; i++) {
		size_t known = i / sites >= KNOWN;

		if (i % sites % 10 == 3 || i % sites % 100 == 7)
			continue;
		counts[known]++;
		sums[known] += (double)(m.msgs[i].done - m.msgs[i].due);
		lost += m.msgs[i].done == 0;
	}
	if (with_sick)
		check(lost == 0, "(b) all of the healthy is delivered");
	*cold = sums[0] / (double)counts[0];
	sim_done(&m);
	return sums[1] / (double)counts[1];
}

static void
dead_and_slow(size_t sites, uint32_t capacity)
{
	double cold_alone, cold_among;
	double alone = healthy_delay(sites, capacity, false, &cold_alone);
	double among = healthy_delay(sites, capacity, true, &cold_among);

	(void)printf("(b) %zu sites, %u jobs at once: mean delay of the "
		     "healthy %.2f ms alone, %.2f ms among 10 %% dead and 1 %% "
		     "slow; the first ten minutes %.2f and %.2f ms\n",
	    sites, capacity, alone, among, cold_alone, cold_among);
	check(alone >= JOB_MS && among <= alone * 1.05, "(b) within 5 %");
	check(cold_among <= cold_alone * 1.05,
	    "(b) within 5 % also before the dead are known");
}

/* --- (c) "421 too many connections" above five --- */

static void
too_many(size_t count)
{
	struct sim m;

	sim_init(&m, 1, count, 4000);
	m.sites[0].kind = FIVE_AT_ONCE;
	for (size_t i = 0; i < count; i++)
		sim_mail(&m, i, 0, (uint32_t)(i % 3), 1);
	sim_run(&m, INT64_MAX);
	(void)printf("(c) %zu messages: window %u to %u, %llu refusals "
		     "(%.2f %%)\n",
	    count, m.window_low, m.window_high, (unsigned long long)m.refused,
	    100.0 * (double)m.refused / (double)m.sites[0].tries);
	check(m.delivered == count, "(c) all is delivered");
	check(m.window_low >= LIMIT - 1 && m.window_high <= LIMIT + 1,
	    "(c) the window stays at 4 to 6 from the 200th delivery on");
	check(m.refused * 100 < m.sites[0].tries * 2, "(c) refusals below 2 %");
	sim_done(&m);
}

/* --- (d) greylisting --- */

static void
greylisting(size_t sites, size_t each)
{
	struct sim m;
	uint64_t most = 0;
	uint64_t closed = 0;
	int64_t fresh = 0;

	sim_init(&m, sites, sites * each, 4000);
	for (size_t i = 0; i < sites; i++)
		m.sites[i].kind = GREYLISTS;
	for (size_t i = 0; i < m.count; i++)
		sim_mail(&m, i, i % sites, (uint32_t)(i % 7),
		    1 + (int64_t)(i / sites) * SECOND);
	sim_run(&m, INT64_MAX);
	for (size_t i = 0; i < m.count; i++) {
		if (m.msgs[i].attempts > most)
			most = m.msgs[i].attempts;
		if (m.msgs[i].first - m.msgs[i].due > fresh)
			fresh = m.msgs[i].first - m.msgs[i].due;
	}
	for (size_t i = 0; i < sites; i++) {
		struct plan_facts facts;

		plan_site_facts(m.sites[i].site, &facts);
		closed += facts.state != SITE_OPEN || facts.ceiling != 0;
	}
	(void)printf("(d) %zu greylisting sites, %zu messages each: at most "
		     "%llu attempts, first attempts after at most %lld ms\n",
	    sites, each, (unsigned long long)most, (long long)fresh);
	check(m.delivered == m.count, "(d) all is delivered");
	/* Put off at 0 and 1 minute, taken at about 6. */
	check(most <= 3, "(d) by the third attempt");
	check(fresh <= JOB_MS, "(d) retries do not hold up fresh mail");
	check(closed == 0,
	    "(d) a greylisting site is not taken for a sick one");
	sim_done(&m);
}

/* --- (f) many domains, one provider --- */

static struct lane *
lane_of(struct sim *m, size_t i)
{
	char target[32];
	struct lane_want want = { .route = SLICE("*"), .is_remote = true };

	(void)snprintf(target, sizeof(target), "mx:d%zu.test", i);
	want.target = want.name = slice_of(target);
	want.destination = slice_skip(want.name, 3);
	return lane_get(m->lanes, &conf, &want, m->now);
}

/* The first site is the provider's, the rest are domains of its. */
static void
sim_provider(struct sim *m, enum kind kind, size_t domains, size_t each)
{
	sim_init(m, domains + 1, domains * each, 4000);
	m->lanes = lane_table_new(m->plan);
	m->sites[0].kind = kind;
	for (size_t i = 1; i <= domains; i++) {
		m->sites[i].host = &m->sites[0];
		m->sites[i].lane = lane_of(m, i);
	}
	for (size_t i = 0; i < m->count; i++)
		sim_mail(m, i, 1 + i % domains, (uint32_t)(i % 7), 1);
}

static void
many_domains(size_t domains, size_t each)
{
	struct sim m;
	unsigned probes;

	sim_provider(&m, FIVE_AT_ONCE, domains, each);
	sim_run(&m, INT64_MAX);
	(void)printf("(f) %zu domains of one provider, %zu messages each: "
		     "window %u to %u in all, %llu refusals (%.2f %%)\n",
	    domains, each, m.window_low, m.window_high,
	    (unsigned long long)m.refused,
	    100.0 * (double)m.refused / (double)m.sites[0].tries);
	check(m.delivered == m.count, "(f) all is delivered");
	check(m.window_low >= LIMIT - 1 && m.window_high <= LIMIT + 1,
	    "(f) their window is 4 to 6 in all from the 200th delivery on");
	check(m.refused * 100 < m.sites[0].tries * 2, "(f) refusals below 2 %");
	sim_done(&m);
	sim_provider(&m, DEAD, domains, each);
	sim_run(&m, MINUTE);
	probes = m.sites[0].tries;
	(void)printf("(f) the same, dead: %u attempts until all rests\n",
	    probes);
	check(probes <= 2, "(f) a dead provider costs no more than its window");
	sim_done(&m);
}

/* --- (e) speed and memory --- */

static double
seconds(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t
in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* All of it waits; then each starts and ends, a job at a time per slot. */
static void
table_row(size_t count)
{
	enum { SITES = 100000, SENDERS = 100, AT_ONCE = 4000 };
	size_t sites = count / 10 < SITES ? count / 10 : SITES;
	size_t before = in_use();
	struct plan_load **ring =
	    mem_array(AT_ONCE, sizeof(struct plan_load *));
	struct plan_load *load;
	size_t octets, decided = 0, oldest = 0, next = 0;
	double begun, added, ended;
	struct sim m;

	sim_init(&m, sites, 0, AT_ONCE); /* bare loads will do */
	load = mem_array(count, sizeof(*load));
	begun = seconds();
	for (size_t i = 0; i < count; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "s%zu", i / sites % SENDERS);
		load[i].cost = 1;
		must(plan_add(m.plan, m.sites[i % sites].site, &load[i],
		    slice_of(key), 1));
	}
	added = seconds();
	octets = in_use() - before;
	while (decided < count) {
		struct plan_load *l = plan_next(m.plan, m.now);

		if (l != NULL) {
			ring[next++ % AT_ONCE] = l;
			continue;
		}
		must(oldest < next);
		m.now++;
		must(plan_done(m.plan, ring[oldest++ % AT_ONCE], TROUBLE_NONE,
			 m.now) == PLAN_SAME);
		decided++;
	}
	ended = seconds();
	(void)printf("| %zu | %zu | %.0f | %.0f | %.1f | %.0f |\n", count,
	    sites, (double)count / (added - begun),
	    (double)count / (ended - added), (double)octets / (1 << 20),
	    (double)octets / (double)count);
	mem_free(ring);
	sim_done(&m);
	mem_free(load);
	(void)malloc_trim(0);
}

static void
table(size_t most)
{
	(void)printf("| messages | sites | queued a second | decided a second "
		     "| MiB | octets a message |\n"
		     "|---:|---:|---:|---:|---:|---:|\n");
	for (size_t n = 10000; n <= most; n *= 10)
		table_row(n);
}

/* What a domain costs that has been mailed, and is now where it belongs. */
static void
domains_row(size_t count, bool is_shared)
{
	size_t before = in_use();
	struct sim m;
	double begun = seconds();

	sim_init(&m, 0, 0, 1);
	m.lanes = lane_table_new(m.plan);
	for (size_t i = 0; i < count; i++) {
		struct lane_mx mx = { .digest = MX_UNKNOWN + 1 };
		char name[32];

		(void)snprintf(name, sizeof(name), "mx%zu.test",
		    is_shared ? 0 : i);
		mx.hosts = mx.best = slice_of(name);
		must(lane_move(m.lanes, lane_of(&m, i), &conf, &mx, m.now));
	}
	lane_table_sweep(m.lanes, m.now);
	(void)printf("| %zu | %s | %.0f | %.0f |\n", count,
	    is_shared ? "one provider" : "each its own",
	    (double)(in_use() - before) / (double)count,
	    (double)count / (seconds() - begun));
	sim_done(&m);
}

static void
domains_table(void)
{
	(void)printf("\n| domains | MX hosts | octets a domain | found and "
		     "moved a second |\n|---:|:---|---:|---:|\n");
	for (size_t n = 1000; n <= 100000; n *= 10) {
		domains_row(n, true);
		domains_row(n, false);
	}
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	bool full = slice_eq(slice_of(what), SLICE("full"));

	if (slice_eq(slice_of(what), SLICE("table"))) {
		table(argc > 2 ? strtoull(argv[2], NULL, 10) : 10000000);
		domains_table();
		return 0;
	}
	bulk_and_small(full ? 1000000 : 20000);
	dead_and_slow(full ? 100000 : 2000, full ? 8000 : 160);
	too_many(full ? 100000 : 5000);
	greylisting(full ? 1000 : 100, full ? 100 : 30);
	many_domains(50, full ? 2000 : 100);
	return failures == 0 ? 0 : 1;
}

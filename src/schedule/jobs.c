/*
 * schedule/jobs.c - loads into the plan, jobs out of it, and what is made of
 * their answers: fates for recipients, lessons for the site, other ways.
 */
#include "schedule/jobs.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "schedule/retry.h"
#include "schedule/rewrite.h"

enum {
	JOBS_PER_DELIVERER = 2000,
	WAITING_SLICE = 200,
	FATES_ARENA_MAX = 4 << 20,
	SENDER_MAX = 1024,
};

void
jobs_init(struct jobs *j)
{
	j->fates = arena_new(FATES_ARENA_MAX);
}

void
jobs_destroy(struct jobs *j)
{
	arena_free(&j->fates);
}

/* --- loads --- */

static struct attempt_facts
facts_of_lane(const struct lane *lane)
{
	return (struct attempt_facts){ .site = lane->name };
}

/* Where it waited or was under way; its lane may have moved since. */
static struct site *
site_of(const struct load *load)
{
	return plan_site_tag(load->plan.site);
}

static void
load_drop(struct jobs *j, struct load *load)
{
	struct round *r = load->round;

	load_free(&load);
	keeper_check_end(j->keeper, r);
}

/*
 * The recipients' fates, one each. With `failed` it is the site that did not
 * work: who would be put off for that goes by another hop of the route, if one
 * is left.
 */
static void
pass_on(struct jobs *j, struct load *load, const struct fate *fates,
    const struct attempt_facts *facts, bool failed)
{
	struct round *r = load->round;
	unsigned moved = 0;

	for (uint32_t i = 0; i < load->count; i++) {
		if (failed && fates[i].kind == FATE_DEFERRED &&
		    routing_elsewhere(j->routing, load, load->recipients[i]))
			moved++;
		else
			ledger_fate(j->ledger, r, load->recipients[i],
			    &fates[i], facts, false);
	}
	routing_elsewhere_done(r);
	if (moved > 0)
		log_info("schedule to-other-hop id=%016llx recipients=%u "
			 "from=%.*s reason=\"%s\"",
		    (unsigned long long)r->entry->id, moved,
		    SLICE_ARGS(load->lane->name), site_of(load)->last_error);
}

/* Its site takes nothing now: the recipients wait without an attempt. */
static void
put_off(struct jobs *j, struct load *load)
{
	struct site *s = site_of(load);
	struct attempt_facts facts = facts_of_lane(load->lane);
	struct plan_facts plan;
	struct buf reply;
	struct fate *fates = mem_array(load->count, sizeof(*fates));

	plan_site_facts(s->plan, &plan);
	buf_init(&reply, LOG_LINE_MAX);
	if (plan.state == SITE_SUSPENDED)
		suspension_words(j->suspensions, s->name, &reply);
	else
		buf_addf(&reply, "451 4.4.1 the site does not work: %s",
		    s->last_error);
	for (uint32_t i = 0; i < load->count; i++)
		fates[i] = fate_ours(FATE_DEFERRED,
		    plan.state == SITE_SUSPENDED ? 3 : 4,
		    plan.state == SITE_SUSPENDED ? 2 : 1, buf_slice(&reply));
	pass_on(j, load, fates, &facts, true);
	mem_free(fates);
	buf_done(&reply);
}

/* False: its site takes nothing now. */
static bool
offer(struct jobs *j, struct load *load)
{
	struct round *r = load->round;

	load->is_offered = true;
	load->plan.retry = keeper_attempts(r->entry) > 0;
	load->plan.priority = r->envelope->priority;
	return plan_add(j->plan, load->lane->site->plan, &load->plan,
	    round_sender_key(r->envelope), j->mono_ms);
}

/* What is new of a round; put_off() may add to the list's end. */
void
jobs_offer(struct jobs *j, struct round *r)
{
	struct load *load;
	struct load *next;

	for (load = TAILQ_FIRST(&r->loads); load != NULL; load = next) {
		bool waits = !load->is_offered && !permit_ask(j->permits, load);
		bool stays = !waits && (load->is_offered || offer(j, load));

		if (!stays && !waits)
			put_off(j, load);
		next = TAILQ_NEXT(load, in_round);
		if (!stays)
			load_free(&load);
	}
	keeper_check_end(j->keeper, r);
}

void
jobs_put_off(struct jobs *j, struct load *load)
{
	struct round *r = load->round;

	if (keeper_envelope(j->keeper, r) == 0)
		put_off(j, load);
	load_free(&load);
	jobs_offer(j, r);
}

/* --- jobs --- */

/* It may be the message's fault that it could not be read: then it is held. */
static void
suspect(struct jobs *j, struct round *r)
{
	if (keeper_hold_damaged(j->keeper, r->entry))
		wishes_cancel_waiting(j->wishes, r);
}

/* False: it was put off instead. */
static bool
send(struct jobs *j, struct load *load)
{
	struct round *r = load->round;
	struct envelope told;
	struct buf sender;
	struct place place;
	int rc = keeper_envelope(j->keeper, r);

	if (rc == 0 && load->plan.site != load->lane->site->plan) {
		plan_abandon(j->plan, &load->plan, j->mono_ms);
		load->is_offered = false;
		jobs_offer(j, r); /* its lane has moved */
		return true;
	}
	if (rc != 0) {
		plan_abandon(j->plan, &load->plan, j->mono_ms);
		log_error("schedule unreadable id=%016llx reason=\"%s\"",
		    (unsigned long long)r->entry->id, err_text(rc));
		suspect(j, r);
		load_drop(j, load);
		return true;
	}
	if (!permit_take(j->permits, load)) {
		plan_abandon(j->plan, &load->plan, j->mono_ms);
		load_drop(j, load);
		return false;
	}
	place = queue_store_place(j->store, r->entry);
	queue_store_pin(j->store, r->entry);
	told = *r->envelope;
	buf_init(&sender, SENDER_MAX);
	told.sender = rewrite_sender(j->conf, load, j->wall_ms, &sender);
	crew_send(j->crew, load, &place, &told,
	    entry_is_fresh(r->entry, j->wall_ms), j->mono_ms);
	buf_done(&sender);
	return true;
}

bool
jobs_send(struct jobs *j)
{
	struct plan_load *next;
	unsigned waiting = 0;

	if (crew_deliverers(j->crew) == 0 || queue_store_is_stuck(j->store))
		return false;
	plan_set_capacity(j->plan,
	    crew_deliverers(j->crew) * JOBS_PER_DELIVERER);
	while (waiting < WAITING_SLICE &&
	    (next = plan_next(j->plan, j->mono_ms)) != NULL)
		waiting += send(j, (struct load *)(void *)next) ? 0 : 1;
	return waiting == WAITING_SLICE;
}

/* --- answers --- */

/* The worst of a job's fates: for the site's last error, and its history. */
static const struct fate *
worst_of(const struct fate *fates, size_t n)
{
	const struct fate *worst = &fates[0];

	for (size_t i = 1; i < n; i++)
		if (fates[i].kind == FATE_FAILED ||
		    (fates[i].kind == FATE_DEFERRED &&
			worst->kind != FATE_FAILED))
			worst = &fates[i];
	return worst;
}

static void
count_fates(struct jobs *j, struct site *s, const struct fate *fates, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fates[i].kind == FATE_FAILED)
			s->failed++;
		else if (fates[i].kind != FATE_DEFERRED) {
			s->delivered++;
			s->last_success_ms = j->wall_ms;
		}
	}
}

/* The fates of a job, one a recipient; what is malformed is put off. */
static struct fate *
job_fates(struct jobs *j, const struct load *load, struct slice encoded,
    enum job_trouble *trouble)
{
	struct fate *fates = NULL;
	size_t n = 0;

	arena_reset(j->fates);
	if (fates_decode(encoded, j->fates, &fates, &n) == 0 &&
	    n == load->count && n > 0)
		return fates;
	log_error("schedule bad-fates id=%016llx count=%zu of=%u",
	    (unsigned long long)load->round->entry->id, n, load->count);
	arena_reset(j->fates);
	fates = arena_alloc(j->fates, load->count, sizeof(*fates));
	must(fates != NULL);
	for (uint32_t i = 0; i < load->count; i++)
		fates[i] = fate_ours(FATE_DEFERRED, 3, 0,
		    SLICE("451 4.3.0 no answer from the deliverer"));
	*trouble = TROUBLE_LOCAL;
	return fates;
}

/*
 * What a shared site learns of a domain's trouble is nothing: the others'
 * mail goes on, and where DNS failed the domain gets a site of its own.
 */
static enum job_trouble
trouble_of_site(const struct site *s, const struct msg_job_done *m,
    enum job_trouble trouble)
{
	if (s->is_shared && (trouble == TROUBLE_DOMAIN || m->mx == MX_UNKNOWN))
		return TROUBLE_LOCAL;
	return trouble == TROUBLE_DOMAIN ? TROUBLE_SITE : trouble;
}

/* Nothing was tried, for its lane leads to other hosts: it goes there. */
static void
move(struct jobs *j, struct load *load, const struct msg_job_done *m)
{
	struct lane *lane = load->lane;
	const struct lane_mx mx = { m->mx, m->mx_hosts, m->host };
	struct round *r = load->round;
	bool was_up = site_takes(lane->site, j->mono_ms);

	queue_store_unpin(j->store, r->entry);
	plan_abandon(j->plan, &load->plan, j->mono_ms);
	permit_end(j->permits, load, SLICE_NONE, NULL);
	load->was_moved = true;
	load->is_offered = false;
	if (lane_move(j->lanes, lane, j->conf, &mx, j->mono_ms) && !was_up &&
	    site_takes(lane->site, j->mono_ms))
		outage_learn(j->outage, lane->site, PLAN_UP, j->mono_ms);
	if (r->wish == WISH_NOTHING && r->entry->state != QUEUE_HELD &&
	    keeper_envelope(j->keeper, r) == 0)
		jobs_offer(j, r);
	else
		load_drop(j, load);
}

static void
job_ended(struct jobs *j, struct load *load, const struct msg_job_done *m)
{
	struct round *r = load->round;
	struct lane *lane = load->lane;
	struct site *s = site_of(load);
	enum job_trouble trouble = m->trouble < TROUBLE_MOVED
	    ? (enum job_trouble)m->trouble
	    : TROUBLE_LOCAL;
	const struct attempt_facts facts = { lane->name, m->host, m->address,
		m->tls, m->policy, m->dialogue, m->rule, false };
	struct fate *fates = job_fates(j, load, m->fates, &trouble);
	const struct fate *worst = worst_of(fates, load->count);
	bool is_plain = worst->kind != FATE_FAILED &&
	    worst->kind != FATE_DEFERRED && r->entry->recipient_count == 1;

	queue_store_unpin(j->store, r->entry);
	if (!is_plain)
		ledger_attempt(j->ledger, r, load, worst, &facts);
	for (uint32_t i = 0; i < load->count; i++)
		if (fates[i].kind == FATE_NONE ||
		    fates[i].kind == FATE_EXPANDED)
			fates[i] = fate_ours(FATE_DEFERRED, 3, 0,
			    SLICE("451 4.3.0 no fate"));
	count_fates(j, s, fates, load->count);
	if (worst->kind == FATE_DEFERRED || worst->kind == FATE_FAILED)
		site_set_error(s, worst->reply);
	if (trouble == TROUBLE_NONE && lane->is_remote && s == lane->site)
		lane_idle_add(lane, load->deliverer,
		    j->mono_ms + j->conf->delivery.idle_timeout_ms);
	lane->used_ms = j->mono_ms;
	outage_learn(j->outage, s,
	    heed_job_done(j->heeding, s, &load->plan,
		trouble_of_site(s, m, trouble),
		m->pace == PACE_SLOW ? m->rule_reply : worst->reply),
	    j->mono_ms);
	if (s->is_shared && s == lane->site && m->mx == MX_UNKNOWN)
		(void)lane_move(j->lanes, lane, j->conf, &(struct lane_mx){ 0 },
		    j->mono_ms);
	heed_answer(j->heeding, s, load->source, m);
	permit_end(j->permits, load, m->address, fates);
	pass_on(j, load, fates, &facts,
	    trouble == TROUBLE_SITE || trouble == TROUBLE_BUSY ||
		trouble == TROUBLE_DOMAIN || m->pace == PACE_PAUSE);
	load_free(&load);
	if (trouble == TROUBLE_LOCAL)
		suspect(j, r);
	jobs_offer(j, r);
}

void
jobs_done(struct jobs *j, struct load *load, const struct msg_job_done *m)
{
	if (m->trouble == TROUBLE_MOVED)
		move(j, load, m);
	else
		job_ended(j, load, m);
}

/*
 * Once it may be the deliverer's fault, so it goes again at once. Twice it may
 * be the message's: it waits like after any trouble.
 */
void
jobs_lost(struct jobs *j, struct load *load)
{
	struct attempt_facts facts = facts_of_lane(load->lane);
	struct fate fate = fate_ours(FATE_DEFERRED, 3, 0,
	    SLICE("451 4.3.0 the deliverer was lost"));

	queue_store_unpin(j->store, load->round->entry);
	plan_abandon(j->plan, &load->plan, j->mono_ms);
	permit_end(j->permits, load, SLICE_NONE, NULL);
	if (!load->was_put_back && load->round->wish == WISH_NOTHING &&
	    load->round->entry->state != QUEUE_HELD &&
	    load->round->envelope != NULL) {
		load->was_put_back = true;
		load->is_offered = false;
		jobs_offer(j, load->round);
		return;
	}
	for (uint32_t i = 0; i < load->count; i++)
		ledger_fate(j->ledger, load->round, load->recipients[i], &fate,
		    &facts, false);
	load_drop(j, load);
}

/*
 * schedule/dispatch.c - what comes in, what goes out: the turn of the loop.
 *
 * Work that could be long is cut in slices of a turn: mail that is due, reports
 * (keeper), sites that went down or came up (outage).
 */
#include "schedule/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "base/time.h"
#include "mail/address.h"
#include "schedule/dates.h"
#include "schedule/heed.h"
#include "schedule/keeper.h"
#include "schedule/ledger.h"
#include "schedule/outage.h"
#include "schedule/permit.h"
#include "schedule/reports.h"
#include "schedule/retry.h"
#include "schedule/rewrite.h"
#include "schedule/round.h"
#include "schedule/routing.h"
#include "schedule/suspension.h"
#include "schedule/wishes.h"
#include "worker/signers.h"

enum {
	JOBS_PER_DELIVERER = 2000,
	DUE_SLICE = 200,
	FATES_ARENA_MAX = 4 << 20,
	RESTS_MAX = 16,
	OWN_ENVELOPE_MAX = 8 << 10,
	SENDER_MAX = 1024,
	TICK = SECOND,
};

struct dispatch {
	struct loop *loop;       /* borrowed */
	const struct conf *conf; /* borrowed */
	struct disk *disk;
	struct queue_store *store; /* borrowed: disk */
	struct plan *plan;
	struct lane_table *lanes;
	struct crew *crew;
	struct events *events;
	struct history *history;
	struct stats stats;
	struct ledger ledger;
	struct reports reports;
	struct keeper *keeper;
	struct routing routing;
	struct outage *outage;
	struct wishes wishes;
	struct suspensions suspensions;
	struct reasons *reasons;
	struct sources *sources;
	struct heeding heeding;
	struct permits permits;
	struct arena *fates;
	struct timer *timer;
	bool has_more; /* a slice was not enough */
	bool turn_posted;
	int64_t wall_ms; /* of this turn */
	int64_t mono_ms;
	int64_t swept_ms;
	bool is_stopping;
	loop_fn *quiet; /* NULL when it was called */
	void *quiet_arg;
};

/* --- small things --- */

static void
take_time(struct dispatch *d)
{
	d->mono_ms = loop_now(d->loop);
	d->wall_ms = time_wall_ms();
	d->ledger.wall_ms = d->wall_ms;
	d->ledger.mono_ms = d->mono_ms;
	d->reports.wall_ms = d->wall_ms;
	d->routing.mono_ms = d->mono_ms;
	d->routing.wall_ms = d->wall_ms;
	d->suspensions.wall_ms = d->wall_ms;
	d->suspensions.mono_ms = d->mono_ms;
}

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

/* --- beginning a round --- */

static void
load_drop(struct dispatch *d, struct load *load)
{
	struct round *r = load->round;

	load_free(&load);
	keeper_check_end(d->keeper, r);
}

/*
 * The recipients' fates, one each. With `failed` it is the site that did not
 * work: who would be put off for that goes by another hop of the route, if one
 * is left.
 */
static void
pass_on(struct dispatch *d, struct load *load, const struct fate *fates,
    const struct attempt_facts *facts, bool failed)
{
	struct round *r = load->round;
	unsigned moved = 0;

	for (uint32_t i = 0; i < load->count; i++) {
		if (failed && fates[i].kind == FATE_DEFERRED &&
		    routing_elsewhere(&d->routing, load, load->recipients[i]))
			moved++;
		else
			ledger_fate(&d->ledger, r, load->recipients[i],
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
put_off(struct dispatch *d, struct load *load)
{
	struct site *s = site_of(load);
	struct attempt_facts facts = facts_of_lane(load->lane);
	struct plan_facts plan;
	struct buf reply;
	struct fate *fates = mem_array(load->count, sizeof(*fates));

	plan_site_facts(s->plan, &plan);
	buf_init(&reply, LOG_LINE_MAX);
	if (plan.state == SITE_SUSPENDED)
		suspension_words(&d->suspensions, s->name, &reply);
	else
		buf_addf(&reply, "451 4.4.1 the site does not work: %s",
		    s->last_error);
	for (uint32_t i = 0; i < load->count; i++)
		fates[i] = fate_ours(FATE_DEFERRED,
		    plan.state == SITE_SUSPENDED ? 3 : 4,
		    plan.state == SITE_SUSPENDED ? 2 : 1, buf_slice(&reply));
	pass_on(d, load, fates, &facts, true);
	mem_free(fates);
	buf_done(&reply);
}

static void
on_settled(struct round *r, uint32_t index, const struct fate *fate, void *arg)
{
	struct dispatch *d = arg;
	const struct attempt_facts none = { 0 };

	ledger_fate(&d->ledger, r, index, fate, &none, false);
}

/* False: its site takes nothing now. */
static bool
offer(struct dispatch *d, struct load *load)
{
	struct round *r = load->round;

	load->is_offered = true;
	load->plan.retry = keeper_attempts(r->entry) > 0;
	load->plan.priority = r->envelope->priority;
	return plan_add(d->plan, load->lane->site->plan, &load->plan,
	    round_sender_key(r->envelope), d->mono_ms);
}

/* What is new of a round; put_off() may add to the list's end. */
static void
offer_all(struct dispatch *d, struct round *r)
{
	struct load *load;
	struct load *next;

	for (load = TAILQ_FIRST(&r->loads); load != NULL; load = next) {
		bool waits =
		    !load->is_offered && !permit_ask(&d->permits, load);
		bool stays = !waits && (load->is_offered || offer(d, load));

		if (!stays && !waits)
			put_off(d, load);
		next = TAILQ_NEXT(load, in_round);
		if (!stays)
			load_free(&load);
	}
	keeper_check_end(d->keeper, r);
}

static void
begin(struct dispatch *d, struct queue_entry *e, struct slice encoded)
{
	struct round *r;

	must(e->state != QUEUE_HELD);
	r = keeper_open(d->keeper, e, encoded);
	if (r == NULL)
		return;
	if (dates_waits(e, r->envelope, d->wall_ms)) {
		keeper_wait(d->keeper, r);
		return;
	}
	if (dates_is_over(r->envelope, d->wall_ms)) {
		keeper_check_end(d->keeper, r);
		return;
	}
	routing_run(&d->routing, r);
	offer_all(d, r);
	keeper_spare_memory(d->keeper, r);
}

static void
begin_due(struct dispatch *d)
{
	struct queue_entry *e;

	for (unsigned n = 0; n < DUE_SLICE; n++) {
		e = keeper_next_due(d->keeper);
		if (e == NULL)
			return;
		begin(d, e, SLICE_NONE);
	}
	d->has_more = true;
}

/* --- jobs --- */

/* It may be the message's fault that it could not be read: then it is held. */
static void
suspect(struct dispatch *d, struct round *r)
{
	if (keeper_hold_damaged(d->keeper, r->entry))
		wishes_cancel_waiting(&d->wishes, r);
}

/* False: it was put off instead. */
static bool
send(struct dispatch *d, struct load *load)
{
	struct round *r = load->round;
	struct envelope told;
	struct buf sender;
	struct place place;
	int rc = keeper_envelope(d->keeper, r);

	if (rc == 0 && load->plan.site != load->lane->site->plan) {
		plan_abandon(d->plan, &load->plan, d->mono_ms);
		load->is_offered = false;
		offer_all(d, r); /* its lane has moved */
		return true;
	}
	if (rc != 0) {
		plan_abandon(d->plan, &load->plan, d->mono_ms);
		log_error("schedule unreadable id=%016llx reason=\"%s\"",
		    (unsigned long long)r->entry->id, err_text(rc));
		suspect(d, r);
		load_drop(d, load);
		return true;
	}
	if (!permit_take(&d->permits, load)) {
		plan_abandon(d->plan, &load->plan, d->mono_ms);
		load_drop(d, load);
		return false;
	}
	place = queue_store_place(d->store, r->entry);
	queue_store_pin(d->store, r->entry);
	told = *r->envelope;
	buf_init(&sender, SENDER_MAX);
	told.sender = rewrite_sender(d->conf, load, d->wall_ms, &sender);
	crew_send(d->crew, load, &place, &told,
	    entry_is_fresh(r->entry, d->wall_ms), d->mono_ms);
	buf_done(&sender);
	return true;
}

static void
send_ready(struct dispatch *d)
{
	struct plan_load *next;
	unsigned waiting = 0;

	if (d->is_stopping || crew_deliverers(d->crew) == 0 ||
	    queue_store_is_stuck(d->store))
		return;
	plan_set_capacity(d->plan,
	    crew_deliverers(d->crew) * JOBS_PER_DELIVERER);
	while (waiting < DUE_SLICE &&
	    (next = plan_next(d->plan, d->mono_ms)) != NULL)
		waiting += send(d, (struct load *)(void *)next) ? 0 : 1;
	d->has_more |= waiting == DUE_SLICE;
}

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
count_fates(struct dispatch *d, struct site *s, const struct fate *fates,
    size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (fates[i].kind == FATE_FAILED)
			s->failed++;
		else if (fates[i].kind != FATE_DEFERRED) {
			s->delivered++;
			s->last_success_ms = d->wall_ms;
		}
	}
}

/* The fates of a job, one a recipient; what is malformed is put off. */
static struct fate *
job_fates(struct dispatch *d, const struct load *load, struct slice encoded,
    enum job_trouble *trouble)
{
	struct fate *fates = NULL;
	size_t n = 0;

	arena_reset(d->fates);
	if (fates_decode(encoded, d->fates, &fates, &n) == 0 &&
	    n == load->count && n > 0)
		return fates;
	log_error("schedule bad-fates id=%016llx count=%zu of=%u",
	    (unsigned long long)load->round->entry->id, n, load->count);
	arena_reset(d->fates);
	fates = arena_alloc(d->fates, load->count, sizeof(*fates));
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
move(struct dispatch *d, struct load *load, const struct msg_job_done *m)
{
	struct lane *lane = load->lane;
	const struct lane_mx mx = { m->mx, m->mx_hosts, m->host };
	struct round *r = load->round;
	bool was_up = site_takes(lane->site, d->mono_ms);

	queue_store_unpin(d->store, r->entry);
	plan_abandon(d->plan, &load->plan, d->mono_ms);
	permit_end(&d->permits, load, SLICE_NONE, NULL);
	load->was_moved = true;
	load->is_offered = false;
	if (lane_move(d->lanes, lane, d->conf, &mx, d->mono_ms) && !was_up &&
	    site_takes(lane->site, d->mono_ms))
		outage_learn(d->outage, lane->site, PLAN_UP, d->mono_ms);
	if (r->wish == WISH_NOTHING && r->entry->state != QUEUE_HELD &&
	    keeper_envelope(d->keeper, r) == 0)
		offer_all(d, r);
	else
		load_drop(d, load);
}

static void
job_ended(struct dispatch *d, struct load *load, const struct msg_job_done *m)
{
	struct round *r = load->round;
	struct lane *lane = load->lane;
	struct site *s = site_of(load);
	enum job_trouble trouble = m->trouble < TROUBLE_MOVED
	    ? (enum job_trouble)m->trouble
	    : TROUBLE_LOCAL;
	const struct attempt_facts facts = { lane->name, m->host, m->address,
		m->tls, m->policy, m->dialogue, m->rule, false };
	struct fate *fates = job_fates(d, load, m->fates, &trouble);
	const struct fate *worst = worst_of(fates, load->count);
	bool is_plain = worst->kind != FATE_FAILED &&
	    worst->kind != FATE_DEFERRED && r->entry->recipient_count == 1;

	take_time(d);
	queue_store_unpin(d->store, r->entry);
	if (!is_plain)
		ledger_attempt(&d->ledger, r, load, worst, &facts);
	for (uint32_t i = 0; i < load->count; i++)
		if (fates[i].kind == FATE_NONE ||
		    fates[i].kind == FATE_EXPANDED)
			fates[i] = fate_ours(FATE_DEFERRED, 3, 0,
			    SLICE("451 4.3.0 no fate"));
	count_fates(d, s, fates, load->count);
	if (worst->kind == FATE_DEFERRED || worst->kind == FATE_FAILED)
		site_set_error(s, worst->reply);
	if (trouble == TROUBLE_NONE && lane->is_remote && s == lane->site)
		lane_idle_add(lane, load->deliverer,
		    d->mono_ms + d->conf->delivery.idle_timeout_ms);
	lane->used_ms = d->mono_ms;
	outage_learn(d->outage, s,
	    heed_job_done(&d->heeding, s, &load->plan,
		trouble_of_site(s, m, trouble),
		m->pace == PACE_SLOW ? m->rule_reply : worst->reply),
	    d->mono_ms);
	if (s->is_shared && s == lane->site && m->mx == MX_UNKNOWN)
		(void)lane_move(d->lanes, lane, d->conf, &(struct lane_mx){ 0 },
		    d->mono_ms);
	heed_answer(&d->heeding, s, load->source, m);
	permit_end(&d->permits, load, m->address, fates);
	pass_on(d, load, fates, &facts,
	    trouble == TROUBLE_SITE || trouble == TROUBLE_BUSY ||
		trouble == TROUBLE_DOMAIN || m->pace == PACE_PAUSE);
	load_free(&load);
	if (trouble == TROUBLE_LOCAL)
		suspect(d, r);
	offer_all(d, r);
}

static void
on_job_done(struct load *load, const struct msg_job_done *m, void *arg)
{
	struct dispatch *d = arg;

	if (m->trouble == TROUBLE_MOVED) {
		take_time(d);
		move(d, load, m);
	} else {
		job_ended(d, load, m);
	}
}

/*
 * Once it may be the deliverer's fault, so it goes again at once. Twice it may
 * be the message's: it waits like after any trouble.
 */
static void
on_job_lost(struct load *load, void *arg)
{
	struct dispatch *d = arg;
	struct attempt_facts facts = facts_of_lane(load->lane);
	struct fate fate = fate_ours(FATE_DEFERRED, 3, 0,
	    SLICE("451 4.3.0 the deliverer was lost"));

	take_time(d);
	queue_store_unpin(d->store, load->round->entry);
	plan_abandon(d->plan, &load->plan, d->mono_ms);
	permit_end(&d->permits, load, SLICE_NONE, NULL);
	if (!load->was_put_back && load->round->wish == WISH_NOTHING &&
	    load->round->entry->state != QUEUE_HELD &&
	    load->round->envelope != NULL) {
		load->was_put_back = true;
		load->is_offered = false;
		offer_all(d, load->round);
		return;
	}
	for (uint32_t i = 0; i < load->count; i++)
		ledger_fate(&d->ledger, load->round, load->recipients[i], &fate,
		    &facts, false);
	load_drop(d, load);
}

/* --- sites that go down and come up --- */

static void
on_put_off(struct load *load, void *arg)
{
	struct dispatch *d = arg;

	struct round *r = load->round;

	if (keeper_envelope(d->keeper, r) == 0)
		put_off(d, load);
	load_free(&load);
	offer_all(d, r);
}

static void
on_wake(struct queue_entry *e, void *arg)
{
	struct dispatch *d = arg;

	keeper_set_due(d->keeper, e, d->wall_ms);
}

/* --- the turn --- */

static void
on_again(void *arg)
{
	struct dispatch *d = arg;

	d->turn_posted = false; /* the turn's end does the work */
}

static void
set_timer(struct dispatch *d)
{
	int64_t at = keeper_due_at(d->keeper);
	int64_t in = at == INT64_MAX ? INT64_MAX : at - d->wall_ms;

	if (plan_wake_at(d->plan) != INT64_MAX &&
	    plan_wake_at(d->plan) - d->mono_ms < in)
		in = plan_wake_at(d->plan) - d->mono_ms;
	if (in > TICK || d->is_stopping)
		in = TICK;
	timer_set(d->timer, in > 0 ? in : 0);
	if (d->has_more && !d->turn_posted) {
		d->turn_posted = true;
		loop_post(d->loop, on_again, d);
	}
}

static void
check_quiet(struct dispatch *d)
{
	loop_fn *quiet = d->quiet;

	if (quiet == NULL || plan_under_way(d->plan) > 0 ||
	    keeper_has_ending(d->keeper) || !disk_is_quiet(d->disk))
		return;
	d->quiet = NULL;
	quiet(d->quiet_arg);
}

static void
on_turn_end(void *arg)
{
	struct dispatch *d = arg;

	take_time(d);
	d->has_more = false;
	if (!d->is_stopping) {
		begin_due(d);
		suspensions_end_due(&d->suspensions);
		d->has_more |= outage_step(d->outage, d->mono_ms);
	}
	keeper_end_rounds(d->keeper);
	d->has_more |= keeper_has_ending(d->keeper);
	send_ready(d);
	if (d->mono_ms - d->swept_ms >= TICK) {
		d->swept_ms = d->mono_ms;
		if (!outage_is_draining(d->outage))
			lane_table_sweep(d->lanes, d->mono_ms);
	}
	disk_turn(d->disk, d->wall_ms);
	events_flush(d->events);
	set_timer(d);
	check_quiet(d);
}

static void
on_timer(void *arg)
{
	(void)arg; /* the turn's end does it */
}

/* --- what comes in --- */

static void
on_found(struct queue_entry *e, void *arg)
{
	struct dispatch *d = arg;

	if (e->state == QUEUE_DEFERRED)
		keeper_set_due(d->keeper, e, e->next_ms);
	else if (e->state == QUEUE_ACTIVE)
		keeper_set_due(d->keeper, e, 0);
}

static void
adopt(struct dispatch *d, uint64_t id, const struct place *place,
    struct slice encoded)
{
	struct queue_entry *e = queue_store_adopt(d->store, id, place, encoded);

	if (e == NULL)
		return;
	stats_count(&d->stats, TALLY_RECEIVED, d->mono_ms);
	if (e->state == QUEUE_HELD) {
		/* As its envelope says; now the journal says so, too. */
		queue_store_hold(d->store, e);
		ledger_act(&d->ledger, "held", id, SLICE("quarantine"));
		return;
	}
	begin(d, e, encoded);
}

static void
on_message_added(const struct msg_message_added *m, void *arg)
{
	struct dispatch *d = arg;
	const struct place place = { m->segment, m->offset, m->length };

	take_time(d);
	adopt(d, m->id, &place, m->envelope);
}

static void
on_report_done(struct round *r, int rc, uint64_t id, const struct place *place,
    struct slice encoded, void *arg)
{
	struct dispatch *d = arg;

	take_time(d);
	if (rc == 0)
		adopt(d, id, place, encoded);
	if (r->reports == 0)
		keeper_settle(d->keeper, r);
}

static void
on_mail_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice encoded)
{
	struct dispatch *d = who;

	take_time(d);
	if (rc == 0)
		adopt(d, id, place, encoded);
	else
		log_error("schedule own-mail-lost why=\"%s\"", err_text(rc));
}

void
dispatch_mail(struct dispatch *d, struct slice sender, struct slice recipient,
    struct slice content)
{
	struct recipient to = { .address = recipient };
	struct envelope e = { .sender = sender,
		.service = SLICE("report"),
		.body = BODY_7BIT,
		.recipient_count = 1,
		.recipients = &to };
	struct disk_write *write;
	struct buf encoded;

	take_time(d);
	e.id = disk_new_id(d->disk, d->wall_ms);
	e.arrived_ms = d->wall_ms;
	write = disk_write_new(d->disk, e.id, on_mail_written, d);
	disk_write_add(write, content);
	e.size = disk_write_finish(write, d->wall_ms);
	buf_init(&encoded, OWN_ENVELOPE_MAX);
	envelope_encode(&e, &encoded);
	must(!buf_failed(&encoded));
	disk_write_submit(&write, buf_slice(&encoded));
	buf_done(&encoded);
}

static void
on_segment_closed(uint64_t segment, void *arg)
{
	struct dispatch *d = arg;

	queue_store_segment_closed(d->store, segment);
}

static void
on_receiver_gone(unsigned number, void *arg)
{
	struct dispatch *d = arg;

	queue_store_writer_ended(d->store, (uint8_t)number);
}

static void
on_flush(struct slice domain, void *arg)
{
	dispatch_flush_domain(arg, domain);
}

static bool
on_wants_segment(void *arg)
{
	const struct dispatch *d = arg;

	return !d->is_stopping && crew_receivers(d->crew) > 0;
}

static void
on_free_segment(uint64_t segment, void *arg)
{
	struct dispatch *d = arg;

	crew_free_segment(d->crew, segment);
}

static const struct disk_events disk_events = {
	.found = on_found,
	.wants_segment = on_wants_segment,
	.free_segment = on_free_segment,
};
static const struct crew_events crew_events = {
	.job_done = on_job_done,
	.job_lost = on_job_lost,
	.message_added = on_message_added,
	.segment_closed = on_segment_closed,
	.receiver_gone = on_receiver_gone,
	.flush = on_flush,
};

static const struct outage_events outage_events = {
	.put_off = on_put_off,
	.wake = on_wake,
};

/* --- the postmaster's wishes --- */

static bool
goes_to(const struct queue_entry *e, uint32_t domain)
{
	for (uint32_t i = 0; i < e->recipient_count; i++)
		if (entry_recipient_const(e, i)->domain == domain)
			return true;
	return false;
}

void
dispatch_flush_domain(struct dispatch *d, struct slice domain)
{
	struct buf lower;
	struct queue_entry *e;
	uint64_t cursor = 0;
	uint32_t text;

	take_time(d);
	buf_init(&lower, DOMAIN_MAX);
	for (size_t i = 0; i < domain.n; i++)
		buf_add_char(&lower, ascii_lower(domain.p[i]));
	text = queue_store_find_text(d->store, buf_slice(&lower));
	buf_done(&lower);
	if (text == QUEUE_NO_TEXT)
		return;
	while ((e = queue_store_each(d->store, &cursor)) != NULL)
		if (e->state == QUEUE_DEFERRED && goes_to(e, text))
			(void)wishes_do(&d->wishes, ADMIN_FLUSH, e,
			    SLICE("ETRN"));
}

bool
dispatch_act(struct dispatch *d, enum admin_act act, struct queue_entry *e,
    struct slice by)
{
	take_time(d);
	return wishes_do(&d->wishes, act, e, by);
}

void
dispatch_suspend(struct dispatch *d, struct slice site, uint64_t seconds)
{
	take_time(d);
	suspension_begin(&d->suspensions, site, seconds * SECOND);
}

bool
dispatch_resume(struct dispatch *d, struct slice site)
{
	take_time(d);
	return suspension_end(&d->suspensions, site);
}

/* --- making and ending --- */

/* Without keys, reports still go out, unsigned. */
static void
set_signers(struct dispatch *d)
{
	struct why why = { "" };
	struct dkim_signers *signers = signers_from_conf(d->conf, &why);

	if (signers == NULL)
		log_error("schedule no-signatures reason=\"%s\"", why.text);
	disk_set_signers(d->disk, signers);
}

void
dispatch_configure(struct dispatch *d, const struct conf *conf)
{
	int64_t rests[RESTS_MAX];
	size_t n = retry_rests(&conf->delivery, rests, RESTS_MAX);

	d->conf = conf;
	d->routing.conf = conf;
	d->permits.conf = conf;
	keeper_configure(d->keeper, conf);
	plan_set_rests(d->plan, rests, n);
	lane_table_shape(d->lanes, conf, loop_now(d->loop));
	set_signers(d);
}

int
dispatch_new(struct loop *loop, int spool, const struct conf *conf,
    struct dispatch **out)
{
	struct dispatch *d = mem_zero(sizeof(*d));
	int rc;

	d->loop = loop;
	d->plan = plan_new(1);
	d->lanes = lane_table_new(d->plan);
	d->crew = crew_new(loop, &crew_events, d);
	d->events = events_new();
	d->history = history_new();
	d->fates = arena_new(FATES_ARENA_MAX);
	d->timer = timer_new(loop, on_timer, d);
	rc = disk_open(loop, spool, &disk_events, d, &d->disk);
	if (rc != 0) {
		dispatch_free(&d);
		return rc;
	}
	d->store = disk_store(d->disk);
	d->ledger = (struct ledger){ .store = d->store,
		.events = d->events,
		.history = d->history,
		.stats = &d->stats };
	d->reports = (struct reports){ .disk = d->disk,
		.done = on_report_done,
		.arg = d };
	d->keeper = keeper_new(d->disk, d->lanes, &d->ledger, &d->reports);
	d->routing = (struct routing){ .store = d->store,
		.lanes = d->lanes,
		.settled = on_settled,
		.arg = d };
	d->outage = outage_new(d->plan, d->lanes, d->store, &outage_events, d);
	d->wishes = (struct wishes){ d->keeper, d->store, d->plan, d->lanes,
		&d->ledger };
	d->reasons = reasons_new();
	d->sources = sources_new();
	d->heeding = (struct heeding){ &d->suspensions, d->sources };
	d->permits =
	    (struct permits){ .sources = d->sources, .ledger = &d->ledger };
	d->suspensions = (struct suspensions){ .plan = d->plan,
		.lanes = d->lanes,
		.reasons = d->reasons,
		.sources = d->sources,
		.crew = d->crew,
		.events = d->events,
		.outage = d->outage };
	dispatch_configure(d, conf);
	take_time(d);
	loop_at_turn_end(loop, on_turn_end, d);
	timer_set(d->timer, 0);
	*out = d;
	return 0;
}

/* At the very end, when what is under way will not come back. */
static void
drop_rounds(struct dispatch *d)
{
	struct queue_entry *e;
	uint64_t cursor = 0;

	while ((e = queue_store_each(d->store, &cursor)) != NULL) {
		struct round *r = e->user;
		struct load *load;

		if (r == NULL)
			continue;
		wishes_cancel_waiting(&d->wishes, r);
		while ((load = TAILQ_FIRST(&r->loads)) != NULL) {
			plan_abandon(d->plan, &load->plan, d->mono_ms);
			load_free(&load);
		}
		keeper_drop(d->keeper, r);
	}
}

void
dispatch_free(struct dispatch **place)
{
	struct dispatch *d = *place;

	if (d == NULL)
		return;
	loop_unpost(d->loop, d);
	timer_free(&d->timer);
	if (d->disk != NULL) {
		d->is_stopping = true;
		disk_settle(d->disk);
		crew_abandon(d->crew);
		drop_rounds(d);
	}
	outage_free(&d->outage);
	keeper_free(&d->keeper);
	disk_close(&d->disk);
	crew_free(&d->crew);
	lane_table_free(&d->lanes);
	plan_free(&d->plan);
	reasons_free(&d->reasons);
	sources_free(&d->sources);
	events_free(&d->events);
	history_free(&d->history);
	arena_free(&d->fates);
	mem_free(d);
	*place = NULL;
}

void
dispatch_set_state(struct dispatch *d, struct state *state)
{
	take_time(d);
	crew_set_state(d->crew, state);
	d->suspensions.state = state;
	sources_set_state(d->sources, state, d->wall_ms);
	suspensions_restore(&d->suspensions);
}

void
dispatch_stop(struct dispatch *d, loop_fn *quiet, void *arg)
{
	d->is_stopping = true;
	d->quiet = quiet;
	d->quiet_arg = arg;
	disk_hurry(d->disk);
}

int
dispatch_original_count(struct dispatch *d, const struct queue_entry *e,
    uint32_t *out)
{
	return keeper_original_count(d->keeper, e, out);
}

struct crew *
dispatch_crew(struct dispatch *d)
{
	return d->crew;
}

struct disk *
dispatch_disk(struct dispatch *d)
{
	return d->disk;
}

struct events *
dispatch_events(struct dispatch *d)
{
	return d->events;
}

const struct history *
dispatch_history(const struct dispatch *d)
{
	return d->history;
}

struct plan *
dispatch_plan(struct dispatch *d)
{
	return d->plan;
}

struct lane_table *
dispatch_lanes(struct dispatch *d)
{
	return d->lanes;
}

const struct reasons *
dispatch_reasons(const struct dispatch *d)
{
	return d->reasons;
}

struct sources *
dispatch_sources(struct dispatch *d)
{
	return d->sources;
}

struct stats *
dispatch_stats(struct dispatch *d)
{
	return &d->stats;
}

const struct conf *
dispatch_conf(const struct dispatch *d)
{
	return d->conf;
}

/*
 * schedule/dispatch.c - what comes in, what goes out: the turn of the loop.
 *
 * Work that could be long is cut in slices of a turn: mail that is due, reports
 * (keeper), sites that went down or came up (outage). What is offered, sent and
 * answered: jobs.
 */
#include "schedule/dispatch.h"

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "mail/address.h"
#include "schedule/dates.h"
#include "schedule/jobs.h"
#include "schedule/reports.h"
#include "schedule/retry.h"
#include "worker/signers.h"

enum {
	DUE_SLICE = 200,
	RESTS_MAX = 16,
	OWN_ENVELOPE_MAX = 8 << 10,
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
	struct jobs jobs;
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
	d->jobs.wall_ms = d->wall_ms;
	d->jobs.mono_ms = d->mono_ms;
}

/* --- beginning a round --- */

static void
on_settled(struct round *r, uint32_t index, const struct fate *fate, void *arg)
{
	struct dispatch *d = arg;
	const struct attempt_facts none = { 0 };

	ledger_fate(&d->ledger, r, index, fate, &none, false);
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
	jobs_offer(&d->jobs, r);
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

/* --- sites and jobs --- */

static void
on_put_off(struct load *load, void *arg)
{
	struct dispatch *d = arg;

	jobs_put_off(&d->jobs, load);
}

static void
on_job_done(struct load *load, const struct msg_job_done *m, void *arg)
{
	struct dispatch *d = arg;

	take_time(d);
	jobs_done(&d->jobs, load, m);
}

static void
on_job_lost(struct load *load, void *arg)
{
	struct dispatch *d = arg;

	take_time(d);
	jobs_lost(&d->jobs, load);
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
	if (!d->is_stopping)
		d->has_more |= jobs_send(&d->jobs);
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
	d->jobs.conf = conf;
	keeper_configure(d->keeper, conf);
	plan_set_rests(d->plan, rests, n);
	lane_table_shape(d->lanes, conf, loop_now(d->loop));
	set_signers(d);
}

static void
set_jobs(struct dispatch *d)
{
	struct jobs *j = &d->jobs;

	j->store = d->store;
	j->plan = d->plan;
	j->lanes = d->lanes;
	j->crew = d->crew;
	j->keeper = d->keeper;
	j->outage = d->outage;
	j->ledger = &d->ledger;
	j->routing = &d->routing;
	j->permits = &d->permits;
	j->wishes = &d->wishes;
	j->suspensions = &d->suspensions;
	j->heeding = &d->heeding;
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
	jobs_init(&d->jobs);
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
	set_jobs(d);
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
	jobs_destroy(&d->jobs);
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

/*
 * schedule/dispatch.c - begin a round, offer its loads, take the fates, end it.
 *
 * Work that could be long is cut in slices of a turn: mail that is due, sites
 * that died with much mail waiting, sites that work again, reports.
 */
#include "schedule/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "base/time.h"
#include "mail/address.h"
#include "schedule/heap.h"
#include "schedule/ledger.h"
#include "schedule/reports.h"
#include "schedule/retry.h"
#include "schedule/round.h"
#include "schedule/routing.h"

enum {
	JOBS_PER_DELIVERER = 2000,
	ENVELOPES_MAX = 8192, /* kept in memory while their rounds wait */
	DUE_SLICE = 200,
	DRAIN_SLICE = 500,
	WAKE_SLICE = 20000,
	REPORTS_SLICE = 20,
	FATES_ARENA_MAX = 4 << 20,
	RESTS_MAX = 16,
	RETRY_OWN_TROUBLE = MINUTE,
	TICK = SECOND,
};

TAILQ_HEAD(round_queue, round);
TAILQ_HEAD(down_list, down);

/* A site that died or was suspended, until its waiting loads are put off. */
struct down {
	TAILQ_ENTRY(down) link;
	struct site *site; /* borrowed */
};

struct dispatch {
	struct loop *loop;       /* borrowed */
	const struct conf *conf; /* borrowed */
	struct disk *disk;
	struct queue_store *store; /* borrowed: disk */
	struct plan *plan;
	struct site_table *sites;
	struct crew *crew;
	struct events *events;
	struct history *history;
	struct stats stats;
	struct ledger ledger;
	struct reports reports;
	struct heap due; /* deferred entries, by wall time */
	struct round_queue ending;
	struct down_list down;
	struct arena *fates;
	struct timer *timer;
	uint64_t wake_cursor;
	bool is_waking;
	bool wakes_again; /* a site came up while others were woken */
	bool has_more;    /* a slice was not enough */
	bool turn_posted;
	uint64_t envelopes;
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
}

static struct queue_entry *
entry_of_due(uint32_t *node)
{
	return (struct queue_entry *)(void *)((char *)node -
	    offsetof(struct queue_entry, user_index));
}

static void
entry_set_due(struct dispatch *d, struct queue_entry *e, int64_t wall_ms)
{
	heap_set(&d->due, &e->user_index, wall_ms);
}

/* Keeps each site's count of recipients that are put off there. */
static void
count_deferred(struct dispatch *d, struct queue_entry *e, bool more)
{
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);
		struct site *s = site_by_number(d->sites, r->marks);

		if (s == NULL || !recipient_is_open(r))
			continue;
		if (more)
			s->deferred++;
		else if (s->deferred > 0)
			s->deferred--;
	}
}

static struct attempt_facts
facts_of_site(const struct site *s)
{
	return (struct attempt_facts){ .site = s->name };
}

/* --- envelopes --- */

int
dispatch_original_count(struct dispatch *d, const struct queue_entry *e,
    uint32_t *out)
{
	struct place place = queue_store_place(d->store, e);
	struct queue_reader *reader = disk_reader(d->disk);
	struct arena *arena = arena_new(ROUND_ARENA_MAX);
	struct queue_message message;
	struct envelope envelope;
	int rc = queue_reader_open(reader, &place, &message);

	if (rc == 0) {
		rc = envelope_decode(buf_slice(&message.envelope), arena,
		    &envelope);
		queue_message_done(reader, &message);
	}
	if (rc == 0)
		*out = envelope.recipient_count;
	arena_free(&arena);
	return rc;
}

/* `encoded` is empty unless the message has just come. */
static int
read_envelope(struct dispatch *d, struct round *r, struct slice encoded)
{
	struct envelope *envelope;
	int rc = 0;

	r->arena = arena_new(ROUND_ARENA_MAX);
	envelope = arena_alloc(r->arena, 1, sizeof(*envelope));
	if (encoded.n > 0)
		encoded = arena_copy(r->arena, encoded);
	if (encoded.n > 0 && encoded.p != NULL)
		rc = envelope_decode(encoded, r->arena, envelope);
	else
		rc = queue_store_envelope(d->store, r->entry, r->arena,
		    envelope);
	if (rc == 0 && envelope->recipient_count != r->entry->recipient_count)
		rc = ERR_CORRUPT;
	if (rc == 0 && !r->has_originals) {
		r->original_count = envelope->recipient_count;
		if ((r->entry->flags & ENTRY_EXPANDED) != 0)
			rc = dispatch_original_count(d, r->entry,
			    &r->original_count);
		r->has_originals = rc == 0;
	}
	if (rc != 0) {
		arena_free(&r->arena);
		return rc;
	}
	r->envelope = envelope;
	d->envelopes++;
	return 0;
}

/* --- ending a round --- */

static bool
has_jobs(const struct round *r)
{
	return !TAILQ_EMPTY(&r->loads);
}

static void
check_end(struct dispatch *d, struct round *r)
{
	if (has_jobs(r) || r->is_ending)
		return;
	r->is_ending = true;
	TAILQ_INSERT_TAIL(&d->ending, r, link);
	d->has_more = true;
}

static void
forget_envelope(struct dispatch *d, struct round *r)
{
	if (r->envelope != NULL)
		d->envelopes--;
	round_forget_envelope(r);
}

static void
round_drop(struct dispatch *d, struct round *r)
{
	if (r->is_ending)
		TAILQ_REMOVE(&d->ending, r, link);
	r->entry->user = NULL;
	forget_envelope(d, r);
	round_free(&r);
}

static uint32_t
most_attempts(struct queue_entry *e)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);

		if (recipient_is_open(r) && r->attempts > most)
			most = r->attempts;
	}
	return most;
}

static void
defer(struct dispatch *d, struct queue_entry *e, int64_t next)
{
	queue_store_defer(d->store, e, next);
	entry_set_due(d, e, next);
	count_deferred(d, e, true);
}

static void
defer_by_schedule(struct dispatch *d, struct queue_entry *e)
{
	defer(d, e,
	    retry_next(&d->conf->delivery, most_attempts(e),
		entry_arrived_ms(e), (e->flags & ENTRY_NULL_SENDER) != 0,
		d->wall_ms, arc4random()));
}

static void
remove_entry(struct dispatch *d, struct queue_entry *e)
{
	heap_remove(&d->due, &e->user_index);
	queue_store_remove(d->store, &e);
}

/* All reports are on disk, or one failed; nothing of it is under way. */
static void
settle(struct dispatch *d, struct round *r)
{
	struct queue_entry *e = r->entry;
	const struct note *note;
	bool failed = r->report_failed;
	bool remove = r->wish == WISH_REMOVE;

	if (!failed)
		STAILQ_FOREACH (note, &r->notes, link)
			if (note->is_pending)
				ledger_settle(&d->ledger, r, note);
	round_drop(d, r);
	if (remove || e->open_count == 0)
		remove_entry(d, e);
	else if (e->state == QUEUE_HELD)
		return;
	else if (failed)
		defer(d, e, d->wall_ms + RETRY_OWN_TROUBLE);
	else
		defer_by_schedule(d, e);
}

static bool
is_pending(const struct round *r, uint32_t index)
{
	const struct note *note;

	STAILQ_FOREACH (note, &r->notes, link)
		if (note->index == index && note->is_pending)
			return true;
	return false;
}

/* All that are still open fail; their last reply is what the report says. */
static void
fail_open(struct dispatch *d, struct round *r, unsigned subject,
    unsigned detail, const char *text, bool expired)
{
	struct attempt_facts facts = { 0 };
	struct buf reply;

	buf_init(&reply, LOG_LINE_MAX);
	for (uint32_t i = 0; i < r->entry->recipient_count; i++) {
		struct queue_recipient *rcpt = entry_recipient(r->entry, i);
		struct slice last = queue_store_text(d->store, rcpt->reply);
		struct fate fate;

		if (!recipient_is_open(rcpt) || is_pending(r, i))
			continue;
		buf_reset(&reply);
		buf_add_cstr(&reply, text);
		if (expired && last.n > 0)
			buf_addf(&reply, "; last reply: %.*s",
			    SLICE_ARGS(slice_head(last, LOG_TEXT_MAX)));
		fate =
		    fate_ours(FATE_FAILED, subject, detail, buf_slice(&reply));
		if (expired)
			facts.host = queue_store_text(d->store, rcpt->host);
		ledger_fate(&d->ledger, r, i, &fate, &facts, expired);
	}
	buf_done(&reply);
}

/* True: it may be settled now; else its reports are under way. */
static bool
end_round(struct dispatch *d, struct round *r)
{
	struct queue_entry *e = r->entry;
	bool is_bounce = (e->flags & ENTRY_NULL_SENDER) != 0;

	if (r->wish == WISH_REMOVE)
		return true;
	if (r->envelope == NULL && read_envelope(d, r, SLICE_NONE) != 0) {
		r->report_failed = true;
		return true;
	}
	if (r->wish == WISH_BOUNCE)
		fail_open(d, r, 0, 0,
		    "554 5.0.0 returned to its sender by the postmaster",
		    false);
	else if (e->state != QUEUE_HELD && e->open_count > 0 &&
	    d->wall_ms >= retry_expires(&d->conf->delivery, entry_arrived_ms(e),
			      is_bounce))
		fail_open(d, r, 4, 7, "550 5.4.7 not delivered in time", true);
	if (reports_are_owed(&d->reports, r))
		reports_start(&d->reports, r);
	return r->reports == 0;
}

static void
end_rounds(struct dispatch *d)
{
	struct round *r;

	for (unsigned n = 0; n < REPORTS_SLICE;) {
		r = TAILQ_FIRST(&d->ending);
		if (r == NULL)
			return;
		TAILQ_REMOVE(&d->ending, r, link);
		r->is_ending = false;
		if (end_round(d, r))
			settle(d, r);
		else
			n++;
	}
	d->has_more |= !TAILQ_EMPTY(&d->ending);
}

/* --- beginning a round --- */

static void
load_drop(struct dispatch *d, struct load *load)
{
	struct round *r = load->round;

	load_free(&load);
	check_end(d, r);
}

/* Its site takes nothing now: the recipients wait without an attempt. */
static void
put_off(struct dispatch *d, struct load *load)
{
	struct site *s = load->site;
	struct attempt_facts facts = facts_of_site(s);
	struct plan_facts plan;
	struct buf reply;
	struct fate fate;

	plan_site_facts(s->plan, &plan);
	buf_init(&reply, LOG_LINE_MAX);
	if (plan.state == SITE_SUSPENDED)
		buf_add_cstr(&reply, "450 4.3.2 suspended by the postmaster");
	else
		buf_addf(&reply, "451 4.4.1 the site does not work: %s",
		    s->last_error);
	fate = fate_ours(FATE_DEFERRED, plan.state == SITE_SUSPENDED ? 3 : 4,
	    plan.state == SITE_SUSPENDED ? 2 : 1, buf_slice(&reply));
	for (uint32_t i = 0; i < load->count; i++)
		ledger_fate(&d->ledger, load->round, load->recipients[i], &fate,
		    &facts, false);
	buf_done(&reply);
	load_drop(d, load);
}

static void
on_settled(struct round *r, uint32_t index, const struct fate *fate, void *arg)
{
	struct dispatch *d = arg;
	const struct attempt_facts none = { 0 };

	ledger_fate(&d->ledger, r, index, fate, &none, false);
}

/* A damaged message is held for the postmaster; any other trouble may pass. */
static void
unreadable(struct dispatch *d, struct round *r, int rc)
{
	struct queue_entry *e = r->entry;
	char id[ID_TEXT_SIZE];

	id_text(e->id, id);
	log_error("schedule unreadable queue=%s reason=\"%s\"", id,
	    err_text(rc));
	round_drop(d, r);
	if (rc == ERR_CORRUPT) {
		queue_store_hold(d->store, e);
		ledger_act(&d->ledger, "held", e->id, SLICE("damage"));
	} else if (e->state != QUEUE_HELD) {
		defer(d, e, d->wall_ms + RETRY_OWN_TROUBLE);
	}
}

static void
offer(struct dispatch *d, struct load *load)
{
	struct round *r = load->round;

	load->plan.retry = most_attempts(r->entry) > 0;
	if (!plan_add(d->plan, load->site->plan, &load->plan,
		round_sender_key(r->envelope), d->mono_ms))
		put_off(d, load);
}

static void
offer_all(struct dispatch *d, struct round *r)
{
	struct load *load;
	struct load *next;

	/* put_off() frees; the round itself stays till the turn's end. */
	for (load = TAILQ_FIRST(&r->loads); load != NULL; load = next) {
		next = TAILQ_NEXT(load, in_round);
		offer(d, load);
	}
	check_end(d, r);
}

static struct round *
round_open(struct dispatch *d, struct queue_entry *e, struct slice encoded)
{
	struct round *r = round_new(e);
	int rc;

	must(e->user == NULL);
	e->user = r;
	rc = read_envelope(d, r, encoded);
	if (rc == 0)
		return r;
	unreadable(d, r, rc);
	return NULL;
}

static void
begin(struct dispatch *d, struct queue_entry *e, struct slice encoded)
{
	const struct routing routing = {
		.conf = d->conf,
		.store = d->store,
		.sites = d->sites,
		.plan = d->plan,
		.mono_ms = d->mono_ms,
		.settled = on_settled,
		.arg = d,
	};
	struct round *r;

	heap_remove(&d->due, &e->user_index);
	if (e->state == QUEUE_HELD)
		return;
	if (e->state == QUEUE_DEFERRED) {
		count_deferred(d, e, false);
		queue_store_activate(d->store, e);
	}
	r = round_open(d, e, encoded);
	if (r == NULL)
		return;
	routing_run(&routing, r);
	offer_all(d, r);
	if (d->envelopes > ENVELOPES_MAX && has_jobs(r))
		forget_envelope(d, r);
}

static void
begin_due(struct dispatch *d)
{
	unsigned n = 0;

	while (heap_first_when(&d->due) <= d->wall_ms && n++ < DUE_SLICE)
		begin(d, entry_of_due(heap_first(&d->due)), SLICE_NONE);
	d->has_more |= heap_first_when(&d->due) <= d->wall_ms;
}

/* --- jobs --- */

static void
send(struct dispatch *d, struct load *load)
{
	struct round *r = load->round;
	struct place place;
	int rc = 0;

	if (r->envelope == NULL)
		rc = read_envelope(d, r, SLICE_NONE);
	if (rc != 0) {
		plan_abandon(d->plan, &load->plan, d->mono_ms);
		log_error("schedule unreadable id=%016llx reason=\"%s\"",
		    (unsigned long long)r->entry->id, err_text(rc));
		load_drop(d, load);
		return;
	}
	place = queue_store_place(d->store, r->entry);
	queue_store_pin(d->store, r->entry);
	crew_send(d->crew, load, &place, r->envelope, d->mono_ms);
}

static void
send_ready(struct dispatch *d)
{
	struct plan_load *next;

	if (d->is_stopping || crew_deliverers(d->crew) == 0 ||
	    queue_store_is_stuck(d->store))
		return;
	plan_set_capacity(d->plan,
	    crew_deliverers(d->crew) * JOBS_PER_DELIVERER);
	while ((next = plan_next(d->plan, d->mono_ms)) != NULL)
		send(d, (struct load *)(void *)next);
}

static void
site_is_down(struct dispatch *d, struct site *s)
{
	struct down *down = mem_zero(sizeof(*down));
	struct plan_facts facts;

	plan_site_facts(s->plan, &facts);
	log_info("schedule site-down site=%.*s failures=%u rest=%llds "
		 "waiting=%llu reason=\"%s\"",
	    SLICE_ARGS(s->name), facts.failures,
	    facts.until_ms == INT64_MAX
		? -1LL
		: (long long)(facts.until_ms - d->mono_ms) / SECOND,
	    (unsigned long long)facts.ready, s->last_error);
	down->site = s;
	TAILQ_INSERT_TAIL(&d->down, down, link);
	d->has_more = true;
}

/* Its deferred mail is looked for, in slices. */
static void
site_is_up(struct dispatch *d, struct site *s)
{
	log_info("schedule site-up site=%.*s", SLICE_ARGS(s->name));
	if (s->deferred == 0)
		return;
	s->is_waking = true;
	if (d->is_waking)
		d->wakes_again = true;
	d->is_waking = true;
	d->has_more = true;
}

static void
site_learns(struct dispatch *d, struct site *s, enum plan_change change)
{
	if (change == PLAN_DOWN)
		site_is_down(d, s);
	else if (change == PLAN_UP)
		site_is_up(d, s);
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

static void
on_job_done(struct load *load, const struct msg_job_done *m, void *arg)
{
	struct dispatch *d = arg;
	struct round *r = load->round;
	struct site *s = load->site;
	enum job_trouble trouble = m->trouble <= TROUBLE_LOCAL
	    ? (enum job_trouble)m->trouble
	    : TROUBLE_LOCAL;
	const struct attempt_facts facts = { s->name, m->host, m->address,
		m->tls, m->policy, m->dialogue };
	struct fate *fates = job_fates(d, load, m->fates, &trouble);
	const struct fate *worst = worst_of(fates, load->count);
	bool is_plain = worst->kind != FATE_FAILED &&
	    worst->kind != FATE_DEFERRED && r->entry->recipient_count == 1;

	take_time(d);
	queue_store_unpin(d->store, r->entry);
	if (!is_plain)
		ledger_attempt(&d->ledger, r, load, worst, &facts);
	for (uint32_t i = 0; i < load->count; i++) {
		if (fates[i].kind == FATE_NONE ||
		    fates[i].kind == FATE_EXPANDED)
			fates[i] = fate_ours(FATE_DEFERRED, 3, 0,
			    SLICE("451 4.3.0 no fate"));
		ledger_fate(&d->ledger, r, load->recipients[i], &fates[i],
		    &facts, false);
	}
	count_fates(d, s, fates, load->count);
	if (worst->kind == FATE_DEFERRED || worst->kind == FATE_FAILED)
		site_set_error(s, worst->reply);
	if (trouble == TROUBLE_NONE && s->is_remote)
		site_idle_add(s, load->deliverer,
		    d->mono_ms + d->conf->delivery.idle_timeout_ms);
	s->used_ms = d->mono_ms;
	site_learns(d, s, plan_done(d->plan, &load->plan, trouble, d->mono_ms));
	load_drop(d, load);
}

/*
 * Once it may be the deliverer's fault, so it goes again at once. Twice it may
 * be the message's: it waits like after any trouble.
 */
static void
on_job_lost(struct load *load, void *arg)
{
	struct dispatch *d = arg;
	struct attempt_facts facts = facts_of_site(load->site);
	struct fate fate = fate_ours(FATE_DEFERRED, 3, 0,
	    SLICE("451 4.3.0 the deliverer was lost"));

	take_time(d);
	queue_store_unpin(d->store, load->round->entry);
	plan_abandon(d->plan, &load->plan, d->mono_ms);
	if (!load->was_put_back && load->round->wish == WISH_NOTHING &&
	    load->round->entry->state != QUEUE_HELD &&
	    load->round->envelope != NULL) {
		load->was_put_back = true;
		offer(d, load);
		return;
	}
	for (uint32_t i = 0; i < load->count; i++)
		ledger_fate(&d->ledger, load->round, load->recipients[i], &fate,
		    &facts, false);
	load_drop(d, load);
}

/* --- slices --- */

static void
drain_down(struct dispatch *d)
{
	struct down *down;

	for (unsigned n = 0; (down = TAILQ_FIRST(&d->down)) != NULL;) {
		struct plan_load *left = NULL;
		struct plan_facts facts;

		plan_site_facts(down->site->plan, &facts);
		if (facts.state == SITE_SUSPENDED ||
		    (facts.state == SITE_BACKING_OFF &&
			facts.until_ms > d->mono_ms))
			left = plan_drain(d->plan, down->site->plan);
		if (left == NULL) {
			TAILQ_REMOVE(&d->down, down, link);
			mem_free(down);
			continue;
		}
		if (((struct load *)(void *)left)->round->envelope == NULL &&
		    read_envelope(d, ((struct load *)(void *)left)->round,
			SLICE_NONE) != 0)
			load_drop(d, (struct load *)(void *)left);
		else
			put_off(d, (struct load *)(void *)left);
		if (++n >= DRAIN_SLICE)
			break;
	}
	d->has_more |= !TAILQ_EMPTY(&d->down);
}

static void
clear_waking(struct site *s, void *arg)
{
	(void)arg;
	s->is_waking = false;
}

static void
wake(struct dispatch *d)
{
	struct queue_entry *e = NULL;

	if (!d->is_waking)
		return;
	for (unsigned n = 0; n < WAKE_SLICE; n++) {
		e = queue_store_each(d->store, &d->wake_cursor);
		if (e == NULL)
			break;
		if (e->state != QUEUE_DEFERRED)
			continue;
		for (uint32_t i = 0; i < e->recipient_count; i++) {
			const struct queue_recipient *r = entry_recipient(e, i);
			const struct site *s =
			    site_by_number(d->sites, r->marks);

			if (s != NULL && s->is_waking && recipient_is_open(r))
				entry_set_due(d, e, d->wall_ms);
		}
	}
	d->has_more = true;
	if (e != NULL)
		return;
	d->wake_cursor = 0;
	d->is_waking = d->wakes_again;
	d->wakes_again = false;
	if (!d->is_waking)
		site_each(d->sites, clear_waking, NULL);
}

static void
on_again(void *arg)
{
	struct dispatch *d = arg;

	d->turn_posted = false; /* the turn's end does the work */
}

static void
set_timer(struct dispatch *d)
{
	int64_t at = heap_first_when(&d->due);
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
	    !TAILQ_EMPTY(&d->ending) || !disk_is_quiet(d->disk))
		return;
	d->quiet = NULL;
	quiet(d->quiet_arg);
}

static void
on_turn_end(void *arg)
{
	struct dispatch *d = arg;
	struct plan_site *woken;

	take_time(d);
	d->has_more = false;
	if (!d->is_stopping) {
		begin_due(d);
		while ((woken = plan_tick(d->plan, d->mono_ms)) != NULL) {
			struct site *s = plan_site_tag(woken);
			struct plan_facts facts;

			plan_site_facts(woken, &facts);
			events_site(d->events, "resumed", facts.name,
			    SLICE("time"), d->wall_ms);
			if (s != NULL)
				site_is_up(d, s);
		}
		wake(d);
	}
	drain_down(d);
	end_rounds(d);
	send_ready(d);
	if (d->mono_ms - d->swept_ms >= TICK) {
		d->swept_ms = d->mono_ms;
		if (TAILQ_EMPTY(&d->down))
			site_table_sweep(d->sites, d->mono_ms);
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
		entry_set_due(d, e, e->next_ms);
	else if (e->state == QUEUE_ACTIVE)
		entry_set_due(d, e, 0);
}

static void
adopt(struct dispatch *d, uint64_t id, const struct place *place,
    struct slice encoded)
{
	struct queue_entry *e = queue_store_adopt(d->store, id, place, encoded);

	if (e == NULL)
		return;
	stats_count(&d->stats, TALLY_RECEIVED, d->mono_ms);
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
		settle(d, r);
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

/* --- the postmaster's wishes --- */

void
dispatch_flush_domain(struct dispatch *d, struct slice domain)
{
	struct buf name;
	struct site *s;

	take_time(d);
	buf_init(&name, LOG_LINE_MAX);
	buf_add_cstr(&name, "mx:");
	buf_add(&name, domain);
	s = buf_failed(&name) ? NULL : site_find(d->sites, buf_slice(&name));
	buf_done(&name);
	if (s == NULL)
		return;
	plan_nudge(d->plan, s->plan, d->mono_ms);
	site_is_up(d, s);
}

static void
nudge_sites(struct dispatch *d, struct queue_entry *e)
{
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		struct site *s =
		    site_by_number(d->sites, entry_recipient(e, i)->marks);

		if (s != NULL)
			plan_nudge(d->plan, s->plan, d->mono_ms);
	}
}

static bool
flush(struct dispatch *d, struct queue_entry *e)
{
	if (e->state == QUEUE_HELD)
		return false;
	nudge_sites(d, e);
	if (e->user == NULL)
		entry_set_due(d, e, d->wall_ms);
	return true;
}

/* What waits leaves the plan; what is under way comes back in its time. */
static void
cancel_waiting(struct dispatch *d, struct round *r)
{
	struct load *load;
	struct load *next;

	for (load = TAILQ_FIRST(&r->loads); load != NULL; load = next) {
		next = TAILQ_NEXT(load, in_round);
		if (load->plan.flow == NULL)
			continue;
		plan_remove(d->plan, &load->plan, d->mono_ms);
		load_free(&load);
	}
}

static bool
hold(struct dispatch *d, struct queue_entry *e, struct slice by)
{
	if (e->state == QUEUE_HELD)
		return false;
	heap_remove(&d->due, &e->user_index);
	if (e->state == QUEUE_DEFERRED)
		count_deferred(d, e, false);
	queue_store_hold(d->store, e);
	ledger_act(&d->ledger, "held", e->id, by);
	if (e->user != NULL) {
		struct round *r = e->user;

		cancel_waiting(d, r);
		if (r->reports == 0)
			check_end(d, r);
	}
	return true;
}

static bool
release(struct dispatch *d, struct queue_entry *e, struct slice by)
{
	if (e->state != QUEUE_HELD)
		return false;
	queue_store_release(d->store, e);
	ledger_act(&d->ledger, "released", e->id, by);
	if (e->user == NULL)
		entry_set_due(d, e, d->wall_ms);
	return true;
}

/* A round without jobs, to end with that wish. */
static bool
wish(struct dispatch *d, struct queue_entry *e, enum round_wish what)
{
	struct round *r = e->user;

	if (r == NULL) {
		heap_remove(&d->due, &e->user_index);
		if (e->state == QUEUE_DEFERRED) {
			count_deferred(d, e, false);
			queue_store_activate(d->store, e);
		}
		r = round_open(d, e, SLICE_NONE);
		if (r == NULL)
			return false;
	}
	if (r->wish != WISH_NOTHING || r->reports > 0)
		return false;
	r->wish = what;
	cancel_waiting(d, r);
	check_end(d, r);
	return true;
}

static bool
remove_by(struct dispatch *d, struct queue_entry *e, struct slice by)
{
	struct round *r = e->user;

	if (r != NULL && r->wish == WISH_REMOVE)
		return false;
	ledger_act(&d->ledger, "removed", e->id, by);
	if (r != NULL) {
		r->wish = WISH_REMOVE;
		cancel_waiting(d, r);
		if (r->reports == 0)
			check_end(d, r);
		return true;
	}
	if (e->state == QUEUE_DEFERRED)
		count_deferred(d, e, false);
	remove_entry(d, e);
	return true;
}

bool
dispatch_act(struct dispatch *d, enum admin_act act, struct queue_entry *e,
    struct slice by)
{
	take_time(d);
	switch (act) {
	case ADMIN_FLUSH:
		return flush(d, e);
	case ADMIN_HOLD:
		return hold(d, e, by);
	case ADMIN_RELEASE:
		return release(d, e, by);
	case ADMIN_REMOVE:
		return remove_by(d, e, by);
	case ADMIN_BOUNCE:
		return wish(d, e, WISH_BOUNCE);
	case ADMIN_ACT_COUNT:
		break;
	}
	return false;
}

void
dispatch_suspend(struct dispatch *d, struct slice name, uint64_t seconds)
{
	const struct plan_limits any = { .connections = 1 };
	struct plan_site *plan = plan_site(d->plan, name, &any);
	struct site *s = plan_site_tag(plan);

	take_time(d);
	plan_suspend(d->plan, plan,
	    seconds == 0 ? INT64_MAX : d->mono_ms + (int64_t)seconds * SECOND);
	events_site(d->events, "suspended", name, SLICE("postmaster"),
	    d->wall_ms);
	log_info("schedule suspended site=%.*s seconds=%llu", SLICE_ARGS(name),
	    (unsigned long long)seconds);
	if (s != NULL) {
		crew_close_site(d->crew, s->name);
		site_is_down(d, s);
	}
}

bool
dispatch_resume(struct dispatch *d, struct slice name)
{
	struct plan_site *plan = plan_site_find(d->plan, name);
	struct site *s = plan == NULL ? NULL : plan_site_tag(plan);

	if (plan == NULL)
		return false;
	take_time(d);
	plan_resume(d->plan, plan, d->mono_ms);
	events_site(d->events, "resumed", name, SLICE("postmaster"),
	    d->wall_ms);
	if (s != NULL)
		site_is_up(d, s);
	return true;
}

/* --- making and ending --- */

void
dispatch_configure(struct dispatch *d, const struct conf *conf)
{
	int64_t rests[RESTS_MAX];
	size_t n = retry_rests(&conf->delivery, rests, RESTS_MAX);

	d->conf = conf;
	d->reports.conf = conf;
	plan_set_rests(d->plan, rests, n);
	site_table_shape(d->sites, conf, loop_now(d->loop));
}

int
dispatch_new(struct loop *loop, int spool, const struct conf *conf,
    struct dispatch **out)
{
	struct dispatch *d = mem_zero(sizeof(*d));
	int rc;

	d->loop = loop;
	d->plan = plan_new(1);
	d->sites = site_table_new(d->plan);
	d->crew = crew_new(loop, &crew_events, d);
	d->events = events_new();
	d->history = history_new();
	d->fates = arena_new(FATES_ARENA_MAX);
	d->timer = timer_new(loop, on_timer, d);
	heap_init(&d->due);
	TAILQ_INIT(&d->ending);
	TAILQ_INIT(&d->down);
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
		cancel_waiting(d, r);
		while ((load = TAILQ_FIRST(&r->loads)) != NULL) {
			plan_abandon(d->plan, &load->plan, d->mono_ms);
			load_free(&load);
		}
		round_drop(d, r);
	}
}

void
dispatch_free(struct dispatch **place)
{
	struct dispatch *d = *place;
	struct down *down;

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
	while ((down = TAILQ_FIRST(&d->down)) != NULL) {
		TAILQ_REMOVE(&d->down, down, link);
		mem_free(down);
	}
	heap_done(&d->due);
	disk_close(&d->disk);
	crew_free(&d->crew);
	site_table_free(&d->sites);
	plan_free(&d->plan);
	events_free(&d->events);
	history_free(&d->history);
	arena_free(&d->fates);
	mem_free(d);
	*place = NULL;
}

void
dispatch_stop(struct dispatch *d, loop_fn *quiet, void *arg)
{
	d->is_stopping = true;
	d->quiet = quiet;
	d->quiet_arg = arg;
	disk_hurry(d->disk);
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

struct site_table *
dispatch_sites(struct dispatch *d)
{
	return d->sites;
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

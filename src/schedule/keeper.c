/*
 * schedule/keeper.c - open a round, end it, keep what is left for later.
 */
#include "schedule/keeper.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/dates.h"
#include "schedule/heap.h"

enum {
	ENVELOPES_MAX = 8192, /* in memory, of rounds that wait */
	REPORTS_SLICE = 20,
	RETRY_OWN_TROUBLE = MINUTE,
};

TAILQ_HEAD(round_queue, round);

struct keeper {
	const struct conf *conf;   /* borrowed */
	struct disk *disk;         /* borrowed */
	struct queue_store *store; /* borrowed: disk */
	struct lane_table *lanes;  /* borrowed */
	struct ledger *ledger;     /* borrowed */
	struct reports *reports;   /* borrowed */
	struct heap due;           /* entries, by wall time */
	struct round_queue ending;
	uint64_t envelopes;
};

struct keeper *
keeper_new(struct disk *disk, struct lane_table *lanes, struct ledger *ledger,
    struct reports *reports)
{
	struct keeper *k = mem_zero(sizeof(*k));

	k->disk = disk;
	k->store = disk_store(disk);
	k->lanes = lanes;
	k->ledger = ledger;
	k->reports = reports;
	heap_init(&k->due);
	TAILQ_INIT(&k->ending);
	return k;
}

void
keeper_free(struct keeper **place)
{
	if (*place == NULL)
		return;
	must(TAILQ_EMPTY(&(*place)->ending));
	heap_done(&(*place)->due);
	mem_free(*place);
	*place = NULL;
}

void
keeper_configure(struct keeper *k, const struct conf *conf)
{
	k->conf = conf;
	k->reports->conf = conf;
}

/* --- what is due --- */

void
keeper_set_due(struct keeper *k, struct queue_entry *e, int64_t wall_ms)
{
	/* Under way already: the end of its round says when it goes again. */
	if (e->user != NULL)
		return;
	heap_set(&k->due, &e->user_index, wall_ms);
}

struct queue_entry *
keeper_next_due(const struct keeper *k)
{
	uint32_t *node = heap_first(&k->due);

	if (heap_first_when(&k->due) > k->ledger->wall_ms)
		return NULL;
	return (struct queue_entry *)(void *)((char *)node -
	    offsetof(struct queue_entry, user_index));
}

int64_t
keeper_due_at(const struct keeper *k)
{
	return heap_first_when(&k->due);
}

/* Keeps each site's count of recipients that are put off there. */
static void
count_deferred(struct keeper *k, struct queue_entry *e, bool more)
{
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);
		struct lane *lane = lane_by_number(k->lanes, r->marks);

		if (lane != NULL && recipient_is_open(r))
			lane_count_deferred(lane, more);
	}
}

static void
defer(struct keeper *k, struct queue_entry *e, int64_t next)
{
	queue_store_defer(k->store, e, next);
	keeper_set_due(k, e, next);
	count_deferred(k, e, true);
}

uint32_t
keeper_attempts(struct queue_entry *e)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);

		if (recipient_is_open(r) && r->attempts > most)
			most = r->attempts;
	}
	return most;
}

/* When what is left of the round's message goes again. */
static int64_t
next_of(const struct keeper *k, const struct round *r)
{
	const struct delivery_conf *conf = &k->conf->delivery;
	int64_t now = k->ledger->wall_ms;

	if (r->report_failed || r->envelope == NULL)
		return now + RETRY_OWN_TROUBLE;
	if (!r->was_tried && r->wait_until_ms > now)
		return dates_no_later(conf, r->envelope, r->wait_until_ms, now);
	return dates_next(conf, r->envelope, keeper_attempts(r->entry), now,
	    arc4random());
}

void
keeper_hold(struct keeper *k, struct queue_entry *e)
{
	heap_remove(&k->due, &e->user_index);
	if (e->state == QUEUE_DEFERRED)
		count_deferred(k, e, false);
	queue_store_hold(k->store, e);
}

void
keeper_release(struct keeper *k, struct queue_entry *e)
{
	if (e->state == QUEUE_DEFERRED)
		count_deferred(k, e, false);
	queue_store_release(k->store, e);
	keeper_set_due(k, e, k->ledger->wall_ms);
}

void
keeper_remove(struct keeper *k, struct queue_entry *e)
{
	if (e->state == QUEUE_DEFERRED)
		count_deferred(k, e, false);
	heap_remove(&k->due, &e->user_index);
	queue_store_remove(k->store, &e);
}

/* --- opening a round --- */

int
keeper_original_count(struct keeper *k, const struct queue_entry *e,
    uint32_t *out)
{
	struct place place = queue_store_place(k->store, e);
	struct queue_reader *reader = disk_reader(k->disk);
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
read_envelope(struct keeper *k, struct round *r, struct slice encoded)
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
		rc = queue_store_envelope(k->store, r->entry, r->arena,
		    envelope);
	if (rc == 0 && envelope->recipient_count != r->entry->recipient_count)
		rc = ERR_CORRUPT;
	if (rc == 0 && !r->has_originals) {
		r->original_count = envelope->recipient_count;
		if ((r->entry->flags & ENTRY_EXPANDED) != 0)
			rc = keeper_original_count(k, r->entry,
			    &r->original_count);
		r->has_originals = rc == 0;
	}
	if (rc != 0) {
		arena_free(&r->arena);
		return rc;
	}
	r->envelope = envelope;
	k->envelopes++;
	return 0;
}

static void
forget_envelope(struct keeper *k, struct round *r)
{
	if (r->envelope != NULL)
		k->envelopes--;
	round_forget_envelope(r);
}

void
keeper_drop(struct keeper *k, struct round *r)
{
	if (r->is_ending)
		TAILQ_REMOVE(&k->ending, r, link);
	r->entry->user = NULL;
	forget_envelope(k, r);
	round_free(&r);
}

/* No later try will read it. */
static bool
is_lost(int rc)
{
	return rc == ERR_CORRUPT || rc == -ENOENT;
}

/* It is held for the postmaster, and what is left of it is put aside. */
static void
put_aside(struct keeper *k, struct queue_entry *e)
{
	queue_store_quarantine(k->store, e);
	if (e->state == QUEUE_HELD)
		return;
	keeper_hold(k, e);
	ledger_act(k->ledger, "held", e->id, SLICE("damage"));
}

bool
keeper_hold_damaged(struct keeper *k, struct queue_entry *e)
{
	struct queue_reader *reader = disk_reader(k->disk);
	struct place place = queue_store_place(k->store, e);
	struct queue_message message;
	char id[ID_TEXT_SIZE];
	int rc = queue_reader_open(reader, &place, &message);

	if (rc == 0) {
		rc = message.id != e->id
		    ? ERR_CORRUPT
		    : queue_message_verify(reader, &message);
		queue_message_done(reader, &message);
	}
	if (!is_lost(rc))
		return false;
	id_text(e->id, id);
	log_error("schedule damaged queue=%s reason=\"%s\"", id, err_text(rc));
	put_aside(k, e);
	return true;
}

/* Damage stays; any other trouble may pass. */
static void
unreadable(struct keeper *k, struct round *r, int rc)
{
	struct queue_entry *e = r->entry;
	char id[ID_TEXT_SIZE];

	id_text(e->id, id);
	log_error("schedule unreadable queue=%s reason=\"%s\"", id,
	    err_text(rc));
	keeper_drop(k, r);
	if (is_lost(rc))
		put_aside(k, e);
	else if (e->state != QUEUE_HELD)
		defer(k, e, k->ledger->wall_ms + RETRY_OWN_TROUBLE);
}

struct round *
keeper_open(struct keeper *k, struct queue_entry *e, struct slice encoded)
{
	struct round *r = round_new(e);
	int rc;

	must(e->user == NULL);
	heap_remove(&k->due, &e->user_index);
	if (e->state == QUEUE_DEFERRED) {
		count_deferred(k, e, false);
		queue_store_activate(k->store, e);
	}
	e->user = r;
	rc = read_envelope(k, r, encoded);
	if (rc == 0)
		return r;
	unreadable(k, r, rc);
	return NULL;
}

void
keeper_wait(struct keeper *k, struct round *r)
{
	struct queue_entry *e = r->entry;
	int64_t release_ms = r->envelope->release_ms;
	char until[TIME_RFC3339_SIZE];
	char id[ID_TEXT_SIZE];

	id_text(e->id, id);
	time_rfc3339(release_ms, until);
	log_info("schedule waits queue=%s until=%s", id, until);
	keeper_drop(k, r);
	defer(k, e, release_ms);
}

int
keeper_envelope(struct keeper *k, struct round *r)
{
	return r->envelope != NULL ? 0 : read_envelope(k, r, SLICE_NONE);
}

void
keeper_spare_memory(struct keeper *k, struct round *r)
{
	if (k->envelopes > ENVELOPES_MAX)
		forget_envelope(k, r);
}

/* --- ending it --- */

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
fail_open(struct keeper *k, struct round *r, unsigned subject, unsigned detail,
    const char *text, bool expired)
{
	struct attempt_facts facts = { 0 };
	struct buf reply;

	buf_init(&reply, LOG_LINE_MAX);
	for (uint32_t i = 0; i < r->entry->recipient_count; i++) {
		struct queue_recipient *rcpt = entry_recipient(r->entry, i);
		struct slice last = queue_store_text(k->store, rcpt->reply);
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
			facts.host = queue_store_text(k->store, rcpt->host);
		ledger_fate(k->ledger, r, i, &fate, &facts, expired);
	}
	buf_done(&reply);
}

/* All reports are on disk, or one failed; nothing of it is under way. */
void
keeper_settle(struct keeper *k, struct round *r)
{
	struct queue_entry *e = r->entry;
	const struct note *note;
	bool failed = r->report_failed;
	bool remove = r->wish == WISH_REMOVE;
	int64_t next = remove || e->open_count == 0 ? 0 : next_of(k, r);

	if (!failed)
		STAILQ_FOREACH (note, &r->notes, link)
			if (note->is_pending)
				ledger_settle(k->ledger, r, note);
	keeper_drop(k, r);
	if (remove || e->open_count == 0)
		keeper_remove(k, e);
	else if (e->state != QUEUE_HELD)
		defer(k, e, next);
}

/* True: it may be settled now; else its reports are under way. */
static bool
end_round(struct keeper *k, struct round *r)
{
	struct queue_entry *e = r->entry;

	if (r->wish == WISH_REMOVE)
		return true;
	if (keeper_envelope(k, r) != 0) {
		r->report_failed = true;
		return true;
	}
	if (r->wish == WISH_BOUNCE)
		fail_open(k, r, 0, 0,
		    "554 5.0.0 returned to its sender by the postmaster",
		    false);
	else if (e->state != QUEUE_HELD && e->open_count > 0 &&
	    k->ledger->wall_ms >= dates_end(&k->conf->delivery, r->envelope))
		fail_open(k, r, 4, 7, "550 5.4.7 not delivered in time", true);
	if (reports_are_owed(k->reports, r))
		reports_start(k->reports, r);
	return r->reports == 0;
}

void
keeper_end_rounds(struct keeper *k)
{
	struct round *r;

	for (unsigned n = 0; n < REPORTS_SLICE;) {
		r = TAILQ_FIRST(&k->ending);
		if (r == NULL)
			return;
		TAILQ_REMOVE(&k->ending, r, link);
		r->is_ending = false;
		if (end_round(k, r))
			keeper_settle(k, r);
		else
			n++;
	}
}

void
keeper_check_end(struct keeper *k, struct round *r)
{
	if (!TAILQ_EMPTY(&r->loads) || r->is_ending)
		return;
	r->is_ending = true;
	TAILQ_INSERT_TAIL(&k->ending, r, link);
}

bool
keeper_has_ending(const struct keeper *k)
{
	return !TAILQ_EMPTY(&k->ending);
}

/*
 * queue/recover.c - reading checkpoint and journals into the state.
 */
#include "queue/recover.h"

#include <errno.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/err.h"
#include "queue/adopt.h"
#include "queue/journal.h"
#include "queue/map.h"
#include "queue/record.h"
#include "queue/salvage.h"
#include "queue/spool.h"

enum {
	RECORDS_A_STEP = 1000,
	/* So many texts may be lost to damage before we stop believing. */
	TEXT_GAP_MAX = 1 << 16,
	/* Of which each is told; of the rest, how many there are. */
	DOUBTS_MAX = 4096,
};

enum phase { PHASE_CHECKPOINT, PHASE_JOURNALS, PHASE_SEGMENTS, PHASE_DONE };

struct doubt {
	uint64_t from;
	uint64_t to;
};

struct recovery {
	struct vfs *vfs; /* borrowed, as all four */
	struct state *state;
	struct damage *damage;
	struct queue_reader *reader;
	struct arena *arena; /* owned */
	enum phase phase;
	struct id_list segments;
	struct id_list journals;
	struct id_list large;
	size_t journal; /* index of the one being read */
	uint64_t first_journal;
	struct journal_reader *file; /* owned; NULL: none is open */
	uint64_t records;
	bool saw_end;
	bool lost_state;  /* there was a checkpoint, and it cannot be read */
	unsigned missing; /* places that may have been of messages */
	unsigned batches; /* of the journal being read */
	struct doubt *doubts; /* owned */
	size_t doubt_count;
	size_t doubt_size;
	uint64_t more_doubts;
	uint32_t *texts; /* owned: numbers in the checkpoint to ours */
	size_t text_count;
	uint64_t newest;
	uint64_t checkpoint_size;
	uint64_t journal_size;
};

static void
see(struct recovery *r, const struct id_list *l)
{
	if (l->n > 0 && l->of[l->n - 1] > r->newest)
		r->newest = l->of[l->n - 1];
}

static int
open_checkpoint(struct recovery *r)
{
	int rc = journal_reader_open(r->vfs, JOURNAL_CHECKPOINT, JOURNAL_STATE,
	    &r->file);

	if (rc == 0) {
		r->first_journal = journal_reader_header(r->file)->number;
		if (r->first_journal > r->newest)
			r->newest = r->first_journal;
		if (journal_reader_is_headless(r->file)) {
			damage_tell(r->damage,
			    JOURNAL_CHECKPOINT ": both headers are damaged");
			damage_keep_file(r->damage, JOURNAL_CHECKPOINT);
		}
		return 0;
	}
	if (rc == ERR_CORRUPT) {
		damage_tell(r->damage,
		    JOURNAL_CHECKPOINT " is not one: every message that is "
				       "in the segments comes back");
		damage_keep_file(r->damage, JOURNAL_CHECKPOINT);
		r->lost_state = true;
	}
	r->phase = PHASE_JOURNALS;
	return rc == -ENOENT || rc == ERR_CORRUPT ? 0 : rc;
}

int
recovery_new(struct vfs *vfs, struct state *state, struct damage *damage,
    struct queue_reader *reader, struct recovery **out)
{
	struct recovery *r = mem_zero(sizeof(*r));
	int rc;

	r->vfs = vfs;
	r->state = state;
	r->damage = damage;
	r->reader = reader;
	r->arena = adopt_arena_new();
	rc = id_list_folder(&r->large, vfs, "large");
	if (rc == 0)
		rc = id_list_folder(&r->segments, vfs, "segments");
	if (rc == 0)
		rc = id_list_folder(&r->journals, vfs, "journal");
	if (rc == 0) {
		see(r, &r->large);
		see(r, &r->segments);
		see(r, &r->journals);
		rc = open_checkpoint(r);
	}
	if (rc != 0) {
		recovery_free(&r);
		return rc;
	}
	*out = r;
	return 0;
}

static void
forget_texts(struct recovery *r)
{
	for (size_t i = 0; i < r->text_count; i++)
		texts_drop(live_texts(r->state->live), r->texts[i]);
	mem_free(r->texts);
	r->texts = NULL;
	r->text_count = 0;
}

void
recovery_free(struct recovery **recovery)
{
	struct recovery *r = *recovery;

	if (r == NULL)
		return;
	forget_texts(r);
	mem_free(r->doubts);
	journal_reader_free(&r->file);
	arena_free(&r->arena);
	id_list_done(&r->segments);
	id_list_done(&r->journals);
	id_list_done(&r->large);
	mem_free(r);
	*recovery = NULL;
}

static void
read_text(struct recovery *r, const struct change *c)
{
	if (c->id >= r->text_count + TEXT_GAP_MAX)
		return;
	if (c->id >= r->text_count) {
		size_t n = (size_t)c->id + 1;

		n += n / 2;
		r->texts = mem_resize(r->texts, n, sizeof(*r->texts));
		while (r->text_count < n)
			r->texts[r->text_count++] = QUEUE_NO_TEXT;
	}
	texts_drop(live_texts(r->state->live), r->texts[c->id]);
	r->texts[c->id] = texts_take(live_texts(r->state->live), c->reply);
}

static struct slice
text_of(const struct recovery *r, uint32_t number)
{
	return texts_get(live_texts_const(r->state->live),
	    number < r->text_count ? r->texts[number] : QUEUE_NO_TEXT);
}

static void
read_message(struct recovery *r, const struct change *c)
{
	struct live *live = r->state->live;
	struct slice list = c->list;
	struct queue_recipient like;
	struct queue_entry *e;

	if (c->id == 0 || c->place.segment == 0 ||
	    live_find(live, c->id) != NULL)
		return;
	e = state_add(r->state, c->id, &c->place, c->count);
	live_set_size(live, e, c->size);
	live_set_state(live, e, (enum queue_state)c->state);
	live_set_sender_domain(live, e, text_of(r, c->sender_domain));
	e->next_ms = c->next_ms;
	e->flags = (uint8_t)((c->flags &
				 (ENTRY_NULL_SENDER | ENTRY_WARNED |
				     ENTRY_LARGE | ENTRY_RELEASED)) |
	    ENTRY_JOURNALED);
	for (uint32_t i = 0; i < c->count; i++) {
		if (!change_take_recipient(&list, &like))
			break;
		live_set_domain(live, e, i, text_of(r, like.domain));
		live_set_result(live, e, i, &like, text_of(r, like.reply),
		    text_of(r, like.host));
	}
}

static void
read_state(struct recovery *r, const struct change *c)
{
	struct queue_entry *e;

	r->records++;
	if (c->kind == CHANGE_TEXT) {
		read_text(r, c);
	} else if (c->kind == CHANGE_MESSAGE) {
		read_message(r, c);
	} else if (c->kind == CHANGE_EXPANSION) {
		e = live_find(r->state->live, c->id);
		if (e != NULL)
			live_set_expansion(r->state->live, e, c->list);
	} else if (c->kind == CHANGE_END) {
		r->saw_end = true;
	} else {
		(void)state_apply(r->state, c, 0);
	}
}

static void
tell_damage(const struct recovery *r, const char *what, uint64_t from,
    uint64_t to)
{
	damage_tell(r->damage,
	    "%s: octets %" PRIu64 " to %" PRIu64 " are damaged", what, from,
	    to);
}

/* A bad place in a journal, until a later batch proves that it is damage. */
static void
add_doubt(struct recovery *r)
{
	if (r->doubt_count == DOUBTS_MAX) {
		r->more_doubts++;
		return;
	}
	if (r->doubt_count == r->doubt_size) {
		r->doubt_size = r->doubt_size == 0 ? 16 : r->doubt_size * 2;
		r->doubts =
		    mem_resize(r->doubts, r->doubt_size, sizeof(*r->doubts));
	}
	r->doubts[r->doubt_count++] =
	    (struct doubt){ journal_reader_from(r->file),
		    journal_reader_to(r->file) };
}

static void
forget_doubts(struct recovery *r)
{
	r->doubt_count = 0;
	r->more_doubts = 0;
}

static void
tell_doubts(struct recovery *r, const char *what)
{
	for (size_t i = 0; i < r->doubt_count; i++)
		tell_damage(r, what, r->doubts[i].from, r->doubts[i].to);
	if (r->more_doubts > 0)
		damage_tell(r->damage,
		    "%s: %" PRIu64 " more places are damaged", what,
		    r->more_doubts);
	forget_doubts(r);
}

/*
 * Bad places in its last batch: nobody was promised that. But who looks for
 * damage wants to hear of it, for a file that was cut off looks the same.
 */
static void
end_journal(struct recovery *r, const char *name)
{
	if (r->damage->strict) {
		tell_doubts(r, name);
		if (journal_reader_is_torn(r->file))
			damage_tell(r->damage,
			    "%s ends in the middle of a record, at octet "
			    "%" PRIu64 ": cut off, or torn by a crash",
			    name, journal_reader_lost(r->file));
	}
	/* One batch may be all that a crash left of a fresh file. */
	if (journal_reader_is_headless(r->file) && r->batches > 1) {
		damage_tell(r->damage, "%s: both headers are damaged", name);
		damage_keep_file(r->damage, name);
	}
	forget_doubts(r);
	r->batches = 0;
	journal_reader_free(&r->file);
	r->journal++;
}

/* What cannot be found this way is known to be missing. */
static void
salvage_some(struct recovery *r)
{
	unsigned n;

	tell_damage(r, JOURNAL_CHECKPOINT, journal_reader_from(r->file),
	    journal_reader_to(r->file));
	if (!salvage(r->state, r->reader, &r->segments, r->file, r->arena, &n))
		r->missing++;
	if (n > 0)
		damage_tell(r->damage,
		    "%u messages of those octets were found by their places",
		    n);
}

/*
 * Messages are missing, and nobody knows which: all that is in the segments
 * and is not known to be done comes back. Twice is better than never.
 */
static void
doubt_segments(struct recovery *r)
{
	struct segments *all = r->state->segments;

	damage_tell(r->damage,
	    JOURNAL_CHECKPOINT " does not tell of all messages: those that "
			       "are in the segments come back");
	r->lost_state = true;
	for (uint32_t i = 0; i < segments_slots(all); i++)
		if (segments_at(all, i)->state < SEGMENT_FREE)
			segments_at(all, i)->adopted_to = SEGMENT_HEADER_SIZE;
}

static void
step_checkpoint(struct recovery *r)
{
	for (unsigned i = 0; i < RECORDS_A_STEP; i++) {
		enum journal_step step = journal_reader_next(r->file);

		if (step == JOURNAL_AGAIN)
			return;
		if (step == JOURNAL_RECORD) {
			read_state(r, journal_reader_change(r->file));
			continue;
		}
		if (step == JOURNAL_DAMAGE) {
			salvage_some(r);
			continue;
		}
		if (step == JOURNAL_FAILED)
			damage_tell(r->damage, JOURNAL_CHECKPOINT ": %s",
			    err_text(journal_reader_error(r->file)));
		else if (!r->saw_end)
			damage_tell(r->damage,
			    JOURNAL_CHECKPOINT " is cut off");
		r->checkpoint_size = journal_reader_to(r->file);
		journal_reader_free(&r->file);
		forget_texts(r);
		if (!r->saw_end || r->missing > 0)
			doubt_segments(r);
		r->phase = PHASE_JOURNALS;
		return;
	}
}

/* The next journal that counts; false if there is none. */
static bool
open_journal(struct recovery *r)
{
	char name[VFS_NAME_MAX];
	int rc;

	for (; r->journal < r->journals.n; r->journal++) {
		uint64_t number = r->journals.of[r->journal];

		if (number < r->first_journal)
			continue;
		spool_name("journal", number, name);
		rc = journal_reader_open(r->vfs, name, JOURNAL_CHANGES,
		    &r->file);
		if (rc == 0)
			return true;
		/* Without a good header: a crash came before its first sync. */
		if (rc != ERR_CORRUPT)
			damage_tell(r->damage, "%s: %s", name, err_text(rc));
	}
	return false;
}

static void
step_journals(struct recovery *r)
{
	char name[VFS_NAME_MAX];

	if (r->file == NULL && !open_journal(r)) {
		r->phase = PHASE_SEGMENTS;
		return;
	}
	spool_name("journal", r->journals.of[r->journal], name);
	for (unsigned n = 0; n < RECORDS_A_STEP; n++) {
		enum journal_step step = journal_reader_next(r->file);

		if (step == JOURNAL_AGAIN)
			return;
		if (step == JOURNAL_RECORD) {
			const struct change *c = journal_reader_change(r->file);

			if (c->kind == CHANGE_BATCH) {
				tell_doubts(r, name);
				r->batches++;
			}
			(void)state_apply(r->state, c, 0);
			r->journal_size = r->journal_size +
			    journal_reader_to(r->file) -
			    journal_reader_from(r->file);
			continue;
		}
		if (step == JOURNAL_DAMAGE) {
			add_doubt(r);
			continue;
		}
		if (step == JOURNAL_FAILED)
			damage_tell(r->damage, "%s: %s", name,
			    err_text(journal_reader_error(r->file)));
		end_journal(r, name);
		return;
	}
}

static bool
has_live_behind(const struct recovery *r, uint64_t segment, uint64_t size)
{
	struct queue_entry *e;
	uint64_t cursor = 0;

	while ((e = live_each(r->state->live, &cursor)) != NULL)
		if (state_segment(r->state, e)->number == segment &&
		    (uint64_t)e->offset + e->length > size)
			return true;
	return false;
}

/*
 * The size of a segment that is shorter than what was adopted of it, or -1.
 * That is on disk before anything rests on it: else the octets come back.
 */
static int64_t
shorter_size(const struct recovery *r, const struct segment *s,
    const char *name)
{
	int file =
	    vfs_open(r->vfs, name, r->damage->strict ? VFS_READ : VFS_WRITE);
	int64_t size = file < 0 ? -1 : vfs_size(r->vfs, file);

	if (size >= s->adopted_to || s->adopted_to <= SEGMENT_HEADER_SIZE)
		size = -1;
	if (size >= 0 && !r->damage->strict && vfs_sync(r->vfs, file) != 0)
		size = -1;
	if (file >= 0)
		vfs_close(r->vfs, &file);
	return size;
}

/*
 * What was adopted was there. Those who look for live messages that were cut
 * off tell of each. Octets of the dead were given back; or a writer has cut off
 * what it refused, and we had read that before.
 */
static void
compare_size(struct recovery *r, struct segment *s, const char *name)
{
	int64_t size = shorter_size(r, s, name);

	if (size < 0)
		return;
	if (size > 0 && r->damage->strict &&
	    !has_live_behind(r, s->number, (uint64_t)size))
		damage_tell(r->damage,
		    "%s is cut off at octet %" PRId64 " (no live message "
		    "behind it)",
		    name, size);
	s->adopted_to = size < SEGMENT_HEADER_SIZE ? SEGMENT_HEADER_SIZE
						   : (uint32_t)size & ~7u;
}

static void
compare_segment(struct recovery *r, uint32_t slot)
{
	struct segments *all = r->state->segments;
	struct segment *s = segments_at(all, slot);
	uint8_t writer = queue_writer_of(s->number);
	char name[VFS_NAME_MAX];

	if (!id_list_has(&r->segments, s->number)) {
		if (s->live == 0) {
			segments_forget(all, slot);
			return;
		}
		spool_name("segments", s->number, name);
		damage_tell(r->damage,
		    "%s is missing, with %" PRIu32 " messages", name, s->live);
		s->missing = true;
		s->state = SEGMENT_CLOSED;
		return;
	}
	spool_name("segments", s->number, name);
	compare_size(r, s, name);
	if (writer == QUEUE_WRITER_MOVER) {
		/* What is live there, the journal has told. */
		if (!r->lost_state)
			segment_forget_skips(s);
		if (s->state == SEGMENT_GROWING)
			s->state = SEGMENT_CLOSED;
	} else if (s->state == SEGMENT_GROWING) {
		s->wants_scan = true;
		if (s->number != segments_newest(all, writer))
			s->state = SEGMENT_CLOSED;
	}
	if (s->state == SEGMENT_FREE && s->live > 0)
		s->state = SEGMENT_CLOSED;
	if (r->lost_state && s->state < SEGMENT_FREE)
		s->wants_scan = true;
}

/* The files that there are, against what the records say. */
static void
compare_segments(struct recovery *r)
{
	for (size_t i = 0; i < r->segments.n; i++)
		(void)segments_get(r->state->segments, r->segments.of[i]);
	for (uint32_t i = 0; i < segments_slots(r->state->segments); i++)
		if (segments_at(r->state->segments, i)->number != 0)
			compare_segment(r, i);
	r->phase = PHASE_DONE;
}

bool
recovery_step(struct recovery *r)
{
	switch (r->phase) {
	case PHASE_CHECKPOINT:
		step_checkpoint(r);
		break;
	case PHASE_JOURNALS:
		step_journals(r);
		break;
	case PHASE_SEGMENTS:
		compare_segments(r);
		break;
	case PHASE_DONE:
		break;
	}
	return r->phase != PHASE_DONE;
}

const struct id_list *
recovery_journals(const struct recovery *r)
{
	return &r->journals;
}

const struct id_list *
recovery_large(const struct recovery *r)
{
	return &r->large;
}

uint64_t
recovery_newest(const struct recovery *r)
{
	return r->newest;
}

bool
recovery_lost_state(const struct recovery *r)
{
	return r->lost_state;
}

uint64_t
recovery_checkpoint_size(const struct recovery *r)
{
	return r->checkpoint_size;
}

uint64_t
recovery_journal_size(const struct recovery *r)
{
	return r->journal_size;
}

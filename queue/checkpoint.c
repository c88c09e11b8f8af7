/*
 * queue/checkpoint.c - serialising the state in slices.
 *
 * The first piece also looks which segments are still there: one that was
 * freed must be remembered as such until its name is gone from the disk, or
 * the next recovery would take its old messages for new ones.
 */
#include "queue/checkpoint.h"

#include <errno.h>

#include "base/alloc.h"
#include "queue/journal.h"
#include "queue/map.h"
#include "queue/spool.h"

enum {
	PIECE = 512 << 10, /* octets, about */
	ENTRIES_A_PIECE = 4096,
	PIECE_MAX = 64 << 20,
};

struct checkpoint {
	struct vfs *vfs;     /* borrowed */
	struct state *state; /* borrowed */
	struct journal_file file;
	uint64_t first_journal;
	struct id_list old_journals;
	struct id_list freed;   /* segments that may be forgotten... */
	struct id_list present; /* ...unless they are among these files */
	uint64_t cursor;
	uint64_t records;
	uint32_t texts; /* that the file has so far */
	struct buf piece;
	struct buf list;
	bool begun;
	bool whole;     /* all is in the file, but not synced */
	bool finishing; /* that is the work under way */
	bool done;
	uint64_t sequence; /* of the last change that it may include */
	int rc;
	struct queue_work work;
};

static void
add(struct checkpoint *c, const struct change *change)
{
	change_encode(change, &c->piece);
	c->records++;
}

/* What the header says, once more: see journal_reader_is_headless(). */
static void
add_batch(struct checkpoint *c)
{
	struct change change = { .kind = CHANGE_BATCH,
		.place.segment = c->first_journal };

	change_encode(&change, &c->piece);
}

/* All at once: there are not many, and they belong to one moment. */
static void
add_segments(struct checkpoint *c)
{
	const struct segments *all = c->state->segments;

	for (uint32_t i = 0; i < segments_slots(all); i++) {
		const struct segment *s = segments_at(all, i);
		struct change change = { .kind = CHANGE_SEGMENT,
			.id = s->number,
			.place.offset = s->adopted_to };

		if (s->number == 0)
			continue;
		if (s->state >= SEGMENT_FREE)
			id_list_add(&c->freed, s->number);
		if (s->state >= SEGMENT_FREE)
			change.flags = SEGMENT_IS_CLOSED | SEGMENT_IS_FREE;
		else if (s->state == SEGMENT_CLOSED && !s->wants_scan &&
		    !s->unreadable)
			change.flags = SEGMENT_IS_CLOSED;
		add(c, &change);
		for (uint32_t k = 0; k < s->skip_count; k++) {
			if (s->skips[k].offset < s->adopted_to)
				continue;
			change = (struct change){ .kind = CHANGE_REMOVED,
				.place = { s->number, s->skips[k].offset,
				    s->skips[k].length } };
			add(c, &change);
		}
	}
}

/* The text's number in the file; it is written there before its first use. */
static uint32_t
file_text(struct checkpoint *c, uint32_t text)
{
	struct texts *texts = live_texts(c->state->live);
	struct change change = { .kind = CHANGE_TEXT };
	uint32_t mark;

	if (text == QUEUE_NO_TEXT)
		return QUEUE_NO_TEXT;
	mark = texts_mark(texts, text);
	if (mark != 0)
		return mark;
	mark = ++c->texts;
	texts_set_mark(texts, text, mark);
	change.id = mark;
	change.reply = texts_get(texts, text);
	add(c, &change);
	return mark;
}

static void
add_entry(struct checkpoint *c, const struct queue_entry *e)
{
	struct change change = { .kind = CHANGE_MESSAGE,
		.id = e->id,
		.place = state_place(c->state, e),
		.next_ms = e->next_ms,
		.size = e->size,
		.count = e->recipient_count,
		.state = e->state,
		.flags = e->flags };

	buf_reset(&c->list);
	change.sender_domain = file_text(c, e->sender_domain);
	for (uint32_t i = 0; i < e->recipient_count; i++) {
		struct queue_recipient r = *entry_recipient_const(e, i);

		r.domain = file_text(c, r.domain);
		r.reply = file_text(c, r.reply);
		r.host = file_text(c, r.host);
		change_add_recipient(&c->list, &r);
	}
	change.list = buf_slice(&c->list);
	add(c, &change);
	if ((e->flags & ENTRY_EXPANDED) != 0) {
		change = (struct change){ .kind = CHANGE_EXPANSION,
			.id = e->id,
			.list = live_expansion(c->state->live, e) };
		add(c, &change);
	}
}

static void
fill(struct checkpoint *c)
{
	struct queue_entry *e = NULL;

	if (c->piece.n == 0)
		add_batch(c);
	for (unsigned n = 0; n < ENTRIES_A_PIECE && c->piece.n < PIECE; n++) {
		e = live_each(c->state->live, &c->cursor);
		if (e == NULL)
			break;
		add_entry(c, e);
	}
	if (e == NULL) {
		struct change change = { .kind = CHANGE_END, .id = c->records };

		change_encode(&change, &c->piece);
		c->whole = true;
	}
	if (buf_failed(&c->piece) || buf_failed(&c->list))
		c->rc = -EMSGSIZE;
}

struct checkpoint *
checkpoint_new(struct vfs *vfs, struct state *state, uint64_t first_journal,
    struct id_list *old_journals)
{
	struct checkpoint *c = mem_zero(sizeof(*c));

	c->vfs = vfs;
	c->state = state;
	c->first_journal = first_journal;
	c->old_journals = *old_journals;
	*old_journals = (struct id_list){ 0 };
	journal_file_init(&c->file, vfs);
	buf_init(&c->piece, PIECE_MAX);
	buf_init(&c->list, CHANGE_SIZE_MAX);
	texts_forget_marks(live_texts(state->live));
	add_batch(c);
	add_segments(c);
	return c;
}

void
checkpoint_free(struct checkpoint **checkpoint)
{
	struct checkpoint *c = *checkpoint;

	if (c == NULL)
		return;
	journal_file_close(&c->file);
	id_list_done(&c->old_journals);
	id_list_done(&c->present);
	id_list_done(&c->freed);
	buf_done(&c->piece);
	buf_done(&c->list);
	mem_free(c);
	*checkpoint = NULL;
}

static int
begin(struct checkpoint *c)
{
	struct journal_header header = { JOURNAL_STATE, c->first_journal,
		vfs_random(c->vfs) };
	int rc = id_list_folder(&c->present, c->vfs, "segments");

	if (rc == 0)
		rc = vfs_sync_folder(c->vfs, "segments");
	if (rc != 0)
		return rc;
	(void)vfs_unlink(c->vfs, JOURNAL_CHECKPOINT_NEW);
	c->begun = true;
	return journal_file_create(&c->file, JOURNAL_CHECKPOINT_NEW, &header);
}

static void
unlink_journals(struct checkpoint *c)
{
	struct id_list left = { 0 };
	char name[VFS_NAME_MAX];

	for (size_t i = 0; i < c->old_journals.n; i++) {
		int rc;

		spool_name("journal", c->old_journals.of[i], name);
		rc = vfs_unlink(c->vfs, name);
		if (rc != 0 && rc != -ENOENT)
			id_list_add(&left, c->old_journals.of[i]);
	}
	id_list_done(&c->old_journals);
	c->old_journals = left;
}

static int
finish(struct checkpoint *c)
{
	int rc = vfs_sync(c->vfs, c->file.file);

	journal_file_close(&c->file);
	if (rc == 0)
		rc = vfs_rename(c->vfs, JOURNAL_CHECKPOINT_NEW,
		    JOURNAL_CHECKPOINT);
	if (rc == 0)
		rc = vfs_sync_folder(c->vfs, "journal");
	if (rc == 0)
		unlink_journals(c);
	return rc;
}

static void
run(struct queue_work *work)
{
	struct checkpoint *c = work->owner;

	if (!c->begun)
		c->rc = begin(c);
	if (c->rc == 0)
		c->rc = c->finishing ? finish(c)
				     : journal_file_append(&c->file, &c->piece);
	if (c->rc != 0) {
		journal_file_close(&c->file);
		(void)vfs_unlink(c->vfs, JOURNAL_CHECKPOINT_NEW);
	}
}

/*
 * Segments that were free when it began and whose names are gone from the disk
 * may be forgotten.
 */
static void
forget_gone(struct checkpoint *c)
{
	struct segments *all = c->state->segments;

	for (size_t i = 0; i < c->freed.n; i++) {
		uint32_t slot = segments_find(all, c->freed.of[i]);

		if (slot != MAP_NONE &&
		    segments_at(all, slot)->state >= SEGMENT_FREE &&
		    !id_list_has(&c->present, c->freed.of[i]))
			segments_forget(all, slot);
	}
	id_list_done(&c->present);
	id_list_done(&c->freed);
}

static int
done(struct queue_work *work, void *owner)
{
	struct checkpoint *c = owner;

	(void)work;
	buf_reset(&c->piece);
	if (c->begun)
		forget_gone(c);
	c->done = c->finishing || c->rc != 0;
	return c->rc;
}

struct queue_work *
checkpoint_take(struct checkpoint *c, int lane, uint64_t sequence,
    uint64_t durable)
{
	if (c->done)
		return NULL;
	if (!c->whole) {
		fill(c);
		c->sequence = sequence;
	} else if (durable < c->sequence) {
		return NULL;
	} else {
		c->finishing = true;
	}
	if (c->rc != 0) {
		c->done = true;
		return NULL;
	}
	c->work = (struct queue_work){ run, done, c, lane };
	return &c->work;
}

bool
checkpoint_is_done(const struct checkpoint *c)
{
	return c->done;
}

int
checkpoint_error(const struct checkpoint *c)
{
	return c->rc;
}

uint64_t
checkpoint_size(const struct checkpoint *c)
{
	return c->file.end;
}

struct id_list *
checkpoint_old_journals(struct checkpoint *c)
{
	return &c->old_journals;
}

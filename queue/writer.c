/*
 * queue/writer.c - batches of drafts, appended to the writer's own segment.
 *
 * While a batch is under way the helper thread has the segment file and the
 * batch's drafts to itself; the loop gathers the next batch meanwhile.
 */
#include "queue/writer.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/id.h"
#include "base/time.h"
#include "queue/draft.h"
#include "queue/scan.h"
#include "queue/segment_file.h"
#include "queue/spool.h"

enum {
	BATCH_MESSAGES = 512,
	BATCH_OCTETS = 16 << 20,
	SPARES_MAX = 4,
	ASK_ROOM_EVERY = 16,
};

struct draft_list {
	struct queue_draft *first;
	struct queue_draft *last;
};

struct queue_batch {
	struct segment_file *segment; /* borrowed: writer, for the write */
	struct vfs *vfs;              /* borrowed */
	struct draft_list drafts;
	unsigned count;
	uint64_t new_number; /* 0, or the segment to be begun for it */
	uint64_t old_number; /* 0, or the one to be taken over for that */
	uint64_t salt;
	uint64_t life;
	uint64_t closed[2]; /* segments that were full, or given up; or 0 */
	int rc;
};

struct queue_writer {
	struct vfs *vfs; /* borrowed */
	struct id_maker ids;
	struct draft_pool pool;
	struct segment_file segment;
	uint64_t life;
	struct draft_list waiting;
	bool writing; /* a batch is under way */
	bool roll;    /* into a new segment with the next one */
	uint64_t spares[SPARES_MAX];
	unsigned spare_count;
	unsigned room_asked;
	bool is_full; /* the disk was, when last seen */
};

static void
list_add(struct draft_list *l, struct queue_draft *d)
{
	draft_set_next(d, NULL);
	if (l->last == NULL)
		l->first = d;
	else
		draft_set_next(l->last, d);
	l->last = d;
}

static struct queue_draft *
list_take(struct draft_list *l)
{
	struct queue_draft *d = l->first;

	if (d != NULL) {
		l->first = draft_next(d);
		if (l->first == NULL)
			l->last = NULL;
	}
	return d;
}

struct names {
	uint64_t newest;     /* of all segments and files in large/ */
	uint64_t newest_own; /* segment of this writer */
	uint8_t number;
};

static void
on_large_name(const char *name, void *arg)
{
	struct names *n = arg;
	uint64_t id;

	if (spool_name_parse(name, &id) && id > n->newest)
		n->newest = id;
}

static void
on_segment_name(const char *name, void *arg)
{
	struct names *n = arg;
	uint64_t id;

	on_large_name(name, arg);
	if (spool_name_parse(name, &id) && queue_writer_of(id) == n->number &&
	    id > n->newest_own)
		n->newest_own = id;
}

/*
 * An id must never come twice, even if the clock was set back while nobody
 * ran: begin behind all that can be seen of earlier lives.
 */
static int
newest_id(struct vfs *vfs, uint8_t number, uint64_t *out)
{
	struct names names = { .number = number };
	enum scan_step step;
	struct scan *scan;
	int rc = vfs_list(vfs, "segments", on_segment_name, &names);

	if (rc == 0)
		rc = vfs_list(vfs, "large", on_large_name, &names);
	if (rc != 0)
		return rc;
	*out = names.newest;
	/* If it can't be read, or is gone by now: the names must do. */
	if (names.newest_own == 0 ||
	    scan_open(vfs, names.newest_own, 0, &scan) != 0)
		return 0;
	while ((step = scan_next(scan)) != SCAN_END && step != SCAN_FAILED)
		if (step == SCAN_RECORD && scan_record(scan)->id > *out)
			*out = scan_record(scan)->id;
	scan_free(&scan);
	return 0;
}

int
queue_writer_open(struct vfs *vfs, uint8_t number, struct queue_writer **out)
{
	struct segment_header header = { 0 };
	struct queue_writer *w;
	uint64_t newest;
	int rc = newest_id(vfs, number, &newest);

	if (rc != 0)
		return rc;
	w = mem_zero(sizeof(*w));
	w->vfs = vfs;
	w->ids.number = number;
	w->ids.last_ms = (uint64_t)id_wall_ms(newest) + 1;
	segment_file_init(&w->segment, vfs);
	w->life = id_next(&w->ids, time_wall_ms());
	header = (struct segment_header){ w->life, vfs_random(vfs), w->life };
	rc = segment_file_create(&w->segment, &header, 0);
	/* A full disk is for has_room() to say, not a reason not to run. */
	if (rc != 0 && rc != -ENOSPC && rc != -EDQUOT) {
		mem_free(w);
		return rc;
	}
	*out = w;
	return 0;
}

void
queue_writer_close(struct queue_writer **writer)
{
	struct queue_writer *w = *writer;
	struct queue_draft *d;

	if (w == NULL)
		return;
	must(!w->writing);
	while ((d = list_take(&w->waiting)) != NULL)
		queue_draft_free(&d);
	segment_file_close(&w->segment);
	draft_pool_done(&w->pool);
	mem_free(w);
	*writer = NULL;
}

uint64_t
queue_writer_id(struct queue_writer *w, int64_t wall_ms)
{
	return id_next(&w->ids, wall_ms);
}

int
queue_writer_has_room(struct queue_writer *w)
{
	if (w->room_asked++ % ASK_ROOM_EVERY != 0 && !w->is_full)
		return 0;
	w->is_full = queue_spool_is_short(w->vfs, 0);
	return w->is_full ? -ENOSPC : 0;
}

void
queue_writer_yield(struct queue_writer *w, queue_closed_fn *closed, void *arg)
{
	while (w->spare_count > 0)
		closed(w->spares[--w->spare_count], arg);
	if (w->writing || w->segment.file == -1)
		return;
	segment_file_close(&w->segment);
	closed(w->segment.header.number, arg);
}

struct queue_draft *
queue_draft_new(struct queue_writer *w, uint64_t id)
{
	return draft_new(w->vfs, &w->pool, id);
}

void
queue_writer_submit(struct queue_writer *w, struct queue_draft **draft,
    struct slice prefix, struct slice envelope, void *who)
{
	/* A draft that cannot be sealed fails with its batch: told in one way.
	 */
	(void)draft_seal(*draft, prefix, envelope, who);
	list_add(&w->waiting, *draft);
	*draft = NULL;
}

/* What of the waiting drafts goes into this batch: all in one segment. */
static void
fill(struct queue_writer *w, struct queue_batch *b, uint32_t room)
{
	uint32_t octets = 0;

	while (b->count < BATCH_MESSAGES && octets < BATCH_OCTETS &&
	    w->waiting.first != NULL) {
		uint32_t length = draft_record(w->waiting.first)->length;

		if (length > room - octets)
			break;
		octets += length;
		list_add(&b->drafts, list_take(&w->waiting));
		b->count++;
	}
}

struct queue_batch *
queue_writer_take(struct queue_writer *w)
{
	struct queue_batch *b;
	uint32_t room;

	if (w->writing || w->waiting.first == NULL)
		return NULL;
	b = mem_zero(sizeof(*b));
	b->vfs = w->vfs;
	b->segment = &w->segment;
	b->life = w->life;
	room = SEGMENT_SIZE - w->segment.end;
	if (w->roll ||
	    !segment_file_has_room(&w->segment,
		draft_record(w->waiting.first)->length)) {
		w->roll = false;
		b->new_number = id_next(&w->ids, time_wall_ms());
		b->salt = vfs_random(w->vfs);
		if (w->spare_count > 0)
			b->old_number = w->spares[--w->spare_count];
		room = SEGMENT_SIZE - SEGMENT_HEADER_SIZE;
	}
	fill(w, b, room);
	w->writing = true;
	return b;
}

static void
close_segment(struct queue_batch *b, uint64_t *closed)
{
	*closed = b->segment->header.number;
	segment_file_close(b->segment);
}

static int
begin_segment(struct queue_batch *b)
{
	struct segment_header header = { b->new_number, b->salt, b->life };

	if (b->new_number == 0)
		return 0;
	if (b->segment->file != -1)
		close_segment(b, &b->closed[0]);
	return segment_file_create(b->segment, &header, b->old_number);
}

/* What lies under large/ is on disk before the records that refer to it. */
static int
sync_large(struct queue_batch *b)
{
	bool any = false;

	for (struct queue_draft *d = b->drafts.first; d != NULL;
	     d = draft_next(d)) {
		if ((draft_record(d)->flags & RECORD_LARGE) == 0)
			continue;
		draft_sync(d);
		any = true;
	}
	return any ? vfs_sync_folder(b->vfs, "large") : 0;
}

/* Gives each good draft its place; how many octets and pieces they are. */
static uint32_t
lay_out(struct queue_batch *b, size_t *pieces)
{
	uint32_t begin = b->segment->end;
	uint32_t at = begin;

	*pieces = 0;
	for (struct queue_draft *d = b->drafts.first; d != NULL;
	     d = draft_next(d)) {
		struct record *r = draft_record(d);

		if (draft_error(d) != 0)
			continue;
		r->segment = b->segment->header.number;
		r->salt = b->segment->header.salt;
		r->offset = at;
		r->batch = begin;
		at += r->length;
		*pieces += draft_piece_count(d);
	}
	return at - begin;
}

static int
append(struct queue_batch *b)
{
	size_t pieces;
	size_t n = 0;
	uint32_t octets = lay_out(b, &pieces);
	struct iovec *iov;
	int rc;

	if (pieces == 0)
		return 0;
	iov = mem_array(pieces, sizeof(*iov));
	for (struct queue_draft *d = b->drafts.first; d != NULL;
	     d = draft_next(d)) {
		if (draft_error(d) != 0)
			continue;
		draft_pieces(d, iov + n);
		n += draft_piece_count(d);
	}
	must(n == pieces);
	rc = segment_file_append(b->segment, iov, (int)pieces, octets);
	mem_free(iov);
	if (b->segment->file == -1)
		b->closed[1] = b->segment->header.number;
	return rc;
}

void
queue_batch_write(struct queue_batch *b)
{
	b->rc = begin_segment(b);
	if (b->rc == 0)
		b->rc = sync_large(b);
	if (b->rc == 0)
		b->rc = append(b);
}

static void
finish_draft(struct queue_batch *b, struct queue_draft *d,
    queue_written_fn *written, void *arg)
{
	const struct record *r = draft_record(d);
	struct place place = { r->segment, r->offset, r->length };
	int rc = draft_error(d) != 0 ? draft_error(d) : b->rc;

	/* A record that may be found needs its content. */
	if (rc == 0 || rc == ERR_LIMBO)
		draft_kept(d);
	written(draft_who(d), r->id, rc, rc == 0 ? &place : NULL,
	    draft_envelope(d), arg);
	queue_draft_free(&d);
}

void
queue_writer_finish(struct queue_writer *w, struct queue_batch **batch,
    queue_written_fn *written, queue_closed_fn *closed, void *arg)
{
	struct queue_batch *b = *batch;
	struct queue_draft *d;

	must(w->writing);
	w->writing = false;
	w->is_full = b->rc == -ENOSPC || b->rc == -EDQUOT;
	while ((d = list_take(&b->drafts)) != NULL)
		finish_draft(b, d, written, arg);
	for (int i = 0; i < 2; i++)
		if (b->closed[i] != 0)
			closed(b->closed[i], arg);
	mem_free(b);
	*batch = NULL;
}

void
queue_writer_roll(struct queue_writer *w)
{
	w->roll = true;
}

void
queue_writer_recycle(struct queue_writer *w, uint64_t segment)
{
	/* One too many stays where it is; the store finds it again. */
	if (w->spare_count < SPARES_MAX)
		w->spares[w->spare_count++] = segment;
}

/*
 * queue/mover.c - choosing a sparse segment and copying what lives there.
 */
#include "queue/mover.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/crc32c.h"
#include "base/time.h"
#include "queue/map.h"
#include "queue/record.h"
#include "queue/segment_file.h"
#include "queue/spool.h"

enum {
	/* A segment is sparse when less than this part of it is live. */
	SPARSE_PART = 4,
	LOOK_A_STEP = 20000,
	ITEMS_MAX = 512,
	OCTETS_MAX = 8 << 20,
	LOOK_EACH = 10 * SECOND,
};
/* Less waste than this is not worth the copying. */
static const uint64_t waste_min = 256 << 20;

struct item {
	uint64_t id;
	struct place from;
	struct place to; /* length 0: it was not copied */
};

struct mover {
	struct vfs *vfs; /* borrowed, as all three */
	struct state *state;
	struct id_maker *ids;
	mover_moved_fn *moved;
	void *arg;
	struct segment_file file;
	uint64_t victim; /* number of the segment that is emptied; 0: none */
	uint64_t cursor;
	struct item items[ITEMS_MAX];
	unsigned item_count;
	uint64_t octets;
	int64_t next_look; /* wall time */
	bool urged;
	bool looked; /* at every entry, for this victim */
	bool copying;
	uint64_t new_number; /* 0, or the segment to be begun */
	uint64_t salt;
	uint64_t closed[2]; /* those that were full or given up; or 0 */
	int rc;
	struct queue_work work;
};

struct mover *
mover_new(struct vfs *vfs, struct state *state, struct id_maker *ids,
    mover_moved_fn *moved, void *arg)
{
	struct mover *m = mem_zero(sizeof(*m));

	m->vfs = vfs;
	m->state = state;
	m->ids = ids;
	m->moved = moved;
	m->arg = arg;
	segment_file_init(&m->file, vfs);
	return m;
}

void
mover_free(struct mover **mover)
{
	if (*mover == NULL)
		return;
	must(!(*mover)->copying);
	segment_file_close(&(*mover)->file);
	mem_free(*mover);
	*mover = NULL;
}

void
mover_urge(struct mover *m)
{
	m->urged = true;
	m->next_look = 0;
}

static bool
may_move(const struct segment *s)
{
	return s->number != 0 && s->state == SEGMENT_CLOSED && s->live > 0 &&
	    !s->wants_scan && !s->missing && !s->unreadable;
}

/* The sparsest segment, if there is enough waste to care. */
static uint64_t
choose(struct mover *m)
{
	const struct segments *all = m->state->segments;
	uint64_t waste = 0;
	uint64_t best = 0;
	uint64_t best_live = UINT64_MAX;

	for (uint32_t i = 0; i < segments_slots(all); i++) {
		const struct segment *s = segments_at(all, i);

		if (!may_move(s) || s->adopted_to < s->live_octets)
			continue;
		waste += s->adopted_to - s->live_octets;
		if (s->live_octets <= s->adopted_to / SPARSE_PART &&
		    s->live_octets < best_live) {
			best = s->number;
			best_live = s->live_octets;
		}
	}
	return waste >= waste_min || m->urged ? best : 0;
}

static bool
is_movable(const struct mover *m, const struct queue_entry *e)
{
	return e->pins == 0 && state_segment(m->state, e)->number == m->victim;
}

static void
collect(struct mover *m)
{
	for (unsigned n = 0; n < LOOK_A_STEP; n++) {
		struct queue_entry *e;

		if (m->item_count == ITEMS_MAX || m->octets >= OCTETS_MAX)
			return;
		e = live_each(m->state->live, &m->cursor);
		if (e == NULL) {
			m->looked = true;
			return;
		}
		if (!is_movable(m, e))
			continue;
		m->items[m->item_count++] =
		    (struct item){ e->id, state_place(m->state, e), { 0 } };
		m->octets += e->length;
	}
}

static bool
is_ready(const struct mover *m)
{
	return m->item_count > 0 &&
	    (m->looked || m->item_count == ITEMS_MAX ||
		m->octets >= OCTETS_MAX);
}

bool
mover_step(struct mover *m, int64_t wall_ms)
{
	if (m->copying || is_ready(m))
		return false;
	if (m->victim == 0) {
		if (wall_ms < m->next_look)
			return false;
		m->next_look = wall_ms + LOOK_EACH;
		m->victim = choose(m);
		m->cursor = 0;
		m->looked = false;
		if (m->victim == 0) {
			m->urged = false;
			return false;
		}
	}
	collect(m);
	if (m->looked && m->item_count == 0)
		m->victim = 0; /* emptied, or the rest is pinned */
	return true;
}

/* The whole record, proven, in `bytes`. */
static int
read_record(struct mover *m, int file, const struct item *item,
    struct buf *bytes, struct record *r)
{
	size_t n = item->from.length;
	char *p;
	size_t head;

	buf_reset(bytes);
	p = buf_reserve(bytes, n);
	if (p == NULL)
		return -EIO;
	if (vfs_pread(m->vfs, file, p, n, item->from.offset) != (int64_t)n ||
	    n < RECORD_HEADER_SIZE || !record_get((unsigned char *)p, r) ||
	    r->length != n || r->id != item->id)
		return -EIO;
	buf_added(bytes, n);
	head = record_head_length(r);
	if (!record_head_good((struct slice){ p, head }))
		return -EIO;
	if ((r->flags & RECORD_LARGE) == 0 &&
	    crc32c(0, p + head, (size_t)record_inline_length(r)) !=
		r->content_crc)
		return -EIO;
	return 0;
}

/* A damaged one stays where it is: others shall see it. */
static void
copy_one(struct mover *m, int file, struct item *item, struct buf *bytes,
    struct buf *out)
{
	struct record r;
	struct slice envelope;
	struct slice prefix;

	if (read_record(m, file, item, bytes, &r) != 0)
		return;
	envelope =
	    (struct slice){ bytes->p + RECORD_HEADER_SIZE, r.envelope_length };
	prefix = (struct slice){ envelope.p + envelope.n, r.prefix_length };
	r.flags |= RECORD_MOVED;
	r.segment = m->file.header.number;
	r.salt = m->file.header.salt;
	r.batch = m->file.end;
	r.offset = m->file.end + (uint32_t)out->n;
	record_put(&r, envelope, prefix, (unsigned char *)bytes->p);
	item->to = (struct place){ r.segment, r.offset, r.length };
	buf_add(out, buf_slice(bytes));
}

static int
begin_segment(struct mover *m)
{
	struct segment_header header = { m->new_number, m->salt,
		m->new_number };

	if (m->new_number == 0)
		return 0;
	if (m->file.file != -1)
		m->closed[0] = m->file.header.number;
	segment_file_close(&m->file);
	return segment_file_create(&m->file, &header, 0);
}

static int
copy_all(struct mover *m)
{
	char name[VFS_NAME_MAX];
	struct buf bytes;
	struct buf out;
	struct iovec iov;
	int rc = 0;
	int file;

	spool_name("segments", m->victim, name);
	file = vfs_open(m->vfs, name, VFS_READ);
	if (file < 0)
		return file;
	buf_init(&bytes, SEGMENT_SIZE);
	buf_init(&out, SEGMENT_SIZE);
	for (unsigned i = 0; i < m->item_count; i++)
		copy_one(m, file, &m->items[i], &bytes, &out);
	vfs_close(m->vfs, &file);
	if (buf_failed(&out))
		rc = -ENOSPC;
	iov = (struct iovec){ out.p, out.n };
	if (rc == 0 && out.n > 0)
		rc = segment_file_append(&m->file, &iov, 1, (uint32_t)out.n);
	buf_done(&bytes);
	buf_done(&out);
	return rc;
}

static void
run(struct queue_work *work)
{
	struct mover *m = work->owner;

	m->rc = begin_segment(m);
	if (m->rc == 0)
		m->rc = copy_all(m);
	if (m->file.file == -1)
		m->closed[1] =
		    m->new_number != 0 ? m->new_number : m->file.header.number;
}

static void
apply(struct mover *m)
{
	for (unsigned i = 0; i < m->item_count; i++) {
		const struct item *item = &m->items[i];
		struct queue_entry *e = live_find(m->state->live, item->id);
		struct place now;

		/* Gone, or gone under way, while it was copied? */
		if (item->to.length == 0 || e == NULL || e->pins > 0)
			continue;
		now = state_place(m->state, e);
		if (now.segment == item->from.segment &&
		    now.offset == item->from.offset)
			m->moved(e, &item->to, m->arg);
	}
}

static void
mark_closed(struct mover *m, uint64_t *closed)
{
	uint32_t slot = segments_find(m->state->segments, *closed);

	if (slot != MAP_NONE &&
	    segments_at(m->state->segments, slot)->state == SEGMENT_GROWING)
		segments_at(m->state->segments, slot)->state = SEGMENT_CLOSED;
	*closed = 0;
}

static int
done(struct queue_work *work, void *owner)
{
	struct mover *m = owner;

	(void)work;
	m->copying = false;
	if (m->rc == 0)
		apply(m);
	mark_closed(m, &m->closed[0]);
	mark_closed(m, &m->closed[1]);
	m->item_count = 0;
	m->octets = 0;
	/* Damaged ones stay, so go by the cursor; after an error, later. */
	if (m->looked || m->rc != 0)
		m->victim = 0;
	return m->rc;
}

struct queue_work *
mover_take(struct mover *m, int lane, int64_t wall_ms)
{
	if (m->copying || !is_ready(m))
		return NULL;
	m->new_number = 0;
	if (!segment_file_has_room(&m->file, (uint32_t)m->octets)) {
		m->new_number = id_next(m->ids, wall_ms);
		m->salt = vfs_random(m->vfs);
		/* Known before it has messages, so that it is not forgotten.
		 */
		(void)segments_get(m->state->segments, m->new_number);
	}
	m->copying = true;
	m->rc = 0;
	m->work = (struct queue_work){ run, done, m, lane };
	return &m->work;
}

bool
mover_is_idle(const struct mover *m)
{
	return !m->copying;
}

/*
 * queue/sweeper.c - freeing segments, removing files.
 */
#include "queue/sweeper.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "queue/map.h"
#include "queue/record.h"
#include "queue/spool.h"

enum {
	SEGMENTS_KEPT = 4, /* free ones, for writers to take over */
	/* None is kept where there is no room for as many again. */
	KEPT_OCTETS = SEGMENTS_KEPT * SEGMENT_SIZE,
	FILES_A_WORK = 64,
};

struct large {
	uint64_t id;
	uint64_t sequence;
};

struct sweeper {
	struct vfs *vfs;           /* borrowed */
	struct segments *segments; /* borrowed */
	struct large *large;       /* owned; oldest first from large_first on */
	size_t large_first;
	size_t large_n;
	size_t large_size;
	unsigned free_count;
	bool is_short; /* of room: nothing is kept for reuse */
	/* The work under way. */
	bool working;
	uint64_t files[FILES_A_WORK];
	unsigned file_count;
	uint64_t segment; /* to be removed; 0: none */
	uint64_t emptied; /* whose octets go; 0: none */
	int rc;
	struct queue_work work;
};

struct sweeper *
sweeper_new(struct vfs *vfs, struct segments *segments)
{
	struct sweeper *s = mem_zero(sizeof(*s));

	s->vfs = vfs;
	s->segments = segments;
	return s;
}

void
sweeper_free(struct sweeper **sweeper)
{
	if (*sweeper == NULL)
		return;
	must(!(*sweeper)->working);
	mem_free((*sweeper)->large);
	mem_free(*sweeper);
	*sweeper = NULL;
}

void
sweeper_add_large(struct sweeper *s, uint64_t id, uint64_t sequence)
{
	if (s->large_n == s->large_size) {
		if (s->large_first > s->large_size / 2) {
			s->large_n -= s->large_first;
			memmove(s->large, s->large + s->large_first,
			    s->large_n * sizeof(*s->large));
			s->large_first = 0;
		} else {
			s->large_size =
			    s->large_size == 0 ? 16 : s->large_size * 2;
			s->large = mem_resize(s->large, s->large_size,
			    sizeof(*s->large));
		}
	}
	s->large[s->large_n++] = (struct large){ id, sequence };
}

static bool
is_dead(const struct segment *seg, uint64_t durable)
{
	return seg->number != 0 && seg->state == SEGMENT_CLOSED &&
	    seg->live == 0 && !seg->wants_scan && !seg->unreadable &&
	    seg->changed <= durable;
}

/*
 * The newest segment of each writer stays in any case, if only in name: that
 * keeps ids from coming twice after the clock was set back (see
 * queue_writer_open).
 */
static bool
must_stay(const struct sweeper *s, const struct segment *seg)
{
	return !seg->missing &&
	    seg->number ==
	    segments_newest(s->segments, queue_writer_of(seg->number));
}

void
sweeper_look(struct sweeper *s, uint64_t durable)
{
	s->free_count = 0;
	s->is_short = queue_spool_is_short(s->vfs, KEPT_OCTETS);
	for (uint32_t i = 0; i < segments_slots(s->segments); i++) {
		struct segment *seg = segments_at(s->segments, i);

		if (is_dead(seg, durable) && !must_stay(s, seg)) {
			seg->state = SEGMENT_FREE;
			segment_forget_skips(seg);
		}
		if (seg->state == SEGMENT_FREE && !seg->missing)
			s->free_count++;
	}
}

static uint64_t
give(struct sweeper *s)
{
	if (s->free_count == 0)
		return 0;
	for (uint32_t i = 0; i < segments_slots(s->segments); i++) {
		struct segment *seg = segments_at(s->segments, i);

		if (seg->state != SEGMENT_FREE || seg->missing)
			continue;
		seg->state = SEGMENT_GIVEN;
		s->free_count--;
		return seg->number;
	}
	return 0;
}

uint64_t
sweeper_give(struct sweeper *s)
{
	return s->is_short ? 0 : give(s);
}

static int
empty(struct vfs *vfs, uint64_t number)
{
	char name[VFS_NAME_MAX];
	int file, rc;

	spool_name("segments", number, name);
	file = vfs_open(vfs, name, VFS_WRITE);
	if (file < 0)
		return file;
	rc = vfs_truncate(vfs, file, 0);
	if (rc == 0)
		rc = vfs_sync(vfs, file);
	vfs_close(vfs, &file);
	return rc;
}

static void
run(struct queue_work *work)
{
	struct sweeper *s = work->owner;
	char name[VFS_NAME_MAX];

	/* What can't be removed now is an orphan of the next recovery. */
	for (unsigned i = 0; i < s->file_count; i++) {
		spool_name("large", s->files[i], name);
		(void)vfs_unlink(s->vfs, name);
	}
	s->rc = 0;
	if (s->segment != 0) {
		spool_name("segments", s->segment, name);
		s->rc = vfs_unlink(s->vfs, name);
	}
	/* Once, whatever comes of it. */
	if (s->emptied != 0)
		(void)empty(s->vfs, s->emptied);
}

static void
set_state(struct sweeper *s, uint64_t number, enum segment_state state)
{
	uint32_t slot =
	    number == 0 ? MAP_NONE : segments_find(s->segments, number);

	if (slot != MAP_NONE)
		segments_at(s->segments, slot)->state = state;
}

static int
done(struct queue_work *work, void *owner)
{
	struct sweeper *s = owner;

	(void)work;
	s->working = false;
	set_state(s, s->emptied, SEGMENT_CLOSED);
	if (s->rc == 0 || s->rc == -ENOENT)
		return 0;
	set_state(s, s->segment, SEGMENT_FREE);
	return s->rc;
}

/* Nobody else has anything to do with it until that is done. */
static uint64_t
find_to_empty(struct sweeper *s, uint64_t durable)
{
	for (uint32_t i = 0; s->is_short && i < segments_slots(s->segments);
	     i++) {
		struct segment *seg = segments_at(s->segments, i);

		if (seg->emptied || seg->missing || !is_dead(seg, durable))
			continue;
		seg->emptied = true;
		seg->state = SEGMENT_EMPTYING;
		return seg->number;
	}
	return 0;
}

struct queue_work *
sweeper_take(struct sweeper *s, int lane, uint64_t durable)
{
	s->file_count = 0;
	while (s->file_count < FILES_A_WORK && s->large_first < s->large_n &&
	    s->large[s->large_first].sequence <= durable)
		s->files[s->file_count++] = s->large[s->large_first++].id;
	if (s->large_first == s->large_n)
		s->large_first = s->large_n = 0;
	s->segment =
	    s->free_count > (s->is_short ? 0 : SEGMENTS_KEPT) ? give(s) : 0;
	s->emptied = find_to_empty(s, durable);
	if (s->file_count == 0 && s->segment == 0 && s->emptied == 0)
		return NULL;
	s->working = true;
	s->work = (struct queue_work){ run, done, s, lane };
	return &s->work;
}

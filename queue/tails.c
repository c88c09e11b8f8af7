/*
 * queue/tails.c - scanning segments behind what was adopted.
 */
#include "queue/tails.h"

#include <errno.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/err.h"
#include "queue/adopt.h"
#include "queue/map.h"
#include "queue/scan.h"
#include "queue/spool.h"

enum { RECORDS_A_STEP = 200, WRITERS = 256 };

struct tails {
	struct vfs *vfs; /* borrowed, as all three */
	struct state *state;
	struct damage *damage;
	tails_found_fn *found;
	void *arg;
	struct arena *arena; /* owned */
	struct scan *scan;   /* owned; NULL: none under way */
	uint64_t segment;    /* of the scan */
	bool growing;        /* when the scan began */
	bool syncs;
	bool takes_copies;
	bool found_some; /* in this step */
	uint64_t lives[WRITERS];
};

struct tails *
tails_new(struct vfs *vfs, struct state *state, struct damage *damage,
    tails_found_fn *found, void *arg)
{
	struct tails *t = mem_zero(sizeof(*t));

	t->vfs = vfs;
	t->state = state;
	t->damage = damage;
	t->found = found;
	t->arg = arg;
	t->arena = adopt_arena_new();
	return t;
}

void
tails_free(struct tails **tails)
{
	struct tails *t = *tails;

	if (t == NULL)
		return;
	scan_free(&t->scan);
	arena_free(&t->arena);
	mem_free(t);
	*tails = NULL;
}

void
tails_set_sync(struct tails *t)
{
	t->syncs = true;
}

void
tails_take_copies(struct tails *t)
{
	t->takes_copies = true;
}

/*
 * What a writer wrote but could not sync any more (it was killed, or is just
 * about to) is on disk before anything is written that rests on it.
 */
static void
sync_segment(const struct tails *t, uint64_t number)
{
	char name[VFS_NAME_MAX];
	int file, rc;

	if (!t->syncs)
		return;
	spool_name("segments", number, name);
	file = vfs_open(t->vfs, name, VFS_WRITE);
	if (file < 0)
		return; /* the scan tells */
	rc = vfs_sync(t->vfs, file);
	vfs_close(t->vfs, &file);
	if (rc != 0)
		damage_tell(t->damage, "%s: %s", name, err_text(rc));
}

static struct segment *
scanned_segment(const struct tails *t)
{
	uint32_t slot = segments_find(t->state->segments, t->segment);

	return slot == MAP_NONE ? NULL : segments_at(t->state->segments, slot);
}

static uint32_t
next_wanted(const struct tails *t)
{
	struct segments *all = t->state->segments;

	for (uint32_t i = 0; i < segments_slots(all); i++) {
		const struct segment *s = segments_at(all, i);

		if (s->number != 0 && s->wants_scan && !s->missing &&
		    !s->unreadable)
			return i;
	}
	return MAP_NONE;
}

static void
give_up(struct tails *t, struct segment *s, int rc)
{
	char name[VFS_NAME_MAX];

	spool_name("segments", s->number, name);
	damage_tell(t->damage, "%s: %s", name, err_text(rc));
	s->unreadable = true;
}

static void
begin(struct tails *t, uint32_t slot)
{
	struct segment *s = segments_at(t->state->segments, slot);
	struct segment_header header;
	uint64_t *life;
	int rc = scan_open(t->vfs, s->number, s->adopted_to, &t->scan);

	if (rc == -ENOENT && s->live == 0) {
		segments_forget(t->state->segments, slot);
		return;
	}
	if (rc != 0) {
		give_up(t, s, rc);
		return;
	}
	t->segment = s->number;
	t->growing = s->state == SEGMENT_GROWING;
	if (!t->growing)
		sync_segment(t, s->number);
	scan_set_growing(t->scan, t->growing);
	life = &t->lives[queue_writer_of(s->number)];
	if (scan_has_header(t->scan, &header) && header.life > *life)
		*life = header.life;
}

static void
on_record(struct tails *t, struct segment *s)
{
	const struct record *r = scan_record(t->scan);
	struct place place = { r->segment, r->offset, r->length };
	uint64_t id = r->id;
	bool large = (r->flags & RECORD_LARGE) != 0;
	struct queue_entry *e;
	char name[VFS_NAME_MAX];

	/* Announced meanwhile; or done; or live elsewhere, told by a journal.
	 */
	if (place.offset < s->adopted_to ||
	    segment_skip_at(s, place.offset) != 0 ||
	    ((r->flags & RECORD_MOVED) != 0 && (!t->takes_copies || id == 0)) ||
	    live_find(t->state->live, id) != NULL)
		return;
	e = adopt_envelope(t->state, id, &place, scan_envelope(t->scan),
	    t->arena);
	if (e == NULL) {
		spool_name("segments", place.segment, name);
		damage_tell(t->damage,
		    "%s: the envelope at octet %" PRIu32 " is malformed", name,
		    place.offset);
		damage_keep_message(t->damage, id, &place, large);
		return;
	}
	e->flags =
	    (uint8_t)(large ? e->flags | ENTRY_LARGE : e->flags & ~ENTRY_LARGE);
	t->found_some = true;
	t->found(e, t->arg);
}

static void
on_damage(struct tails *t)
{
	char name[VFS_NAME_MAX];
	char id[ID_TEXT_SIZE];

	/* A torn tail was promised to nobody. */
	if (scan_damage_is_torn(t->scan))
		return;
	spool_name("segments", t->segment, name);
	id_text(scan_damage_id(t->scan), id);
	damage_tell(t->damage,
	    "%s: octets %" PRIu32 " to %" PRIu32 " are damaged (message %s)",
	    name, scan_damage_from(t->scan), scan_damage_to(t->scan),
	    scan_damage_id(t->scan) == 0 ? "unknown" : id);
	damage_keep_octets(t->damage, scan_damage_id(t->scan), t->segment,
	    scan_damage_from(t->scan), scan_damage_to(t->scan));
}

static void
passed(struct tails *t, struct segment *s)
{
	if (scan_at(t->scan) > s->adopted_to)
		s->adopted_to = scan_at(t->scan);
}

static void
end(struct tails *t, struct segment *s)
{
	passed(t, s);
	/* Closed while it was scanned as a growing one: once more. */
	s->wants_scan = t->growing && s->state != SEGMENT_GROWING;
	if (s->state != SEGMENT_GROWING && !s->wants_scan)
		segment_forget_skips(s);
	scan_free(&t->scan);
}

static bool
step(struct tails *t)
{
	if (t->scan == NULL) {
		uint32_t slot = next_wanted(t);

		if (slot == MAP_NONE)
			return false;
		begin(t, slot);
		return true;
	}
	for (unsigned n = 0; n < RECORDS_A_STEP; n++) {
		struct segment *s = scanned_segment(t);
		enum scan_step next;
		uint32_t skip;

		must(s != NULL);
		skip = segment_skip_at(s, scan_at(t->scan));
		if (skip != 0 && !scan_is_lost(t->scan)) {
			scan_skip_to(t->scan, scan_at(t->scan) + skip);
			passed(t, s);
			continue;
		}
		next = scan_next(t->scan);
		if (next == SCAN_RECORD) {
			on_record(t, s);
			/* The state may have moved its segments. */
			passed(t, scanned_segment(t));
		} else if (next == SCAN_DAMAGE) {
			on_damage(t);
		} else if (next == SCAN_END) {
			end(t, s);
			return true;
		} else if (next == SCAN_FAILED) {
			give_up(t, s, scan_error(t->scan));
			scan_free(&t->scan);
			return true;
		} else {
			return true;
		}
	}
	return true;
}

bool
tails_step(struct tails *t)
{
	uint64_t number = t->segment;
	bool more;

	t->found_some = false;
	more = step(t);
	if (t->found_some && t->growing)
		sync_segment(t, number);
	return more;
}

uint64_t
tails_life(const struct tails *t, uint8_t writer)
{
	return t->lives[writer];
}

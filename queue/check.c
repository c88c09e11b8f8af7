/*
 * queue/check.c - recovers in memory what the scheduler would, then looks at
 * every record that there is.
 */
#include "queue/check.h"

#include <errno.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/err.h"
#include "queue/damage.h"
#include "queue/foreign.h"
#include "queue/reader.h"
#include "queue/recover.h"
#include "queue/scan.h"
#include "queue/spool.h"
#include "queue/state.h"
#include "queue/tails.h"

struct check {
	struct vfs *vfs; /* borrowed */
	struct state state;
	struct damage damage;
	struct check_totals *totals; /* borrowed */
};

static void
ignore_found(struct queue_entry *e, void *arg)
{
	(void)e;
	(void)arg;
}

/* Checkpoint, journals, missing segments are told of by the recovery. */
static int
recover(struct check *c, struct queue_reader *reader)
{
	/* The walk over all segments tells of their damage, once. */
	struct damage silent = { 0 };
	struct recovery *recovery;
	struct tails *tails;
	int rc = recovery_new(c->vfs, &c->state, &c->damage, reader, &recovery);

	if (rc != 0)
		return rc;
	while (recovery_step(recovery))
		;
	c->totals->journals = recovery_journals(recovery)->n;
	tails = tails_new(c->vfs, &c->state, &silent, ignore_found, NULL);
	if (recovery_lost_state(recovery))
		tails_take_copies(tails);
	while (tails_step(tails))
		;
	tails_free(&tails);
	recovery_free(&recovery);
	return 0;
}

static void
check_message(struct check *c, struct queue_reader *reader,
    const struct queue_entry *e)
{
	struct place place = state_place(&c->state, e);
	struct queue_message m;
	char name[VFS_NAME_MAX];
	char id[ID_TEXT_SIZE];
	int rc;

	if (state_segment(&c->state, e)->missing)
		return; /* told of already, all its messages at once */
	rc = queue_reader_open(reader, &place, &m);
	if (rc == 0) {
		rc = m.id != e->id ? ERR_CORRUPT
				   : queue_message_verify(reader, &m);
		queue_message_done(reader, &m);
	}
	if (rc == 0)
		return;
	spool_name("segments", place.segment, name);
	id_text(e->id, id);
	damage_tell(&c->damage, "%s: message %s at octet %" PRIu32 "%s: %s",
	    name, id, place.offset,
	    (e->flags & ENTRY_LARGE) != 0 ? " or its file under large/" : "",
	    err_text(rc));
}

static void
check_messages(struct check *c, struct queue_reader *reader)
{
	struct queue_entry *e;
	uint64_t cursor = 0;

	while ((e = live_each(c->state.live, &cursor)) != NULL) {
		check_message(c, reader, e);
		c->totals->live++;
	}
}

/* Then check_message() has told of it, by the message's name. */
static bool
hits_live(const struct check *c, uint64_t segment, uint64_t from, uint64_t to)
{
	struct queue_entry *e;
	uint64_t cursor = 0;

	while ((e = live_each(c->state.live, &cursor)) != NULL)
		if (state_segment(&c->state, e)->number == segment &&
		    e->offset < to && e->offset + e->length > from)
			return true;
	return false;
}

static void
check_segment(struct check *c, uint64_t number, bool growing)
{
	char name[VFS_NAME_MAX];
	uint64_t records = c->totals->records;
	enum scan_step step;
	struct scan *scan;
	int rc = scan_open(c->vfs, number, 0, &scan);

	spool_name("segments", number, name);
	if (rc != 0) {
		damage_tell(&c->damage, "%s: %s", name, err_text(rc));
		return;
	}
	c->totals->segments++;
	scan_set_growing(scan, growing);
	while ((step = scan_next(scan)) != SCAN_END && step != SCAN_FAILED) {
		if (step == SCAN_RECORD)
			c->totals->records++;
		else if (step == SCAN_DAMAGE && !scan_damage_is_torn(scan) &&
		    !hits_live(c, number, scan_damage_from(scan),
			scan_damage_to(scan)))
			damage_tell(&c->damage,
			    "%s: octets %" PRIu32 " to %" PRIu32
			    " are damaged (no live message there)",
			    name, scan_damage_from(scan), scan_damage_to(scan));
	}
	if (step == SCAN_FAILED)
		damage_tell(&c->damage, "%s: %s", name,
		    err_text(scan_error(scan)));
	/* Before the first batch is whole, a crash may tear the header. */
	if (scan_header_is_bad(scan) && c->totals->records > records)
		damage_tell(&c->damage, "%s: the header is damaged", name);
	scan_free(&scan);
}

static int
check_segments(struct check *c)
{
	struct id_list names = { 0 };
	int rc = id_list_folder(&names, c->vfs, "segments");

	for (size_t i = 0; rc == 0 && i < names.n; i++)
		check_segment(c, names.of[i],
		    names.of[i] ==
			segments_newest(c->state.segments,
			    queue_writer_of(names.of[i])));
	id_list_done(&names);
	return rc;
}

static void
on_foreign(const char *name, void *arg)
{
	struct check *c = arg;

	damage_tell(&c->damage, "%s is none of our files", name);
}

static void
on_quarantined(const char *name, void *arg)
{
	struct check *c = arg;

	(void)name;
	c->totals->quarantined++;
}

static int
check_names(struct check *c)
{
	int rc = foreign_each(c->vfs, on_foreign, c);

	if (rc == 0)
		rc = vfs_list(c->vfs, "quarantine", on_quarantined, c);
	/* A spool of an older version has no such folder yet. */
	return rc == -ENOENT ? 0 : rc;
}

static int
check_large(struct check *c)
{
	struct id_list names = { 0 };
	int rc = id_list_folder(&names, c->vfs, "large");

	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		c->totals->large++;
		if (live_find(c->state.live, names.of[i]) == NULL)
			c->totals->orphans++;
	}
	id_list_done(&names);
	return rc;
}

int
queue_check(struct vfs *vfs, check_told_fn *told, void *arg,
    struct check_totals *totals)
{
	struct check c = { .vfs = vfs,
		.damage = { .tell = told, .arg = arg, .strict = true },
		.totals = totals };
	struct queue_reader *reader = queue_reader_new(vfs);
	int rc;

	*totals = (struct check_totals){ 0 };
	state_init(&c.state);
	rc = check_names(&c);
	if (rc == 0)
		rc = recover(&c, reader);
	if (rc == 0) {
		check_messages(&c, reader);
		rc = check_segments(&c);
	}
	if (rc == 0)
		rc = check_large(&c);
	totals->damaged = c.damage.count;
	queue_reader_free(&reader);
	state_done(&c.state);
	return rc;
}

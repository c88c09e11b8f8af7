/*
 * queue/repair.c - the store recovers what it can, as in mtad; then each
 * message is read, and what the checkpoint does not hold is written over.
 */
#include "queue/repair.h"

#include <errno.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/id.h"
#include "queue/damage.h"
#include "queue/foreign.h"
#include "queue/mend.h"
#include "queue/quarantine.h"
#include "queue/reader.h"
#include "queue/recover.h"
#include "queue/spool.h"
#include "queue/store.h"

enum { CHECKPOINT_TRIES = 100 };

struct repair {
	struct vfs *vfs; /* borrowed */
	struct damage damage;
	struct queue_store *store; /* owned */
	struct repair_totals *totals;
	int64_t wall_ms;
	int rc;
};

static void
on_damage(const char *text, void *arg)
{
	struct repair *r = arg;

	r->damage.tell(text, r->damage.arg);
}

static void
on_foreign(const char *name, void *arg)
{
	struct repair *r = arg;
	int rc = quarantine_move(r->vfs, name);

	if (rc < 0) {
		r->rc = rc;
		return;
	}
	r->totals->foreign++;
	damage_tell(&r->damage, "%s was moved to quarantine/", name);
}

/* The messages that are damaged, or whose file is not there. */
static int
read_message(struct queue_reader *reader, const struct place *place,
    uint64_t id)
{
	struct queue_message m;
	int rc = queue_reader_open(reader, place, &m);

	if (rc != 0)
		return rc;
	rc = m.id != id ? ERR_CORRUPT : queue_message_verify(reader, &m);
	queue_message_done(reader, &m);
	return rc;
}

static void
give_up(struct repair *r, struct queue_entry *e)
{
	char id[ID_TEXT_SIZE];

	id_text(e->id, id);
	queue_store_quarantine(r->store, e);
	queue_store_remove(r->store, &e);
	r->totals->lost++;
	damage_tell(&r->damage, "message %s is no longer in the queue", id);
}

static int
read_messages(struct repair *r)
{
	struct queue_reader *reader = queue_reader_new(r->vfs);
	struct queue_entry *e;
	uint64_t cursor = 0;
	int rc = 0;

	while (rc == 0 && (e = queue_store_each(r->store, &cursor)) != NULL) {
		struct place place = queue_store_place(r->store, e);

		rc = read_message(reader, &place, e->id);
		if (rc != ERR_CORRUPT && rc != -ENOENT)
			continue;
		give_up(r, e);
		rc = 0;
	}
	queue_reader_free(&reader);
	return rc;
}

static int
run_lane(struct repair *r, enum queue_lane lane)
{
	struct queue_work *work;
	int rc = 0;

	while (rc == 0 &&
	    (work = queue_store_take(r->store, lane, r->wall_ms)) != NULL) {
		queue_work_run(work);
		rc = queue_store_finish(r->store, &work);
	}
	return rc;
}

static int
checkpoint(struct repair *r)
{
	int rc = 0;

	queue_store_checkpoint(r->store);
	for (int i = 0; rc == 0 && queue_store_is_checkpointing(r->store) &&
	     i < CHECKPOINT_TRIES;
	     i++) {
		rc = run_lane(r, QUEUE_COMMIT);
		if (rc == 0)
			rc = run_lane(r, QUEUE_CHORE);
		while (queue_store_step(r->store, r->wall_ms))
			;
	}
	if (rc == 0 && queue_store_is_checkpointing(r->store))
		rc = -EIO;
	return rc;
}

static int
repair_state(struct repair *r)
{
	const struct queue_hooks hooks = { NULL, on_damage, r };
	struct queue_counts counts;
	int rc = queue_store_open(r->vfs, &hooks, r->wall_ms, &r->store);

	if (rc != 0)
		return rc;
	while (!queue_store_is_recovered(r->store))
		(void)queue_store_step(r->store, r->wall_ms);
	rc = read_messages(r);
	if (rc == 0)
		rc = checkpoint(r);
	queue_store_counts(r->store, &counts);
	r->totals->quarantined = counts.quarantined;
	queue_store_close(&r->store);
	return rc;
}

/* Nothing live is in a damaged place any more. */
static int
mend_segments(struct repair *r)
{
	struct id_list names = { 0 };
	int rc = id_list_folder(&names, r->vfs, "segments");

	for (size_t i = 0; rc == 0 && i < names.n; i++)
		rc = mend_segment(r->vfs, names.of[i], &r->damage,
		    &r->totals->mended);
	id_list_done(&names);
	return rc;
}

int
queue_clear_foreign(struct vfs *vfs, repair_told_fn *told, void *arg,
    struct repair_totals *totals)
{
	struct repair r = { .vfs = vfs,
		.damage = { .tell = told, .arg = arg },
		.totals = totals };
	int rc = foreign_each(vfs, on_foreign, &r);

	return rc != 0 ? rc : r.rc;
}

int
queue_repair(struct vfs *vfs, int64_t wall_ms, repair_told_fn *told, void *arg,
    struct repair_totals *totals)
{
	struct repair r = { .vfs = vfs,
		.damage = { .tell = told, .arg = arg, .vfs = vfs },
		.totals = totals,
		.wall_ms = wall_ms };
	int rc = repair_state(&r);

	if (rc == 0)
		rc = mend_segments(&r);
	totals->quarantined += r.damage.kept;
	return rc;
}

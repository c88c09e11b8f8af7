/*
 * schedule/disk.c - the store's and the writer's blocking work.
 *
 * A commit waits some milliseconds for company: nobody waits for it, and each
 * one less leaves the disk to the receivers, for whom somebody does. What is
 * lost with an uncommitted turn is the knowledge of deliveries: duplicates of
 * what was under way, as after any crash.
 */
#include "schedule/disk.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "io/helper.h"
#include "queue/spool.h"
#include "schedule/signing.h"

enum {
	COMMIT_EACH = 10,
	STEP_EACH = SECOND,
	HELPERS = 3,
	LANES = 2,
	JOURNAL_LONG = 4 << 20,
	PREFIX_MAX = 64 << 10,
};

struct lane {
	struct disk *disk;       /* borrowed: ours */
	struct queue_work *work; /* under way, or NULL */
	bool has_run;            /* the helper's, until it is done */
	int64_t ended_ms;
};

struct disk {
	struct loop *loop; /* borrowed */
	const struct disk_events *events;
	void *arg;
	struct vfs *vfs;
	struct queue_store *store;
	struct queue_reader *reader;
	struct queue_writer *writer;
	struct helper *helper;
	struct lane lanes[LANES];
	struct queue_batch *batch; /* under way, or NULL */
	bool batch_has_run;        /* the helper's, until it is done */
	unsigned writes;           /* not yet answered */
	struct dkim_signers *signers;
	struct timer *step_timer;
	struct timer *commit_timer;
	bool steps; /* a step is posted */
	bool hurried;
};

struct disk_write {
	struct disk *disk; /* borrowed: its owner */
	uint64_t id;
	struct queue_draft *draft; /* owned */
	struct signing *signing;   /* owned */
	struct buf prefix;         /* the signatures */
	int rc;
	disk_written_fn *written;
	void *who;
};

static void
on_damage(const char *text, void *arg)
{
	(void)arg;
	log_error("queue damaged %s", text);
}

/* --- recovery, checkpoints: a slice at a time --- */

static void
on_step(void *arg)
{
	struct disk *d = arg;

	d->steps = queue_store_step(d->store, time_wall_ms());
	if (d->steps)
		loop_post(d->loop, on_step, d);
}

static void
disk_step(struct disk *d)
{
	if (d->steps)
		return;
	d->steps = true;
	loop_post(d->loop, on_step, d);
}

static void
on_step_timer(void *arg)
{
	struct disk *d = arg;

	disk_step(d);
	timer_set(d->step_timer, STEP_EACH);
}

static void
on_commit_timer(void *arg)
{
	(void)arg; /* the turn's end does it */
}

/* --- opening, closing --- */

int
disk_open(struct loop *loop, int spool, const struct disk_events *events,
    void *arg, struct disk **out)
{
	struct disk *d = mem_zero(sizeof(*d));
	const struct queue_hooks hooks = { events->found, on_damage, arg };
	int rc;

	d->loop = loop;
	d->events = events;
	d->arg = arg;
	d->vfs = vfs_disk_new(spool);
	for (size_t i = 0; i < LANES; i++)
		d->lanes[i].disk = d;
	rc = queue_store_open(d->vfs, &hooks, time_wall_ms(), &d->store);
	if (rc == 0)
		rc = queue_writer_open(d->vfs, QUEUE_WRITER_DSN, &d->writer);
	if (rc != 0) {
		if (d->store != NULL)
			queue_store_close(&d->store);
		vfs_disk_free(&d->vfs);
		mem_free(d);
		return rc;
	}
	d->reader = queue_reader_new(d->vfs);
	d->helper = helper_new(loop, HELPERS);
	d->step_timer = timer_new(loop, on_step_timer, d);
	d->commit_timer = timer_new(loop, on_commit_timer, d);
	timer_set(d->step_timer, STEP_EACH);
	disk_step(d);
	*out = d;
	return 0;
}

void
disk_set_signers(struct disk *d, struct dkim_signers *signers)
{
	dkim_signers_free(&d->signers);
	d->signers = signers;
}

struct queue_store *
disk_store(struct disk *d)
{
	return d->store;
}

struct queue_reader *
disk_reader(struct disk *d)
{
	return d->reader;
}

/* --- our own messages --- */

uint64_t
disk_new_id(struct disk *d, int64_t wall_ms)
{
	return queue_writer_id(d->writer, wall_ms);
}

static void
on_closed(uint64_t segment, void *arg)
{
	struct disk *d = arg;

	queue_store_segment_closed(d->store, segment);
}

struct disk_write *
disk_write_new(struct disk *d, uint64_t id, disk_written_fn *written, void *who)
{
	struct disk_write *w = mem_zero(sizeof(*w));

	w->disk = d;
	w->id = id;
	w->draft = queue_draft_new(d->writer, id);
	w->signing = signing_new(d->signers);
	buf_init(&w->prefix, PREFIX_MAX);
	w->rc = queue_writer_has_room(d->writer);
	if (w->rc != 0)
		queue_writer_yield(d->writer, on_closed, d);
	w->written = written;
	w->who = who;
	d->writes++;
	return w;
}

void
disk_write_add(struct disk_write *w, struct slice content)
{
	if (w->rc == 0)
		w->rc = queue_draft_add(w->draft, content);
	signing_add(w->signing, content);
}

uint64_t
disk_write_finish(struct disk_write *w, int64_t wall_ms)
{
	/* Without a signature a report is still better than none. */
	if (signing_end(w->signing, wall_ms, &w->prefix) != 0)
		log_warning("queue report-unsigned id=%016llx",
		    (unsigned long long)w->id);
	return queue_draft_size(w->draft) + w->prefix.n;
}

static void
write_free(struct disk_write *w)
{
	signing_free(&w->signing);
	buf_done(&w->prefix);
	mem_free(w);
}

static void
write_end(struct disk_write *w, int rc, const struct place *place,
    struct slice envelope)
{
	w->disk->writes--;
	if (rc != 0)
		log_error("queue report-lost id=%016llx reason=\"%s\"",
		    (unsigned long long)w->id, err_text(rc));
	w->written(w->who, w->id, rc, place, envelope);
	write_free(w);
}

static void
on_write_failed(void *arg)
{
	struct disk_write *w = arg;

	write_end(w, w->rc, NULL, SLICE_NONE);
}

void
disk_write_submit(struct disk_write **place, struct slice envelope)
{
	struct disk_write *w = *place;

	*place = NULL;
	if (w->rc == 0) {
		queue_writer_submit(w->disk->writer, &w->draft,
		    buf_slice(&w->prefix), envelope, w);
		return;
	}
	queue_draft_free(&w->draft);
	loop_post(w->disk->loop, on_write_failed, w);
}

void
disk_write_cancel(struct disk_write **place)
{
	struct disk_write *w = *place;

	if (w == NULL)
		return;
	w->disk->writes--;
	queue_draft_free(&w->draft);
	write_free(w);
	*place = NULL;
}

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	struct disk_write *w = who;

	(void)arg;
	must(w->id == id);
	write_end(w, rc, place, envelope);
}

/* --- helper threads --- */

static void
run_batch(void *job)
{
	struct disk *d = job;

	queue_batch_write(d->batch);
	d->batch_has_run = true;
}

static void
on_batch_done(void *job)
{
	struct disk *d = job;

	queue_writer_finish(d->writer, &d->batch, on_written, on_closed, d);
}

static void
run_lane(void *job)
{
	struct lane *lane = job;

	queue_work_run(lane->work);
	lane->has_run = true;
}

static void
on_lane_done(void *job)
{
	struct lane *lane = job;
	int rc = queue_store_finish(lane->disk->store, &lane->work);

	if (rc != 0)
		log_error("queue write-failed reason=\"%s\"", err_text(rc));
	lane->ended_ms = time_mono_ms();
	disk_step(lane->disk);
}

static void
lane_start(struct disk *d, enum queue_lane which, int64_t wall_ms)
{
	struct lane *lane = &d->lanes[which];
	int64_t since = time_mono_ms() - lane->ended_ms;

	if (lane->work != NULL)
		return;
	if (which == QUEUE_COMMIT && !d->hurried && since < COMMIT_EACH) {
		if (queue_store_sequence(d->store) !=
			queue_store_durable(d->store) &&
		    !timer_is_set(d->commit_timer))
			timer_set(d->commit_timer, COMMIT_EACH - since);
		return;
	}
	lane->work = queue_store_take(d->store, which, wall_ms);
	lane->has_run = false;
	if (lane->work != NULL)
		helper_run(d->helper, run_lane, on_lane_done, lane);
}

static void
batch_start(struct disk *d)
{
	if (d->batch != NULL)
		return;
	d->batch_has_run = false;
	d->batch = queue_writer_take(d->writer);
	if (d->batch != NULL)
		helper_run(d->helper, run_batch, on_batch_done, d);
}

void
disk_turn(struct disk *d, int64_t wall_ms)
{
	uint64_t segment;

	lane_start(d, QUEUE_COMMIT, wall_ms);
	lane_start(d, QUEUE_CHORE, wall_ms);
	batch_start(d);
	while (d->events->wants_segment(d->arg) &&
	    queue_store_next_free_segment(d->store, &segment))
		d->events->free_segment(segment, d->arg);
}

bool
disk_is_quiet(struct disk *d)
{
	return d->writes == 0 && d->batch == NULL &&
	    d->lanes[QUEUE_COMMIT].work == NULL &&
	    d->lanes[QUEUE_CHORE].work == NULL &&
	    !queue_store_is_checkpointing(d->store) &&
	    queue_store_sequence(d->store) == queue_store_durable(d->store);
}

void
disk_hurry(struct disk *d)
{
	struct queue_counts counts;

	queue_store_counts(d->store, &counts);
	if (counts.journal_octets > JOURNAL_LONG)
		queue_store_checkpoint(d->store);
	d->hurried = true;
}

/* --- the end --- */

static void
lane_end(struct disk *d, enum queue_lane which)
{
	struct lane *lane = &d->lanes[which];

	if (lane->work == NULL)
		return;
	if (!lane->has_run)
		queue_work_run(lane->work);
	(void)queue_store_finish(d->store, &lane->work);
}

void
disk_settle(struct disk *d)
{
	helper_free(&d->helper); /* waits; what it did not begin is ours */
	while (d->batch != NULL ||
	    (d->batch = queue_writer_take(d->writer)) != NULL) {
		if (!d->batch_has_run)
			queue_batch_write(d->batch);
		d->batch_has_run = false;
		queue_writer_finish(d->writer, &d->batch, on_written, on_closed,
		    d);
	}
	lane_end(d, QUEUE_COMMIT);
	lane_end(d, QUEUE_CHORE);
	d->lanes[QUEUE_COMMIT].has_run = false;
	d->lanes[QUEUE_COMMIT].work =
	    queue_store_take(d->store, QUEUE_COMMIT, time_wall_ms());
	lane_end(d, QUEUE_COMMIT);
}

void
disk_close(struct disk **place)
{
	struct disk *d = *place;

	if (d == NULL)
		return;
	must(d->helper == NULL);
	loop_unpost(d->loop, d);
	timer_free(&d->step_timer);
	timer_free(&d->commit_timer);
	queue_writer_close(&d->writer);
	queue_reader_free(&d->reader);
	queue_store_close(&d->store);
	vfs_disk_free(&d->vfs);
	dkim_signers_free(&d->signers);
	mem_free(d);
	*place = NULL;
}

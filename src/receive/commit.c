/*
 * receive/commit.c - between the sessions and queue/writer.h. It knows nothing
 * of SMTP, and nothing of what lies on the disk.
 */
#include "receive/commit.h"

#include "base/alloc.h"
#include "io/helper.h"

/* How often a commit that is held looks again. */
enum { HELD_MS = 20 };

struct commit {
	struct loop *loop;
	struct queue_writer *writer; /* owned */
	struct helper *helper;       /* owned: one thread */
	struct timer *held;          /* owned */
	struct commit_events events;
	struct job {
		struct commit *commit;
		struct queue_batch *batch; /* NULL: none under way */
	} job;
};

/* In the helper thread: the batch alone. */
static void
write_batch(void *arg)
{
	struct job *job = arg;

	queue_batch_write(job->batch);
}

static void
on_batch_done(void *arg)
{
	struct job *job = arg;
	struct commit *c = job->commit;
	struct queue_batch *batch = job->batch;

	job->batch = NULL;
	queue_writer_finish(c->writer, &batch, c->events.written,
	    c->events.closed, c->events.arg);
}

static void
on_turn_end(void *arg)
{
	struct commit *c = arg;

	if (c->job.batch != NULL || timer_is_set(c->held))
		return;
	if (c->events.is_held(c->events.arg)) {
		timer_set(c->held, HELD_MS);
		return;
	}
	c->job.batch = queue_writer_take(c->writer);
	if (c->job.batch != NULL)
		helper_run(c->helper, write_batch, on_batch_done, &c->job);
}

/* Being awake is enough: the end of this turn looks again. */
static void
on_held(void *arg)
{
	(void)arg;
}

struct commit *
commit_new(struct loop *loop, struct queue_writer *writer,
    const struct commit_events *events)
{
	struct commit *c = mem_zero(sizeof(*c));

	c->loop = loop;
	c->writer = writer;
	c->events = *events;
	c->job.commit = c;
	c->helper = helper_new(loop, 1);
	c->held = timer_new(loop, on_held, c);
	loop_at_turn_end(loop, on_turn_end, c);
	return c;
}

static void
ignore_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	(void)who;
	(void)id;
	(void)rc;
	(void)place;
	(void)envelope;
	(void)arg;
}

static void
ignore_closed(uint64_t segment, void *arg)
{
	(void)segment;
	(void)arg;
}

void
commit_free(struct commit **commit)
{
	struct commit *c = *commit;

	if (c == NULL)
		return;
	loop_unpost(c->loop, c);
	helper_free(&c->helper);
	if (c->job.batch != NULL)
		queue_writer_finish(c->writer, &c->job.batch, ignore_written,
		    ignore_closed, NULL);
	timer_free(&c->held);
	queue_writer_close(&c->writer);
	mem_free(c);
	*commit = NULL;
}

struct queue_writer *
commit_writer(struct commit *c)
{
	return c->writer;
}

int
commit_has_room(struct commit *c)
{
	int rc = queue_writer_has_room(c->writer);

	if (rc != 0)
		queue_writer_yield(c->writer, c->events.closed, c->events.arg);
	return rc;
}

void
commit_submit(struct commit *c, struct queue_draft **draft, struct slice prefix,
    struct slice envelope, void *who)
{
	queue_writer_submit(c->writer, draft, prefix, envelope, who);
}

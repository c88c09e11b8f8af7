/*
 * queue/commits.c - batches of changes on their way to the journal.
 */
#include "queue/commits.h"

#include "base/alloc.h"
#include "base/time.h"
#include "queue/journal.h"
#include "queue/spool.h"

enum { RETRY_EACH = 1 * SECOND };

struct commits {
	struct vfs *vfs;      /* borrowed */
	struct id_maker *ids; /* borrowed */
	struct buf pending;
	struct buf batch; /* under way, or to be written again */
	uint64_t sequence;
	uint64_t batch_sequence; /* the last one in the batch */
	uint64_t durable;
	struct journal_file file;
	struct id_list files; /* since the last switch */
	uint64_t octets;
	int64_t retry_at;    /* wall time */
	uint64_t new_number; /* 0, or the journal to be begun */
	bool renew;          /* begin a new journal with the next batch */
	bool writing;
	int rc;
	struct queue_work work;
};

struct commits *
commits_new(struct vfs *vfs, struct id_maker *ids)
{
	struct commits *c = mem_zero(sizeof(*c));

	c->vfs = vfs;
	c->ids = ids;
	/* Bounded by queue_store_is_stuck(), which stops new work. */
	buf_init(&c->pending, SIZE_MAX);
	buf_init(&c->batch, SIZE_MAX);
	journal_file_init(&c->file, vfs);
	c->renew = true;
	/* 0 is before everything: what is not durable at all. */
	c->sequence = 1;
	c->durable = 1;
	return c;
}

void
commits_free(struct commits **commits)
{
	struct commits *c = *commits;

	if (c == NULL)
		return;
	must(!c->writing);
	buf_done(&c->pending);
	buf_done(&c->batch);
	journal_file_close(&c->file);
	id_list_done(&c->files);
	mem_free(c);
	*commits = NULL;
}

uint64_t
commits_next(const struct commits *c)
{
	return c->sequence + 1;
}

void
commits_add(struct commits *c, const struct change *change)
{
	struct change batch = { .kind = CHANGE_BATCH };

	if (c->pending.n == 0)
		change_encode(&batch, &c->pending);
	change_encode(change, &c->pending);
	c->sequence++;
}

static int
begin_journal(struct commits *c)
{
	struct journal_header header = { JOURNAL_CHANGES, c->new_number,
		vfs_random(c->vfs) };
	char name[VFS_NAME_MAX];

	if (c->new_number == 0)
		return 0;
	journal_file_close(&c->file);
	spool_name("journal", c->new_number, name);
	return journal_file_create(&c->file, name, &header);
}

static void
run(struct queue_work *work)
{
	struct commits *c = work->owner;

	c->rc = begin_journal(c);
	if (c->rc == 0)
		c->rc = journal_file_commit(&c->file, &c->batch);
	if (c->rc != 0)
		journal_file_close(&c->file);
}

static int
done(struct queue_work *work, void *owner)
{
	struct commits *c = owner;

	(void)work;
	c->writing = false;
	if (c->rc != 0) {
		c->renew = true;
		return c->rc;
	}
	c->octets += c->batch.n;
	c->durable = c->batch_sequence;
	buf_reset(&c->batch);
	c->retry_at = 0;
	return 0;
}

struct queue_work *
commits_take(struct commits *c, int lane, int64_t wall_ms)
{
	if (c->writing || (c->batch.n == 0 && c->pending.n == 0))
		return NULL;
	if (c->batch.n > 0) { /* it failed */
		/* A clock that was set back must not hold it up. */
		if (wall_ms < c->retry_at &&
		    wall_ms >= c->retry_at - RETRY_EACH)
			return NULL;
		c->retry_at = wall_ms + RETRY_EACH;
		/* Without its BATCH: it is written together with this one. */
		buf_add(&c->batch,
		    slice_skip(buf_slice(&c->pending), CHANGE_HEADER_SIZE));
		buf_reset(&c->pending);
	} else {
		struct buf empty = c->batch;

		c->batch = c->pending;
		c->pending = empty;
	}
	c->batch_sequence = c->sequence;
	c->new_number = 0;
	if (c->renew) {
		c->new_number = id_next(c->ids, wall_ms);
		id_list_add(&c->files, c->new_number);
		c->renew = false;
	}
	c->writing = true;
	c->work = (struct queue_work){ run, done, c, lane };
	return &c->work;
}

bool
commits_is_writing(const struct commits *c)
{
	return c->writing;
}

bool
commits_is_broken(const struct commits *c)
{
	return !c->writing && c->batch.n > 0;
}

uint64_t
commits_sequence(const struct commits *c)
{
	return c->sequence;
}

uint64_t
commits_durable(const struct commits *c)
{
	return c->durable;
}

bool
commits_has_pending(const struct commits *c)
{
	return c->pending.n > 0;
}

uint64_t
commits_backlog(const struct commits *c)
{
	return c->pending.n + c->batch.n;
}

uint64_t
commits_switch(struct commits *c, struct id_list *old, int64_t wall_ms)
{
	*old = c->files;
	c->files = (struct id_list){ 0 };
	c->octets = 0;
	c->renew = true;
	return id_next(c->ids, wall_ms);
}

void
commits_add_old(struct commits *c, const struct id_list *old)
{
	for (size_t i = 0; i < old->n; i++)
		id_list_add(&c->files, old->of[i]);
}

uint64_t
commits_octets(const struct commits *c)
{
	return c->octets;
}

size_t
commits_files(const struct commits *c)
{
	return c->files.n;
}

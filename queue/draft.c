/*
 * queue/draft.c - gathering content, and what it takes to write it out.
 */
#include "queue/draft.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "queue/bytes.h"
#include "queue/spool.h"
#include "queue/writer.h"

enum {
	/* Most messages fit one small chunk; a slow session holds no more. */
	SMALL_SIZE = 8 << 10,
	BIG_SIZE = 64 << 10,
	SMALL_KEPT = 1024,
	BIG_KEPT = 128,
	/* A piece so large goes to the file from where it lies. */
	DIRECT_WRITE = 32 << 10,
	/* So much is sent on its way to the disk before the sync. */
	BEHIND = 1 << 20,
};

struct draft_chunk {
	struct draft_chunk *next; /* owned */
	uint32_t size;
	uint32_t used;
	char bytes[];
};

struct queue_draft {
	struct queue_draft *next; /* in a list of the writer's */
	struct vfs *vfs;          /* borrowed */
	struct draft_pool *pool;  /* borrowed: writer */
	struct draft_chunk *first;
	struct draft_chunk *last;
	struct record record;
	uint64_t in_file; /* octets */
	uint64_t behind;  /* of them, on their way to the disk */
	int file;         /* -1 while all is in memory */
	int rc;           /* what went wrong once */
	bool is_large;    /* there is a file large/ID that is ours to remove */
	char *head;       /* owned: record header, envelope, prefix */
	void *who;
};

static const char zeros[8];

static struct draft_chunk *
chunk_new(struct draft_pool *pool, bool big)
{
	struct draft_chunk **kept = big ? &pool->big : &pool->small;
	struct draft_chunk *c = *kept;
	size_t size = big ? BIG_SIZE : SMALL_SIZE;

	if (c != NULL) {
		*kept = c->next;
		*(big ? &pool->big_count : &pool->small_count) -= 1;
	} else {
		c = mem_new(size);
		c->size = (uint32_t)(size - sizeof(*c));
	}
	c->next = NULL;
	c->used = 0;
	pool->in_use += size;
	return c;
}

static void
chunk_free(struct draft_pool *pool, struct draft_chunk *c)
{
	bool big = c->size > SMALL_SIZE;
	unsigned *count = big ? &pool->big_count : &pool->small_count;
	struct draft_chunk **kept = big ? &pool->big : &pool->small;

	pool->in_use -= big ? BIG_SIZE : SMALL_SIZE;
	if (*count >= (unsigned)(big ? BIG_KEPT : SMALL_KEPT)) {
		mem_free(c);
		return;
	}
	c->next = *kept;
	*kept = c;
	(*count)++;
}

static void
free_chain(struct draft_chunk *c)
{
	while (c != NULL) {
		struct draft_chunk *next = c->next;

		mem_free(c);
		c = next;
	}
}

void
draft_pool_done(struct draft_pool *pool)
{
	free_chain(pool->small);
	free_chain(pool->big);
	*pool = (struct draft_pool){ 0 };
}

static void
drop_chunks(struct queue_draft *d)
{
	while (d->first != NULL) {
		struct draft_chunk *next = d->first->next;

		chunk_free(d->pool, d->first);
		d->first = next;
	}
	d->last = NULL;
}

struct queue_draft *
draft_new(struct vfs *vfs, struct draft_pool *pool, uint64_t id)
{
	struct queue_draft *d = mem_zero(sizeof(*d));

	d->vfs = vfs;
	d->pool = pool;
	d->file = -1;
	d->record.id = id;
	return d;
}

void
queue_draft_free(struct queue_draft **draft)
{
	struct queue_draft *d = *draft;
	char name[VFS_NAME_MAX];

	if (d == NULL)
		return;
	drop_chunks(d);
	vfs_close(d->vfs, &d->file);
	if (d->is_large) {
		spool_name("large", d->record.id, name);
		/* If it stays, the store finds it an orphan one day. */
		(void)vfs_unlink(d->vfs, name);
	}
	mem_free(d->head);
	mem_free(d);
	*draft = NULL;
}

/*
 * The disk has the beginning before the end has come, and the sync that all
 * wait for finds little left to do.
 */
static void
write_behind(struct queue_draft *d)
{
	if (d->in_file - d->behind < BEHIND)
		return;
	vfs_start_sync(d->vfs, d->file, d->behind, d->in_file - d->behind);
	d->behind = d->in_file;
}

/* Everything in memory goes to the file; the chunks are free again. */
static int
flush(struct queue_draft *d)
{
	for (struct draft_chunk *c = d->first; c != NULL; c = c->next) {
		int rc =
		    vfs_pwrite(d->vfs, d->file, c->bytes, c->used, d->in_file);

		if (rc != 0)
			return rc;
		d->in_file += c->used;
	}
	drop_chunks(d);
	write_behind(d);
	return 0;
}

static int
move_to_file(struct queue_draft *d)
{
	char name[VFS_NAME_MAX];

	spool_name("large", d->record.id, name);
	d->file = vfs_open(d->vfs, name, VFS_CREATE);
	if (d->file < 0) {
		int rc = d->file;

		d->file = -1;
		return rc;
	}
	d->is_large = true;
	return flush(d);
}

/* Room for more in the last chunk. */
static int
make_room(struct queue_draft *d)
{
	struct draft_chunk *c;
	int rc = 0;

	if (d->last != NULL && d->last->used < d->last->size)
		return 0;
	if (d->is_large)
		rc = flush(d);
	if (rc != 0)
		return rc;
	c = chunk_new(d->pool, d->record.content_length > 0);
	if (d->last == NULL)
		d->first = c;
	else
		d->last->next = c;
	d->last = c;
	return 0;
}

static void
count(struct queue_draft *d, struct slice content)
{
	d->record.content_crc =
	    crc32c(d->record.content_crc, content.p, content.n);
	d->record.content_length += content.n;
}

/* To the file, without a copy in memory. */
static int
write_direct(struct queue_draft *d, struct slice content)
{
	int rc = flush(d);

	if (rc == 0)
		rc = vfs_pwrite(d->vfs, d->file, content.p, content.n,
		    d->in_file);
	if (rc != 0)
		return rc;
	d->in_file += content.n;
	count(d, content);
	write_behind(d);
	return 0;
}

/* Returns how much of it found room in the chunks. */
static size_t
gather(struct queue_draft *d, struct slice content)
{
	struct draft_chunk *c = d->last;
	struct slice part = slice_head(content, c->size - c->used);

	memcpy(c->bytes + c->used, part.p, part.n);
	c->used += (uint32_t)part.n;
	count(d, part);
	return part.n;
}

/* What is too large for a segment, or for what memory all may have. */
static bool
belongs_in_file(const struct queue_draft *d, size_t more)
{
	uint64_t n = d->record.content_length;

	return more > RECORD_CONTENT_MAX - n ||
	    (n + more > BIG_SIZE && d->pool->in_use > DRAFT_MEMORY_MAX);
}

int
queue_draft_add(struct queue_draft *d, struct slice content)
{
	if (d->rc == 0 && !d->is_large && belongs_in_file(d, content.n))
		d->rc = move_to_file(d);
	if (d->rc == 0 && d->is_large && content.n >= DIRECT_WRITE)
		return d->rc = write_direct(d, content);
	while (d->rc == 0 && content.n > 0) {
		d->rc = make_room(d);
		if (d->rc == 0)
			content = slice_skip(content, gather(d, content));
	}
	return d->rc;
}

uint64_t
queue_draft_size(const struct queue_draft *d)
{
	return d->record.content_length;
}

void
draft_seal(struct queue_draft *d, struct slice prefix, struct slice envelope,
    void *who)
{
	struct record *r = &d->record;

	d->who = who;
	d->head = mem_new(RECORD_HEADER_SIZE + envelope.n + prefix.n);
	if (envelope.n > 0)
		memcpy(d->head + RECORD_HEADER_SIZE, envelope.p, envelope.n);
	if (prefix.n > 0)
		memcpy(d->head + RECORD_HEADER_SIZE + envelope.n, prefix.p,
		    prefix.n);
	if (envelope.n > RECORD_ENVELOPE_MAX || prefix.n > RECORD_PREFIX_MAX)
		d->rc = -EMSGSIZE;
	r->envelope_length = (uint32_t)envelope.n;
	r->prefix_length = (uint32_t)prefix.n;
	if (d->is_large)
		r->flags |= RECORD_LARGE;
	if (!record_measure(r) && d->rc == 0)
		d->rc = -EMSGSIZE;
	if (d->rc != 0)
		r->length = 0;
}

int
draft_error(const struct queue_draft *d)
{
	return d->rc;
}

struct record *
draft_record(struct queue_draft *d)
{
	return &d->record;
}

void *
draft_who(const struct queue_draft *d)
{
	return d->who;
}

struct slice
draft_envelope(const struct queue_draft *d)
{
	return (struct slice){ d->head + RECORD_HEADER_SIZE,
		d->record.envelope_length };
}

void
draft_sync(struct queue_draft *d)
{
	/* The chunks are freed in the loop: the pool is the loop's. */
	for (struct draft_chunk *c = d->first; c != NULL && d->rc == 0;
	     c = c->next) {
		d->rc =
		    vfs_pwrite(d->vfs, d->file, c->bytes, c->used, d->in_file);
		d->in_file += c->used;
	}
	if (d->rc == 0)
		d->rc = vfs_sync(d->vfs, d->file);
}

static size_t
padding(const struct record *r)
{
	return r->length -
	    (size_t)(record_head_length(r) + record_inline_length(r));
}

size_t
draft_piece_count(const struct queue_draft *d)
{
	size_t n = 2; /* head and padding */

	if (!d->is_large)
		for (struct draft_chunk *c = d->first; c != NULL; c = c->next)
			n++;
	return n;
}

void
draft_pieces(struct queue_draft *d, struct iovec *out)
{
	const struct record *r = &d->record;
	struct slice prefix = { d->head + RECORD_HEADER_SIZE +
		    r->envelope_length,
		r->prefix_length };
	union {
		const char *in;
		char *out;
	} pad = { zeros };

	record_put(r, draft_envelope(d), prefix, (unsigned char *)d->head);
	*out++ = (struct iovec){ d->head, record_head_length(r) };
	if (!d->is_large)
		for (struct draft_chunk *c = d->first; c != NULL; c = c->next)
			*out++ = (struct iovec){ c->bytes, c->used };
	*out = (struct iovec){ pad.out, padding(r) };
}

void
draft_kept(struct queue_draft *d)
{
	d->is_large = false;
}

struct queue_draft *
draft_next(const struct queue_draft *d)
{
	return d->next;
}

void
draft_set_next(struct queue_draft *d, struct queue_draft *next)
{
	d->next = next;
}

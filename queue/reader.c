/*
 * queue/reader.c - messages by their place, with a few segments kept open.
 */
#include "queue/reader.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "queue/record.h"
#include "queue/spool.h"

enum {
	FILES_MAX = 16,
	/* Most heads fit: one read then. */
	FIRST_READ = 4 << 10,
	CHECK_AT_ONCE = 256 << 10,
};

struct cached {
	uint64_t segment; /* 0: free */
	int file;
	unsigned users;
	uint64_t used; /* when: for the choice whom to close */
};

struct queue_reader {
	struct vfs *vfs; /* borrowed */
	struct cached files[FILES_MAX];
	uint64_t clock;
	unsigned open_count; /* messages that queue_message_done() is owed */
};

struct queue_open {
	struct cached *cached; /* borrowed: reader; NULL: segment is ours */
	int segment;
	int large; /* -1: none */
	struct record record;
};

struct queue_reader *
queue_reader_new(struct vfs *vfs)
{
	struct queue_reader *r = mem_zero(sizeof(*r));

	r->vfs = vfs;
	for (int i = 0; i < FILES_MAX; i++)
		r->files[i].file = -1;
	return r;
}

void
queue_reader_free(struct queue_reader **reader)
{
	struct queue_reader *r = *reader;

	if (r == NULL)
		return;
	must(r->open_count == 0);
	for (int i = 0; i < FILES_MAX; i++)
		vfs_close(r->vfs, &r->files[i].file);
	mem_free(r);
	*reader = NULL;
}

/* The slot that has the segment, else the one to be used for it, or NULL. */
static struct cached *
find_slot(struct queue_reader *r, uint64_t segment)
{
	struct cached *oldest = NULL;

	for (int i = 0; i < FILES_MAX; i++) {
		struct cached *c = &r->files[i];

		if (c->segment == segment)
			return c;
		if (c->users == 0 && (oldest == NULL || c->used < oldest->used))
			oldest = c;
	}
	return oldest;
}

static int
open_segment(struct queue_reader *r, uint64_t segment, struct queue_open *o)
{
	struct cached *c = find_slot(r, segment);
	char name[VFS_NAME_MAX];

	if (c == NULL || c->segment != segment) {
		spool_name("segments", segment, name);
		o->segment = vfs_open(r->vfs, name, VFS_READ);
		if (o->segment < 0 || c == NULL)
			return o->segment < 0 ? o->segment : 0;
		vfs_close(r->vfs, &c->file);
		c->segment = segment;
		c->file = o->segment;
	}
	c->users++;
	c->used = ++r->clock;
	o->cached = c;
	o->segment = c->file;
	return 0;
}

static void
close_open(struct queue_reader *r, struct queue_open *o)
{
	vfs_close(r->vfs, &o->large);
	if (o->cached != NULL)
		o->cached->users--;
	else
		vfs_close(r->vfs, &o->segment);
	mem_free(o);
}

static bool
is_at(const struct record *r, const struct place *p)
{
	return r->segment == p->segment && r->offset == p->offset &&
	    r->length == p->length;
}

/* Header, envelope and prefix into `head`, proven. */
static int
read_head(struct queue_reader *r, struct queue_open *o, const struct place *p,
    struct buf *head)
{
	size_t n = p->length < FIRST_READ ? p->length : FIRST_READ;
	char *to = buf_reserve(head, n);
	int64_t got;

	if (n < RECORD_HEADER_SIZE)
		return ERR_CORRUPT;
	must(to != NULL);
	got = vfs_pread(r->vfs, o->segment, to, n, p->offset);
	if (got < 0)
		return (int)got;
	if ((size_t)got < n || !record_get((unsigned char *)to, &o->record) ||
	    !is_at(&o->record, p))
		return ERR_CORRUPT;
	buf_added(head, n);
	if (record_head_length(&o->record) > n) {
		size_t more = record_head_length(&o->record) - n;

		to = buf_reserve(head, more);
		must(to != NULL);
		got = vfs_pread(r->vfs, o->segment, to, more, p->offset + n);
		if (got < 0)
			return (int)got;
		if ((size_t)got < more)
			return ERR_CORRUPT;
		buf_added(head, more);
	}
	head->n = record_head_length(&o->record);
	return record_head_good(buf_slice(head)) ? 0 : ERR_CORRUPT;
}

static int
open_large(struct queue_reader *r, struct queue_open *o)
{
	char name[VFS_NAME_MAX];
	int64_t size;

	spool_name("large", o->record.id, name);
	o->large = vfs_open(r->vfs, name, VFS_READ);
	if (o->large < 0) {
		int rc = o->large;

		o->large = -1;
		return rc;
	}
	size = vfs_size(r->vfs, o->large);
	if (size < 0)
		return (int)size;
	return (uint64_t)size == o->record.content_length ? 0 : ERR_CORRUPT;
}

static void
describe(const struct queue_reader *r, struct queue_open *o,
    struct queue_message *out)
{
	const struct record *rec = &o->record;
	bool named = r->vfs->ops->has_descriptors;
	uint64_t inside = rec->prefix_length + record_inline_length(rec);

	out->id = rec->id;
	out->size = rec->prefix_length + rec->content_length;
	out->part_count = 0;
	if (inside > 0)
		out->parts[out->part_count++] = (struct queue_part){
			named ? o->segment : -1,
			(uint64_t)rec->offset + RECORD_HEADER_SIZE +
			    rec->envelope_length,
			inside,
			false,
		};
	if (o->large != -1)
		out->parts[out->part_count++] =
		    (struct queue_part){ named ? o->large : -1, 0,
			    rec->content_length, true };
	out->open = o;
}

int
queue_reader_open(struct queue_reader *r, const struct place *p,
    struct queue_message *out)
{
	struct queue_open *o = mem_zero(sizeof(*o));
	struct buf head;
	int rc;

	o->segment = -1;
	o->large = -1;
	/* The bounds of record_get(), and what one read takes at least. */
	buf_init(&head,
	    RECORD_HEADER_SIZE + RECORD_ENVELOPE_MAX + RECORD_PREFIX_MAX +
		FIRST_READ);
	rc = open_segment(r, p->segment, o);
	if (rc != 0) {
		mem_free(o);
		return rc;
	}
	rc = read_head(r, o, p, &head);
	if (rc == 0 && (o->record.flags & RECORD_LARGE) != 0)
		rc = open_large(r, o);
	if (rc != 0) {
		buf_done(&head);
		close_open(r, o);
		return rc;
	}
	*out = (struct queue_message){ .envelope = head };
	buf_drop(&out->envelope, RECORD_HEADER_SIZE);
	out->envelope.n = o->record.envelope_length;
	describe(r, o, out);
	r->open_count++;
	return 0;
}

void
queue_message_done(struct queue_reader *r, struct queue_message *m)
{
	if (m->open == NULL)
		return;
	buf_done(&m->envelope);
	close_open(r, m->open);
	m->open = NULL;
	r->open_count--;
}

int64_t
queue_message_read(struct queue_reader *r, const struct queue_message *m,
    uint64_t offset, void *to, size_t n)
{
	size_t done = 0;

	for (unsigned i = 0; i < m->part_count && done < n; i++) {
		const struct queue_part *part = &m->parts[i];
		bool is_last = i + 1 == m->part_count;
		int file = is_last && m->open->large != -1 ? m->open->large
							   : m->open->segment;
		size_t want = n - done;
		int64_t got;

		if (offset >= part->length) {
			offset -= part->length;
			continue;
		}
		if (want > part->length - offset)
			want = (size_t)(part->length - offset);
		got = vfs_pread(r->vfs, file, (char *)to + done, want,
		    part->offset + offset);
		if (got < 0)
			return got;
		if ((size_t)got < want)
			return ERR_CORRUPT; /* the file became shorter */
		done += want;
		offset = 0;
	}
	return (int64_t)done;
}

int
queue_message_prove(struct queue_reader *r, const struct queue_message *m,
    struct queue_proof *proof, char *piece, size_t size)
{
	const struct record *rec = &m->open->record;
	/* The prefix was proven with the head. */
	int64_t got = queue_message_read(r, m,
	    rec->prefix_length + proof->octets, piece, size);

	if (got < 0)
		return (int)got;
	proof->crc = crc32c(proof->crc, piece, (size_t)got);
	proof->octets += (uint64_t)got;
	if (got > 0 && rec->prefix_length + proof->octets < m->size)
		return -EAGAIN;
	return proof->crc == rec->content_crc ? 0 : ERR_CORRUPT;
}

int
queue_message_verify(struct queue_reader *r, const struct queue_message *m)
{
	size_t size = m->size < CHECK_AT_ONCE ? m->size + 1 : CHECK_AT_ONCE;
	struct queue_proof proof = { 0 };
	char *piece = mem_new(size);
	int rc;

	do
		rc = queue_message_prove(r, m, &proof, piece, size);
	while (rc == -EAGAIN);
	mem_free(piece);
	return rc;
}

/*
 * queue/journal.c - appending change records to files, and reading them back.
 */
#include "queue/journal.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "queue/bytes.h"

enum {
	FORMAT_VERSION = 1,
	AHEAD = 1 << 20,
	SMALL_COMMIT = 128 << 10,
	ZEROS = 64 << 10,
	WINDOW = 256 << 10,
	SLICE = 1 << 20, /* octets that one call looks through */
	FIND_SALT = 1 << 20,
};

enum {
	AT_VERSION = 8,
	AT_NUMBER = 16,
	AT_SALT = 24,
	AT_CRC = 60,
};

static const char zeros[ZEROS];
static const char magics[][8] = {
	[JOURNAL_CHANGES] = { 'M', 'T', 'A', 'D', 'J', 'N', 'L', '\n' },
	[JOURNAL_STATE] = { 'M', 'T', 'A', 'D', 'C', 'K', 'P', '\n' },
};

void
journal_header_put(const struct journal_header *h,
    unsigned char out[JOURNAL_HEADER_SIZE])
{
	memset(out, 0, JOURNAL_HEADER_SIZE);
	memcpy(out, magics[h->type], sizeof(magics[0]));
	put_u32(out + AT_VERSION, FORMAT_VERSION);
	put_u64(out + AT_NUMBER, h->number);
	put_u64(out + AT_SALT, h->salt);
	put_u32(out + AT_CRC, crc32c(0, out, AT_CRC));
}

bool
journal_header_get(const unsigned char in[JOURNAL_HEADER_SIZE],
    struct journal_header *h)
{
	if (memcmp(in, magics[JOURNAL_CHANGES], sizeof(magics[0])) == 0)
		h->type = JOURNAL_CHANGES;
	else if (memcmp(in, magics[JOURNAL_STATE], sizeof(magics[0])) == 0)
		h->type = JOURNAL_STATE;
	else
		return false;
	h->number = get_u64(in + AT_NUMBER);
	h->salt = get_u64(in + AT_SALT);
	return get_u32(in + AT_VERSION) == FORMAT_VERSION &&
	    get_u32(in + AT_CRC) == crc32c(0, in, AT_CRC);
}

void
journal_file_init(struct journal_file *f, struct vfs *vfs)
{
	*f = (struct journal_file){ .vfs = vfs, .file = -1 };
}

void
journal_file_close(struct journal_file *f)
{
	vfs_close(f->vfs, &f->file);
}

int
journal_file_create(struct journal_file *f, const char *name,
    const struct journal_header *header)
{
	unsigned char bytes[JOURNAL_FIRST];
	int file = vfs_open(f->vfs, name, VFS_CREATE);
	int rc;

	must(f->file == -1);
	if (file < 0)
		return file;
	journal_header_put(header, bytes);
	journal_header_put(header, bytes + JOURNAL_HEADER_SIZE);
	rc = vfs_pwrite(f->vfs, file, bytes, sizeof(bytes), 0);
	if (rc == 0)
		rc = vfs_sync_folder(f->vfs, "journal");
	if (rc != 0) {
		vfs_close(f->vfs, &file);
		(void)vfs_unlink(f->vfs, name);
		return rc;
	}
	f->header = *header;
	f->file = file;
	f->end = JOURNAL_FIRST;
	f->written = f->end;
	return 0;
}

int
journal_file_append(struct journal_file *f, struct buf *records)
{
	int rc;

	must(!buf_failed(records));
	change_seal(records, f->header.salt);
	rc = vfs_pwrite(f->vfs, f->file, records->p, records->n, f->end);
	if (rc == 0)
		f->end += records->n;
	return rc;
}

static void
write_ahead(struct journal_file *f)
{
	uint64_t at = f->end;
	uint64_t to = at + AHEAD;

	for (; at < to; at += ZEROS)
		if (vfs_pwrite(f->vfs, f->file, zeros, ZEROS, at) != 0)
			return; /* a full disk: the records had room */
	f->written = at;
}

int
journal_file_commit(struct journal_file *f, struct buf *records)
{
	int rc = journal_file_append(f, records);

	if (rc == 0 && f->end > f->written) {
		f->written = f->end;
		if (records->n < SMALL_COMMIT)
			write_ahead(f);
	}
	return rc != 0 ? rc : vfs_sync(f->vfs, f->file);
}

struct journal_reader {
	struct vfs *vfs; /* borrowed */
	int file;
	uint64_t size;
	struct journal_header header;
	unsigned char *window; /* owned */
	size_t window_size;
	uint64_t window_at;
	size_t window_n;
	uint64_t at;
	uint64_t lost_at; /* 0: not lost */
	bool headless;
	uint64_t from; /* of what was returned last */
	uint64_t to;
	struct change found;
	int rc;
};

static const unsigned char *
bytes_at(struct journal_reader *r, uint64_t at, size_t n)
{
	int64_t got;

	if (n > r->size || at > r->size - n)
		return NULL;
	if (at >= r->window_at && at - r->window_at <= r->window_n &&
	    n <= r->window_n - (size_t)(at - r->window_at))
		return r->window + (at - r->window_at);
	if (n > r->window_size) {
		r->window = mem_resize(r->window, n, 1);
		r->window_size = n;
	}
	r->window_at = at;
	r->window_n = 0;
	got = vfs_pread(r->vfs, r->file, r->window, r->window_size, at);
	if (got < 0) {
		r->rc = (int)got;
		return NULL;
	}
	r->window_n = (size_t)got;
	return r->window_n < n ? NULL : r->window;
}

/* Is there a good record at r->at? It is decoded into r->found then. */
static bool
probe(struct journal_reader *r, uint64_t *next)
{
	const unsigned char *p = bytes_at(r, r->at, CHANGE_HEADER_SIZE);
	struct change_frame f;

	if (p == NULL || !change_frame_get(p, &f))
		return false;
	p = bytes_at(r, r->at, f.length);
	if (p == NULL ||
	    !change_frame_good(slice_from(p, f.length), r->header.salt))
		return false;
	*next = r->at + f.length;
	return change_decode(f.kind, f.id,
	    slice_from(p + CHANGE_HEADER_SIZE, f.payload), &r->found);
}

/* The first BATCH that proves the salt that it names itself. */
static int
find_salt(struct journal_reader *r, enum journal_type type)
{
	uint64_t end = r->size < FIND_SALT ? r->size : FIND_SALT;
	struct change_frame f;
	const unsigned char *p;
	uint64_t next;

	r->header = (struct journal_header){ .type = type };
	for (r->at = 0; r->at < end; r->at += 8) {
		p = bytes_at(r, r->at, CHANGE_HEADER_SIZE);
		if (p == NULL)
			break;
		if (!change_frame_get(p, &f) || f.kind != CHANGE_BATCH)
			continue;
		r->header.salt = f.id;
		if (!probe(r, &next))
			continue;
		r->header.number = r->found.place.segment;
		r->headless = true;
		r->at = JOURNAL_FIRST;
		return 0;
	}
	return r->rc != 0 ? r->rc : ERR_CORRUPT;
}

/* A good header, but of a version that we do not know. */
static bool
is_later(const unsigned char *p)
{
	return get_u32(p + AT_VERSION) != FORMAT_VERSION &&
	    get_u32(p + AT_CRC) == crc32c(0, p, AT_CRC);
}

static int
read_header(struct journal_reader *r, enum journal_type type)
{
	const unsigned char *p = bytes_at(r, 0, JOURNAL_FIRST);

	if (p == NULL)
		return r->rc != 0 ? r->rc : ERR_CORRUPT;
	if (!journal_header_get(p, &r->header) &&
	    !journal_header_get(p + JOURNAL_HEADER_SIZE, &r->header))
		return is_later(p) || is_later(p + JOURNAL_HEADER_SIZE)
		    ? ERR_CORRUPT
		    : find_salt(r, type);
	return r->header.type == type ? 0 : ERR_CORRUPT;
}

int
journal_reader_open(struct vfs *vfs, const char *name, enum journal_type type,
    struct journal_reader **out)
{
	struct journal_reader *r;
	int file = vfs_open(vfs, name, VFS_READ);
	int64_t size;
	int rc;

	if (file < 0)
		return file;
	r = mem_zero(sizeof(*r));
	r->vfs = vfs;
	r->file = file;
	r->at = JOURNAL_FIRST;
	r->window = mem_new(WINDOW);
	r->window_size = WINDOW;
	size = vfs_size(vfs, file);
	r->size = size < 0 ? 0 : (uint64_t)size;
	rc = size < 0 ? (int)size : read_header(r, type);
	if (rc != 0) {
		journal_reader_free(&r);
		return rc;
	}
	*out = r;
	return 0;
}

void
journal_reader_free(struct journal_reader **reader)
{
	struct journal_reader *r = *reader;

	if (r == NULL)
		return;
	vfs_close(r->vfs, &r->file);
	mem_free(r->window);
	mem_free(r);
	*reader = NULL;
}

const struct journal_header *
journal_reader_header(const struct journal_reader *r)
{
	return &r->header;
}

/* From r->at on, the next place that could be a record. */
static bool
find_candidate(struct journal_reader *r, size_t *slice)
{
	while (*slice >= 8) {
		const unsigned char *p;
		uint64_t left = r->size > r->at ? r->size - r->at : 0;
		size_t n = left < WINDOW / 2 ? (size_t)left : WINDOW / 2;

		if (n < CHANGE_HEADER_SIZE)
			return false;
		if (n > *slice)
			n = *slice;
		p = bytes_at(r, r->at, n);
		if (p == NULL)
			return false;
		for (size_t i = 0; i + 8 <= n; i += 8) {
			if (p[i] != 'J' || memcmp(p + i, "JREC", 4) != 0)
				continue;
			r->at += i;
			return true;
		}
		n &= ~(size_t)7;
		r->at += n;
		*slice -= n;
	}
	return false;
}

/* r->found stands at r->at and goes on to `next`. */
static enum journal_step
give(struct journal_reader *r, uint64_t next)
{
	if (r->lost_at != 0) {
		r->from = r->lost_at;
		r->to = r->at;
		r->lost_at = 0;
		return JOURNAL_DAMAGE; /* r->at stays: the record is next */
	}
	r->from = r->at;
	r->to = next;
	r->at = next;
	return JOURNAL_RECORD;
}

enum journal_step
journal_reader_next(struct journal_reader *r)
{
	size_t slice = SLICE;
	uint64_t next = 0;

	for (;;) {
		if (probe(r, &next))
			return give(r, next);
		if (r->rc != 0)
			return JOURNAL_FAILED;
		if (r->lost_at == 0)
			r->lost_at = r->at;
		/* Good, but of no kind that we know: passed over. */
		r->at = next != 0 ? next : r->at + 8;
		next = 0;
		if (!find_candidate(r, &slice)) {
			if (r->rc != 0)
				return JOURNAL_FAILED;
			return slice < 8 ? JOURNAL_AGAIN : JOURNAL_EOF;
		}
	}
}

bool
journal_reader_is_headless(const struct journal_reader *r)
{
	return r->headless;
}

bool
journal_reader_is_torn(struct journal_reader *r)
{
	static const unsigned char none[CHANGE_HEADER_SIZE];
	uint64_t n = r->size > r->lost_at ? r->size - r->lost_at : 0;
	const unsigned char *p;

	if (r->lost_at == 0 || n == 0)
		return false;
	if (n > sizeof(none))
		n = sizeof(none);
	p = bytes_at(r, r->lost_at, (size_t)n);
	return p != NULL && memcmp(p, none, (size_t)n) != 0;
}

uint64_t
journal_reader_lost(const struct journal_reader *r)
{
	return r->lost_at;
}

const struct change *
journal_reader_change(const struct journal_reader *r)
{
	return &r->found;
}

bool
journal_reader_octets(struct journal_reader *r, uint64_t at, unsigned char *to,
    size_t n)
{
	const unsigned char *p = bytes_at(r, at, n);

	if (p != NULL)
		memcpy(to, p, n);
	return p != NULL;
}

uint64_t
journal_reader_from(const struct journal_reader *r)
{
	return r->from;
}

uint64_t
journal_reader_to(const struct journal_reader *r)
{
	return r->to;
}

int
journal_reader_error(const struct journal_reader *r)
{
	return r->rc;
}

/*
 * queue/scan.c - finding records, and what to think of the bytes between.
 *
 * A batch is written only after the one before it is on disk. So a record of
 * a later batch proves that a bad place before it is damage; without one, it
 * is what a crash leaves of a batch that nobody was promised.
 */
#include "queue/scan.h"

#include <string.h>

#include "base/alloc.h"
#include "base/crc32c.h"
#include "queue/spool.h"

enum {
	WINDOW = 256 << 10,
	/* Bytes that one call looks through for the next record. */
	SLICE = 1 << 20,
	/* In one batch, which holds no more messages. */
	DOUBTS_MAX = 1024,
};

/* A bad place that a later batch may prove to be damage. */
struct doubt {
	uint32_t from;
	uint32_t to;
	uint64_t id;
};

struct scan {
	struct vfs *vfs; /* borrowed */
	int file;
	uint64_t segment;
	uint64_t size;
	struct segment_header header;
	bool has_header;
	bool header_is_bad;
	bool growing;

	unsigned char *window; /* owned */
	size_t window_size;
	uint64_t window_at;
	size_t window_n;

	uint32_t at;
	uint32_t lost_at; /* where records stopped; 0: they did not */
	uint64_t lost_id;
	bool lost_is_ours;    /* a record of this segment was begun there */
	struct doubt *doubts; /* owned */
	unsigned doubt_count;
	unsigned doubt_size;
	struct doubt damage; /* the one that was returned last */
	bool damage_is_torn;
	bool has_found; /* a record waits behind the damage */
	struct record found;
	int rc;
};

enum probe { PROBE_GOOD, PROBE_BAD, PROBE_FAILED };

/*
 * n bytes at `at`, valid until the next call; NULL if the file is shorter, or
 * s->rc is set.
 */
static const unsigned char *
bytes_at(struct scan *s, uint64_t at, size_t n)
{
	int64_t got;

	if (n > s->size || at > s->size - n)
		return NULL;
	if (at >= s->window_at && at - s->window_at <= s->window_n &&
	    n <= s->window_n - (size_t)(at - s->window_at))
		return s->window + (at - s->window_at);
	if (n > s->window_size) {
		s->window = mem_resize(s->window, n, 1);
		s->window_size = n;
	}
	s->window_at = at;
	s->window_n = 0;
	got = vfs_pread(s->vfs, s->file, s->window, s->window_size, at);
	if (got < 0) {
		s->rc = (int)got;
		return NULL;
	}
	s->window_n = (size_t)got;
	return s->window_n < n ? NULL : s->window;
}

/* As a file is before its first batch. */
static bool
is_nothing(const unsigned char head[SEGMENT_HEADER_SIZE])
{
	static const unsigned char zeros[SEGMENT_HEADER_SIZE];

	return memcmp(head, zeros, SEGMENT_HEADER_SIZE) == 0;
}

int
scan_open(struct vfs *vfs, uint64_t segment, uint32_t from, struct scan **out)
{
	struct scan *s = mem_zero(sizeof(*s));
	char name[VFS_NAME_MAX];
	const unsigned char *head;
	int64_t size = 0;
	int rc;

	s->vfs = vfs;
	s->segment = segment;
	s->at = from == 0 ? SEGMENT_HEADER_SIZE : from;
	s->window = mem_new(WINDOW);
	s->window_size = WINDOW;
	spool_name("segments", segment, name);
	s->file = vfs_open(vfs, name, VFS_READ);
	if (s->file >= 0)
		size = vfs_size(vfs, s->file);
	if (s->file < 0 || size < 0) {
		rc = s->file < 0 ? s->file : (int)size;
		if (s->file < 0)
			s->file = -1;
		scan_free(&s);
		return rc;
	}
	s->size = size > SEGMENT_SIZE ? SEGMENT_SIZE : (uint64_t)size;
	head = bytes_at(s, 0, SEGMENT_HEADER_SIZE);
	if (head != NULL && segment_header_get(head, &s->header)) {
		/* Another's number: taken over, but nothing written yet. */
		if (s->header.number != segment)
			s->size = 0;
		else
			s->has_header = true;
	} else {
		s->header_is_bad = head != NULL && !is_nothing(head);
	}
	*out = s;
	return 0;
}

void
scan_free(struct scan **scan)
{
	struct scan *s = *scan;

	if (s == NULL)
		return;
	vfs_close(s->vfs, &s->file);
	mem_free(s->doubts);
	mem_free(s->window);
	mem_free(s);
	*scan = NULL;
}

void
scan_set_growing(struct scan *s, bool growing)
{
	s->growing = growing;
}

bool
scan_header_is_bad(const struct scan *s)
{
	return s->header_is_bad;
}

bool
scan_has_header(const struct scan *s, struct segment_header *out)
{
	if (s->has_header)
		*out = s->header;
	return s->has_header;
}

static bool
is_ours(const struct scan *s, const struct record *r)
{
	return r->segment == s->segment && r->offset == s->at &&
	    (!s->has_header || r->salt == s->header.salt);
}

static bool
content_is_good(struct scan *s, const struct record *r)
{
	uint64_t at = (uint64_t)r->offset + record_head_length(r);
	uint64_t left = record_inline_length(r);
	uint32_t crc = 0;

	while (left > 0) {
		size_t n = left < WINDOW ? (size_t)left : WINDOW;
		const unsigned char *p = bytes_at(s, at, n);

		if (p == NULL)
			return false;
		crc = crc32c(crc, p, n);
		at += n;
		left -= n;
	}
	return (r->flags & RECORD_LARGE) != 0 || crc == r->content_crc;
}

/* Is there a record at s->at? If its head at least is good, *next says so. */
static enum probe
probe(struct scan *s, uint32_t *next, bool *begun)
{
	const unsigned char *p = bytes_at(s, s->at, RECORD_HEADER_SIZE);
	size_t head_n;

	*next = 0;
	*begun = false;
	if (p == NULL)
		return s->rc != 0 ? PROBE_FAILED : PROBE_BAD;
	if (!record_get(p, &s->found) || !is_ours(s, &s->found))
		return PROBE_BAD;
	*begun = true;
	head_n = record_head_length(&s->found);
	p = bytes_at(s, s->at, head_n);
	if (p != NULL && record_head_good(slice_from(p, head_n))) {
		*next = s->at + s->found.length;
		/* Readers rely on all of it, the padding too. */
		if (*next <= s->size && content_is_good(s, &s->found))
			return PROBE_GOOD;
	}
	return s->rc != 0 ? PROBE_FAILED : PROBE_BAD;
}

/* The next place from s->at on that could be a record, within `slice`. */
static bool
find_candidate(struct scan *s, uint32_t *slice)
{
	while (*slice >= 8) {
		const unsigned char *p;
		uint64_t left = s->size > s->at ? s->size - s->at : 0;
		size_t n = left < WINDOW / 2 ? (size_t)left : WINDOW / 2;

		if (n < RECORD_HEADER_SIZE)
			return false;
		if (n > *slice)
			n = *slice;
		p = bytes_at(s, s->at, n);
		if (p == NULL)
			return false;
		for (size_t i = 0; i + 8 <= n; i += 8) {
			if (p[i] != 'M' || memcmp(p + i, "MREC", 4) != 0)
				continue;
			s->at += (uint32_t)i;
			return true;
		}
		n &= ~(size_t)7;
		s->at += (uint32_t)n;
		*slice -= (uint32_t)n;
	}
	return false;
}

/* Room for one more, or the last one, which then stretches. */
static struct doubt *
new_doubt(struct scan *s)
{
	if (s->doubt_count == DOUBTS_MAX)
		return &s->doubts[DOUBTS_MAX - 1];
	if (s->doubt_count == s->doubt_size) {
		s->doubt_size = s->doubt_size == 0 ? 16 : s->doubt_size * 2;
		s->doubts =
		    mem_resize(s->doubts, s->doubt_size, sizeof(*s->doubts));
	}
	s->doubts[s->doubt_count] = (struct doubt){ s->lost_at, 0, s->lost_id };
	return &s->doubts[s->doubt_count++];
}

/* s->found is good. True: it may be told of (after a doubt, perhaps). */
static bool
close_gap(struct scan *s)
{
	if (s->lost_at == 0)
		return true;
	/* The gap may be a batch that is being written just now. */
	if (s->growing && s->found.batch <= s->lost_at)
		return false;
	new_doubt(s)->to = s->found.offset;
	s->lost_at = 0;
	return true;
}

static bool
take_doubt(struct scan *s, bool torn)
{
	if (s->doubt_count == 0)
		return false;
	s->damage = s->doubts[0];
	s->damage_is_torn = torn;
	s->doubt_count--;
	memmove(&s->doubts[0], &s->doubts[1],
	    s->doubt_count * sizeof(s->doubts[0]));
	return true;
}

static enum scan_step
at_end(struct scan *s)
{
	if (!s->growing && s->lost_at != 0 && s->lost_is_ours) {
		s->damage = (struct doubt){ s->lost_at,
			(uint32_t)(s->size > s->lost_at ? s->size : s->lost_at),
			s->lost_id };
		s->damage_is_torn = true;
		s->at = s->lost_at;
		s->lost_is_ours = false;
		return SCAN_DAMAGE;
	}
	if (!s->growing && take_doubt(s, true))
		return SCAN_DAMAGE;
	if (s->lost_at != 0)
		s->at = s->lost_at;
	return SCAN_END;
}

enum scan_step
scan_next(struct scan *s)
{
	uint32_t slice = SLICE;

	for (;;) {
		uint32_t next = 0;
		bool begun = false;
		enum probe found = PROBE_GOOD;

		if (s->has_found) {
			if (s->doubt_count > 0 &&
			    s->found.batch > s->doubts[0].from &&
			    take_doubt(s, false))
				return SCAN_DAMAGE;
			s->has_found = false;
			s->at = s->found.offset + s->found.length;
			return SCAN_RECORD;
		}
		found = probe(s, &next, &begun);
		if (found == PROBE_FAILED)
			return SCAN_FAILED;
		if (found == PROBE_GOOD) {
			if (!close_gap(s))
				return at_end(s);
			s->has_found = true;
			continue;
		}
		if (s->lost_at == 0) {
			s->lost_at = s->at;
			s->lost_id = next != 0 ? s->found.id : 0;
			s->lost_is_ours = begun;
		}
		s->at = next != 0 ? next : s->at + 8;
		if (!find_candidate(s, &slice)) {
			if (s->rc != 0)
				return SCAN_FAILED;
			return slice < 8 ? SCAN_AGAIN : at_end(s);
		}
	}
}

uint32_t
scan_at(const struct scan *s)
{
	return s->at;
}

void
scan_skip_to(struct scan *s, uint32_t offset)
{
	s->at = offset;
}

bool
scan_is_lost(const struct scan *s)
{
	return s->lost_at != 0 || s->has_found;
}

const struct record *
scan_record(const struct scan *s)
{
	return &s->found;
}

struct slice
scan_envelope(struct scan *s)
{
	const unsigned char *p =
	    bytes_at(s, (uint64_t)s->found.offset + RECORD_HEADER_SIZE,
		s->found.envelope_length);

	return p == NULL ? SLICE_NONE : slice_from(p, s->found.envelope_length);
}

uint32_t
scan_damage_from(const struct scan *s)
{
	return s->damage.from;
}

uint32_t
scan_damage_to(const struct scan *s)
{
	return s->damage.to;
}

uint64_t
scan_damage_id(const struct scan *s)
{
	return s->damage.id;
}

bool
scan_damage_is_torn(const struct scan *s)
{
	return s->damage_is_torn;
}

int
scan_error(const struct scan *s)
{
	return s->rc;
}

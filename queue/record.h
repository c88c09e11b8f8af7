/*
 * queue/record.h - the bytes of a segment: its header and its records.
 *
 * Pure: bytes in, values out. FORMAT describes them for people.
 */
#ifndef QUEUE_RECORD_H
#define QUEUE_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

enum {
	SEGMENT_HEADER_SIZE = 64,
	RECORD_HEADER_SIZE = 72,
	SEGMENT_SIZE = 64 << 20, /* a record may not end beyond */
	/* Content that is longer lies in a file under large/. */
	RECORD_CONTENT_MAX = 1 << 20,
	RECORD_ENVELOPE_MAX = 16 << 20,
	RECORD_PREFIX_MAX = 1 << 20,
};

struct segment_header {
	uint64_t number; /* the file's name */
	uint64_t salt;   /* chance: tells this life of the file from others */
	uint64_t life;   /* the first segment that this process wrote */
};

enum {
	RECORD_LARGE = 1, /* the content is the file large/ID */
	RECORD_MOVED = 2, /* a copy by compaction: only the journal says
			     whether it is live */
	RECORD_FLAGS = RECORD_LARGE | RECORD_MOVED,
};

struct record {
	uint16_t flags;
	uint64_t segment;
	uint64_t salt;
	uint64_t id;
	uint32_t offset; /* of the record in its segment */
	uint32_t length; /* of header, envelope, prefix, content, padding */
	uint32_t envelope_length;
	uint32_t prefix_length;
	uint64_t content_length; /* inline or in large/ */
	uint32_t content_crc;
	uint32_t batch; /* offset of the first record written together */
};

void segment_header_put(const struct segment_header *,
    unsigned char out[SEGMENT_HEADER_SIZE]);
/* False: damaged, foreign, or not yet written. */
bool segment_header_get(const unsigned char in[SEGMENT_HEADER_SIZE],
    struct segment_header *) MUST_USE;

/* Sets length, from the other lengths; false if it is too much. */
bool record_measure(struct record *) MUST_USE;
void record_put(const struct record *, struct slice envelope,
    struct slice prefix, unsigned char out[RECORD_HEADER_SIZE]);
/*
 * The header alone; what it says is consistent, but not yet proven: the
 * checksum over header, envelope and prefix is record_head_good().
 */
bool record_get(const unsigned char in[RECORD_HEADER_SIZE],
    struct record *) MUST_USE;
/* `head` is the header with the envelope and the prefix behind it. */
bool record_head_good(struct slice head) MUST_USE;

static inline size_t
record_head_length(const struct record *r)
{
	return (size_t)RECORD_HEADER_SIZE + r->envelope_length +
	    r->prefix_length;
}

/* Octets of content inside the segment, behind the prefix. */
static inline uint64_t
record_inline_length(const struct record *r)
{
	return (r->flags & RECORD_LARGE) != 0 ? 0 : r->content_length;
}

#endif

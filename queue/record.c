/*
 * queue/record.c - writing and reading the headers in a segment.
 */
#include "queue/record.h"

#include <string.h>

#include "base/crc32c.h"
#include "queue/bytes.h"

enum { FORMAT_VERSION = 1 };

/* Where each field stands (FORMAT has the same table with explanations). */
enum {
	SEGMENT_VERSION = 8,
	SEGMENT_NUMBER = 16,
	SEGMENT_SALT = 24,
	SEGMENT_LIFE = 32,
	SEGMENT_CRC = 60,
};
enum {
	RECORD_MAGIC = 0,
	RECORD_VERSION = 4,
	RECORD_FLAG_BITS = 6,
	RECORD_SEGMENT = 8,
	RECORD_SALT = 16,
	RECORD_ID = 24,
	RECORD_OFFSET = 32,
	RECORD_LENGTH = 36,
	RECORD_ENVELOPE = 40,
	RECORD_PREFIX = 44,
	RECORD_CONTENT = 48,
	RECORD_CONTENT_CRC = 56,
	RECORD_BATCH = 60,
	RECORD_ZERO = 64,
	RECORD_CRC = 68,
};

static const unsigned char segment_magic[8] = { 'M', 'T', 'A', 'D', 'S', 'E',
	'G', '\n' };
static const unsigned char record_magic[4] = { 'M', 'R', 'E', 'C' };

void
segment_header_put(const struct segment_header *h,
    unsigned char out[SEGMENT_HEADER_SIZE])
{
	memset(out, 0, SEGMENT_HEADER_SIZE);
	memcpy(out, segment_magic, sizeof(segment_magic));
	put_u32(out + SEGMENT_VERSION, FORMAT_VERSION);
	put_u64(out + SEGMENT_NUMBER, h->number);
	put_u64(out + SEGMENT_SALT, h->salt);
	put_u64(out + SEGMENT_LIFE, h->life);
	put_u32(out + SEGMENT_CRC, crc32c(0, out, SEGMENT_CRC));
}

bool
segment_header_get(const unsigned char in[SEGMENT_HEADER_SIZE],
    struct segment_header *h)
{
	if (memcmp(in, segment_magic, sizeof(segment_magic)) != 0 ||
	    get_u32(in + SEGMENT_VERSION) != FORMAT_VERSION ||
	    get_u32(in + SEGMENT_CRC) != crc32c(0, in, SEGMENT_CRC))
		return false;
	h->number = get_u64(in + SEGMENT_NUMBER);
	h->salt = get_u64(in + SEGMENT_SALT);
	h->life = get_u64(in + SEGMENT_LIFE);
	return true;
}

/* The length that a record of these parts has, or 0 if there is none such. */
static uint32_t
whole_length(const struct record *r)
{
	uint64_t n;

	if (r->envelope_length > RECORD_ENVELOPE_MAX ||
	    r->prefix_length > RECORD_PREFIX_MAX ||
	    record_inline_length(r) > RECORD_CONTENT_MAX)
		return 0;
	n = round_up_8(record_head_length(r) + record_inline_length(r));
	return n > SEGMENT_SIZE - SEGMENT_HEADER_SIZE ? 0 : (uint32_t)n;
}

bool
record_measure(struct record *r)
{
	r->length = whole_length(r);
	return r->length != 0;
}

void
record_put(const struct record *r, struct slice envelope, struct slice prefix,
    unsigned char out[RECORD_HEADER_SIZE])
{
	uint32_t crc;

	must(r->envelope_length == envelope.n && r->prefix_length == prefix.n);
	memcpy(out + RECORD_MAGIC, record_magic, sizeof(record_magic));
	put_u16(out + RECORD_VERSION, FORMAT_VERSION);
	put_u16(out + RECORD_FLAG_BITS, r->flags);
	put_u64(out + RECORD_SEGMENT, r->segment);
	put_u64(out + RECORD_SALT, r->salt);
	put_u64(out + RECORD_ID, r->id);
	put_u32(out + RECORD_OFFSET, r->offset);
	put_u32(out + RECORD_LENGTH, r->length);
	put_u32(out + RECORD_ENVELOPE, r->envelope_length);
	put_u32(out + RECORD_PREFIX, r->prefix_length);
	put_u64(out + RECORD_CONTENT, r->content_length);
	put_u32(out + RECORD_CONTENT_CRC, r->content_crc);
	put_u32(out + RECORD_BATCH, r->batch);
	put_u32(out + RECORD_ZERO, 0);
	crc = crc32c(0, out, RECORD_CRC);
	crc = crc32c(crc, envelope.p, envelope.n);
	crc = crc32c(crc, prefix.p, prefix.n);
	put_u32(out + RECORD_CRC, crc);
}

bool
record_get(const unsigned char in[RECORD_HEADER_SIZE], struct record *r)
{
	if (memcmp(in + RECORD_MAGIC, record_magic, sizeof(record_magic)) != 0)
		return false;
	r->flags = get_u16(in + RECORD_FLAG_BITS);
	r->segment = get_u64(in + RECORD_SEGMENT);
	r->salt = get_u64(in + RECORD_SALT);
	r->id = get_u64(in + RECORD_ID);
	r->offset = get_u32(in + RECORD_OFFSET);
	r->length = get_u32(in + RECORD_LENGTH);
	r->envelope_length = get_u32(in + RECORD_ENVELOPE);
	r->prefix_length = get_u32(in + RECORD_PREFIX);
	r->content_length = get_u64(in + RECORD_CONTENT);
	r->content_crc = get_u32(in + RECORD_CONTENT_CRC);
	r->batch = get_u32(in + RECORD_BATCH);
	return get_u16(in + RECORD_VERSION) == FORMAT_VERSION &&
	    (r->flags & ~RECORD_FLAGS) == 0 && r->length != 0 &&
	    r->length == whole_length(r) && r->offset % 8 == 0 &&
	    r->offset >= SEGMENT_HEADER_SIZE &&
	    r->offset <= SEGMENT_SIZE - r->length && r->batch <= r->offset;
}

bool
record_head_good(struct slice head)
{
	const unsigned char *p = (const unsigned char *)head.p;
	uint32_t crc;

	must(head.n >= RECORD_HEADER_SIZE);
	crc = crc32c(0, p, RECORD_CRC);
	crc = crc32c(crc, p + RECORD_HEADER_SIZE, head.n - RECORD_HEADER_SIZE);
	return get_u32(p + RECORD_CRC) == crc;
}

/*
 * queue/change.c - the bytes of journal records.
 */
#include "queue/change.h"

#include <string.h>

#include "base/crc32c.h"
#include "queue/bytes.h"

/* The header of each record: FORMAT explains. */
enum {
	AT_MAGIC = 0,
	AT_PAYLOAD = 4,
	AT_ID = 8,
	AT_KIND = 16,
	AT_ZERO = 18,
	AT_CRC = 20,
};
enum {
	PLACE_SIZE = 16,
	RECIPIENT_SIZE = 24,
	SHORT_TEXT_MAX = UINT16_MAX,
	RESULT_OURS = 1,
};

static const char magic[4] = { 'J', 'R', 'E', 'C' };
static const char zeros[8];

static void
add_u8(struct buf *b, uint8_t v)
{
	buf_add_char(b, (char)v);
}

static void
add_u16(struct buf *b, uint16_t v)
{
	unsigned char bytes[2];

	put_u16(bytes, v);
	buf_add(b, slice_from(bytes, sizeof(bytes)));
}

static void
add_u32(struct buf *b, uint32_t v)
{
	unsigned char bytes[4];

	put_u32(bytes, v);
	buf_add(b, slice_from(bytes, sizeof(bytes)));
}

static void
add_u64(struct buf *b, uint64_t v)
{
	unsigned char bytes[8];

	put_u64(bytes, v);
	buf_add(b, slice_from(bytes, sizeof(bytes)));
}

static void
add_text(struct buf *b, struct slice s)
{
	s = slice_head(s, SHORT_TEXT_MAX);
	add_u16(b, (uint16_t)s.n);
	buf_add(b, s);
}

static void
add_place(struct buf *b, const struct place *p)
{
	add_u64(b, p->segment);
	add_u32(b, p->offset);
	add_u32(b, p->length);
}

/* The next n octets of *in, or NULL. */
static const unsigned char *
take(struct slice *in, size_t n)
{
	const unsigned char *p = (const unsigned char *)in->p;

	if (in->n < n)
		return NULL;
	*in = slice_skip(*in, n);
	return p;
}

static bool
take_u8(struct slice *in, uint8_t *v)
{
	const unsigned char *p = take(in, 1);

	if (p == NULL)
		return false;
	*v = *p;
	return true;
}

static bool
take_u16(struct slice *in, uint16_t *v)
{
	const unsigned char *p = take(in, 2);

	if (p == NULL)
		return false;
	*v = get_u16(p);
	return true;
}

static bool
take_u32(struct slice *in, uint32_t *v)
{
	const unsigned char *p = take(in, 4);

	if (p == NULL)
		return false;
	*v = get_u32(p);
	return true;
}

static bool
take_u64(struct slice *in, uint64_t *v)
{
	const unsigned char *p = take(in, 8);

	if (p == NULL)
		return false;
	*v = get_u64(p);
	return true;
}

static bool
take_text(struct slice *in, struct slice *out)
{
	uint16_t n;
	const unsigned char *p;

	if (!take_u16(in, &n) || (p = take(in, n)) == NULL)
		return false;
	*out = slice_from(p, n);
	return true;
}

static bool
take_place(struct slice *in, struct place *p)
{
	return take_u64(in, &p->segment) && take_u32(in, &p->offset) &&
	    take_u32(in, &p->length);
}

void
change_add_domain(struct buf *b, struct slice domain)
{
	add_text(b, domain);
}

bool
change_take_domain(struct slice *list, struct slice *domain)
{
	return take_text(list, domain);
}

static void
add_result(struct buf *b, const struct queue_recipient *r)
{
	add_u16(b, r->attempts);
	add_u16(b, r->smtp_code);
	add_u16(b, r->subject);
	add_u16(b, r->detail);
	add_u8(b, r->class);
	add_u8(b, r->kind);
	add_u16(b, r->ours ? RESULT_OURS : 0);
}

static bool
take_result(struct slice *in, struct queue_recipient *r)
{
	uint16_t marks;
	bool good;

	good = take_u16(in, &r->attempts) && take_u16(in, &r->smtp_code) &&
	    take_u16(in, &r->subject) && take_u16(in, &r->detail) &&
	    take_u8(in, &r->class) && take_u8(in, &r->kind) &&
	    take_u16(in, &marks) && r->kind <= FATE_PASSED;
	r->ours = good && (marks & RESULT_OURS) != 0;
	return good;
}

void
change_add_recipient(struct buf *b, const struct queue_recipient *r)
{
	add_u32(b, r->domain);
	add_u32(b, r->reply);
	add_u32(b, r->host);
	add_result(b, r);
}

bool
change_take_recipient(struct slice *list, struct queue_recipient *r)
{
	*r = (struct queue_recipient){ 0 };
	return take_u32(list, &r->domain) && take_u32(list, &r->reply) &&
	    take_u32(list, &r->host) && take_result(list, r);
}

static void
add_payload(const struct change *c, struct buf *b)
{
	switch (c->kind) {
	case CHANGE_ADOPTED:
		add_place(b, &c->place);
		add_u32(b, c->size);
		add_u32(b, c->count);
		add_u8(b, c->flags);
		buf_add(b, c->list);
		break;
	case CHANGE_RESULT:
		add_u32(b, c->index);
		add_result(b, &c->result);
		add_text(b, c->reply);
		add_text(b, c->host);
		break;
	case CHANGE_DEFERRED:
		add_u64(b, (uint64_t)c->next_ms);
		break;
	case CHANGE_EXPANDED:
		add_u32(b, c->index);
		add_u32(b, c->count);
		buf_add(b, c->list);
		break;
	case CHANGE_REMOVED:
	case CHANGE_MOVED:
		add_place(b, &c->place);
		break;
	case CHANGE_SEGMENT:
		add_u32(b, c->place.offset);
		add_u32(b, c->flags);
		break;
	case CHANGE_TEXT:
		add_text(b, c->reply);
		break;
	case CHANGE_MESSAGE:
		add_place(b, &c->place);
		add_u64(b, (uint64_t)c->next_ms);
		add_u32(b, c->size);
		add_u32(b, c->sender_domain);
		add_u32(b, c->count);
		add_u8(b, c->state);
		add_u8(b, c->flags);
		add_u16(b, 0);
		buf_add(b, c->list);
		break;
	case CHANGE_EXPANSION:
		buf_add(b, c->list);
		break;
	case CHANGE_BATCH:
		if (c->place.segment != 0)
			add_place(b, &c->place);
		break;
	case CHANGE_HELD:
	case CHANGE_RELEASED:
	case CHANGE_WARNED:
	case CHANGE_END:
	case CHANGE_KINDS:
		break;
	}
}

void
change_encode(const struct change *c, struct buf *b)
{
	size_t begin = b->n;
	size_t payload;
	unsigned char header[CHANGE_HEADER_SIZE] = { 0 };

	buf_add(b, slice_from(header, sizeof(header)));
	add_payload(c, b);
	if (buf_failed(b))
		return;
	payload = b->n - begin - CHANGE_HEADER_SIZE;
	must(payload <= CHANGE_SIZE_MAX - CHANGE_HEADER_SIZE - 8);
	buf_add(b, slice_from(zeros, round_up_8(payload) - payload));
	if (buf_failed(b))
		return;
	memcpy(header + AT_MAGIC, magic, sizeof(magic));
	put_u32(header + AT_PAYLOAD, (uint32_t)payload);
	put_u64(header + AT_ID, c->id);
	put_u16(header + AT_KIND, (uint16_t)c->kind);
	memcpy(b->p + begin, header, sizeof(header));
}

static bool
take_payload(struct slice in, struct change *c)
{
	uint64_t next_ms = 0;
	uint32_t flags = 0;
	uint16_t zero;

	switch (c->kind) {
	case CHANGE_ADOPTED:
		if (!take_place(&in, &c->place) || !take_u32(&in, &c->size) ||
		    !take_u32(&in, &c->count) || !take_u8(&in, &c->flags))
			return false;
		c->list = in;
		return c->count <= in.n / 2;
	case CHANGE_RESULT:
		return take_u32(&in, &c->index) &&
		    take_result(&in, &c->result) && take_text(&in, &c->reply) &&
		    take_text(&in, &c->host);
	case CHANGE_DEFERRED:
		if (!take_u64(&in, &next_ms))
			return false;
		c->next_ms = (int64_t)next_ms;
		return true;
	case CHANGE_EXPANDED:
		if (!take_u32(&in, &c->index) || !take_u32(&in, &c->count))
			return false;
		c->list = in;
		return true;
	case CHANGE_REMOVED:
	case CHANGE_MOVED:
		return take_place(&in, &c->place);
	case CHANGE_SEGMENT:
		if (!take_u32(&in, &c->place.offset) || !take_u32(&in, &flags))
			return false;
		c->flags = (uint8_t)(flags & 255);
		return true;
	case CHANGE_TEXT:
		return take_text(&in, &c->reply);
	case CHANGE_MESSAGE:
		if (!take_place(&in, &c->place) || !take_u64(&in, &next_ms) ||
		    !take_u32(&in, &c->size) ||
		    !take_u32(&in, &c->sender_domain) ||
		    !take_u32(&in, &c->count) || !take_u8(&in, &c->state) ||
		    !take_u8(&in, &c->flags) || !take_u16(&in, &zero))
			return false;
		c->next_ms = (int64_t)next_ms;
		c->list = in;
		return c->state < QUEUE_STATE_COUNT &&
		    c->count == in.n / RECIPIENT_SIZE;
	case CHANGE_EXPANSION:
		c->list = in;
		return true;
	case CHANGE_BATCH:
		return in.n == 0 || take_place(&in, &c->place);
	case CHANGE_HELD:
	case CHANGE_RELEASED:
	case CHANGE_WARNED:
	case CHANGE_END:
		return true;
	case CHANGE_KINDS:
		break;
	}
	return false;
}

bool
change_decode(unsigned kind, uint64_t id, struct slice payload,
    struct change *out)
{
	struct change c = { .id = id,
		.reply = SLICE_NONE,
		.host = SLICE_NONE,
		.list = SLICE_NONE };

	if (kind == 0 || kind >= CHANGE_KINDS)
		return false;
	c.kind = (enum change_kind)kind;
	if (!take_payload(payload, &c))
		return false;
	*out = c;
	return true;
}

static uint32_t
checksum(const unsigned char *record, size_t n, uint64_t salt)
{
	unsigned char seed[8];
	uint32_t crc;

	put_u64(seed, salt);
	crc = crc32c(0, seed, sizeof(seed));
	crc = crc32c(crc, record, AT_CRC);
	return crc32c(crc, record + CHANGE_HEADER_SIZE, n - CHANGE_HEADER_SIZE);
}

void
change_seal(struct buf *records, uint64_t salt)
{
	size_t at = 0;

	while (at < records->n) {
		unsigned char *p = (unsigned char *)records->p + at;
		size_t n =
		    CHANGE_HEADER_SIZE + round_up_8(get_u32(p + AT_PAYLOAD));

		must(n <= records->n - at);
		/* Who has lost both headers finds the salt again. */
		if (get_u16(p + AT_KIND) == CHANGE_BATCH)
			put_u64(p + AT_ID, salt);
		put_u32(p + AT_CRC, checksum(p, n, salt));
		at += n;
	}
}

bool
change_frame_get(const unsigned char in[CHANGE_HEADER_SIZE],
    struct change_frame *f)
{
	uint32_t payload = get_u32(in + AT_PAYLOAD);

	if (memcmp(in + AT_MAGIC, magic, sizeof(magic)) != 0 ||
	    payload > CHANGE_SIZE_MAX - CHANGE_HEADER_SIZE - 8)
		return false;
	f->payload = payload;
	f->length = CHANGE_HEADER_SIZE + (uint32_t)round_up_8(payload);
	f->id = get_u64(in + AT_ID);
	f->kind = get_u16(in + AT_KIND);
	f->crc = get_u32(in + AT_CRC);
	return true;
}

bool
change_frame_good(struct slice record, uint64_t salt)
{
	const unsigned char *p = (const unsigned char *)record.p;

	return record.n >= CHANGE_HEADER_SIZE &&
	    get_u32(p + AT_CRC) == checksum(p, record.n, salt);
}

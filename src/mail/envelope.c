/*
 * mail/envelope.c - the encoded form of an envelope: fields of
 *
 *	tag (a number)  length (a number)  bytes
 *
 * with numbers as in mail/pack.h. Empty and zero fields are left out. A tag is
 * never given a new meaning. Each stands once, but RECIPIENT, which stands as
 * often as there are recipients, in their order.
 */
#include "mail/envelope.h"

#include "base/err.h"
#include "mail/pack.h"

enum tag {
	TAG_ID = 1,
	TAG_ARRIVED,
	TAG_SIZE,
	TAG_SENDER,
	TAG_ENVID,
	TAG_RET,
	TAG_BODY,
	TAG_SMTPUTF8,
	TAG_REQUIRE_TLS,
	TAG_SERVICE,
	TAG_CLIENT,
	TAG_HELO,
	TAG_LOGIN,
	TAG_TLS,
	TAG_VERDICTS,
	TAG_RECIPIENT,
	TAG_HOLD,
	TAG_RELEASE,
	TAG_BY,
	TAG_BY_WAY,
	TAG_PRIORITY,
	TAG_KNOWN,
};

enum {
	NOTIFY_ALL =
	    NOTIFY_NEVER | NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY,
	/* Bits of BY_WAY; the two lowest are the enum envelope_by. */
	WAY_MODE = 3,
	WAY_TRACE = 4,
	WAY_TOLD = 8,
	WAY_ALL = WAY_MODE | WAY_TRACE | WAY_TOLD,
	/* So a priority of 0 is left out, and none is below 1. */
	PRIORITY_SHIFT = 10,
};

static void
add_bytes(struct buf *out, enum tag tag, struct slice bytes)
{
	if (bytes.n == 0)
		return;
	pack_u64(out, tag);
	pack_bytes(out, bytes);
}

/* Length of a number when packed. */
static size_t
number_length(uint64_t value)
{
	size_t n = 1;

	while (value > 127) {
		value >>= 7;
		n++;
	}
	return n;
}

static void
add_number(struct buf *out, enum tag tag, uint64_t value)
{
	if (value == 0)
		return;
	pack_u64(out, tag);
	pack_u64(out, number_length(value));
	pack_u64(out, value);
}

/* notify (a number)  address (bytes)  orcpt (the rest) */
static void
add_recipient(struct buf *out, const struct recipient *r)
{
	pack_u64(out, TAG_RECIPIENT);
	pack_u64(out,
	    number_length(r->notify) + number_length(r->address.n) +
		r->address.n + r->orcpt.n);
	pack_u64(out, r->notify);
	pack_bytes(out, r->address);
	buf_add(out, r->orcpt);
}

static void
add_times(struct buf *out, const struct envelope *e)
{
	uint64_t way = e->by;

	add_number(out, TAG_RELEASE, (uint64_t)e->release_ms);
	if (e->by != BY_NONE) {
		add_number(out, TAG_BY, (uint64_t)e->by_ms);
		way |= (e->by_trace ? WAY_TRACE : 0u) |
		    (e->by_told ? WAY_TOLD : 0u);
		add_number(out, TAG_BY_WAY, way);
	}
	if (e->priority != 0)
		add_number(out, TAG_PRIORITY,
		    (uint64_t)(e->priority + PRIORITY_SHIFT));
}

void
envelope_encode(const struct envelope *e, struct buf *out)
{
	add_number(out, TAG_ID, e->id);
	add_number(out, TAG_ARRIVED, (uint64_t)e->arrived_ms);
	add_number(out, TAG_SIZE, e->size);
	add_bytes(out, TAG_SENDER, e->sender);
	add_bytes(out, TAG_ENVID, e->envid);
	add_number(out, TAG_RET, e->ret);
	add_number(out, TAG_BODY, e->body);
	add_number(out, TAG_SMTPUTF8, e->smtputf8);
	add_number(out, TAG_REQUIRE_TLS, e->require_tls);
	add_bytes(out, TAG_SERVICE, e->service);
	add_bytes(out, TAG_CLIENT, e->client);
	add_bytes(out, TAG_HELO, e->helo);
	add_bytes(out, TAG_LOGIN, e->login);
	add_bytes(out, TAG_TLS, e->tls);
	add_bytes(out, TAG_VERDICTS, e->verdicts);
	add_number(out, TAG_HOLD, e->hold);
	add_times(out, e);
	for (uint32_t i = 0; i < e->recipient_count; i++)
		add_recipient(out, &e->recipients[i]);
}

/* The whole field is one number. */
static bool
to_number(struct slice field, uint64_t max, uint64_t *out)
{
	return pack_take_u64(&field, max, out) && field.n == 0;
}

static bool
to_flag(struct slice field, bool *out)
{
	uint64_t value;

	if (!to_number(field, 1, &value))
		return false;
	*out = value == 1;
	return true;
}

static bool
to_time(struct slice field, int64_t *out)
{
	uint64_t number;

	if (!to_number(field, INT64_MAX, &number))
		return false;
	*out = (int64_t)number;
	return true;
}

static bool
to_way(struct slice field, struct envelope *e)
{
	uint64_t way;

	if (!to_number(field, WAY_ALL, &way) || (way & WAY_MODE) == WAY_MODE)
		return false;
	e->by = (enum envelope_by)(way & WAY_MODE);
	e->by_trace = (way & WAY_TRACE) != 0;
	e->by_told = (way & WAY_TOLD) != 0;
	return true;
}

static bool
to_priority(struct slice field, int8_t *out)
{
	uint64_t number;

	if (!to_number(field, PRIORITY_HIGHEST + PRIORITY_SHIFT, &number) ||
	    number == 0)
		return false;
	*out = (int8_t)((int)number - PRIORITY_SHIFT);
	return true;
}

static bool
to_recipient(struct slice field, struct recipient *out)
{
	uint64_t notify;

	if (!pack_take_u64(&field, NOTIFY_ALL, &notify) ||
	    !pack_take_bytes(&field, &out->address))
		return false;
	out->notify = (uint8_t)notify;
	out->orcpt = field;
	return true;
}

static bool
read_field(struct envelope *e, uint64_t tag, struct slice field)
{
	uint64_t number = 0;
	bool good = true;

	switch (tag) {
	case TAG_ID:
		return to_number(field, UINT64_MAX, &e->id);
	case TAG_ARRIVED:
		good = to_number(field, UINT64_MAX, &number);
		e->arrived_ms = (int64_t)number;
		return good;
	case TAG_SIZE:
		return to_number(field, UINT64_MAX, &e->size);
	case TAG_RET:
		good = to_number(field, RET_HDRS, &number);
		e->ret = (enum envelope_ret)number;
		return good;
	case TAG_BODY:
		good = to_number(field, BODY_BINARYMIME, &number);
		e->body = (enum envelope_body)number;
		return good;
	case TAG_SMTPUTF8:
		return to_flag(field, &e->smtputf8);
	case TAG_REQUIRE_TLS:
		return to_flag(field, &e->require_tls);
	case TAG_HOLD:
		return to_flag(field, &e->hold);
	case TAG_RELEASE:
		return to_time(field, &e->release_ms);
	case TAG_BY:
		return to_time(field, &e->by_ms);
	case TAG_BY_WAY:
		return to_way(field, e);
	case TAG_PRIORITY:
		return to_priority(field, &e->priority);
	case TAG_SENDER:
		e->sender = field;
		return true;
	case TAG_ENVID:
		e->envid = field;
		return true;
	case TAG_SERVICE:
		e->service = field;
		return true;
	case TAG_CLIENT:
		e->client = field;
		return true;
	case TAG_HELO:
		e->helo = field;
		return true;
	case TAG_LOGIN:
		e->login = field;
		return true;
	case TAG_TLS:
		e->tls = field;
		return true;
	case TAG_VERDICTS:
		e->verdicts = field;
		return true;
	default:
		return true; /* a newer mtad's */
	}
}

static bool
take_field(struct slice *s, uint64_t *tag, struct slice *field)
{
	return pack_take_u64(s, UINT64_MAX, tag) && pack_take_bytes(s, field);
}

int
envelope_decode(struct slice in, struct arena *arena, struct envelope *out)
{
	struct envelope e = {
		.sender = SLICE_NONE,
		.envid = SLICE_NONE,
		.service = SLICE_NONE,
		.client = SLICE_NONE,
		.helo = SLICE_NONE,
		.login = SLICE_NONE,
		.tls = SLICE_NONE,
		.verdicts = SLICE_NONE,
	};
	uint64_t seen = 0;
	uint32_t count = 0;
	struct slice s, field;
	uint64_t tag;

	for (s = in; s.n > 0;) {
		if (!take_field(&s, &tag, &field))
			return ERR_CORRUPT;
		if (tag == TAG_RECIPIENT) {
			count++;
			continue;
		}
		if (tag < TAG_KNOWN && (seen >> tag & 1) != 0)
			return ERR_CORRUPT;
		if (tag < TAG_KNOWN)
			seen |= (uint64_t)1 << tag;
		if (!read_field(&e, tag, field))
			return ERR_CORRUPT;
	}
	e.recipients = arena_alloc(arena, count, sizeof(*e.recipients));
	if (e.recipients == NULL)
		return ERR_LIMIT;
	for (s = in; e.recipient_count < count;) {
		must(take_field(&s, &tag, &field));
		if (tag == TAG_RECIPIENT &&
		    !to_recipient(field, &e.recipients[e.recipient_count++]))
			return ERR_CORRUPT;
	}
	*out = e;
	return 0;
}

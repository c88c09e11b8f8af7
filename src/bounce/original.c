/*
 * bounce/original.c - how much of the original is read, and what it is.
 */
#include "bounce/original.h"

#include "mail/header.h"
#include "mail/utf8.h"

enum { HEADER_MAX = 256 * 1024, READ_SIZE = 16 * 1024 };

/*
 * RET is for failures alone (RFC 3461, 4.3). A message in BINARYMIME may hold
 * what no line-wise transport carries.
 */
static bool
wants_whole(const struct bounce *b)
{
	return b->kind == BOUNCE_FAILURE && b->envelope->ret == RET_FULL &&
	    b->envelope->body != BODY_BINARYMIME &&
	    b->envelope->size <= b->full_max;
}

static int
read_up_to(struct original *o, const struct bounce *b, size_t max)
{
	while (o->bytes.n < max) {
		size_t n = max - o->bytes.n;
		char *room;
		int64_t got;

		if (n > READ_SIZE)
			n = READ_SIZE;
		room = buf_reserve(&o->bytes, n);
		must(room != NULL);
		got = b->read(o->bytes.n, room, n, b->read_arg);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		buf_added(&o->bytes, (size_t)got);
		if (!o->whole && header_length(buf_slice(&o->bytes)) > 0)
			break;
	}
	return 0;
}

/* The header section of what was read, cut to whole lines. */
static struct slice
header_of(struct slice bytes)
{
	size_t n = header_length(bytes);

	if (n > 0)
		return slice_head(bytes, n - 2);
	n = slice_find_last(bytes, '\n');
	return slice_head(bytes, n == bytes.n ? 0 : n + 1);
}

int
original_read(struct original *o, const struct bounce *b)
{
	size_t max;
	int rc;

	*o = (struct original){ .whole = wants_whole(b) };
	max = o->whole ? b->full_max : HEADER_MAX;
	buf_init(&o->bytes, max);
	rc = read_up_to(o, b, max);
	if (rc != 0)
		return rc;
	o->header = header_of(buf_slice(&o->bytes));
	o->given = o->whole ? buf_slice(&o->bytes) : o->header;
	o->eight_bit = !utf8_is_ascii(o->given);
	o->utf8_header = b->envelope->smtputf8 &&
	    header_needs_utf8(o->header) && utf8_is_valid(o->header);
	return 0;
}

void
original_done(struct original *o)
{
	buf_done(&o->bytes);
}

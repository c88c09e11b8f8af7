/*
 * receive/head.c - finds the end of the header section as it arrives.
 *
 * It does not parse addresses or dates: it counts and notes which fields are
 * there. Each byte is looked at once, whatever the size of the pieces.
 */
#include "receive/head.h"

#include <string.h>

#include "base/ascii.h"

/* A buffer larger than this is not kept from one message to the next. */
enum { KEPT_MAX = 4096 };

void
head_init(struct head *h, size_t max)
{
	*h = (struct head){ 0 };
	buf_init(&h->bytes, max);
}

void
head_done(struct head *h)
{
	buf_done(&h->bytes);
}

void
head_reset(struct head *h)
{
	struct buf kept = h->bytes;

	if (kept.size > KEPT_MAX)
		buf_done(&kept);
	buf_reset(&kept);
	*h = (struct head){ .bytes = kept };
}

/* field-name = 1*ftext (RFC 5322, 3.6.8), with white space before the colon
 * as of old. Empty if the line is no field. */
static struct slice
field_name(struct slice line)
{
	struct slice name = slice_head(line, slice_find(line, ':'));

	if (name.n == line.n)
		return SLICE_NONE;
	while (name.n > 0 &&
	    (name.p[name.n - 1] == ' ' || name.p[name.n - 1] == '\t'))
		name.n--;
	for (size_t i = 0; i < name.n; i++)
		if (!ascii_is_graphic(name.p[i]))
			return SLICE_NONE;
	return name;
}

/* The body began without an empty line before it: put that in. */
static void
insert_gap(struct head *h)
{
	char *room = buf_reserve(&h->bytes, 2);

	h->whole = true;
	if (room == NULL) {
		h->too_long = true;
		return;
	}
	buf_added(&h->bytes, 2);
	memmove(h->bytes.p + h->line + 2, h->bytes.p + h->line,
	    h->bytes.n - 2 - h->line);
	memcpy(h->bytes.p + h->line, "\r\n", 2);
}

static void
note_message_id(struct head *h, struct slice line)
{
	struct slice value = slice_skip(line, slice_find(line, ':') + 1);

	if (h->has_message_id)
		return;
	value = slice_trim(value);
	h->has_message_id = true;
	h->message_id = (size_t)(value.p - h->bytes.p);
	h->message_id_length = value.n;
}

/* `line` has no CRLF. */
static void
take_line(struct head *h, struct slice line)
{
	struct slice name;

	if (line.n == 0) {
		h->whole = true;
		return;
	}
	if ((line.p[0] == ' ' || line.p[0] == '\t') && h->line > 0)
		return;
	name = field_name(line);
	if (name.n == 0)
		insert_gap(h);
	else if (slice_is_nocase(name, "received"))
		h->received++;
	else if (slice_is_nocase(name, "date"))
		h->has_date = true;
	else if (slice_is_nocase(name, "authentication-results"))
		h->has_results = true;
	else if (slice_is_nocase(name, "message-id"))
		note_message_id(h, line);
}

/* Adds bytes up to and with the next LF; true if a line was made whole. */
static bool
add_up_to_line_end(struct head *h, struct slice *in)
{
	size_t lf = slice_find(*in, '\n');
	struct slice piece = slice_head(*in, lf + 1);

	buf_add(&h->bytes, piece);
	if (buf_failed(&h->bytes)) {
		h->too_long = true;
		return false;
	}
	*in = slice_skip(*in, piece.n);
	return piece.n == lf + 1 && h->bytes.n >= h->line + 2 &&
	    h->bytes.p[h->bytes.n - 2] == '\r';
}

size_t
head_feed(struct head *h, struct slice content)
{
	struct slice in = content;

	while (in.n > 0 && !h->whole && !h->too_long) {
		if (!add_up_to_line_end(h, &in))
			continue;
		take_line(h,
		    slice_from(h->bytes.p + h->line, h->bytes.n - 2 - h->line));
		h->line = h->bytes.n;
	}
	return content.n - in.n;
}

void
head_end(struct head *h)
{
	if (!h->whole && h->bytes.n > h->line)
		take_line(h, slice_skip(buf_slice(&h->bytes), h->line));
	h->whole = true;
}

struct slice
head_message_id(const struct head *h)
{
	return slice_head(slice_skip(buf_slice(&h->bytes), h->message_id),
	    h->message_id_length);
}

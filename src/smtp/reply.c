/*
 * smtp/reply.c - reply lines, and the lines of one reply joined.
 */
#include "smtp/reply.h"

#include "base/ascii.h"

enum { CODE_DIGITS = 3 };

bool
reply_line_parse(struct slice line, struct reply_line *out)
{
	struct slice text = slice_skip(line, CODE_DIGITS);
	uint32_t code;

	if (line.n < CODE_DIGITS ||
	    !slice_to_u32(slice_head(line, CODE_DIGITS), 599, &code) ||
	    code < 200)
		return false;
	out->code = (int)code;
	out->last = !slice_take_char(&text, '-');
	if (out->last && text.n > 0 && !slice_take_char(&text, ' '))
		return false;
	out->text = text;
	return true;
}

void
reply_init(struct reply *r)
{
	*r = (struct reply){ 0 };
	buf_init(&r->text, REPLY_TEXT_MAX);
}

void
reply_done(struct reply *r)
{
	buf_done(&r->text);
}

void
reply_reset(struct reply *r)
{
	r->code = 0;
	r->status = (struct status_code){ 0 };
	r->lines = 0;
	buf_reset(&r->text);
}

static bool
status_eq(struct status_code a, struct status_code b)
{
	return a.class == b.class && a.subject == b.subject &&
	    a.detail == b.detail;
}

/*
 * Adds what fits. Control bytes become spaces: the text goes on into logs,
 * other replies and DSNs, and no peer shall draw on a terminal with it.
 */
static void
add_text(struct buf *out, struct slice text)
{
	size_t n = text.n < out->max - out->n ? text.n : out->max - out->n;
	char *room = buf_reserve(out, n);

	if (room == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		room[i] = ascii_is_control(text.p[i]) ? ' ' : text.p[i];
	buf_added(out, n);
}

enum reply_progress
reply_add_line(struct reply *r, struct slice line)
{
	struct reply_line got;
	struct status_code status;
	struct slice text;

	if (!reply_line_parse(line, &got) || r->lines == REPLY_LINES_MAX ||
	    (r->lines > 0 && got.code != r->code))
		return REPLY_MALFORMED;
	text = got.text;
	if (r->lines == 0) {
		r->code = got.code;
		add_text(&r->text, slice_head(line, CODE_DIGITS));
		if (status_code_take(&text, &status) &&
		    status.class == got.code / 100)
			r->status = status;
		text = got.text;
	} else if (status_code_take(&text, &status) &&
	    !status_eq(status, r->status)) {
		text = got.text; /* it says something new: keep it */
	}
	if (text.n > 0) {
		add_text(&r->text, SLICE(" "));
		add_text(&r->text, text);
	}
	r->lines++;
	return got.last ? REPLY_WHOLE : REPLY_MORE;
}

struct fate
reply_fate(const struct reply *r)
{
	return fate_from_reply(r->code, buf_slice(&r->text));
}

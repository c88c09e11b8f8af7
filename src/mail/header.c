/*
 * mail/header.c - finding fields. Only CRLF ends a line here; what a field
 * means is its reader's business.
 */
#include "mail/header.h"

#include <string.h>

#include "base/ascii.h"
#include "mail/utf8.h"

/* The line at the front with its CRLF, or what is left without one. */
static struct slice
first_line(struct slice s)
{
	size_t at = slice_find_str(s, SLICE("\r\n"));

	return slice_head(s, at + 2);
}

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

/* field-name *WSP ":" (RFC 5322, 3.6.8 and 4.5); 0 if it is not there. */
static size_t
name_length(struct slice line, size_t *colon)
{
	size_t n = 0, at;

	while (n < line.n && ascii_is_graphic(line.p[n]) && line.p[n] != ':')
		n++;
	for (at = n; at < line.n && is_wsp(line.p[at]);)
		at++;
	if (at == line.n || line.p[at] != ':')
		return 0;
	*colon = at;
	return n;
}

bool
header_take(struct slice *in, struct header_field *out)
{
	struct slice line = first_line(*in);
	struct slice rest = slice_skip(*in, line.n);
	size_t colon = 0;
	size_t name = name_length(line, &colon);

	if (name == 0)
		return false;
	while (rest.n > 0 && is_wsp(rest.p[0]))
		rest = slice_skip(rest, first_line(rest).n);
	out->name = slice_head(line, name);
	out->raw = slice_head(*in, in->n - rest.n);
	out->body = slice_skip(out->raw, colon + 1);
	if (slice_ends_nocase(out->body, "\r\n"))
		out->body.n -= 2;
	*in = rest;
	return true;
}

bool
header_find(struct slice header, const char *name, struct header_field *out)
{
	struct header_field field;

	while (header_take(&header, &field)) {
		if (!slice_is_nocase(field.name, name))
			continue;
		*out = field;
		return true;
	}
	return false;
}

size_t
header_count(struct slice header, const char *name)
{
	struct header_field field;
	size_t count = 0;

	while (header_take(&header, &field))
		if (slice_is_nocase(field.name, name))
			count++;
	return count;
}

size_t
header_length(struct slice content)
{
	struct slice empty_line = SLICE("\r\n\r\n");
	size_t at;

	if (slice_starts(content, "\r\n"))
		return 2;
	at = slice_find_str(content, empty_line);
	return at == content.n ? 0 : at + empty_line.n;
}

void
header_unfold(struct slice body, struct buf *out)
{
	while (body.n > 0) {
		size_t at = slice_find_str(body, SLICE("\r\n"));
		bool fold = at + 2 < body.n && is_wsp(body.p[at + 2]);

		if (at < body.n && !fold)
			at += 2; /* a line end that is no fold stays */
		buf_add(out, slice_head(body, at));
		body = slice_skip(body, fold ? at + 2 : at);
	}
}

bool
header_needs_utf8(struct slice header)
{
	return !utf8_is_ascii(header);
}

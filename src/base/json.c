/*
 * base/json.c - JSON, written front to back; nothing is read here.
 */
#include "base/json.h"

#include "base/ascii.h"

/*
 * The length of the UTF-8 sequence at the front of s (RFC 3629, 4), or 0.
 */
static size_t
utf8_length(struct slice s)
{
	unsigned char c = (unsigned char)s.p[0];
	unsigned char low = 0x80, high = 0xbf;
	size_t n;

	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	n = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (n > s.n)
		return 0;
	if (c == 0xe0)
		low = 0xa0; /* shorter forms exist */
	else if (c == 0xed)
		high = 0x9f; /* surrogates */
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i < n; i++) {
		unsigned char next = (unsigned char)s.p[i];

		if (next < (i == 1 ? low : 0x80) ||
		    next > (i == 1 ? high : 0xbf))
			return 0;
	}
	return n;
}

static bool
is_plain(char c)
{
	return c >= 32 && c < 127 && c != '"' && c != '\\';
}

void
json_write_string(struct slice s, struct buf *out)
{
	buf_add_char(out, '"');
	while (s.n > 0) {
		size_t n = 0;

		while (n < s.n && is_plain(s.p[n]))
			n++;
		buf_add(out, slice_head(s, n));
		s = slice_skip(s, n);
		if (s.n == 0)
			break;
		n = utf8_length(s);
		if (n > 1) {
			buf_add(out, slice_head(s, n));
		} else if (n == 0) {
			buf_add_cstr(out, "\\ufffd");
			n = 1;
		} else if (s.p[0] == '"' || s.p[0] == '\\') {
			buf_add_char(out, '\\');
			buf_add_char(out, s.p[0]);
		} else {
			buf_addf(out, "\\u%04x", (unsigned)s.p[0]);
		}
		s = slice_skip(s, n);
	}
	buf_add_char(out, '"');
}

static void
add_key(struct json *j, const char *key)
{
	if (j->more)
		buf_add_char(j->out, ',');
	j->more = true;
	buf_add_char(j->out, '"');
	buf_add_cstr(j->out, key);
	buf_add_cstr(j->out, "\":");
}

void
json_begin(struct json *j, struct buf *out)
{
	*j = (struct json){ .out = out };
	buf_add_char(out, '{');
}

void
json_end(struct json *j)
{
	buf_add_char(j->out, '}');
}

void
json_text(struct json *j, const char *key, struct slice value)
{
	add_key(j, key);
	json_write_string(value, j->out);
}

void
json_cstr(struct json *j, const char *key, const char *value)
{
	json_text(j, key, slice_of(value));
}

void
json_int(struct json *j, const char *key, int64_t value)
{
	add_key(j, key);
	buf_addf(j->out, "%lld", (long long)value);
}

void
json_bool(struct json *j, const char *key, bool value)
{
	add_key(j, key);
	buf_add_cstr(j->out, value ? "true" : "false");
}

void
json_seconds(struct json *j, const char *key, int64_t ms)
{
	add_key(j, key);
	if (ms < 0)
		ms = 0;
	buf_addf(j->out, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
}

void
json_list(struct json *j, const char *key)
{
	add_key(j, key);
	buf_add_char(j->out, '[');
	j->more = false;
}

void
json_item(struct json *j, struct slice value)
{
	if (j->more)
		buf_add_char(j->out, ',');
	j->more = true;
	json_write_string(value, j->out);
}

void
json_list_end(struct json *j)
{
	buf_add_char(j->out, ']');
	j->more = true;
}

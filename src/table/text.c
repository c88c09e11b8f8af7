/*
 * table/text.c - reading the text form. Opens nothing, and gives no meaning
 * to keys and values.
 */
#include "table/text.h"

#include <errno.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "table/image.h"

/* A key in the worst quoting, a value, and what stands between. */
enum { LOGICAL_LINE_MAX = TABLE_VALUE_MAX + 4 * TABLE_KEY_MAX };

/* A quoted key: a backslash takes the next byte as it is. */
static int
take_quoted_key(struct slice *in, struct buf *key, struct why *why)
{
	while (in->n > 0) {
		char c = in->p[0];

		*in = slice_skip(*in, 1);
		if (c == '"')
			return 0;
		if (c == '\\' && in->n > 0) {
			c = in->p[0];
			*in = slice_skip(*in, 1);
		}
		buf_add_char(key, c);
	}
	why_set(why, "a key begins with a quote that does not end");
	return -EINVAL;
}

static bool
has_space(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (ascii_is_space(s.p[i]))
			return true;
	return false;
}

/* Splits a logical line. `quoted` holds the key when it was in quotes. */
static int
split(struct slice line, struct buf *quoted, struct slice *key,
    struct slice *value, struct why *why)
{
	buf_reset(quoted);
	if (slice_take_char(&line, '"')) {
		if (take_quoted_key(&line, quoted, why) != 0)
			return -EINVAL;
		*key = buf_slice(quoted);
		line = slice_trim(line);
		if (line.n > 0 && !slice_take_char(&line, ':')) {
			why_set(why, "behind \"%.*s\" comes a colon or nothing",
			    SLICE_ARGS(slice_head(*key, 100)));
			return -EINVAL;
		}
	} else {
		*key = slice_trim(slice_take_until(&line, ':'));
	}
	if (buf_failed(quoted) || key->n > TABLE_KEY_MAX) {
		why_set(why, "a key has at most %d bytes", TABLE_KEY_MAX);
		return -EINVAL;
	}
	if (key->n == 0) {
		why_set(why, "there is no key in front of the colon");
		return -EINVAL;
	}
	if (quoted->n == 0 && has_space(*key)) {
		why_set(why,
		    "\"%.*s\": a key has no white space in it unless it "
		    "is in quotes; write \"key: value\"",
		    SLICE_ARGS(slice_head(*key, 100)));
		return -EINVAL;
	}
	*value = slice_trim(line);
	return 0;
}

struct reading {
	text_entry_fn *each;
	void *arg;
	struct buf logical; /* the lines gathered so far, or nothing */
	struct buf quoted;
	uint32_t first; /* the line where `logical` began */
};

/* The logical line is complete. */
static int
finish_line(struct reading *r, struct why *why)
{
	struct slice key, value;
	int rc;

	if (r->logical.n == 0)
		return 0;
	if (buf_failed(&r->logical)) {
		why_set(why,
		    "a line with its continuations has at most %d bytes",
		    LOGICAL_LINE_MAX);
		return -EINVAL;
	}
	rc = split(buf_slice(&r->logical), &r->quoted, &key, &value, why);
	if (rc == 0)
		rc = r->each(key, value, r->first, why, r->arg);
	buf_reset(&r->logical);
	return rc;
}

/* One physical line. */
static int
take_physical(struct reading *r, struct slice line, uint32_t number,
    struct why *why)
{
	bool continues = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
	struct slice text = slice_trim(line);
	int rc;

	if (slice_has(line, '\0')) {
		r->first = number;
		why_set(why, "a NUL byte: this is no text");
		return -EINVAL;
	}
	if (text.n == 0 || text.p[0] == '#')
		return 0;
	if (continues && r->logical.n == 0) {
		r->first = number;
		why_set(why,
		    "white space in front: this continues a line, but "
		    "there is none before it");
		return -EINVAL;
	}
	if (continues) {
		buf_add_char(&r->logical, ' ');
	} else {
		rc = finish_line(r, why);
		if (rc != 0)
			return rc;
		r->first = number;
	}
	buf_add(&r->logical, text);
	return 0;
}

int
text_parse(struct slice text, text_entry_fn *each, void *arg, uint32_t *line,
    struct why *why)
{
	struct reading r = { .each = each, .arg = arg };
	struct slice physical;
	uint32_t number = 0;
	int rc = 0;

	buf_init(&r.logical, LOGICAL_LINE_MAX);
	buf_init(&r.quoted, TABLE_KEY_MAX);
	(void)slice_take_prefix(&text, "\xef\xbb\xbf"); /* a byte order mark */
	while (rc == 0 && slice_take_line(&text, &physical))
		rc = take_physical(&r, physical, ++number, why);
	if (rc == 0)
		rc = finish_line(&r, why);
	if (rc != 0)
		*line = r.first;
	buf_done(&r.logical);
	buf_done(&r.quoted);
	return rc;
}

/*
 * verify/dkim_tags.c - see dkim_tags.h.
 */
#include "verify/dkim_tags.h"

#include "base/ascii.h"
#include "base/base64.h"

/* tag-name = ALPHA *(ALPHA / DIGIT / "_") */
static bool
name_is_good(struct slice name)
{
	if (name.n == 0 || !ascii_is_alpha(name.p[0]))
		return false;
	for (size_t i = 1; i < name.n; i++)
		if (!ascii_is_alnum(name.p[i]) && name.p[i] != '_')
			return false;
	return true;
}

/* tval = 1*VALCHAR, with white space and folds between them */
static bool
value_is_good(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (!ascii_is_graphic(value.p[i]) &&
		    !ascii_is_space(value.p[i]))
			return false;
	return true;
}

bool
dkim_tags_get(const struct dkim_tags *tags, const char *name,
    struct slice *value)
{
	for (size_t i = 0; i < tags->count; i++)
		if (slice_is(tags->tag[i].name, name)) {
			*value = tags->tag[i].value;
			return true;
		}
	return false;
}

struct slice
dkim_tags_value(const struct dkim_tags *tags, const char *name)
{
	struct slice value = SLICE_NONE;

	(void)dkim_tags_get(tags, name, &value);
	return value;
}

static bool
has_name(const struct dkim_tags *tags, struct slice name)
{
	for (size_t i = 0; i < tags->count; i++)
		if (slice_eq(tags->tag[i].name, name))
			return true;
	return false;
}

bool
dkim_tags_parse(struct slice text, struct dkim_tags *out)
{
	out->count = 0;
	while (slice_trim(text).n > 0) {
		struct slice spec = slice_take_until(&text, ';');
		size_t equals = slice_find(spec, '=');
		struct slice name = slice_trim(slice_head(spec, equals));
		struct slice value = slice_trim(slice_skip(spec, equals + 1));

		if (equals == spec.n || out->count == DKIM_TAGS_MAX ||
		    !name_is_good(name) || !value_is_good(value) ||
		    has_name(out, name))
			return false;
		out->tag[out->count++] = (struct dkim_tag){ name, value };
	}
	return out->count > 0;
}

bool
dkim_value_compact(struct slice value, char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < value.n; i++) {
		if (ascii_is_space(value.p[i]))
			continue;
		if (n + 1 >= size)
			return false;
		out[n++] = value.p[i];
	}
	out[n] = '\0';
	return true;
}

bool
dkim_value_next(struct slice *list, struct slice *item)
{
	if (list->p == NULL)
		return false;
	if (slice_has(*list, ':'))
		*item = slice_trim(slice_take_until(list, ':'));
	else {
		*item = slice_trim(*list);
		*list = (struct slice){ NULL, 0 };
	}
	return true;
}

bool
dkim_value_has(struct slice list, const char *item)
{
	struct slice one;

	while (dkim_value_next(&list, &one))
		if (slice_is_nocase(one, item))
			return true;
	return false;
}

bool
dkim_value_is_base64(struct slice value)
{
	size_t digits = 0, pads = 0;

	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (ascii_is_space(c))
			continue;
		if (c == '=')
			pads++;
		else if (pads == 0 &&
		    (ascii_is_alnum(c) || c == '+' || c == '/'))
			digits++;
		else
			return false;
	}
	return digits > 0 && pads <= 2 && (digits + pads) % 4 == 0;
}

bool
dkim_value_decode(struct slice value, struct buf *out)
{
	struct buf dense;
	bool good;

	buf_init(&dense, value.n + 1);
	for (size_t i = 0; i < value.n; i++)
		if (!ascii_is_space(value.p[i]))
			buf_add_char(&dense, value.p[i]);
	good = dense.n > 0 && base64_decode(buf_slice(&dense), out) &&
	    !buf_failed(out);
	buf_done(&dense);
	return good;
}

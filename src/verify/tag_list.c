/*
 * verify/tag_list.c - the form of tag lists. What tags mean is their readers'
 * business.
 */
#include "verify/tag_list.h"

#include "base/ascii.h"
#include "base/base64.h"

/*
 * tag-list  = tag-spec *( ";" tag-spec ) [ ";" ]
 * tag-spec  = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
 * tag-name  = ALPHA *( ALPHA / DIGIT / "_" )
 * tag-value = printable ASCII but ";", with white space between
 */
static bool
is_name(struct slice s)
{
	if (s.n == 0 || !ascii_is_alpha(s.p[0]))
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && s.p[i] != '_')
			return false;
	return true;
}

static bool
is_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_graphic(s.p[i]) && !ascii_is_space(s.p[i]))
			return false;
	return true;
}

static bool
take_tag(struct slice spec, struct tag_list *list)
{
	struct tag tag = { .name = slice_trim(slice_take_until(&spec, '=')),
		.value = slice_trim(spec) };

	if (list->count == TAG_LIST_MAX || !is_name(tag.name) ||
	    !is_value(tag.value))
		return false;
	for (size_t i = 0; i < list->count; i++)
		if (slice_eq(list->tags[i].name, tag.name))
			return false;
	list->tags[list->count++] = tag;
	return true;
}

bool
tag_list_parse(struct slice in, struct tag_list *out)
{
	out->count = 0;
	while (in.n > 0) {
		struct slice spec = slice_take_until(&in, ';');

		/* Behind the last semicolon may be white space alone. */
		if (in.n == 0 && out->count > 0 && slice_trim(spec).n == 0)
			break;
		if (slice_find(spec, '=') == spec.n || !take_tag(spec, out))
			return false;
	}
	return out->count > 0;
}

const struct slice *
tag_list_find(const struct tag_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (slice_is(list->tags[i].name, name))
			return &list->tags[i].value;
	return NULL;
}

struct slice
tag_list_get(const struct tag_list *list, const char *name)
{
	const struct slice *value = tag_list_find(list, name);

	return value != NULL ? *value : SLICE_NONE;
}

bool
tag_list_decode(struct slice value, struct buf *out)
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

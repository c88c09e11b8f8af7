/*
 * conf/type.c - what all types share, and which file has which type. What a
 * value means to others is checked elsewhere.
 */
#include "conf/type.h"

#include <string.h>

#include "base/alloc.h"
#include "conf/field.h"

/* --- the bytes of a packed conf --- */

void
conf_put_u64(uint64_t value, struct buf *out)
{
	buf_add(out, slice_from(&value, sizeof(value)));
}

bool
conf_get_u64(struct slice *in, uint64_t *out)
{
	if (in->n < sizeof(*out))
		return false;
	memcpy(out, in->p, sizeof(*out));
	*in = slice_skip(*in, sizeof(*out));
	return true;
}

void
conf_put_text(struct slice s, struct buf *out)
{
	conf_put_u64(s.n, out);
	buf_add(out, s);
}

bool
conf_get_text(struct slice *in, struct slice *out)
{
	struct slice rest = *in;
	uint64_t n;

	if (!conf_get_u64(&rest, &n) || n > rest.n)
		return false;
	*out = slice_head(rest, n);
	*in = slice_skip(rest, n);
	return true;
}

bool
conf_get_cstr(struct slice *in, char **out)
{
	struct slice s;

	if (!conf_get_text(in, &s) || slice_has(s, '\0'))
		return false;
	mem_free(*out);
	*out = mem_cstr(s);
	return true;
}

/* --- lists of texts --- */

void
strings_add(struct strings *list, struct slice s)
{
	list->v = mem_resize(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = mem_cstr(s);
}

void
strings_done(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		mem_free(list->v[i]);
	mem_free(list->v);
	*list = (struct strings){ 0 };
}

void
conf_preset_words(const struct conf_key *key, struct strings *out)
{
	struct slice rest = slice_of(key->preset);

	if (!conf_type_facts(key->type)->is_list)
		strings_add(out, rest);
	else
		while (rest.n > 0)
			strings_add(out, slice_take_until(&rest, ','));
}

/* --- the types --- */

const struct conf_type_facts *
conf_type_facts(enum conf_type type)
{
	const struct conf_type_facts *facts = conf_text_type(type);

	if (facts == NULL)
		facts = conf_number_type(type);
	if (facts == NULL)
		facts = conf_word_type(type);
	if (facts == NULL)
		facts = conf_file_type(type);
	if (facts == NULL)
		facts = conf_pace_type(type);
	must(facts != NULL);
	return facts;
}

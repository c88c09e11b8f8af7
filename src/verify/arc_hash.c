/*
 * verify/arc_hash.c - fields as ARC's signatures see them, into a hash.
 */
#include "verify/arc_hash.h"

void
arc_hash_field(struct dkim_hash *h, const struct header_field *field,
    bool relaxed)
{
	if (relaxed) {
		dkim_hash_field(h, field);
		dkim_hash_text(h, SLICE("\r\n"));
	} else {
		dkim_hash_text(h, field->raw);
	}
}

/*
 * The field with the value of its b= tag taken out; the rest is as it was. The
 * new field is added to `out` as a whole.
 */
static void
without_signature(const struct header_field *field, struct buf *out)
{
	struct slice rest = field->body;
	struct slice before;

	before = slice_head(field->raw, (size_t)(rest.p - field->raw.p));
	buf_add(out, before);
	while (rest.n > 0) {
		size_t end = slice_find(rest, ';');
		struct slice tag = slice_head(rest, end);
		size_t equals = slice_find(tag, '=');

		if (equals < tag.n &&
		    slice_is(slice_trim(slice_head(tag, equals)), "b"))
			tag.n = equals + 1;
		buf_add(out, tag);
		if (end < rest.n)
			buf_add_char(out, ';');
		rest = slice_skip(rest, end + 1);
	}
}

void
arc_hash_signer(struct dkim_hash *h, const struct header_field *field,
    bool relaxed)
{
	struct header_field without;
	struct slice in;
	struct buf bare;

	buf_init(&bare, field->raw.n + 16);
	without_signature(field, &bare);
	must(!buf_failed(&bare));
	in = buf_slice(&bare);
	if (relaxed && header_take(&in, &without))
		dkim_hash_field(h, &without);
	else
		dkim_hash_text(h, in);
	buf_done(&bare);
}

/*
 * verify/canon.c - folding and white space made equal, so that what relays do
 * to them breaks no signature.
 */
#include "verify/canon.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"

enum { PIECE = 4096 };

struct body_hash {
	EVP_MD_CTX *md; /* owned */
	bool relaxed;
	bool after_cr;  /* a CR that may be half of a CRLF */
	bool has_space; /* white space that counts if the line goes on */
	bool has_text;
	uint64_t lines; /* line ends held back: they may be the last ones */
	size_t used;
	uint8_t piece[PIECE];
};

static bool
is_wsp(char c)
{
	return c == ' ' || c == '\t';
}

void
canon_header_relaxed(const struct header_field *field, struct buf *out)
{
	struct slice body = slice_trim(field->body);
	bool space = false;

	for (size_t i = 0; i < field->name.n; i++)
		buf_add_char(out, ascii_lower(field->name.p[i]));
	buf_add_char(out, ':');
	for (size_t i = 0; i < body.n; i++) {
		char c = body.p[i];

		if (c == '\r' && i + 1 < body.n && body.p[i + 1] == '\n') {
			i++;
			continue;
		}
		if (is_wsp(c)) {
			space = true;
			continue;
		}
		if (space)
			buf_add_char(out, ' ');
		space = false;
		buf_add_char(out, c);
	}
}

void
canon_without_signature(const struct header_field *field, struct buf *out)
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

/* --- the body --- */

struct body_hash *
body_hash_new(bool relaxed)
{
	struct body_hash *h = mem_zero(sizeof(*h));

	h->relaxed = relaxed;
	h->md = EVP_MD_CTX_new();
	must(h->md != NULL);
	must(EVP_DigestInit_ex(h->md, EVP_sha256(), NULL) == 1);
	return h;
}

void
body_hash_free(struct body_hash **hash)
{
	if (*hash == NULL)
		return;
	EVP_MD_CTX_free((*hash)->md);
	mem_free(*hash);
	*hash = NULL;
}

static void
flush(struct body_hash *h)
{
	must(EVP_DigestUpdate(h->md, h->piece, h->used) == 1);
	h->used = 0;
}

static void
put(struct body_hash *h, const char *bytes, size_t n)
{
	if (n > PIECE - h->used)
		flush(h);
	if (n > PIECE) {
		must(EVP_DigestUpdate(h->md, bytes, n) == 1);
		return;
	}
	memcpy(h->piece + h->used, bytes, n);
	h->used += n;
}

/* What was held back counts, now that something stands behind it. */
static void
release(struct body_hash *h)
{
	for (; h->lines > 0; h->lines--)
		put(h, "\r\n", 2);
	if (h->has_space)
		put(h, " ", 1);
	h->has_space = false;
	h->has_text = true;
}

static void
put_text(struct body_hash *h, const char *bytes, size_t n)
{
	release(h);
	put(h, bytes, n);
}

static void
end_line(struct body_hash *h)
{
	h->has_space = false;
	h->lines++;
}

static size_t
plain_length(const struct body_hash *h, struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '\r' && (!h->relaxed || !is_wsp(s.p[n])))
		n++;
	return n;
}

void
body_hash_add(struct body_hash *h, struct slice s)
{
	while (s.n > 0) {
		size_t n;

		if (h->after_cr) {
			h->after_cr = false;
			if (s.p[0] == '\n') {
				end_line(h);
				s = slice_skip(s, 1);
				continue;
			}
			put_text(h, "\r", 1);
		}
		if ((n = plain_length(h, s)) > 0) {
			put_text(h, s.p, n);
		} else {
			n = 1;
			if (s.p[0] == '\r')
				h->after_cr = true;
			else
				h->has_space = true;
		}
		s = slice_skip(s, n);
	}
}

/*
 * Empty lines at the end are one line end; a last line without one gets it; an
 * empty body is a CRLF in the simple form and nothing in the relaxed one.
 */
void
body_hash_end(struct body_hash *h, uint8_t out[CANON_HASH_SIZE])
{
	if (h->after_cr)
		put_text(h, "\r", 1);
	if (h->has_text || !h->relaxed)
		put(h, "\r\n", 2);
	flush(h);
	must(EVP_DigestFinal_ex(h->md, out, NULL) == 1);
}

/*
 * verify/dkim_hash.c - see dkim_hash.h. Small pieces gather in a block, so that
 * words of a text do not cost a call of OpenSSL each.
 */
#include "verify/dkim_hash.h"

#include <string.h>

#include <openssl/evp.h>

#include "base/alloc.h"
#include "base/ascii.h"

enum { BLOCK_SIZE = 4096 };

struct dkim_hash {
	EVP_MD_CTX *md; /* owned */
	/* The body: what was read and may yet turn out not to count. */
	uint64_t lines; /* line ends */
	bool blank;     /* white space */
	bool cr;        /* a CR, maybe half of a line end */
	bool has_body;  /* something did count */
	bool is_simple; /* white space counts */
	size_t used;
	char block[BLOCK_SIZE];
};

/* EVP_sha256() would be looked up among the providers for each hash. */
static const EVP_MD *
sha256(void)
{
	static EVP_MD *fetched;

	if (fetched == NULL)
		fetched = EVP_MD_fetch(NULL, "SHA256", NULL);
	must(fetched != NULL);
	return fetched;
}

struct dkim_hash *
dkim_hash_new(void)
{
	struct dkim_hash *h = mem_new(sizeof(*h));

	memset(h, 0, offsetof(struct dkim_hash, block));
	h->md = EVP_MD_CTX_new();
	must(h->md != NULL);
	must(EVP_DigestInit_ex(h->md, sha256(), NULL) == 1);
	return h;
}

struct dkim_hash *
dkim_hash_new_simple(void)
{
	struct dkim_hash *h = dkim_hash_new();

	h->is_simple = true;
	return h;
}

static void
flush(struct dkim_hash *h)
{
	must(EVP_DigestUpdate(h->md, h->block, h->used) == 1);
	h->used = 0;
}

struct dkim_hash *
dkim_hash_copy(struct dkim_hash *from)
{
	struct dkim_hash *h = mem_new(sizeof(*h));

	flush(from);
	memcpy(h, from, offsetof(struct dkim_hash, block));
	h->md = EVP_MD_CTX_new();
	must(h->md != NULL);
	must(EVP_MD_CTX_copy_ex(h->md, from->md) == 1);
	return h;
}

void
dkim_hash_free(struct dkim_hash **h)
{
	if (*h == NULL)
		return;
	EVP_MD_CTX_free((*h)->md);
	mem_free(*h);
	*h = NULL;
}

void
dkim_hash_text(struct dkim_hash *h, struct slice s)
{
	if (s.n > BLOCK_SIZE - h->used)
		flush(h);
	if (s.n > BLOCK_SIZE) {
		must(EVP_DigestUpdate(h->md, s.p, s.n) == 1);
		return;
	}
	memcpy(h->block + h->used, s.p, s.n);
	h->used += s.n;
}

static void
add_char(struct dkim_hash *h, char c)
{
	if (h->used == BLOCK_SIZE)
		flush(h);
	h->block[h->used++] = c;
}

/* name ":" value; runs of white space, folds too, become one space. */
void
dkim_hash_field(struct dkim_hash *h, const struct header_field *field)
{
	struct slice body = slice_trim(field->body);
	bool blank = false;

	for (size_t i = 0; i < field->name.n; i++)
		add_char(h, ascii_lower(field->name.p[i]));
	add_char(h, ':');
	for (size_t i = 0; i < body.n; i++) {
		if (ascii_is_space(body.p[i])) {
			blank = true;
			continue;
		}
		if (blank)
			add_char(h, ' ');
		blank = false;
		add_char(h, body.p[i]);
	}
}

static void
add_lines(struct dkim_hash *h)
{
	for (; h->lines > 0; h->lines--)
		dkim_hash_text(h, SLICE("\r\n"));
}

/* Something that counts; so does then what was held back before it. */
static void
add_plain(struct dkim_hash *h, struct slice s)
{
	add_lines(h);
	if (h->blank)
		add_char(h, ' ');
	h->blank = false;
	h->has_body = true;
	dkim_hash_text(h, s);
}

static bool
is_special(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/*
 * How much goes as it is: words, and single spaces between them; or all up to a
 * CR.
 */
static size_t
plain_length(const struct dkim_hash *h, struct slice s)
{
	size_t i = 1;

	if (h->is_simple)
		return slice_find(s, '\r');
	while (i < s.n) {
		if ((unsigned char)s.p[i] > ' ' || !is_special(s.p[i]))
			i++;
		else if (s.p[i] == ' ' && i + 1 < s.n &&
		    !is_special(s.p[i + 1]))
			i += 2;
		else
			break;
	}
	return i;
}

/* What follows a CR decides what it was. */
static struct slice
end_line(struct dkim_hash *h, struct slice run)
{
	h->cr = false;
	if (!slice_take_char(&run, '\n')) {
		add_plain(h, SLICE("\r"));
		return run;
	}
	h->blank = false;
	h->lines++;
	return run;
}

void
dkim_hash_body(struct dkim_hash *h, struct slice run)
{
	while (run.n > 0) {
		size_t n = 1;

		if (h->cr) {
			run = end_line(h, run);
			continue;
		}
		if (run.p[0] == '\r')
			h->cr = true;
		else if (is_special(run.p[0]) && !h->is_simple)
			h->blank = true;
		else
			add_plain(h, slice_head(run, n = plain_length(h, run)));
		run = slice_skip(run, n);
	}
}

void
dkim_hash_end(struct dkim_hash *h, unsigned char out[DKIM_HASH_SIZE])
{
	unsigned size = 0;

	if (h->cr)
		add_plain(h, SLICE("\r"));
	/*
	 * Empty lines at the end do not count; the last line's end does, and
	 * in the simple form that of an empty body.
	 */
	if (h->has_body || h->is_simple)
		dkim_hash_text(h, SLICE("\r\n"));
	flush(h);
	must(EVP_DigestFinal_ex(h->md, out, &size) == 1);
	must(size == DKIM_HASH_SIZE);
}

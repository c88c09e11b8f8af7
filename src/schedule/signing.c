/*
 * schedule/signing.c - holds the header section until it is whole, then has
 * the body signed as it streams by.
 */
#include "schedule/signing.h"

#include "base/alloc.h"
#include "mail/header.h"
#include "verify/dkim_sign.h"

/* Ours are far shorter; a longer one goes out without a signature. */
enum { HEADER_MAX = 64 << 10 };

struct signing {
	const struct dkim_signers *signers; /* borrowed */
	struct buf header;
	bool has_header;
	struct dkim_sign *sign; /* owned; NULL: nobody signs for the author */
};

struct signing *
signing_new(const struct dkim_signers *signers)
{
	struct signing *s = mem_zero(sizeof(*s));

	s->signers = signers;
	buf_init(&s->header, HEADER_MAX);
	return s;
}

void
signing_free(struct signing **signing)
{
	struct signing *s = *signing;

	if (s == NULL)
		return;
	dkim_sign_free(&s->sign);
	buf_done(&s->header);
	mem_free(s);
	*signing = NULL;
}

/* The header section is whole, and maybe a little of the body with it. */
static void
begin(struct signing *s, size_t length)
{
	struct slice header = slice_head(buf_slice(&s->header), length);
	const struct dkim_signer *signer =
	    dkim_signers_of_header(s->signers, header);

	s->has_header = true;
	if (signer == NULL)
		return;
	s->sign = dkim_sign_new(signer, header);
	dkim_sign_body(s->sign, slice_skip(buf_slice(&s->header), length));
}

void
signing_add(struct signing *s, struct slice piece)
{
	size_t length;

	if (s->signers == NULL || buf_failed(&s->header))
		return;
	if (s->has_header) {
		if (s->sign != NULL)
			dkim_sign_body(s->sign, piece);
		return;
	}
	buf_add(&s->header, piece);
	if (!buf_failed(&s->header) &&
	    (length = header_length(buf_slice(&s->header))) > 0)
		begin(s, length);
}

int
signing_end(struct signing *s, int64_t wall_ms, struct buf *out)
{
	return s->sign == NULL ? 0 : dkim_sign_end(s->sign, wall_ms, out);
}

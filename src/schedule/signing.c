/*
 * schedule/signing.c - holds the header section until it is whole, then has
 * the body signed as it streams by.
 */
#include "schedule/signing.h"

#include "base/alloc.h"
#include "base/log.h"
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

struct dkim_signers *
signing_keys(const struct conf *conf)
{
	struct dkim_signers *signers = dkim_signers_new();
	struct why why;

	for (size_t i = 0; i < conf->dkim_count; i++)
		for (size_t k = 0; k < conf->dkims[i].key_count; k++) {
			const struct dkim_key_conf *key =
			    &conf->dkims[i].keys[k];

			if (dkim_signers_add(signers,
				slice_of(conf->dkims[i].domain),
				slice_of(key->selector),
				slice_from(key->pem.bytes, key->pem.n), &why))
				continue;
			log_error("schedule no-signatures reason=\"%s\"",
			    why.text);
			dkim_signers_free(&signers);
			return NULL;
		}
	return signers;
}

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

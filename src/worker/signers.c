/*
 * worker/signers.c - hands each key of each section to verify/, which parses
 * it. It signs nothing.
 */
#include "worker/signers.h"

static bool
add_section(struct dkim_signers *signers, const struct dkim_conf *d,
    struct why *why)
{
	for (size_t i = 0; i < d->key_count; i++) {
		const struct dkim_key_conf *key = &d->keys[i];

		if (!dkim_signers_add(signers, slice_of(d->domain),
			slice_of(key->selector),
			slice_from(key->pem.bytes, key->pem.n), why))
			return false;
	}
	return true;
}

struct dkim_signers *
signers_from_conf(const struct conf *conf, struct why *why)
{
	struct dkim_signers *signers = dkim_signers_new();

	for (size_t i = 0; i < conf->dkim_count; i++)
		if (!add_section(signers, &conf->dkims[i], why)) {
			dkim_signers_free(&signers);
			return NULL;
		}
	return signers;
}

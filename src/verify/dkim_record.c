/*
 * verify/dkim_record.c - see dkim_record.h. No signature is checked here.
 */
#include "verify/dkim_record.h"

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/base64.h"
#include "verify/dkim_tags.h"

enum {
	ED25519_SIZE = 32,
	EXPONENT_BITS_MAX = 64,
	NAME_TAIL = sizeof("._domainkey.") - 1
};

static void
set(struct dkim_record *r, enum dkim_record_state state, const char *reason)
{
	r->state = state;
	r->reason = reason;
}

/*
 * A public exponent may be as long as the modulus; verifying with such a key
 * takes milliseconds, and a stranger chooses the key.
 */
static bool
exponent_is_short(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	bool is_short =
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_num_bits(e) <= EXPONENT_BITS_MAX;

	BN_free(e);
	return is_short;
}

static void
judge_rsa(struct slice der, struct dkim_record *r)
{
	const unsigned char *p = (const unsigned char *)der.p;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)der.n);

	if (key == NULL || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		set(r, DKIM_RECORD_BAD, "the key record holds no RSA key");
		goto out;
	}
	r->bits = (unsigned)EVP_PKEY_get_bits(key);
	if (r->bits < DKIM_RSA_BITS_MIN)
		set(r, DKIM_RECORD_SHORT, "the key is too short");
	else if (r->bits > DKIM_RSA_BITS_MAX || !exponent_is_short(key))
		set(r, DKIM_RECORD_BAD, "the key is too long");
out:
	EVP_PKEY_free(key);
	ERR_clear_error();
}

static void
judge_key(struct dkim_record *r)
{
	struct buf bytes;

	buf_init(&bytes, DKIM_RECORD_KEY_SIZE);
	if (!base64_decode(slice_of(r->key), &bytes))
		set(r, DKIM_RECORD_BAD, "the key is not base64");
	else if (r->type == DKIM_KEY_RSA)
		judge_rsa(buf_slice(&bytes), r);
	else if (bytes.n != ED25519_SIZE)
		set(r, DKIM_RECORD_BAD, "the key record holds no Ed25519 key");
	else
		r->bits = 8 * ED25519_SIZE;
	buf_done(&bytes);
}

static bool
take_type(const struct dkim_tags *tags, enum dkim_key_type *type)
{
	struct slice k = SLICE("rsa");

	(void)dkim_tags_get(tags, "k", &k);
	*type = slice_is(k, "ed25519") ? DKIM_KEY_ED25519 : DKIM_KEY_RSA;
	return *type == DKIM_KEY_ED25519 || slice_is(k, "rsa");
}

/* What the tags but p= allow; NULL or what is wrong with them. */
static const char *
judge_tags(const struct dkim_tags *tags, struct dkim_record *r)
{
	struct slice v = SLICE("DKIM1"), h = SLICE("sha256"), s = SLICE("*");
	struct slice t = SLICE("");

	(void)dkim_tags_get(tags, "v", &v);
	(void)dkim_tags_get(tags, "h", &h);
	(void)dkim_tags_get(tags, "s", &s);
	(void)dkim_tags_get(tags, "t", &t);
	if (!slice_is(v, "DKIM1"))
		return "the key record is of another version";
	if (!take_type(tags, &r->type))
		return "the key record is of an unknown type";
	if (!dkim_value_has(h, "sha256"))
		return "the key is not for sha256";
	if (!dkim_value_has(s, "*") && !dkim_value_has(s, "email"))
		return "the key is not for mail";
	r->testing = dkim_value_has(t, "y");
	r->strict = dkim_value_has(t, "s");
	return NULL;
}

void
dkim_record_parse(struct slice text, struct dkim_record *out)
{
	struct dkim_tags tags;
	struct slice p;
	const char *wrong;

	*out = (struct dkim_record){ .state = DKIM_RECORD_GOOD };
	if (!dkim_tags_parse(text, &tags) || !dkim_tags_get(&tags, "p", &p)) {
		set(out, DKIM_RECORD_BAD, "the key record is malformed");
		return;
	}
	wrong = judge_tags(&tags, out);
	if (wrong != NULL)
		set(out, DKIM_RECORD_BAD, wrong);
	else if (p.n == 0)
		set(out, DKIM_RECORD_REVOKED, "the key was revoked");
	else if (!dkim_value_compact(p, out->key, sizeof(out->key)))
		set(out, DKIM_RECORD_BAD, "the key is too long");
	else
		judge_key(out);
}

static bool
looks_like_key(struct slice text)
{
	struct dkim_tags tags;
	struct slice value;

	return dkim_tags_parse(text, &tags) &&
	    dkim_tags_get(&tags, "p", &value);
}

static void
choose_among(const struct dns_answer *answer, struct dkim_record *out)
{
	const struct dns_record *chosen = &answer->records[0];
	size_t keys = 0;

	for (size_t i = 0; i < answer->count; i++)
		if (looks_like_key(answer->records[i].data)) {
			chosen = &answer->records[i];
			keys++;
		}
	if (keys > 1) {
		*out = (struct dkim_record){ 0 };
		set(out, DKIM_RECORD_BAD, "there are several key records");
		return;
	}
	dkim_record_parse(chosen->data, out);
}

void
dkim_record_choose(const struct dns_answer *answer, struct dkim_record *out)
{
	*out = (struct dkim_record){ 0 };
	switch (answer->outcome) {
	case DNS_FOUND:
		choose_among(answer, out);
		break;
	case DNS_NO_DATA:
	case DNS_NO_NAME:
		set(out, DKIM_RECORD_MISSING, "there is no such key");
		break;
	case DNS_BOGUS: /* somebody between may be forging: not for ever */
		set(out, DKIM_RECORD_LATER, "DNSSEC does not prove the key");
		break;
	case DNS_TEMPORARY:
	default:
		set(out, DKIM_RECORD_LATER, "the DNS did not tell the key");
	}
}

bool
dkim_record_name(struct slice selector, struct slice domain,
    char out[DNS_NAME_SIZE])
{
	int n;

	if (selector.n == 0 || domain.n == 0 ||
	    selector.n + domain.n + NAME_TAIL > DNS_NAME_MAX)
		return false;
	n = snprintf(out, DNS_NAME_SIZE, "%.*s._domainkey.%.*s",
	    SLICE_ARGS(selector), SLICE_ARGS(domain));
	return n > 0 && dns_name_is_valid(slice_of(out));
}

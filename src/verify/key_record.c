/*
 * verify/key_record.c - fetching, reading and using one public key.
 */
#include "verify/key_record.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>

#include "verify/tag_list.h"

enum { KEY_MAX = 2048, HASH_SIZE = 32, ED25519_SIZE = 32 };

enum key_algorithm
key_algorithm_of(struct slice a)
{
	if (slice_is(a, "rsa-sha256"))
		return KEY_RSA_SHA256;
	if (slice_is(a, "ed25519-sha256"))
		return KEY_ED25519_SHA256;
	return KEY_UNKNOWN;
}

/* One of the words of a colon-separated list; a list that is absent has all. */
static bool
list_has(const struct tag_list *tags, const char *name, const char *word,
    const char *all)
{
	const struct slice *value = tag_list_find(tags, name);
	struct slice list;

	if (value == NULL)
		return true;
	for (list = *value; list.n > 0;) {
		struct slice item = slice_trim(slice_take_until(&list, ':'));

		if (slice_is(item, word) || slice_is(item, all))
			return true;
	}
	return false;
}

static bool
is_fit(const struct tag_list *tags, enum key_algorithm algorithm)
{
	const char *kind = algorithm == KEY_RSA_SHA256 ? "rsa" : "ed25519";
	const struct slice *k = tag_list_find(tags, "k");

	return slice_is(k != NULL ? *k : SLICE("rsa"), kind) &&
	    list_has(tags, "h", "sha256", "sha256") &&
	    list_has(tags, "s", "email", "*");
}

/* RSA keys come as SubjectPublicKeyInfo, Ed25519 ones bare (RFC 8463, 4). */
static EVP_PKEY *
key_from_bytes(struct slice bytes, enum key_algorithm algorithm)
{
	const unsigned char *p = (const unsigned char *)bytes.p;
	EVP_PKEY *key = NULL;

	if (algorithm == KEY_ED25519_SHA256)
		return bytes.n == ED25519_SIZE
		    ? EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p,
			  bytes.n)
		    : NULL;
	key = d2i_PUBKEY(NULL, &p, (long)bytes.n);
	if (key != NULL && EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

static bool
rsa_signed(EVP_PKEY *key, const uint8_t hash[HASH_SIZE], struct slice sig)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
	    EVP_PKEY_verify(ctx, (const unsigned char *)sig.p, sig.n, hash,
		HASH_SIZE) == 1;

	EVP_PKEY_CTX_free(ctx);
	return good;
}

static bool
ed25519_signed(EVP_PKEY *key, const uint8_t hash[HASH_SIZE], struct slice sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	    EVP_DigestVerify(ctx, (const unsigned char *)sig.p, sig.n, hash,
		HASH_SIZE) == 1;

	EVP_MD_CTX_free(ctx);
	return good;
}

static enum key_verdict
judge(EVP_PKEY *key, enum key_algorithm algorithm,
    const uint8_t hash[HASH_SIZE], struct slice signature)
{
	int bits = EVP_PKEY_get_bits(key);

	if (algorithm == KEY_ED25519_SHA256)
		return ed25519_signed(key, hash, signature) ? KEY_GOOD
							    : KEY_BAD;
	if (bits < KEY_RSA_BITS_MIN || bits > KEY_RSA_BITS_MAX)
		return KEY_UNFIT;
	return rsa_signed(key, hash, signature) ? KEY_GOOD : KEY_BAD;
}

static enum key_verdict
judge_record(struct slice txt, enum key_algorithm algorithm,
    const uint8_t hash[HASH_SIZE], struct slice signature)
{
	enum key_verdict verdict = KEY_NONE;
	struct tag_list tags;
	const struct slice *p;
	const struct slice *v;
	EVP_PKEY *key = NULL;
	struct buf bytes;

	if (!tag_list_parse(txt, &tags) ||
	    (p = tag_list_find(&tags, "p")) == NULL)
		return KEY_NONE;
	v = tag_list_find(&tags, "v");
	if (v != NULL && (v != &tags.tags[0].value || !slice_is(*v, "DKIM1")))
		return KEY_NONE;
	if (p->n == 0)
		return KEY_REVOKED;
	if (!is_fit(&tags, algorithm))
		return KEY_UNFIT;
	buf_init(&bytes, KEY_MAX);
	if (tag_list_decode(*p, &bytes))
		key = key_from_bytes(buf_slice(&bytes), algorithm);
	if (key != NULL)
		verdict = judge(key, algorithm, hash, signature);
	EVP_PKEY_free(key);
	buf_done(&bytes);
	return verdict;
}

/* No name is so long but one that is invalid anyway. */
static const struct dns_answer *
key_answer(struct answers *answers, struct slice selector, struct slice domain)
{
	char name[2 * DNS_NAME_SIZE + 16];
	int n;

	n = snprintf(name, sizeof(name), "%.*s._domainkey.%.*s",
	    SLICE_ARGS(slice_head(selector, DNS_NAME_MAX)),
	    SLICE_ARGS(slice_head(domain, DNS_NAME_MAX)));
	return answers_get(answers, slice_from(name, (size_t)n), DNS_TXT);
}

bool
key_is_missing(struct answers *answers, struct slice selector,
    struct slice domain)
{
	return key_answer(answers, selector, domain) == NULL;
}

enum key_verdict
key_verify(struct answers *answers, struct slice selector, struct slice domain,
    enum key_algorithm algorithm, const uint8_t hash[HASH_SIZE],
    struct slice signature)
{
	const struct dns_answer *answer = key_answer(answers, selector, domain);

	if (answer == NULL)
		return KEY_AGAIN;
	if (answer->outcome == DNS_TEMPORARY || answer->outcome == DNS_BOGUS)
		return KEY_TEMPORARY;
	/* More than one is undefined (6376, 3.6.2.2): the first counts. */
	if (answer->count == 0)
		return KEY_NONE;
	return judge_record(answer->records[0].data, algorithm, hash,
	    signature);
}

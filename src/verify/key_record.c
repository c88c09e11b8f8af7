/*
 * verify/key_record.c - a signature under a key of the DNS, by OpenSSL. What
 * the record is worth says dkim_record.
 */
#include "verify/key_record.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "verify/dkim_record.h"
#include "verify/dkim_tags.h"

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
judge(const struct dkim_record *record, enum key_algorithm algorithm,
    const uint8_t hash[HASH_SIZE], struct slice signature)
{
	EVP_PKEY *key = NULL;
	struct buf bytes;
	bool good = false;

	buf_init(&bytes, KEY_MAX);
	if (dkim_value_decode(slice_of(record->key), &bytes))
		key = key_from_bytes(buf_slice(&bytes), algorithm);
	if (key != NULL)
		good = algorithm == KEY_RSA_SHA256
		    ? rsa_signed(key, hash, signature)
		    : ed25519_signed(key, hash, signature);
	EVP_PKEY_free(key);
	buf_done(&bytes);
	return good ? KEY_GOOD : KEY_BAD;
}

bool
key_is_missing(struct answers *answers, struct slice selector,
    struct slice domain)
{
	char name[DNS_NAME_SIZE];

	return dkim_record_name(selector, domain, name) &&
	    answers_get(answers, slice_of(name), DNS_TXT) == NULL;
}

enum key_verdict
key_verify(struct answers *answers, struct slice selector, struct slice domain,
    enum key_algorithm algorithm, const uint8_t hash[HASH_SIZE],
    struct slice signature)
{
	static const enum key_verdict verdicts[] = {
		[DKIM_RECORD_GOOD] = KEY_GOOD,
		[DKIM_RECORD_BAD] = KEY_UNFIT,
		[DKIM_RECORD_REVOKED] = KEY_REVOKED,
		[DKIM_RECORD_SHORT] = KEY_UNFIT,
		[DKIM_RECORD_MISSING] = KEY_NONE,
		[DKIM_RECORD_LATER] = KEY_TEMPORARY,
	};
	const enum dkim_key_type type =
	    algorithm == KEY_RSA_SHA256 ? DKIM_KEY_RSA : DKIM_KEY_ED25519;
	const struct dns_answer *answer;
	struct dkim_record record;
	char name[DNS_NAME_SIZE];

	if (!dkim_record_name(selector, domain, name))
		return KEY_NONE;
	answer = answers_get(answers, slice_of(name), DNS_TXT);
	if (answer == NULL)
		return KEY_AGAIN;
	dkim_record_choose(answer, &record);
	if (record.state != DKIM_RECORD_GOOD)
		return verdicts[record.state];
	if (record.type != type)
		return KEY_UNFIT;
	return judge(&record, algorithm, hash, signature);
}

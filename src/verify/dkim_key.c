/*
 * verify/dkim_key.c - see dkim_key.h. Out of memory ends the process, as in
 * base/alloc.h; nothing here is of a stranger's size.
 */
#include "verify/dkim_key.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/base64.h"

enum {
	RSA_BITS = 2048,
	RSA_BITS_MAX = 4096, /* more than some receivers take, and slow */
	SIGNATURE_SIZE = RSA_BITS_MAX / 8,
	ED25519_SIZE = 32,
	LABEL_MAX = 63,
};

struct dkim_key {
	EVP_PKEY *pkey; /* owned */
	enum dkim_key_type type;
};

/* OpenSSL would ask the terminal for a pass phrase. */
static int
on_pass_phrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static bool
judge(const EVP_PKEY *pkey, struct why *why)
{
	int bits = EVP_PKEY_get_bits(pkey);

	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519)
		return true;
	if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA) {
		why_set(why, "is neither an RSA key nor an Ed25519 key");
		return false;
	}
	if (bits < DKIM_RSA_BITS_MIN || bits > RSA_BITS_MAX) {
		why_set(why, "has %d bits; %d to %d are needed", bits,
		    DKIM_RSA_BITS_MIN, RSA_BITS_MAX);
		return false;
	}
	return true;
}

static struct dkim_key *
key_from(EVP_PKEY *pkey)
{
	struct dkim_key *key = mem_zero(sizeof(*key));

	key->pkey = pkey;
	key->type = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519
	    ? DKIM_KEY_ED25519
	    : DKIM_KEY_RSA;
	return key;
}

struct dkim_key *
dkim_key_new(struct slice pem, struct why *why)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *pkey;

	must(bio != NULL);
	pkey = PEM_read_bio_PrivateKey(bio, NULL, on_pass_phrase, NULL);
	BIO_free(bio);
	ERR_clear_error();
	if (pkey == NULL) {
		why_set(why,
		    "is not a private key in PEM (without a pass phrase)");
		return NULL;
	}
	if (!judge(pkey, why)) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	return key_from(pkey);
}

struct dkim_key *
dkim_key_generate(enum dkim_key_type type)
{
	EVP_PKEY *pkey = type == DKIM_KEY_RSA
	    ? EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)RSA_BITS)
	    : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	must(pkey != NULL);
	return key_from(pkey);
}

void
dkim_key_free(struct dkim_key **key)
{
	if (*key == NULL)
		return;
	EVP_PKEY_free((*key)->pkey);
	mem_free(*key);
	*key = NULL;
}

enum dkim_key_type
dkim_key_type(const struct dkim_key *key)
{
	return key->type;
}

unsigned
dkim_key_bits(const struct dkim_key *key)
{
	return (unsigned)EVP_PKEY_get_bits(key->pkey);
}

const char *
dkim_key_algorithm(const struct dkim_key *key)
{
	return key->type == DKIM_KEY_RSA ? "rsa-sha256" : "ed25519-sha256";
}

/* PKCS #1, 1.5, over the hash. */
static size_t
sign_rsa(EVP_PKEY *pkey, const unsigned char *hash, unsigned char *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	size_t n = SIGNATURE_SIZE;

	must(ctx != NULL);
	must(EVP_PKEY_sign_init(ctx) == 1);
	must(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1);
	must(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1);
	must(EVP_PKEY_sign(ctx, out, &n, hash, DKIM_HASH_SIZE) == 1);
	EVP_PKEY_CTX_free(ctx);
	return n;
}

/* The hash is the message that Ed25519 signs (RFC 8463, 3). */
static size_t
sign_ed25519(EVP_PKEY *pkey, const unsigned char *hash, unsigned char *out)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = SIGNATURE_SIZE;

	must(ctx != NULL);
	must(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) == 1);
	must(EVP_DigestSign(ctx, out, &n, hash, DKIM_HASH_SIZE) == 1);
	EVP_MD_CTX_free(ctx);
	return n;
}

void
dkim_key_sign(const struct dkim_key *key,
    const unsigned char hash[DKIM_HASH_SIZE], struct buf *out)
{
	unsigned char signature[SIGNATURE_SIZE];
	size_t n = key->type == DKIM_KEY_RSA
	    ? sign_rsa(key->pkey, hash, signature)
	    : sign_ed25519(key->pkey, hash, signature);

	base64_encode(slice_from(signature, n), out);
}

void
dkim_key_write(const struct dkim_key *key, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *bytes;
	long n;

	must(bio != NULL);
	must(PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL,
		 NULL) == 1);
	n = BIO_get_mem_data(bio, &bytes);
	must(n > 0);
	buf_add(out, slice_from(bytes, (size_t)n));
	OPENSSL_cleanse(bytes, (size_t)n);
	BIO_free(bio);
}

/* SubjectPublicKeyInfo for RSA, the bare 32 octets for Ed25519. */
static void
add_public(const struct dkim_key *key, struct buf *out)
{
	unsigned char raw[ED25519_SIZE], *der = NULL;
	size_t n = sizeof(raw);
	int length;

	if (key->type == DKIM_KEY_ED25519) {
		must(EVP_PKEY_get_raw_public_key(key->pkey, raw, &n) == 1);
		base64_encode(slice_from(raw, n), out);
		return;
	}
	length = i2d_PUBKEY(key->pkey, &der);
	must(length > 0);
	base64_encode(slice_from(der, (size_t)length), out);
	OPENSSL_free(der);
}

void
dkim_key_record(const struct dkim_key *key, struct buf *out)
{
	buf_addf(out,
	    "v=DKIM1; k=%s; p=", key->type == DKIM_KEY_RSA ? "rsa" : "ed25519");
	add_public(key, out);
}

bool
dkim_key_matches(const struct dkim_key *key, const struct dkim_record *record)
{
	struct buf public;
	bool same;

	buf_init(&public, DKIM_RECORD_KEY_SIZE);
	add_public(key, &public);
	same = record->type == key->type && !buf_failed(&public) &&
	    slice_is(buf_slice(&public), record->key);
	buf_done(&public);
	return same;
}

static bool
label_is_good(struct slice label)
{
	if (label.n == 0 || label.n > LABEL_MAX ||
	    !ascii_is_alnum(label.p[0]) ||
	    !ascii_is_alnum(label.p[label.n - 1]))
		return false;
	for (size_t i = 0; i < label.n; i++)
		if (!ascii_is_alnum(label.p[i]) && label.p[i] != '-')
			return false;
	return true;
}

bool
dkim_selector_is_good(struct slice selector)
{
	while (slice_has(selector, '.'))
		if (!label_is_good(slice_take_until(&selector, '.')))
			return false;
	return label_is_good(selector);
}

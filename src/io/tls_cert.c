/*
 * io/tls_cert.c - certificates: loaded, checked, and made when there is none.
 */
#include "io/tls_cert.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "base/buf.h"

enum { DAYS_VALID = 3650, CHAIN_MAX = 16 };

const char *
tls_last_error(void)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text == NULL ? "unknown error" : text;
}

/* A key with a passphrase is refused: nobody is there to type it. */
static int
no_passphrase(char *out, int size, int writing, void *arg)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)arg;
	return -1;
}

static BIO *
bio_from(struct slice s)
{
	must(s.n <= INT32_MAX);
	return BIO_new_mem_buf(s.n == 0 ? "" : s.p, (int)s.n);
}

static bool
load_chain(SSL_CTX *ctx, BIO *bio, struct why *why)
{
	X509 *x = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
	bool good = x != NULL && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	if (!good) {
		why_set(why, "certificate: %s", tls_last_error());
		return false;
	}
	for (int i = 0; i < CHAIN_MAX; i++) {
		x = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
		if (x == NULL)
			break;
		good = SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
		if (!good) {
			why_set(why, "chain: %s", tls_last_error());
			return false;
		}
	}
	/* The end of the file is an error to OpenSSL. */
	ERR_clear_error();
	return true;
}

static bool
load_key(SSL_CTX *ctx, BIO *bio, struct why *why)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	bool good = false;

	if (key == NULL)
		why_set(why, "key: %s", tls_last_error());
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		why_set(why, "the key does not fit the certificate");
	else
		good = true;
	EVP_PKEY_free(key);
	return good;
}

bool
tls_cert_load(SSL_CTX *ctx, const struct tls_server_cert *cert, struct why *why)
{
	BIO *chain = bio_from(cert->certificate_pem);
	BIO *key = bio_from(cert->key_pem);
	bool good;

	must(chain != NULL && key != NULL);
	ERR_clear_error();
	good = load_chain(ctx, chain, why) && load_key(ctx, key, why);
	BIO_free(chain);
	BIO_free(key);
	ERR_clear_error();
	return good;
}

bool
tls_pair_is_good(const struct tls_server_cert *cert, struct why *why)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	const X509 *x;
	bool good = false;

	must(ctx != NULL);
	if (!tls_cert_load(ctx, cert, why))
		goto out;
	x = SSL_CTX_get0_certificate(ctx);
	must(x != NULL);
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		why_set(why, "the certificate has expired");
	else if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		why_set(why, "the certificate is not valid yet");
	else
		good = true;
out:
	SSL_CTX_free(ctx);
	return good;
}

static bool
set_serial(X509 *x)
{
	uint64_t serial;

	return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	    ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), serial >> 1) == 1;
}

/* The name as a common name may have 64 characters; the other has room. */
static bool
set_names(X509 *x, const char *hostname)
{
	X509_NAME *name = X509_get_subject_name(x);
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	GENERAL_NAME *dns = GENERAL_NAME_new();
	ASN1_IA5STRING *text = ASN1_IA5STRING_new();
	const char *common = strlen(hostname) <= 64 ? hostname : "mtad";
	bool good;

	must(names != NULL && dns != NULL && text != NULL);
	must(ASN1_STRING_set(text, hostname, -1) == 1);
	GENERAL_NAME_set0_value(dns, GEN_DNS, text);
	must(sk_GENERAL_NAME_push(names, dns) > 0);
	good = X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		   (const unsigned char *)common, -1, -1, 0) == 1 &&
	    X509_set_issuer_name(x, name) == 1 &&
	    X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0) == 1;
	GENERAL_NAMES_free(names);
	return good;
}

static bool
add_bytes(BIO *bio, struct buf *out)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	if (n <= 0)
		return false;
	buf_add(out, slice_from(p, (size_t)n));
	OPENSSL_cleanse(p, (size_t)n);
	return !buf_failed(out);
}

int
tls_self_signed(const char *hostname, struct buf *certificate_pem,
    struct buf *key_pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = X509_new();
	BIO *cert_bio = BIO_new(BIO_s_mem());
	BIO *key_bio = BIO_new(BIO_s_mem());
	bool good;

	good = key != NULL && x != NULL && cert_bio != NULL &&
	    key_bio != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
	    set_serial(x) && set_names(x, hostname) &&
	    X509_time_adj_ex(X509_getm_notBefore(x), -1, 0, NULL) != NULL &&
	    X509_time_adj_ex(X509_getm_notAfter(x), DAYS_VALID, 0, NULL) !=
		NULL &&
	    X509_set_pubkey(x, key) == 1 &&
	    X509_sign(x, key, EVP_sha256()) > 0 &&
	    PEM_write_bio_X509(cert_bio, x) == 1 &&
	    PEM_write_bio_PKCS8PrivateKey(key_bio, key, NULL, NULL, 0, NULL,
		NULL) == 1 &&
	    add_bytes(cert_bio, certificate_pem) && add_bytes(key_bio, key_pem);
	BIO_free(cert_bio);
	BIO_free(key_bio);
	X509_free(x);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good ? 0 : -EIO;
}

/*
 * io/tls_client.c - TLS towards others: the CA store, what is demanded of
 * them, and their sessions for next time.
 *
 * A resumed session shows no certificate, so it may serve only a policy that
 * demands the same as the one under which it was made: the policy is part of
 * the key of the cache.
 */
#include "io/tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/ip.h"
#include "base/log.h"

/* A site's session is overwritten by another of the same slot. */
enum { SESSION_SLOTS = 1024, SESSION_KEY_MAX = 1024 };
enum { SHA256_SIZE = 32, SHA512_SIZE = 64, DIGEST_HEX_SIZE = 65 };

static const char *const ca_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
	"/etc/ssl/ca-bundle.pem",
	"/usr/local/share/certs/ca-root-nss.crt",
};

struct kept_session {
	char *key;            /* owned */
	SSL_SESSION *session; /* owned */
};

/* Octets of a server's certificate chain; of use are three times 8 KiB. */
enum { CHAIN_MAX = 24 * 1024 };

struct tls_client {
	unsigned refs;
	SSL_CTX *ctx; /* owned */
	struct kept_session sessions[SESSION_SLOTS];
};

/* What a connection's sessions are kept under; freed with its SSL. */
static int key_index = -1;

static void
free_key(void *parent, void *key, CRYPTO_EX_DATA *ad, int index, long argl,
    void *argp)
{
	(void)parent;
	(void)ad;
	(void)index;
	(void)argl;
	(void)argp;
	mem_free(key);
}

static struct kept_session *
slot_of(struct tls_client *c, const char *key)
{
	uint32_t hash = 2166136261; /* FNV-1a */

	for (const char *p = key; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619;
	return &c->sessions[hash % SESSION_SLOTS];
}

static void
slot_clear(struct kept_session *k)
{
	mem_free(k->key);
	SSL_SESSION_free(k->session);
	*k = (struct kept_session){ 0 };
}

/* Returns 1 if it keeps the reference. */
static int
on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_client *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	const char *key = SSL_get_ex_data(ssl, key_index);
	struct kept_session *k;

	if (key == NULL)
		return 0;
	k = slot_of(c, key);
	slot_clear(k);
	k->key = mem_cstr(slice_of(key));
	k->session = session;
	return 1;
}

static void
load_store(SSL_CTX *ctx)
{
	const char *file = secure_getenv(X509_get_default_cert_file_env());

	if (file != NULL && SSL_CTX_load_verify_file(ctx, file) == 1)
		return;
	for (size_t i = 0; i < sizeof(ca_files) / sizeof(ca_files[0]); i++)
		if (SSL_CTX_load_verify_file(ctx, ca_files[i]) == 1) {
			ERR_clear_error();
			return;
		}
	ERR_clear_error();
	log_warning("io no-ca-store effect=\"no server can be verified\"");
}

struct tls_client *
tls_client_new(struct why *why)
{
	struct tls_client *c = mem_zero(sizeof(*c));

	if (key_index == -1)
		key_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_key);
	c->refs = 1;
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (c->ctx == NULL || key_index == -1) {
		why_set(why, "%s", tls_last_error());
		tls_client_free(&c);
		return NULL;
	}
	SSL_CTX_set_app_data(c->ctx, c);
	/* What is weak is still better than the plain text it would be else. */
	SSL_CTX_set_security_level(c->ctx, 1);
	must(SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION) == 1);
	(void)SSL_CTX_set_options(c->ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(c->ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(c->ctx, 1);
	SSL_CTX_set_max_cert_list(c->ctx, CHAIN_MAX);
	(void)SSL_CTX_set_session_cache_mode(c->ctx,
	    SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ctx, on_new_session);
	must(SSL_CTX_dane_enable(c->ctx) == 1);
	load_store(c->ctx);
	return c;
}

void
tls_client_free(struct tls_client **cp)
{
	struct tls_client *c = *cp;

	*cp = NULL;
	if (c == NULL || --c->refs > 0)
		return;
	for (size_t i = 0; i < SESSION_SLOTS; i++)
		slot_clear(&c->sessions[i]);
	SSL_CTX_free(c->ctx);
	mem_free(c);
}

void
tls_client_lend_store(struct tls_client *c, void *ssl_ctx)
{
	SSL_CTX_set1_cert_store(ssl_ctx, SSL_CTX_get_cert_store(c->ctx));
}

/* The name is checked in any case: the facts tell how it went. */
static void
set_name(SSL *ssl, const char *name)
{
	struct ip ip;
	char *sni;

	if (ip_parse(slice_of(name), &ip)) {
		must(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) ==
		    1);
		return;
	}
	must(SSL_set1_host(ssl, name) == 1);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* It fails on a name over 255 characters, which SNI has no room for. */
	sni = mem_cstr(slice_of(name));
	(void)SSL_set_tlsext_host_name(ssl, sni);
	mem_free(sni);
}

/* What the records and names come to, as hex. */
static void
digest_of(const struct tls_client_policy *policy, char hex[DIGEST_HEX_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	unsigned n = 0;

	must(md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1);
	for (size_t i = 0; i < policy->tlsa_count; i++) {
		const struct tls_tlsa *t = &policy->tlsa[i];
		const uint8_t head[] = { t->usage, t->selector, t->matching,
			(uint8_t)(t->data.n >> 8), (uint8_t)t->data.n };

		must(EVP_DigestUpdate(md, head, sizeof(head)) == 1 &&
		    EVP_DigestUpdate(md, t->data.p, t->data.n) == 1);
	}
	for (size_t i = 0; i < policy->other_name_count; i++)
		must(EVP_DigestUpdate(md, policy->other_names[i],
			 strlen(policy->other_names[i]) + 1) == 1);
	must(
	    EVP_DigestFinal_ex(md, digest, &n) == 1 && n * 2 < DIGEST_HEX_SIZE);
	EVP_MD_CTX_free(md);
	hex[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void
use_session(struct tls_client *c, SSL *ssl,
    const struct tls_client_policy *policy)
{
	char key[SESSION_KEY_MAX], digest[DIGEST_HEX_SIZE] = "";
	struct kept_session *k;
	int n;

	if (policy->verify == TLS_VERIFY_DANE)
		digest_of(policy, digest);
	n = snprintf(key, sizeof(key), "%d %s %s %s", (int)policy->verify,
	    policy->server_name == NULL ? "" : policy->server_name,
	    policy->session_site, digest);

	if (n < 0 || (size_t)n >= sizeof(key))
		return;
	must(SSL_set_ex_data(ssl, key_index, mem_cstr(slice_of(key))) == 1);
	k = slot_of(c, key);
	if (k->key != NULL && strcmp(k->key, key) == 0 &&
	    SSL_SESSION_is_resumable(k->session))
		(void)SSL_set_session(ssl, k->session);
}

static bool
is_digest(uint8_t matching, struct slice data)
{
	return (matching == 1 && data.n == SHA256_SIZE) ||
	    (matching == 2 && data.n == SHA512_SIZE);
}

/* A whole certificate or key, and nothing behind it. */
static bool
is_object(uint8_t selector, struct slice data)
{
	const unsigned char *p = (const unsigned char *)data.p;
	const unsigned char *end = p + data.n;
	EVP_PKEY *key = NULL;
	X509 *cert = NULL;
	bool good;

	if (selector == 0)
		cert = d2i_X509(NULL, &p, (long)data.n);
	else
		key = d2i_PUBKEY(NULL, &p, (long)data.n);
	good = (cert != NULL || key != NULL) && p == end;
	X509_free(cert);
	EVP_PKEY_free(key);
	ERR_clear_error();
	return good;
}

bool
tls_tlsa_is_usable(const struct tls_tlsa *t)
{
	if ((t->usage != 2 && t->usage != 3) || t->selector > 1)
		return false;
	return t->matching == 0 ? is_object(t->selector, t->data)
				: is_digest(t->matching, t->data);
}

/*
 * RFC 7672, 3.1.1 and 3.2: DANE-EE binds to the key, whatever name and date
 * the certificate shows; DANE-TA needs one of the names.
 */
static void
set_dane(SSL *ssl, const struct tls_client_policy *policy)
{
	size_t usable = 0;

	must(SSL_dane_enable(ssl, policy->server_name) == 1);
	(void)SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	for (size_t i = 0; i < policy->other_name_count; i++)
		must(SSL_add1_host(ssl, policy->other_names[i]) == 1);
	for (size_t i = 0; i < policy->tlsa_count; i++) {
		const struct tls_tlsa *t = &policy->tlsa[i];
		int rc = SSL_dane_tlsa_add(ssl, t->usage, t->selector,
		    t->matching, (const unsigned char *)t->data.p, t->data.n);

		usable += rc == 1 ? 1 : 0;
	}
	/* Without any, OpenSSL would turn to the CA store. */
	must(usable > 0);
	ERR_clear_error();
}

struct ssl_st *
tls_client_start(struct tls_client *c, const struct tls_client_policy *policy)
{
	SSL *ssl = SSL_new(c->ctx);

	must(ssl != NULL);
	c->refs++;
	SSL_set_connect_state(ssl);
	SSL_set_verify(ssl,
	    policy->verify == TLS_VERIFY_NOTHING || policy->looks_only
		? SSL_VERIFY_NONE
		: SSL_VERIFY_PEER,
	    NULL);
	must(policy->verify == TLS_VERIFY_NOTHING ||
	    policy->server_name != NULL);
	if (policy->verify == TLS_VERIFY_DANE)
		set_dane(ssl, policy);
	else if (policy->server_name != NULL)
		set_name(ssl, policy->server_name);
	if (policy->session_site != NULL && !policy->looks_only)
		use_session(c, ssl, policy);
	return ssl;
}

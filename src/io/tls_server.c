/*
 * io/tls_server.c - the certificates we show, chosen by the name that the
 * client asks for.
 *
 * The choice is made at the ClientHello, before a version is agreed on, since
 * each certificate has a least version of its own. Sessions live in tickets
 * alone: nothing is kept here for them.
 */
#include "io/tls.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include "base/alloc.h"
#include "io/tls_cert.h"

enum {
	TICKET_SECONDS = 2 * 60 * 60,
	TICKET_KEYS_SIZE = 80, /* name, HMAC key, AES key: OpenSSL's layout */
	DIGEST_SIZE = 64,
	NAME_MAX_LEN = 255,
};

/* Forward secrecy and AEAD first; CBC for the old, none without a key exchange.
 */
static const char ciphers_12[] =
    "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:ECDHE+AES:DHE+AES:"
    "!aNULL:!eNULL:!MD5:!PSK:!SRP:!DSS";

struct tls_server {
	unsigned refs;
	size_t count;
	struct named {
		char *name;   /* owned */
		SSL_CTX *ctx; /* owned */
		int minimum;
	} certs[];
};

static int
version_of(int minimum)
{
	return minimum >= 13 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

/* The host name in the extension server_name (RFC 6066, 3), or empty. */
static struct slice
asked_name(SSL *ssl)
{
	const unsigned char *p;
	size_t n, name_n;

	if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &n) !=
		1 ||
	    n < 5 || p[2] != TLSEXT_NAMETYPE_host_name)
		return SLICE_NONE;
	name_n = (size_t)p[3] << 8 | p[4];
	if (name_n > n - 5 || name_n > NAME_MAX_LEN)
		return SLICE_NONE;
	return slice_from(p + 5, name_n);
}

static int
on_client_hello(SSL *ssl, int *alert, void *arg)
{
	const struct tls_server *s = arg;
	struct slice name = asked_name(ssl);

	(void)alert;
	for (size_t i = 1; i < s->count && name.n > 0; i++) {
		if (!slice_is_nocase(name, s->certs[i].name))
			continue;
		must(SSL_set_SSL_CTX(ssl, s->certs[i].ctx) != NULL);
		(void)SSL_set_min_proto_version(ssl,
		    version_of(s->certs[i].minimum));
		break;
	}
	return SSL_CLIENT_HELLO_SUCCESS;
}

static void
digest(const char *label, struct slice seed, unsigned char out[DIGEST_SIZE])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	must(md != NULL && EVP_DigestInit_ex(md, EVP_sha512(), NULL) == 1 &&
	    EVP_DigestUpdate(md, label, strlen(label) + 1) == 1 &&
	    EVP_DigestUpdate(md, seed.p, seed.n) == 1 &&
	    EVP_DigestFinal_ex(md, out, NULL) == 1);
	EVP_MD_CTX_free(md);
}

static void
set_ticket_keys(SSL_CTX *ctx, struct slice seed)
{
	unsigned char keys[2 * DIGEST_SIZE];

	digest("mtad ticket keys, first half", seed, keys);
	digest("mtad ticket keys, second half", seed, keys + DIGEST_SIZE);
	must(SSL_CTX_set_tlsext_ticket_keys(ctx, keys, TICKET_KEYS_SIZE) == 1);
	OPENSSL_cleanse(keys, sizeof(keys));
}

static SSL_CTX *
context_new(const struct tls_server_cert *cert, struct slice seed,
    struct why *why)
{
	static const unsigned char id[] = "mtad";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	must(ctx != NULL);
	SSL_CTX_set_security_level(ctx, 1);
	(void)SSL_CTX_set_options(ctx,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
		SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
		SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(ctx,
	    SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
		SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	must(
	    SSL_CTX_set_min_proto_version(ctx, version_of(cert->minimum)) == 1);
	must(SSL_CTX_set_cipher_list(ctx, ciphers_12) == 1);
	(void)SSL_CTX_set_dh_auto(ctx, 1);
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	must(SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1);
	(void)SSL_CTX_set_num_tickets(ctx, 1);
	(void)SSL_CTX_set_timeout(ctx, TICKET_SECONDS);
	if (seed.n > 0)
		set_ticket_keys(ctx, seed);
	if (!tls_cert_load(ctx, cert, why)) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

struct tls_server *
tls_server_new(const struct tls_server_cert *certs, size_t count,
    struct slice ticket_seed, struct why *why)
{
	struct tls_server *s =
	    mem_zero(sizeof(*s) + count * sizeof(s->certs[0]));

	must(count > 0);
	s->refs = 1;
	for (size_t i = 0; i < count; i++) {
		struct named *c = &s->certs[i];

		s->count = i + 1;
		c->name = mem_cstr(slice_of(certs[i].name));
		c->minimum = certs[i].minimum;
		c->ctx = context_new(&certs[i], ticket_seed, why);
		if (c->ctx == NULL) {
			tls_server_free(&s);
			return NULL;
		}
	}
	SSL_CTX_set_client_hello_cb(s->certs[0].ctx, on_client_hello, s);
	return s;
}

void
tls_server_free(struct tls_server **sp)
{
	struct tls_server *s = *sp;

	*sp = NULL;
	if (s == NULL || --s->refs > 0)
		return;
	for (size_t i = 0; i < s->count; i++) {
		mem_free(s->certs[i].name);
		SSL_CTX_free(s->certs[i].ctx);
	}
	mem_free(s);
}

struct ssl_st *
tls_server_start(struct tls_server *s)
{
	SSL *ssl = SSL_new(s->certs[0].ctx);

	must(ssl != NULL);
	s->refs++;
	SSL_set_accept_state(ssl);
	return ssl;
}

/*
 * io/tls.h - TLS contexts of OpenSSL: server certificates by SNI, client
 * policies. TLS 1.2 and 1.3 only.
 *
 * A context is immutable; a reload makes a new one. Connections hold their
 * own reference.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

struct tls_server;
struct tls_client;

struct tls_server_cert {
	const char *name;             /* "default", or the SNI name */
	struct slice certificate_pem; /* chain, leaf first */
	struct slice key_pem;
	int minimum; /* 12 or 13 */
};

/*
 * The first is the default, for clients that name another host or none.
 * `ticket_seed` (any length) makes the session ticket keys: receivers that
 * share it resume each other's sessions. NULL and `why` on failure.
 */
struct tls_server *tls_server_new(const struct tls_server_cert *, size_t count,
    struct slice ticket_seed, struct why *) MUST_USE;
void tls_server_free(struct tls_server **);

/* Makes an ECDSA P-256 key and a self-signed certificate for `hostname`. */
struct buf;
int tls_self_signed(const char *hostname, struct buf *certificate_pem,
    struct buf *key_pem) MUST_USE;
/* Does the key fit the certificate, is it in date? For mtad -n. */
bool tls_pair_is_good(const struct tls_server_cert *, struct why *);

/*
 * Loads the CA store: call before chroot. Without one (logged) it still
 * encrypts, but verifies nobody. SSL_CERT_FILE names another store.
 */
struct tls_client *tls_client_new(struct why *) MUST_USE;
void tls_client_free(struct tls_client **);

enum tls_verify {
	TLS_VERIFY_NOTHING,
	TLS_VERIFY_NAME, /* no handshake without a proof by the CA store */
	TLS_VERIFY_DANE, /* none without one by a TLSA record (RFC 7672) */
};

/* A TLSA record, as far as it is usable for SMTP. */
struct tls_tlsa {
	uint8_t usage; /* 2: DANE-TA, 3: DANE-EE */
	uint8_t selector, matching;
	struct slice data;
};

struct tls_client_policy {
	const char *server_name; /* SNI and the name to verify; or NULL */
	enum tls_verify verify;
	const char *session_site; /* sessions are cached by this; or NULL */
	bool looks_only; /* goes on without the proof; the facts tell of it */
	/* For TLS_VERIFY_DANE: at least one usable record, ... */
	const struct tls_tlsa *tlsa;
	size_t tlsa_count;
	/* ... and names that are as good as server_name. */
	const char *const *other_names;
	size_t other_name_count;
};

/*
 * RFC 7672, 3.1: usage 2 or 3, a selector and matching type that we know, data
 * that can be such. Anything else is as if it were not there.
 */
bool tls_tlsa_is_usable(const struct tls_tlsa *);

/* What was agreed; texts are static or live as long as the connection. */
struct tls_facts {
	const char *version; /* "TLSv1.3" */
	const char *cipher;
	int bits;
	bool resumed;
	bool verified;            /* name and chain, whether asked for or not */
	const char *verify_error; /* "" when verified */
};

/* --- for io/ alone --- */

/* Gives the client's CA store to a context of OpenSSL's, for io/https.c. */
void tls_client_lend_store(struct tls_client *, void *ssl_ctx);

/* A new handshake, and the reference that its stream gives back. */
struct ssl_st;
struct ssl_st *tls_server_start(struct tls_server *) MUST_USE;
struct ssl_st *tls_client_start(struct tls_client *,
    const struct tls_client_policy *) MUST_USE;
/* "certificate has expired", or what OpenSSL's last error says. */
const char *tls_last_error(void);

#endif

/*
 * io/tls_stream.c - OpenSSL's calls on a non-blocking descriptor.
 *
 * The only place that reads OpenSSL's error codes of a connection.
 */
#include "io/tls_stream.h"

#include <errno.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/alloc.h"
#include "base/err.h"

enum { WRITE_MAX = 1 << 30 };

struct tls_stream {
	SSL *ssl;                  /* owned */
	struct tls_server *server; /* a reference, or NULL */
	struct tls_client *client; /* a reference, or NULL */
	const char *error;         /* static */
	bool must_verify;
	bool broken; /* after a fatal error OpenSSL must not be called again */
};

static struct tls_stream *
stream_new(SSL *ssl, int fd)
{
	struct tls_stream *t = mem_zero(sizeof(*t));

	t->ssl = ssl;
	t->error = "";
	must(SSL_set_fd(ssl, fd) == 1);
	return t;
}

struct tls_stream *
tls_stream_new_server(struct tls_server *server, int fd)
{
	struct tls_stream *t = stream_new(tls_server_start(server), fd);

	t->server = server;
	return t;
}

struct tls_stream *
tls_stream_new_client(struct tls_client *client,
    const struct tls_client_policy *policy, int fd)
{
	struct tls_stream *t = stream_new(tls_client_start(client, policy), fd);

	t->client = client;
	t->must_verify =
	    policy->verify != TLS_VERIFY_NOTHING && !policy->looks_only;
	return t;
}

void
tls_stream_free(struct tls_stream **tp)
{
	struct tls_stream *t = *tp;

	if (t == NULL)
		return;
	/* Else OpenSSL would declare the session unfit to be resumed. */
	if (!t->broken)
		SSL_set_shutdown(t->ssl,
		    SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(t->ssl);
	tls_server_free(&t->server);
	tls_client_free(&t->client);
	mem_free(t);
	*tp = NULL;
}

/* What a call that did not succeed means: 0 at the end, or a code. */
static int
outcome(struct tls_stream *t, int rc, bool *wants_write)
{
	int saved_errno = errno;
	long verify;

	*wants_write = false;
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_WRITE:
		*wants_write = true;
		return -EAGAIN;
	case SSL_ERROR_WANT_READ:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		t->broken = true;
		t->error = "the connection broke";
		return saved_errno == 0 ? 0 : -saved_errno;
	default:
		t->broken = true;
		t->error = tls_last_error();
		verify = SSL_get_verify_result(t->ssl);
		if (t->must_verify && verify != X509_V_OK)
			t->error = X509_verify_cert_error_string(verify);
		return ERR_TLS;
	}
}

/* Before each call: OpenSSL judges by what lies in its error queue. */
static void
prepare(void)
{
	ERR_clear_error();
	errno = 0;
}

/*
 * A resumed session is not verified again by OpenSSL: the result that stands
 * in it is looked at here.
 */
static int
judge(struct tls_stream *t)
{
	long verify = SSL_get_verify_result(t->ssl);

	if (!t->must_verify || verify == X509_V_OK)
		return 0;
	t->error = X509_verify_cert_error_string(verify);
	return ERR_TLS;
}

int
tls_stream_handshake(struct tls_stream *t, bool *wants_write)
{
	int rc;

	prepare();
	rc = SSL_do_handshake(t->ssl);
	if (rc == 1)
		return judge(t);
	rc = outcome(t, rc, wants_write);
	if (rc == -EAGAIN)
		return rc;
	if (t->error[0] == '\0')
		t->error = "the peer hung up";
	t->broken = true;
	return ERR_TLS;
}

ssize_t
tls_stream_read(struct tls_stream *t, void *to, size_t size, bool *wants_write)
{
	size_t n = 0;
	int rc;

	if (t->broken)
		return 0;
	prepare();
	rc = SSL_read_ex(t->ssl, to, size, &n);
	return rc == 1 ? (ssize_t)n : outcome(t, rc, wants_write);
}

ssize_t
tls_stream_write(struct tls_stream *t, const void *from, size_t size,
    bool *wants_write)
{
	size_t n = 0;
	int rc;

	if (t->broken)
		return -EPIPE;
	prepare();
	rc =
	    SSL_write_ex(t->ssl, from, size < WRITE_MAX ? size : WRITE_MAX, &n);
	if (rc == 1)
		return (ssize_t)n;
	rc = outcome(t, rc, wants_write);
	return rc == 0 ? -EPIPE : rc;
}

void
tls_stream_shutdown(struct tls_stream *t)
{
	if (t->broken)
		return;
	prepare();
	/* We do not wait for the peer's; a session so ended is resumable. */
	SSL_set_shutdown(t->ssl,
	    SSL_get_shutdown(t->ssl) | SSL_RECEIVED_SHUTDOWN);
	(void)SSL_shutdown(t->ssl);
}

const char *
tls_stream_error(const struct tls_stream *t)
{
	return t->error;
}

void
tls_stream_facts(const struct tls_stream *t, struct tls_facts *f)
{
	long verify = SSL_get_verify_result(t->ssl);
	bool has_certificate = SSL_get0_peer_certificate(t->ssl) != NULL;

	f->version = SSL_get_version(t->ssl);
	f->cipher = SSL_get_cipher_name(t->ssl);
	f->bits = SSL_get_cipher_bits(t->ssl, NULL);
	f->resumed = SSL_session_reused(t->ssl) == 1;
	f->verified = has_certificate && verify == X509_V_OK;
	f->verify_error = f->verified ? ""
	    : has_certificate         ? X509_verify_cert_error_string(verify)
				      : "no certificate";
}

/* "DEPTH SUBJECT, issued by ISSUER, until DATE". */
static void
describe(const X509 *cert, size_t depth, struct buf *out)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	long n;

	must(bio != NULL);
	(void)BIO_printf(bio, "%zu ", depth);
	(void)X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0,
	    XN_FLAG_RFC2253);
	(void)BIO_puts(bio, ", issued by ");
	(void)X509_NAME_print_ex(bio, X509_get_issuer_name(cert), 0,
	    XN_FLAG_RFC2253);
	(void)BIO_puts(bio, ", until ");
	(void)ASN1_TIME_print(bio, X509_get0_notAfter(cert));
	n = BIO_get_mem_data(bio, &text);
	buf_add(out, slice_from(text, (size_t)n));
	buf_add_char(out, '\n');
	BIO_free(bio);
}

void
tls_stream_chain(const struct tls_stream *t, struct buf *out)
{
	STACK_OF(X509) *chain = SSL_get_peer_cert_chain(t->ssl);

	for (int i = 0; chain != NULL && i < sk_X509_num(chain); i++)
		describe(sk_X509_value(chain, i), (size_t)i, out);
}

bool
tls_stream_exporter(const struct tls_stream *t, uint8_t out[32])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	return SSL_version(t->ssl) == TLS1_3_VERSION &&
	    SSL_export_keying_material(t->ssl, out, 32, label,
		sizeof(label) - 1, NULL, 0, 0) == 1;
}

/*
 * RFC 5929, 3.1: the first Finished message of the handshake, which is the
 * server's when a session is resumed. Without the extended master secret (RFC
 * 7627) two connections could be made to have the same.
 */
size_t
tls_stream_unique(const struct tls_stream *t, uint8_t *out, size_t size)
{
	size_t n;

	if (SSL_version(t->ssl) != TLS1_2_VERSION ||
	    SSL_get_extms_support(t->ssl) != 1)
		return 0;
	n = (SSL_session_reused(t->ssl) == 0) == (SSL_is_server(t->ssl) == 0)
	    ? SSL_get_finished(t->ssl, out, size)
	    : SSL_get_peer_finished(t->ssl, out, size);
	return n <= size ? n : 0;
}

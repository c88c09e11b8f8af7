/*
 * mtad/self_signed.c - see self_signed.h. OpenSSL's part is io/'s.
 */
#include "mtad/self_signed.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "io/files.h"
#include "io/tls.h"

enum { PEM_MAX = 16 << 10, TLS_1_2 = 12 };

struct pair {
	char certificate_path[PATH_MAX];
	char key_path[PATH_MAX];
	struct buf certificate;
	struct buf key;
};

static bool
somebody_wants_tls(const struct conf *conf)
{
	for (size_t i = 0; i < conf->listener_count; i++)
		if (conf->listeners[i].tls != LISTENER_TLS_NONE)
			return true;
	return false;
}

static bool
is_there(struct pair *p)
{
	struct tls_server_cert cert = { .name = "default", .minimum = TLS_1_2 };

	if (file_read(p->certificate_path, &p->certificate) != 0 ||
	    file_read(p->key_path, &p->key) != 0)
		return false;
	cert.certificate_pem = buf_slice(&p->certificate);
	cert.key_pem = buf_slice(&p->key);
	return tls_pair_is_good(&cert, NULL);
}

static int
make(struct pair *p, const char *hostname)
{
	int rc;

	buf_reset(&p->certificate);
	buf_reset(&p->key);
	rc = tls_self_signed(hostname, &p->certificate, &p->key);
	if (rc == 0)
		rc = file_replace(p->key_path, 0600, buf_slice(&p->key));
	if (rc == 0)
		rc = file_replace(p->certificate_path, 0644,
		    buf_slice(&p->certificate));
	return rc;
}

static struct blob
blob_of(const char *path, const struct buf *content)
{
	return (struct blob){ .path = mem_cstr(slice_of(path)),
		.bytes = mem_cstr(buf_slice(content)),
		.n = content->n };
}

static void
add(struct conf *conf, const struct pair *p)
{
	mem_free(conf->tls); /* of no section */
	conf->tls = mem_array(1, sizeof(*conf->tls));
	conf->tls_count = 1;
	conf->tls[0] = (struct tls_conf){
		.name = mem_cstr(slice_of("default")),
		.certificate = blob_of(p->certificate_path, &p->certificate),
		.key = blob_of(p->key_path, &p->key),
		.minimum = TLS_1_2,
	};
}

int
self_signed_add(struct conf *conf, const struct identity *user, struct why *why)
{
	struct pair p;
	int rc;

	if (conf->tls_count > 0 || !somebody_wants_tls(conf))
		return 0;
	(void)snprintf(p.certificate_path, PATH_MAX, "%s/self-signed.crt",
	    conf->state);
	(void)snprintf(p.key_path, PATH_MAX, "%s/self-signed.key", conf->state);
	buf_init(&p.certificate, PEM_MAX);
	buf_init(&p.key, PEM_MAX);
	/* The state directory is the user's: no root among its files. */
	if ((rc = identity_borrow(user)) == 0) {
		if (!is_there(&p))
			rc = make(&p, conf->hostname);
		must(identity_return() == 0);
	}
	if (rc == 0) {
		add(conf, &p);
		log_warning("tls self-signed certificate=%s reason=\"there is "
			    "no tls section\"",
		    p.certificate_path);
	} else {
		why_set(why, "%s: %s", p.certificate_path, err_text(rc));
	}
	buf_done(&p.certificate);
	buf_wipe(&p.key);
	return rc;
}

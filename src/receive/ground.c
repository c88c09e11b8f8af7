/*
 * receive/ground.c - counts references, and makes a certificate when the
 * configuration names none.
 */
#include "receive/ground.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/log.h"
#include "worker/signers.h"

enum { PEM_MAX = 65536 };

static bool
wants_tls(const struct conf *conf)
{
	for (size_t i = 0; i < conf->listener_count; i++)
		if (conf->listeners[i].tls != LISTENER_TLS_NONE)
			return true;
	return false;
}

/* Of this process alone, until the configuration has one. */
static struct tls_server *
tls_without_certificate(const struct conf *conf, struct why *why)
{
	struct tls_server_cert cert = { .name = "default", .minimum = 12 };
	struct tls_server *tls = NULL;
	struct buf certificate, key;

	log_warning("receive self-signed hostname=%s "
		    "cure=\"name a certificate in a tls section\"",
	    conf->hostname);
	buf_init(&certificate, PEM_MAX);
	buf_init(&key, PEM_MAX);
	if (tls_self_signed(conf->hostname, &certificate, &key) == 0) {
		cert.certificate_pem = buf_slice(&certificate);
		cert.key_pem = buf_slice(&key);
		tls = tls_server_new(&cert, 1, cert.key_pem, why);
	} else
		why_set(why, "a self-signed certificate can't be made");
	buf_done(&certificate);
	mem_free_secret(key.p, key.size);
	return tls;
}

static struct tls_server *
make_tls(const struct conf *conf, struct why *why)
{
	struct tls_server_cert *certs;
	struct tls_server *tls;
	struct slice seed;

	if (conf->tls_count == 0)
		return tls_without_certificate(conf, why);
	certs = mem_array(conf->tls_count, sizeof(*certs));
	for (size_t i = 0; i < conf->tls_count; i++) {
		const struct tls_conf *t = &conf->tls[i];

		certs[i] = (struct tls_server_cert){ .name = t->name,
			.certificate_pem =
			    slice_from(t->certificate.bytes, t->certificate.n),
			.key_pem = slice_from(t->key.bytes, t->key.n),
			.minimum = t->minimum };
	}
	/* The secret that all receivers have: so their tickets agree. */
	seed = certs[0].key_pem;
	tls = tls_server_new(certs, conf->tls_count, seed, why);
	mem_free(certs);
	return tls;
}

struct ground *
ground_new(struct conf *conf, struct why *why)
{
	struct tls_server *tls = NULL;
	struct dkim_signers *signers;
	struct ground *g;

	if (wants_tls(conf) && (tls = make_tls(conf, why)) == NULL)
		return NULL;
	signers = signers_from_conf(conf, why);
	if (signers == NULL) {
		tls_server_free(&tls);
		return NULL;
	}
	g = mem_zero(sizeof(*g));
	g->refs = 1;
	g->conf = conf_ref(conf);
	g->tls = tls;
	g->signers = signers;
	return g;
}

struct ground *
ground_ref(struct ground *g)
{
	g->refs++;
	return g;
}

void
ground_unref(struct ground **ground)
{
	struct ground *g = *ground;

	*ground = NULL;
	if (g == NULL || --g->refs > 0)
		return;
	tls_server_free(&g->tls);
	dkim_signers_free(&g->signers);
	conf_unref(&g->conf);
	mem_free(g);
}

const struct listener_conf *
ground_listener(const struct ground *g, struct slice name)
{
	for (size_t i = 0; i < g->conf->listener_count; i++)
		if (slice_is(name, g->conf->listeners[i].name))
			return &g->conf->listeners[i];
	return NULL;
}

/*
 * mtad/settings.c - see settings.h.
 */
#include "mtad/settings.h"

#include <stdio.h>
#include <string.h>

#include "auth/offer.h"
#include "base/log.h"
#include "io/tls.h"
#include "mtad/dkim_keys.h"

static void
add_error(const char *message, void *arg)
{
	struct buf *errors = arg;

	buf_add_cstr(errors, message);
	buf_add_char(errors, '\n');
}

static void
check_pairs(const struct conf *conf, struct buf *errors)
{
	for (size_t i = 0; i < conf->tls_count; i++) {
		const struct tls_conf *t = &conf->tls[i];
		const struct tls_server_cert cert = { .name = t->name,
			.certificate_pem =
			    slice_from(t->certificate.bytes, t->certificate.n),
			.key_pem = slice_from(t->key.bytes, t->key.n),
			.minimum = t->minimum };
		struct why why;

		if (!tls_pair_is_good(&cert, &why))
			buf_addf(errors, "%s: tls \"%s\": %s\n", conf->path,
			    t->name, why.text);
	}
}

struct conf *
settings_load(const char *path, struct identity *user, struct buf *errors)
{
	struct conf *conf = conf_load(path, add_error, errors);
	struct why why;

	if (conf == NULL)
		return NULL;
	check_pairs(conf, errors);
	offer_prune(&conf->auth);
	if (identity_find(conf->user, user, &why) != 0)
		buf_addf(errors, "%s: %s\n", path, why.text);
	else
		dkim_keys_check(conf, user, errors);
	if (errors->n > 0)
		conf_unref(&conf);
	return conf;
}

void
settings_print_errors(const struct buf *errors)
{
	struct slice rest = buf_slice(errors), line;

	while (slice_take_line(&rest, &line))
		(void)fprintf(stderr, "mtad: %.*s\n", SLICE_ARGS(line));
}

static void
print_warning(const char *message, void *arg)
{
	(void)fprintf(stderr, "mtad: %s: warning: %s\n", (const char *)arg,
	    message);
}

static void
log_conf_warning(const char *message, void *arg)
{
	struct log_text quoted;

	(void)arg;
	log_warning("master conf-warning why=%s",
	    log_text(slice_of(message), &quoted));
}

void
settings_log_warnings(const struct conf *conf)
{
	conf_each_warning(conf, log_conf_warning, NULL);
}

int
settings_check(const char *path)
{
	struct identity user;
	struct buf errors;
	struct conf *conf;
	int code = 0;

	buf_init(&errors, SETTINGS_ERRORS_MAX);
	conf = settings_load(path, &user, &errors);
	if (conf == NULL) {
		settings_print_errors(&errors);
		code = 1;
	} else {
		char *name = conf->path;

		conf_each_warning(conf, print_warning, name);
	}
	conf_unref(&conf);
	buf_done(&errors);
	return code;
}

void
settings_check_fixed(const struct conf *old, const struct conf *new,
    struct buf *errors)
{
	const struct {
		const char *key;
		bool changed;
	} fixed[] = {
		{ "spool", strcmp(old->spool, new->spool) != 0 },
		{ "state", strcmp(old->state, new->state) != 0 },
		{ "runtime", strcmp(old->runtime, new->runtime) != 0 },
		{ "user", strcmp(old->user, new->user) != 0 },
		{ "receivers", old->receivers != new->receivers },
		{ "deliverers", old->deliverers != new->deliverers },
	};

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (fixed[i].changed)
			buf_addf(errors,
			    "%s: %s has changed; that needs a restart\n",
			    new->path, fixed[i].key);
}

/*
 * mtactl/dkim.c - keys that sign: made, listed, and held against the DNS.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/err.h"
#include "dns/fetch.h"
#include "dns/hosts.h"
#include "io/files.h"
#include "io/loop.h"
#include "mtactl/verbs.h"
#include "verify/dkim_signers.h"

enum {
	PEM_MAX = 16 * 1024,
	RECORD_MAX = 2048,
	STRING_MAX = 255, /* of a TXT record (RFC 1035, 3.3.14) */
	ANSWERS_BYTES = 1 << 20,
	QUESTIONS_MAX = 64,
};

static json_t *
text_of(struct slice s)
{
	return json_stringn(s.p, s.n);
}

static void
put_json(json_t *value)
{
	(void)json_dumpf(value, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(value);
}

static const char *
type_name(const struct dkim_key *key)
{
	return dkim_key_type(key) == DKIM_KEY_RSA ? "rsa" : "ed25519";
}

/* --- keygen --- */

/* Beside the configuration, in a folder of its own. */
static bool
find_path(const struct ctl *ctl, char out[PATH_MAX])
{
	struct slice conf = slice_of(ctl->conf_path);
	struct slice dir = slice_head(conf, slice_find_last(conf, '/'));
	int n;

	if (ctl->options[OPT_OUTPUT] != NULL)
		return slice_to_cstr(slice_of(ctl->options[OPT_OUTPUT]), out,
		    PATH_MAX);
	if (dir.n == conf.n)
		dir = SLICE(".");
	n = snprintf(out, PATH_MAX, "%.*s/dkim", SLICE_ARGS(dir));
	if (n < 0 || n >= PATH_MAX)
		return false;
	(void)mkdir(out, 0700); /* what is wrong with it, open() tells */
	n = snprintf(out, PATH_MAX, "%.*s/dkim/%s.pem", SLICE_ARGS(dir),
	    ctl->words[1]);
	return n > 0 && n < PATH_MAX;
}

/* A key in use is never written over. 0 or -errno. */
static int
write_key(const char *path, const struct dkim_key *key)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	struct buf pem;
	int rc;

	if (fd == -1)
		return -errno;
	buf_init(&pem, PEM_MAX);
	dkim_key_write(key, &pem);
	rc = file_write_all(fd, buf_slice(&pem));
	if (rc == 0 && fsync(fd) == -1)
		rc = -errno;
	buf_wipe(&pem);
	(void)close(fd);
	if (rc != 0)
		(void)unlink(path);
	return rc;
}

/* Ready for a zone file: what is not the record is a comment. */
static void
show_record(const char *domain, const char *selector, const char *name,
    const char *path, struct slice record)
{
	(void)printf("; the key is in %s; main.conf wants:\n"
		     "; dkim \"%s\" { keys = { \"%s:%s\" } }\n"
		     "%s. 3600 IN TXT (",
	    path, domain, selector, path, name);
	for (; record.n > 0; record = slice_skip(record, STRING_MAX))
		(void)printf("\n\t\"%.*s\"",
		    SLICE_ARGS(slice_head(record, STRING_MAX)));
	(void)puts(" )");
}

static int
make_key(struct ctl *ctl, enum dkim_key_type type, const char *domain,
    const char *name)
{
	char path[PATH_MAX];
	struct dkim_key *key;
	struct buf record;
	int rc;

	if (!find_path(ctl, path))
		return ctl_fail("the path is too long");
	key = dkim_key_generate(type);
	if ((rc = write_key(path, key)) != 0) {
		dkim_key_free(&key);
		return ctl_fail("%s: %s", path, err_text(rc));
	}
	buf_init(&record, RECORD_MAX);
	dkim_key_record(key, &record);
	if (ctl->json)
		put_json(json_pack("{s:s,s:s,s:s,s:s}", "path", path, "name",
		    name, "type", type_name(key), "record", buf_cstr(&record)));
	else
		show_record(domain, ctl->words[1], name, path,
		    buf_slice(&record));
	buf_done(&record);
	dkim_key_free(&key);
	return CTL_DONE;
}

int
do_dkim_keygen(struct ctl *ctl)
{
	struct slice selector = slice_of(ctl->words[1]);
	const char *type = ctl->options[OPT_TYPE];
	char domain[DNS_NAME_SIZE], name[DNS_NAME_SIZE];

	if (type == NULL)
		type = "rsa2048";
	if (strcmp(type, "rsa2048") != 0 && strcmp(type, "ed25519") != 0)
		return ctl_fail("--type is rsa2048 or ed25519");
	if (!hosts_name_to_ascii(slice_of(ctl->words[0]), domain))
		return ctl_fail("\"%s\" is no domain", ctl->words[0]);
	if (!dkim_selector_is_good(selector) ||
	    !dkim_record_name(selector, slice_of(domain), name))
		return ctl_fail("\"%s\" can't be a selector: letters, digits "
				"and \"-\", and \".\" between",
		    ctl->words[1]);
	return make_key(ctl,
	    strcmp(type, "ed25519") == 0 ? DKIM_KEY_ED25519 : DKIM_KEY_RSA,
	    domain, name);
}

/* --- list and check: the keys of the configuration --- */

static struct dkim_key *
key_of(const struct dkim_key_conf *k)
{
	struct why why = { "" };
	struct dkim_key *key =
	    dkim_key_new(slice_from(k->pem.bytes, k->pem.n), &why);

	if (key == NULL)
		(void)ctl_fail("%s %s", k->pem.path, why.text);
	return key;
}

static void
show_key(const struct dkim_conf *d, const struct dkim_key_conf *k,
    const struct dkim_key *key, json_t *list)
{
	int bits = (int)dkim_key_bits(key);

	if (list != NULL) {
		(void)json_array_append_new(list,
		    json_pack("{s:s,s:s,s:s,s:i,s:s}", "domain", d->domain,
			"selector", k->selector, "type", type_name(key), "bits",
			bits, "path", k->pem.path));
		return;
	}
	ctl_column(slice_of(d->domain), 30);
	ctl_column(slice_of(k->selector), 16);
	ctl_column(slice_of(type_name(key)), 8);
	(void)printf("%d  %s\n", bits, k->pem.path);
}

int
do_dkim_list(struct ctl *ctl)
{
	struct conf *conf = ctl_conf(ctl);
	json_t *list = ctl->json ? json_array() : NULL;
	int rc = CTL_DONE;

	for (size_t i = 0; conf != NULL && i < conf->dkim_count; i++)
		for (size_t n = 0; n < conf->dkims[i].key_count; n++) {
			const struct dkim_key_conf *k = &conf->dkims[i].keys[n];
			struct dkim_key *key = key_of(k);

			if (key == NULL)
				rc = CTL_FAILED;
			else
				show_key(&conf->dkims[i], k, key, list);
			dkim_key_free(&key);
		}
	if (list != NULL)
		put_json(list);
	if (conf == NULL)
		return CTL_FAILED;
	conf_unref(&conf);
	return rc;
}

static void
on_fetched(void *arg)
{
	loop_stop(arg);
}

/* All that the set lacks. */
static bool
fetch_answers(const struct conf *conf, struct answers *answers)
{
	struct resolver_options options = {
		.servers = (const char *const *)conf->dns.servers.v,
		.server_count = conf->dns.servers.n,
		.trust_anchor = conf->dns.trust_anchor,
		.timeout_ms = conf->dns.timeout_ms,
	};
	struct why why = { "" };
	struct loop *loop = loop_new();
	struct resolver *resolver = resolver_new(loop, &options, &why);
	bool done = resolver != NULL;

	if (done) {
		/* It is gone when it calls. */
		must(fetch_start(resolver, loop, answers, on_fetched, loop) !=
		    NULL);
		loop_run(loop);
	} else {
		(void)ctl_fail("no resolver: %s", why.text);
	}
	resolver_free(&resolver);
	loop_free(&loop);
	return done;
}

/* NULL: the record is that of the key. */
static const char *
judge_key(const struct dkim_key *key, const struct dns_answer *answer)
{
	struct dkim_record record;

	dkim_record_choose(answer, &record);
	if (record.state != DKIM_RECORD_GOOD)
		return record.reason;
	return dkim_key_matches(key, &record)
	    ? NULL
	    : "the DNS has another key than the file";
}

struct checking {
	struct ctl *ctl;
	const struct dkim_conf *dkim;
	char domain[DNS_NAME_SIZE];
	struct answers *answers;
	json_t *list;
};

static bool
check_key(const struct checking *c, const struct dkim_key_conf *k)
{
	struct dkim_key *key = key_of(k);
	char name[DNS_NAME_SIZE];
	const char *wrong = "the selector is bad";

	if (key == NULL)
		return false;
	if (dkim_record_name(slice_of(k->selector), slice_of(c->domain), name))
		wrong = judge_key(key,
		    answers_get(c->answers, slice_of(name), DNS_TXT));
	if (c->list != NULL)
		(void)json_array_append_new(c->list,
		    json_pack("{s:s,s:o,s:b,s:s}", "selector", k->selector,
			"name", text_of(slice_of(name)), "ok", wrong == NULL,
			"reason", wrong == NULL ? "" : wrong));
	else
		(void)printf("%s: %s\n", name, wrong == NULL ? "ok" : wrong);
	dkim_key_free(&key);
	return wrong == NULL;
}

static int
check_keys(struct checking *c, const struct conf *conf)
{
	bool good = true;

	c->answers = answers_new(QUESTIONS_MAX, ANSWERS_BYTES);
	for (size_t i = 0; i < c->dkim->key_count; i++) {
		char name[DNS_NAME_SIZE];

		if (dkim_record_name(slice_of(c->dkim->keys[i].selector),
			slice_of(c->domain), name))
			(void)answers_get(c->answers, slice_of(name), DNS_TXT);
	}
	if (!fetch_answers(conf, c->answers)) {
		answers_free(&c->answers);
		return CTL_FAILED;
	}
	c->list = c->ctl->json ? json_array() : NULL;
	for (size_t i = 0; i < c->dkim->key_count; i++)
		if (!check_key(c, &c->dkim->keys[i]))
			good = false;
	if (c->list != NULL)
		put_json(c->list);
	answers_free(&c->answers);
	return good ? CTL_DONE : CTL_FAILED;
}

static const struct dkim_conf *
find_section(const struct conf *conf, const char *domain)
{
	char ascii[DNS_NAME_SIZE];

	for (size_t i = 0; i < conf->dkim_count; i++)
		if (hosts_name_to_ascii(slice_of(conf->dkims[i].domain),
			ascii) &&
		    strcmp(ascii, domain) == 0)
			return &conf->dkims[i];
	return NULL;
}

int
do_dkim_check(struct ctl *ctl)
{
	struct checking c = { .ctl = ctl };
	struct conf *conf;
	int rc;

	if (!hosts_name_to_ascii(slice_of(ctl->words[0]), c.domain))
		return ctl_fail("\"%s\" is no domain", ctl->words[0]);
	if ((conf = ctl_conf(ctl)) == NULL)
		return CTL_FAILED;
	c.dkim = find_section(conf, c.domain);
	if (c.dkim == NULL)
		rc = ctl_fail("%s: there is no section dkim \"%s\"",
		    ctl->conf_path, ctl->words[0]);
	else
		rc = check_keys(&c, conf);
	conf_unref(&conf);
	return rc;
}

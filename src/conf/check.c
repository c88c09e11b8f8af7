/*
 * conf/check.c - checks between keys, and what the system fills in.
 */
#include "conf/check.h"

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "conf/check_route.h"
#include "conf/pace.h"
#include "conf/target.h"
#include "conf/type.h"
#include "mail/address.h"

#define STAND_IN_USER "nobody"

enum { WORKERS_MAX = 64, HOST_SIZE = 256 };

/* --- the top level --- */

static uint32_t
count_cores(void)
{
	cpu_set_t set;
	int n =
	    sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (uint32_t)n;
}

/* The system's full name, as far as it knows one. */
static void
set_hostname(struct conf *conf)
{
	struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	struct addrinfo *found = NULL;
	char name[HOST_SIZE] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		(void)snprintf(name, sizeof(name), "localhost");
	if (strchr(name, '.') == NULL &&
	    getaddrinfo(name, NULL, &hints, &found) == 0 &&
	    found->ai_canonname != NULL &&
	    domain_is_valid(slice_of(found->ai_canonname), false))
		(void)snprintf(name, sizeof(name), "%s", found->ai_canonname);
	if (found != NULL)
		freeaddrinfo(found);
	if (!domain_is_valid(slice_of(name), false))
		(void)snprintf(name, sizeof(name), "localhost");
	for (char *p = name; *p != '\0'; p++)
		*p = ascii_lower(*p);
	mem_free(conf->hostname);
	conf->hostname = mem_cstr(slice_of(name));
}

void
conf_complete_top(struct conf *conf)
{
	struct buf text;

	if (conf->receivers == 0)
		conf->receivers = count_cores();
	if (conf->deliverers == 0)
		conf->deliverers = count_cores();
	if (conf->hostname == NULL || conf->hostname[0] == '\0')
		set_hostname(conf);
	if (conf->postmaster == NULL || conf->postmaster[0] == '\0') {
		buf_init(&text, ADDRESS_MAX + HOST_SIZE);
		buf_addf(&text, "postmaster@%s", conf->hostname);
		mem_free(conf->postmaster);
		conf->postmaster = mem_cstr(buf_slice(&text));
		buf_done(&text);
	}
}

/*
 * Only root changes to another user. The default one may be missing, so that
 * mtad runs before there is a package that makes it.
 */
static void
check_user(const struct checking *c)
{
	struct conf *conf = c->conf;

	if (geteuid() != 0)
		return;
	if (conf->user != NULL && getpwnam(conf->user) == NULL) {
		conf->user_is_stand_in = !checking_is_given(c, "", 0, "user") &&
		    getpwnam(STAND_IN_USER) != NULL;
		if (conf->user_is_stand_in) {
			mem_free(conf->user);
			conf->user = mem_cstr(SLICE(STAND_IN_USER));
		} else {
			conf_error(c->errors, checking_place(c, "", 0, "user"),
			    "user: \"%s\" does not exist on this system",
			    conf->user);
		}
	}
	if (conf->control_group != NULL &&
	    checking_is_given(c, "control", 0, "group") &&
	    getgrnam(conf->control_group) == NULL)
		conf_error(c->errors, checking_place(c, "control", 0, "group"),
		    "group: \"%s\" does not exist on this system",
		    conf->control_group);
}

void
conf_each_warning(const struct conf *conf, conf_error_fn *warn, void *arg)
{
	struct buf text;

	if (geteuid() != 0)
		return;
	buf_init(&text, HOST_SIZE * 2);
	if (conf->user_is_stand_in)
		warn("user: the default one, \"mtad\", does not exist on this "
		     "system; \"" STAND_IN_USER "\" stands in for it",
		    arg);
	if (conf->control_group != NULL &&
	    getgrnam(conf->control_group) == NULL) {
		buf_addf(&text,
		    "control.group: \"%s\" does not exist on this system; "
		    "control.sock is for root alone",
		    conf->control_group);
		warn(buf_cstr(&text), arg);
	}
	buf_done(&text);
}

/* --- listeners --- */

static bool
has_word(const struct strings *list, const char *word)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->v[i], word) == 0)
			return true;
	return false;
}

static void
check_addresses(const struct checking *c, size_t i)
{
	const struct listener_conf *l = &c->conf->listeners[i];
	struct ip ip;

	if (l->addresses.n == 0)
		conf_error(c->errors,
		    checking_place(c, "listener", i, "address"),
		    "address: { } is empty; \"*\" is every address");
	for (size_t k = 0; k < l->addresses.n; k++)
		if (strcmp(l->addresses.v[k], "*") != 0 &&
		    !ip_parse(slice_of(l->addresses.v[k]), &ip))
			conf_error(c->errors,
			    checking_place(c, "listener", i, "address"),
			    "address: \"%s\" is no IP address, and not \"*\"",
			    l->addresses.v[k]);
}

/* An address of one that the other has too. */
static const char *
shared_address(const struct listener_conf *a, const struct listener_conf *b)
{
	if (has_word(&a->addresses, "*") || has_word(&b->addresses, "*"))
		return "*";
	for (size_t i = 0; i < a->addresses.n; i++)
		if (has_word(&b->addresses, a->addresses.v[i]))
			return a->addresses.v[i];
	return NULL;
}

static void
check_listeners(const struct checking *c)
{
	struct conf *conf = c->conf;

	for (size_t i = 0; i < conf->listener_count; i++) {
		struct listener_conf *l = &conf->listeners[i];
		bool submission = l->service == SERVICE_SUBMISSION;

		check_addresses(c, i);
		if (!checking_is_given(c, "listener", i, "require_tls"))
			l->require_tls = submission;
		if (l->tls == LISTENER_TLS_NONE && l->require_tls)
			conf_error(c->errors,
			    checking_place(c, "listener", i, "tls"),
			    "tls: \"none\" goes with require_tls = false alone"
			    "%s",
			    submission ? ", which on a submission "
					 "listener is true by default"
				       : "");
		if (l->max_connections_per_client > l->max_connections &&
		    checking_is_given(c, "listener", i,
			"max_connections_per_client"))
			conf_error(c->errors,
			    checking_place(c, "listener", i,
				"max_connections_per_client"),
			    "max_connections_per_client: \"%u\" is more than "
			    "max_connections, %u",
			    l->max_connections_per_client, l->max_connections);
		for (size_t k = 0; k < i; k++) {
			const struct listener_conf *o = &conf->listeners[k];

			if (o->port != l->port || l->port == 0 ||
			    shared_address(o, l) == NULL)
				continue;
			conf_error(c->errors,
			    checking_place(c, "listener", i, "port"),
			    "listener \"%s\": port %u of %s is taken by "
			    "listener \"%s\"",
			    l->name, l->port, shared_address(o, l), o->name);
		}
	}
}

/* --- certificates --- */

static void
check_tls(const struct checking *c)
{
	struct conf *conf = c->conf;
	size_t first = conf->tls_count;

	for (size_t i = 0; i < conf->tls_count; i++) {
		char *name = conf->tls[i].name;

		for (char *p = name; *p != '\0'; p++)
			*p = ascii_lower(*p);
		if (strcmp(name, "default") == 0)
			first = i;
		else if (!domain_is_valid(slice_of(strncmp(name, "*.", 2) == 0
						  ? name + 2
						  : name),
			     false))
			conf_error(c->errors, checking_place(c, "tls", i, NULL),
			    "tls \"%s\": the title is neither \"default\" nor "
			    "a host name",
			    name);
	}
	if (conf->tls_count == 0)
		return;
	if (first == conf->tls_count) {
		conf_error(c->errors, checking_place(c, "tls", 0, NULL),
		    "tls: the section \"default\" is missing");
		return;
	}
	if (first > 0) {
		struct tls_conf moved = conf->tls[first];

		conf->tls[first] = conf->tls[0];
		conf->tls[0] = moved;
	}
}

/* --- auth --- */

static void
check_auth(const struct checking *c)
{
	static const char *const known[] = { "PLAIN", "LOGIN", "SCRAM-SHA-256",
		"SCRAM-SHA-256-PLUS" };
	const struct auth_conf *auth = &c->conf->auth;
	const char *place = checking_place(c, "auth", 0, "mechanisms");

	for (size_t i = 0; i < auth->mechanisms.n; i++) {
		const char *name = auth->mechanisms.v[i];
		bool good = false;

		for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
			good = good || strcmp(name, known[k]) == 0;
		if (!good)
			conf_error(c->errors, place,
			    "mechanisms: \"%s\" is not PLAIN, LOGIN, "
			    "SCRAM-SHA-256 or SCRAM-SHA-256-PLUS",
			    name);
	}
	if (auth->mechanisms.n == 0)
		conf_error(c->errors, place,
		    "mechanisms: { } is empty; to offer no AUTH leave users "
		    "out");
	for (size_t i = 0; i < c->conf->listener_count; i++)
		if (c->conf->listeners[i].service == SERVICE_SUBMISSION &&
		    c->conf->auth.users_at == 0 && auth->backend == AUTH_NONE &&
		    checking_is_given(c, "auth", 0, "senders"))
			conf_error(c->errors,
			    checking_place(c, "auth", 0, "senders"),
			    "senders: users is missing, so nobody logs in");
}

/* --- domains and routes --- */

static void
check_domains(const struct checking *c)
{
	struct conf *conf = c->conf;

	for (size_t i = 0; i < conf->domain_count; i++) {
		struct domain_conf *d = &conf->domains[i];

		if (!domain_is_valid(slice_of(d->name), true))
			conf_error(c->errors,
			    checking_place(c, "domain", i, NULL),
			    "domain \"%s\": the title is no domain name",
			    d->name);
		checking_lower(d->name);
		d->mailboxes_are_system = d->mailboxes_at > 0 &&
		    strcmp(conf->tables[d->mailboxes_at - 1].where, "system") ==
			0;
		if (d->aliases_at > 0 &&
		    strcmp(conf->tables[d->aliases_at - 1].where, "system") ==
			0)
			conf_error(c->errors,
			    checking_place(c, "domain", i, "aliases"),
			    "aliases: \"system\" holds no aliases");
	}
}

static void
check_srs(const struct checking *c)
{
	const struct srs_conf *srs = &c->conf->srs;

	if (srs->domain[0] != '\0' && srs->secret.n == 0)
		conf_error(c->errors, checking_place(c, "srs", 0, "domain"),
		    "domain: secret is missing");
}

static bool
is_shaping_title(const char *title)
{
	struct slice s = slice_of(title);

	if (slice_is(s, "*"))
		return true;
	if (slice_take_prefix(&s, "mx:"))
		return s.n > 0;
	(void)slice_take_char(&s, '.');
	return domain_is_valid(s, true);
}

static void
check_shapings(const struct checking *c)
{
	struct conf *conf = c->conf;

	for (size_t i = 0; i < conf->shaping_count; i++) {
		if (!is_shaping_title(conf->shapings[i].title))
			conf_error(c->errors,
			    checking_place(c, "shaping", i, NULL),
			    "shaping \"%s\": the title is none of \"domain\", "
			    "\".domain\", \"mx:PATTERN\", \"*\"",
			    conf->shapings[i].title);
		checking_lower(conf->shapings[i].title);
	}
}

/* --- the rest --- */

/* "192.0.2.1" or "192.0.2.1@5353" */
static bool
is_dns_server(const char *server)
{
	struct slice port = slice_of(server);
	struct slice host = slice_take_until(&port, '@');
	uint32_t number;
	struct ip ip;

	return ip_parse(host, &ip) &&
	    (host.n == strlen(server) ||
		(slice_to_u32(port, 65535, &number) && number > 0));
}

/* "zen.example" or "list.example=127.0.0.2" */
static bool
is_block_list(const char *list)
{
	struct slice answer = slice_of(list);
	struct slice zone = slice_take_until(&answer, '=');
	struct ip ip;

	return domain_is_valid(zone, false) &&
	    (zone.n == strlen(list) ||
		(ip_parse(answer, &ip) && ip.version == 4 &&
		    ip_is_loopback(&ip)));
}

static void
check_checks(const struct checking *c)
{
	const struct checks_conf *checks = &c->conf->checks;

	if (slice_of(checks->dmarc_reports).n > 0 && checks->dmarc == CHECK_OFF)
		conf_error(c->errors,
		    checking_place(c, "checks", 0, "dmarc_reports"),
		    "dmarc_reports: there is nothing to report with "
		    "dmarc = \"off\"");
	for (size_t i = 0; i < checks->dnsbl.n; i++)
		if (!is_block_list(checks->dnsbl.v[i]))
			conf_error(c->errors,
			    checking_place(c, "checks", 0, "dnsbl"),
			    "dnsbl: \"%s\" is not of the form \"zen.example\" "
			    "or \"list.example=127.0.0.2\"",
			    checks->dnsbl.v[i]);
	for (size_t i = 0; i < checks->arc_trusted.n; i++)
		if (!domain_is_valid(slice_of(checks->arc_trusted.v[i]), false))
			conf_error(c->errors,
			    checking_place(c, "checks", 0, "arc_trusted"),
			    "arc_trusted: \"%s\" is no domain name",
			    checks->arc_trusted.v[i]);
}

static void
check_rest(const struct checking *c)
{
	const struct conf *conf = c->conf;
	struct slice target = slice_of(conf->log.target);

	for (size_t i = 0; i < conf->dns.servers.n; i++)
		if (!is_dns_server(conf->dns.servers.v[i]))
			conf_error(c->errors,
			    checking_place(c, "dns", 0, "servers"),
			    "servers: \"%s\" is not of the form \"127.0.0.1\" "
			    "or \"127.0.0.1@5353\"",
			    conf->dns.servers.v[i]);
	if (conf->dns.trust_anchor != NULL &&
	    conf->dns.trust_anchor[0] != '\0' &&
	    access(conf->dns.trust_anchor, R_OK) == -1)
		conf_error(c->errors,
		    checking_place(c, "dns", 0, "trust_anchor"),
		    "trust_anchor: \"%s\" can't be read",
		    conf->dns.trust_anchor);
	if (!slice_is(target, "auto") && !slice_is(target, "stderr") &&
	    !slice_is(target, "syslog") &&
	    !(slice_take_prefix(&target, "file:") && target.n > 1 &&
		target.p[0] == '/'))
		conf_error(c->errors, checking_place(c, "log", 0, "target"),
		    "target: \"%s\" is not auto, stderr, syslog or "
		    "\"file:/PATH\"",
		    conf->log.target);
}

/* Whether keys are any good is not ours to say, but where they stand is. */
static void
place_keys(const struct checking *c)
{
	for (size_t i = 0; i < c->conf->dkim_count; i++)
		c->conf->dkims[i].place =
		    mem_cstr(slice_of(checking_place(c, "dkim", i, "keys")));
}

/* --- completing --- */

/* A "*" section with all its defaults. */
static void
add_star(struct conf *conf, const char *name)
{
	const struct conf_section *s = conf_section_find(name);
	void **array = (void *)((char *)conf + s->offset);
	size_t *count = (void *)((char *)conf + s->count);
	char *one;
	char **title;

	*array = mem_resize(*array, *count + 1, s->size);
	one = (char *)*array + *count * s->size;
	memset(one, 0, s->size);
	title = (void *)(one + s->title_at);
	*title = mem_cstr(SLICE("*"));
	(*count)++;
	for (const struct conf_key *k = s->keys; k->what != NULL; k++) {
		struct strings words = { 0 };

		conf_preset_words(k, &words);
		must(
		    conf_type_facts(k->type)->read(conf, k, &words, one, NULL));
		strings_done(&words);
	}
}

static bool
has_route_star(const struct conf *conf)
{
	for (size_t i = 0; i < conf->route_count; i++)
		if (strcmp(conf->routes[i].title, "*") == 0)
			return true;
	return false;
}

static bool
has_shaping_star(const struct conf *conf)
{
	for (size_t i = 0; i < conf->shaping_count; i++)
		if (strcmp(conf->shapings[i].title, "*") == 0)
			return true;
	return false;
}

static int
domain_cmp(const void *a, const void *b)
{
	const struct domain_conf *x = a;
	const struct domain_conf *y = b;

	return strcmp(x->name, y->name);
}

static int
route_cmp(const void *a, const void *b)
{
	const struct route_conf *x = a;
	const struct route_conf *y = b;

	return strcmp(x->title, y->title);
}

void
conf_link_tables(struct conf *conf)
{
	struct auth_conf *auth = &conf->auth;

#define LINK(field, at) \
	((field) = (at) == 0 ? NULL : conf->tables[(at)-1].table)
	LINK(auth->users, auth->users_at);
	LINK(auth->senders, auth->senders_at);
	for (size_t i = 0; i < conf->domain_count; i++) {
		struct domain_conf *d = &conf->domains[i];

		LINK(d->mailboxes, d->mailboxes_at);
		LINK(d->aliases, d->aliases_at);
	}
#undef LINK
}

void
conf_check(struct conf *conf, const struct conf_source *src,
    struct conf_errors *errors)
{
	struct checking c = { conf, src, errors };

	check_user(&c);
	check_listeners(&c);
	check_tls(&c);
	check_auth(&c);
	check_domains(&c);
	check_routes(&c);
	check_srs(&c);
	check_shapings(&c);
	conf_check_pace(conf, src, errors);
	check_checks(&c);
	check_rest(&c);
	place_keys(&c);
	if (errors->count > 0)
		return; /* what follows relies on all being right */
	conf_complete_top(conf);
	if (!has_route_star(conf))
		add_star(conf, "route");
	if (!has_shaping_star(conf))
		add_star(conf, "shaping");
	if (conf->domain_count > 0)
		qsort(conf->domains, conf->domain_count, sizeof(*conf->domains),
		    domain_cmp);
	qsort(conf->routes, conf->route_count, sizeof(*conf->routes),
	    route_cmp);
	conf_link_tables(conf);
}

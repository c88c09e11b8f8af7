/*
 * mtactl/test.c - how mail for an address would go: the route, the rule that
 * chose it, the hosts. Asks the DNS, connects to nobody.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/schema.h"
#include "dns/hosts.h"
#include "io/loop.h"
#include "mtactl/verbs.h"
#include "route/route.h"

enum { EXPANSION_BYTES = 16 << 20 };

/* One test under way; the results are JSON until they are shown. */
struct testing {
	const struct conf *conf; /* borrowed */
	struct loop *loop;
	struct resolver *resolver;
	json_t *now; /* borrowed: the result whose hosts are looked up */
};

static json_t *
json_of(struct slice s)
{
	json_t *text = json_stringn(s.p, s.n);

	/* Not UTF-8: no address that we could have parsed. */
	return text == NULL ? json_string("?") : text;
}

static void
put(json_t *object, const char *name, struct slice value)
{
	(void)json_object_set_new(object, name, json_of(value));
}

/* --- hosts --- */

static void
on_hosts(const struct hosts *hosts, void *arg)
{
	struct testing *t = arg;
	json_t *list = json_array();

	for (size_t i = 0; i < hosts->address_count; i++) {
		const struct host *h = &hosts->host[hosts->address[i].host];
		char ip[IP_TEXT_SIZE];
		json_t *one = json_object();

		ip_text(&hosts->address[i].ip, ip);
		(void)json_object_set_new(one, "preference",
		    json_integer(h->preference));
		put(one, "host", slice_of(h->name));
		put(one, "address", slice_of(ip));
		(void)json_object_set_new(one, "secure",
		    json_boolean(h->secure));
		(void)json_array_append_new(list, one);
	}
	(void)json_object_set_new(t->now, "hosts", list);
	(void)json_object_set_new(t->now, "by_mx", json_boolean(hosts->by_mx));
	if (hosts->outcome != HOSTS_FOUND)
		put(t->now, "trouble", slice_of(hosts_reply(hosts->outcome)));
	loop_stop(t->loop);
}

static bool
start_resolver(struct testing *t)
{
	const struct dns_conf *dns = &t->conf->dns;
	struct resolver_options options = {
		.server_count = dns->servers.n,
		.trust_anchor = dns->trust_anchor,
		.timeout_ms = dns->timeout_ms,
	};
	struct why why = { "" };
	const char *servers[32];

	if (t->resolver != NULL)
		return true;
	if (options.server_count > sizeof(servers) / sizeof(servers[0]))
		options.server_count = sizeof(servers) / sizeof(servers[0]);
	for (size_t i = 0; i < options.server_count; i++)
		servers[i] = dns->servers.v[i];
	options.servers = servers;
	t->loop = loop_new();
	t->resolver = resolver_new(t->loop, &options, &why);
	if (t->resolver == NULL) {
		loop_free(&t->loop);
		(void)ctl_fail("no resolver: %s", why.text);
	}
	return t->resolver != NULL;
}

/* Only names are worth a question: not a socket, a file, an error. */
static void
find_hosts(struct testing *t, const struct target *target, struct slice domain,
    json_t *result)
{
	struct hosts_policy policy = { .ipv4 = t->conf->delivery.ipv4,
		.ipv6 = t->conf->delivery.ipv6 };
	struct hosts_search *search;

	if (!target_is_remote(target->kind) ||
	    target->kind == TARGET_LMTP_UNIX || !start_resolver(t))
		return;
	t->now = result;
	if (target->kind == TARGET_MX) {
		policy.own_name = t->conf->hostname;
		search = hosts_of_domain(t->resolver, t->loop,
		    target->host.n > 0 ? target->host : domain, &policy,
		    on_hosts, t);
	} else {
		search = hosts_of_name(t->resolver, t->loop, target->host,
		    &policy, on_hosts, t);
	}
	if (search != NULL)
		loop_run(t->loop);
}

/* --- where it goes --- */

/* What the schema calls that value of route.tls. */
static const char *
tls_name(enum tls_level level)
{
	const struct conf_key *key =
	    conf_key_find(conf_section_find("route"), "tls");

	for (const struct conf_word *w = key->words; w->word != NULL; w++)
		if (w->value == (int)level)
			return w->word;
	return "";
}

/* What that level comes to, as long as there is no DANE and no MTA-STS. */
static const char *
tls_meaning(enum tls_level level)
{
	switch (level) {
	case TLS_AUTO:
	case TLS_OPPORTUNISTIC:
		return "STARTTLS where it is offered, whatever the certificate";
	case TLS_NONE:
		return "never TLS";
	case TLS_ENCRYPT:
		return "TLS always, whatever the certificate";
	case TLS_VERIFY:
	case TLS_DANE:
		return "TLS always, with a certificate valid for the name";
	}
	return "";
}

static void
add_target(struct testing *t, struct slice text, struct slice domain,
    json_t *result)
{
	struct target target;
	struct buf out;

	if (!target_parse(text, &target, NULL))
		return;
	if (target.kind == TARGET_MX && target.port == 0)
		target.port = t->conf->delivery.mx_port;
	buf_init(&out, 8192);
	if (target.kind == TARGET_MX && target.host.n == 0) {
		buf_addf(&out, "mx");
		(void)json_object_set_new(result, "port",
		    json_integer(target.port));
	} else {
		target_write(&target, &out);
	}
	put(result, "target", buf_slice(&out));
	buf_done(&out);
	find_hosts(t, &target, domain, result);
}

/* The result for one address, which no alias changes any more. */
static json_t *
test_one(struct testing *t, const struct address *a, bool final)
{
	struct route_answer answer;
	json_t *result = json_object();
	struct buf text;

	route_recipient(t->conf, a, final, &answer);
	buf_init(&text, 1024);
	address_write(a, &text);
	put(result, "address", buf_slice(&text));
	buf_done(&text);
	put(result, "because", slice_of(answer.because));
	switch (answer.kind) {
	case ROUTE_ALIAS: /* its ends could not be found */
	case ROUTE_DOMAIN:
		put(result, "decision", SLICE("ours"));
		put(result, "domain", slice_of(answer.domain->name));
		if (answer.user.n > 0)
			put(result, "user", answer.user);
		add_target(t, slice_of(answer.domain->deliver), a->domain,
		    result);
		break;
	case ROUTE_RELAY:
		put(result, "decision", SLICE("relay"));
		put(result, "route", slice_of(answer.route->title));
		put(result, "tls", slice_of(tls_name(answer.route->tls)));
		put(result, "policy", slice_of(tls_meaning(answer.route->tls)));
		if (answer.route->user[0] != '\0')
			put(result, "login", slice_of(answer.route->user));
		put(result, "shaping",
		    slice_of(
			route_shaping(t->conf, a->domain, SLICE_NONE)->title));
		if (answer.route->via.n > 1)
			put(result, "next_hops",
			    SLICE("several; the first is shown"));
		add_target(t, slice_of(answer.route->via.v[0]), a->domain,
		    result);
		break;
	case ROUTE_REJECT:
	case ROUTE_TRICK:
		put(result, "decision", SLICE("refused"));
		put(result, "reply", answer.reply);
		break;
	}
	return result;
}

/* All ends of an alias, or the address itself. False: the error was shown. */
static bool
test_all(struct testing *t, const struct address *a, json_t *results)
{
	struct route_answer answer;
	struct expansion ends = { 0 };
	struct why why = { "" };
	struct arena *arena;
	struct address end;

	route_recipient(t->conf, a, false, &answer);
	if (answer.kind != ROUTE_ALIAS) {
		(void)json_array_append_new(results, test_one(t, a, false));
		return true;
	}
	arena = arena_new(EXPANSION_BYTES);
	/* <postmaster> has no domain to start from. */
	if (a->domain.n == 0 &&
	    address_parse(answer.value, true, &end) == PARSE_OK)
		a = &end;
	if (route_expand(t->conf, a, arena, &ends, &why) != 0) {
		(void)ctl_fail("%s", why.text);
		arena_free(&arena);
		return false;
	}
	for (size_t i = 0; i < ends.count; i++)
		if (address_parse(ends.addresses[i], true, &end) == PARSE_OK)
			(void)json_array_append_new(results,
			    test_one(t, &end, true));
	arena_free(&arena);
	return true;
}

/* --- for people --- */

static void
show_hosts(const json_t *hosts)
{
	json_t *h;
	size_t i;

	json_array_foreach((json_t *)(uintptr_t)hosts, i, h)
	{
		(void)printf("%-10s %5" JSON_INTEGER_FORMAT " ",
		    i == 0 ? "hosts" : "",
		    json_integer_value(json_object_get(h, "preference")));
		ctl_column(slice_of(
			       json_string_value(json_object_get(h, "host"))),
		    30);
		ctl_column(slice_of(json_string_value(
			       json_object_get(h, "address"))),
		    0);
		(void)printf("%s\n",
		    json_is_true(json_object_get(h, "secure")) ? " (DNSSEC)"
							       : "");
	}
}

static void
show_result(const json_t *result)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)result, name, value)
	{
		if (json_is_array(value)) {
			show_hosts(value);
			continue;
		}
		if (json_is_boolean(value))
			continue;
		(void)printf("%-10s ", name);
		if (json_is_integer(value))
			(void)printf("%" JSON_INTEGER_FORMAT,
			    json_integer_value(value));
		else
			ctl_print(slice_of(json_string_value(value)));
		ctl_end_row();
	}
}

static void
show_results(const struct ctl *ctl, const json_t *results, bool alias)
{
	json_t *r;
	size_t i;

	if (ctl->json) {
		(void)json_dumpf(alias ? results : json_array_get(results, 0),
		    stdout, JSON_COMPACT | JSON_ENCODE_ANY);
		ctl_end_row();
		return;
	}
	if (alias)
		(void)printf("%s is an alias\n\n", ctl->words[0]);
	json_array_foreach((json_t *)(uintptr_t)results, i, r)
	{
		if (i > 0)
			ctl_end_row();
		show_result(r);
	}
}

int
do_test(struct ctl *ctl)
{
	struct slice text = slice_of(ctl->words[0]);
	struct testing t = { 0 };
	struct route_answer answer;
	struct address a;
	struct conf *conf;
	json_t *results;
	int rc = CTL_FAILED;

	if (ctl->options[OPT_SPF] != NULL)
		return do_test_spf(ctl);
	if (ctl->word_count > 1) {
		(void)ctl_fail("one address, please");
		return CTL_USAGE;
	}
	if (address_parse(text, true, &a) != PARSE_OK)
		return ctl_fail("\"%s\" is no address", ctl->words[0]);
	conf = ctl_conf(ctl);
	if (conf == NULL)
		return CTL_FAILED;
	t.conf = conf;
	results = json_array();
	if (test_all(&t, &a, results)) {
		route_recipient(conf, &a, false, &answer);
		show_results(ctl, results, answer.kind == ROUTE_ALIAS);
		rc = CTL_DONE;
	}
	json_decref(results);
	resolver_free(&t.resolver);
	if (t.loop != NULL)
		loop_free(&t.loop);
	conf_unref(&conf);
	return rc;
}

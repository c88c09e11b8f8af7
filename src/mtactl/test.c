/*
 * mtactl/test.c - how mail for an address would go: the route, the rule that
 * chose it, the hosts. Asks the DNS; connects to
 * hosts with --connect alone, and sends no mail.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "conf/schema.h"
#include "dns/hosts.h"
#include "io/https.h"
#include "io/loop.h"
#include "mtactl/probe.h"
#include "mtactl/verbs.h"
#include "policy/search.h"
#include "route/route.h"

enum { EXPANSION_BYTES = 16 << 20 };

/* One test under way; the results are JSON until they are shown. */
struct testing {
	const struct conf *conf; /* borrowed */
	struct loop *loop;
	struct resolver *resolver;
	struct tls_client *tls;
	struct https *https;
	struct sts *sts;
	bool connects; /* to the hosts, for their TLS */
	json_t *now;   /* borrowed: the result whose hosts are looked up */
	/* Of that result: */
	struct policy_question question;
	struct policy_search *policies;
	struct hosts hosts;
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

/* --- policies --- */

static json_t *
policy_value(const struct host_policy *p, const char *host)
{
	json_t *one = json_object();

	put(one, "host", slice_of(host));
	put(one, "policy", slice_of(p->policy.name));
	put(one, "why", slice_of(p->policy.why));
	if (p->policy.refusal != NULL)
		put(one, "trouble", slice_of(p->policy.refusal));
	return one;
}

static void
add_sts(struct testing *t, const struct sts_answer *sts)
{
	if (sts->failure != NULL)
		put(t->now, "mta_sts", slice_of(sts->failure));
	else if (sts->mode != STS_NONE)
		put(t->now, "mta_sts", slice_of(sts_mode_name(sts->mode)));
}

static void
on_policies(const struct host_policy *policies, void *arg)
{
	struct testing *t = arg;
	json_t *list = json_array();

	for (size_t i = 0; i < t->hosts.host_count; i++)
		(void)json_array_append_new(list,
		    policy_value(&policies[i], t->hosts.host[i].name));
	(void)json_object_set_new(t->now, "policies", list);
	add_sts(t, policy_search_sts(t->policies));
	loop_stop(t->loop);
}

static void
find_policies(struct testing *t)
{
	const struct policy_sources sources = { t->loop, t->resolver, t->sts };

	t->policies =
	    policy_find(&sources, &t->hosts, &t->question, on_policies, t);
	loop_run(t->loop);
}

/* Each host by its first address. */
static void
connect_to_all(struct testing *t)
{
	const struct host_policy *policies = policy_search_answers(t->policies);
	json_t *list = json_array();
	size_t last = HOSTS_MAX;

	for (size_t i = 0; i < t->hosts.address_count; i++) {
		size_t host = t->hosts.address[i].host;
		struct probe_target target = {
			.ip = t->hosts.address[i].ip,
			.port = t->question.port,
			.host = t->hosts.host[host].name,
			.policy = &policies[host],
			.helo = t->conf->hostname,
			.from_the_start =
			    t->question.kind == TARGET_SUBMISSIONS,
			.timeout_ms = t->conf->delivery.connect_timeout_ms,
		};
		char ip[IP_TEXT_SIZE];

		if (host == last)
			continue;
		last = host;
		if (*target.host == '\0') {
			ip_text(&target.ip, ip);
			target.host = ip;
		}
		(void)json_array_append_new(list,
		    probe(t->loop, t->tls, &target));
	}
	(void)json_object_set_new(t->now, "connections", list);
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
	t->hosts = *hosts;
	loop_stop(t->loop);
}

/* Policies are fetched anew: this is not the process that keeps them. */
static bool
start_sts(struct testing *t, struct why *why)
{
	const struct delivery_conf *c = &t->conf->delivery;
	const struct sts_options options = { .port = c->sts_port,
		.ipv4 = c->ipv4,
		.ipv6 = c->ipv6 };

	t->tls = tls_client_new(why);
	if (t->tls == NULL) {
		(void)ctl_fail("no TLS: %s", why->text);
		return false;
	}
	t->https = https_new(t->loop, t->tls);
	t->sts = sts_new(t->loop, t->resolver, t->https, &options);
	return true;
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
	return t->resolver != NULL && start_sts(t, &why);
}

static uint16_t
port_of(const struct target *target, const struct conf *conf)
{
	enum { SMTP = 25, SUBMISSION = 587, SUBMISSIONS = 465 };

	if (target->port != 0)
		return target->port;
	if (target->kind == TARGET_MX)
		return conf->delivery.mx_port;
	return target->kind == TARGET_SUBMISSION ? SUBMISSION
	    : target->kind == TARGET_SUBMISSIONS ? SUBMISSIONS
						 : SMTP;
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
	if (search == NULL)
		return;
	loop_run(t->loop);
	if (t->hosts.outcome != HOSTS_FOUND)
		return;
	t->question.kind = target->kind;
	t->question.port = port_of(target, t->conf);
	find_policies(t);
	if (t->connects)
		connect_to_all(t);
	policy_search_free(&t->policies);
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

/* How many stand side by side from there on, and share the mail. */
static size_t
side_by_side(const struct route_conf *route, size_t from)
{
	struct target first, other;
	size_t to = from + 1;

	while (route->balance && to < route->via.n &&
	    target_parse(slice_of(route->via.v[from]), &first, NULL) &&
	    target_parse(slice_of(route->via.v[to]), &other, NULL) &&
	    first.kind == other.kind)
		to++;
	return to - from;
}

/* The next hops in their order, and what each gets. */
static json_t *
hops_value(const struct route_conf *route)
{
	json_t *list = json_array();
	size_t i = 0;

	while (i < route->via.n) {
		size_t n = side_by_side(route, i);
		const char *after = i > 0 ? ", while none before it works" : "";
		char gets[64];

		if (n == 1)
			(void)snprintf(gets, sizeof(gets), "all mail%s", after);
		else
			(void)snprintf(gets, sizeof(gets),
			    "1/%zu of the mail%s", n, after);
		for (size_t end = i + n; i < end; i++) {
			json_t *hop = json_object();

			put(hop, "hop", slice_of(route->via.v[i]));
			put(hop, "gets", slice_of(gets));
			(void)json_array_append_new(list, hop);
		}
	}
	return list;
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
		t->question.level = TLS_AUTO;
		put(result, "decision", SLICE("ours"));
		put(result, "domain", slice_of(answer.domain->name));
		if (answer.user.n > 0)
			put(result, "user", answer.user);
		add_target(t, slice_of(answer.domain->deliver), a->domain,
		    result);
		break;
	case ROUTE_RELAY:
		t->question.level = answer.route->tls;
		put(result, "decision", SLICE("relay"));
		put(result, "route", slice_of(answer.route->title));
		put(result, "tls", slice_of(tls_name(answer.route->tls)));
		if (answer.route->user[0] != '\0')
			put(result, "login", slice_of(answer.route->user));
		put(result, "shaping",
		    slice_of(
			route_shaping(t->conf, a->domain, SLICE_NONE)->title));
		if (answer.route->via.n > 1) {
			put(result, "next_hops",
			    SLICE("several; the hosts are those of the first"));
			(void)json_object_set_new(result, "hops",
			    hops_value(answer.route));
		}
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

/* Objects of texts and lists of texts: an empty line before each. */
static void
show_list(const json_t *list)
{
	const char *name;
	json_t *one, *value, *line;
	size_t i, k;

	json_array_foreach((json_t *)(uintptr_t)list, i, one)
	{
		ctl_end_row();
		json_object_foreach(one, name, value)
		{
			(void)printf("%-10s ", name);
			if (json_is_string(value))
				ctl_print(slice_of(json_string_value(value)));
			json_array_foreach(value, k, line)
			{
				if (k > 0)
					(void)printf("\n%-10s ", "");
				ctl_print(slice_of(json_string_value(line)));
			}
			ctl_end_row();
		}
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
			if (strcmp(name, "hosts") == 0)
				show_hosts(value);
			else
				show_list(value);
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
	t.connects = ctl->options[OPT_CONNECT] != NULL;
	results = json_array();
	if (test_all(&t, &a, results)) {
		route_recipient(conf, &a, false, &answer);
		show_results(ctl, results, answer.kind == ROUTE_ALIAS);
		rc = CTL_DONE;
	}
	json_decref(results);
	sts_free(&t.sts);
	https_free(&t.https);
	if (t.tls != NULL)
		tls_client_free(&t.tls);
	resolver_free(&t.resolver);
	if (t.loop != NULL)
		loop_free(&t.loop);
	conf_unref(&conf);
	return rc;
}

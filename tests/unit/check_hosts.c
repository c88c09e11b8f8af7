/* unit/check_hosts.c - which hosts take a domain's mail, and which never. */
#include "tests/unit/run.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "dns/hosts.h"
#include "tests/unit/false_dns.h"

static const struct false_record records[] = {
	{ "two.test", "MX 20 b.test" },
	{ "two.test", "MX 10 a.test" },
	{ "a.test", "A 192.0.2.1" },
	{ "a.test", "AAAA 2001:db8::1" },
	{ "b.test", "A 192.0.2.2" },
	{ "four.test", "A 192.0.2.4" },
	{ "six.test", "MX 5 v6.test" },
	{ "v6.test", "AAAA 2001:db8::6" },
	{ "empty.test", "TXT nothing" },
	{ "null.test", "MX 0 ." },
	{ "mixed.test", "MX 0 ." },
	{ "mixed.test", "MX 10 a.test" },
	{ "lost.test", "MX 10 gone.test" },
	{ "broken.test", "SERVFAIL" },
	{ "half.test", "MX 10 broken.test" },
	{ "half.test", "MX 20 a.test" },
	{ "wait.test", "MX 10 broken.test" },
	{ "ours.test", "MX 10 a.test" },
	{ "ours.test", "MX 20 us.test" },
	{ "ours.test", "MX 20 b.test" },
	{ "ours.test", "MX 30 b.test" },
	{ "best.test", "MX 10 us.test" },
	{ "best.test", "MX 20 a.test" },
	{ "address.test", "MX 10 other.test" },
	{ "address.test", "MX 20 a.test" },
	{ "other.test", "A 192.0.2.99" },
	{ "us.test", "A 192.0.2.98" },
	{ "alias.test", "CNAME two.test" },
	{ "xn--bcher-kva.test", "MX 10 a.test" },
	{ NULL, NULL },
};

struct stage {
	struct loop *loop;
	struct false_dns *dns;
	struct resolver *resolver;
	bool called;
	struct hosts hosts;
};

static void
on_hosts(const struct hosts *hosts, void *arg)
{
	struct stage *s = arg;

	s->called = true;
	s->hosts = *hosts;
	loop_stop(s->loop);
}

static bool
is_own(const struct ip *ip, void *arg)
{
	char text[IP_TEXT_SIZE];

	(void)arg;
	ip_text(ip, text);
	return strcmp(text, "192.0.2.99") == 0;
}

static void
stage_init(struct stage *s)
{
	struct resolver_options options = { .timeout_ms = 5000 };
	const char *server;
	struct why why;

	memset(s, 0, sizeof(*s));
	s->loop = loop_new();
	s->dns = false_dns_new(s->loop, records);
	server = false_dns_server(s->dns);
	options.servers = &server;
	options.server_count = 1;
	s->resolver = resolver_new(s->loop, &options, &why);
	ck_assert_ptr_nonnull(s->resolver);
}

static void
stage_done(struct stage *s)
{
	resolver_free(&s->resolver);
	false_dns_free(&s->dns);
	loop_free(&s->loop);
}

/* "HOST=ADDRESS ..." in the order in which to try them. */
static void
write_addresses(const struct hosts *h, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < h->address_count; i++) {
		char ip[IP_TEXT_SIZE];

		ip_text(&h->address[i].ip, ip);
		n += (size_t)snprintf(text + n, size - n, "%s%s=%s",
		    i > 0 ? " " : "", h->host[h->address[i].host].name, ip);
	}
}

enum { V4 = 1, V6 = 2, BOTH = 3, HOST = 4 };

/* clang-format off */
static const struct {
	const char *domain;
	unsigned how;
	enum hosts_outcome outcome;
	const char *addresses;
} cases[] = {
	{ "two.test",	BOTH,	HOSTS_FOUND,
	  "a.test=2001:db8::1 a.test=192.0.2.1 b.test=192.0.2.2" },
	{ "Two.Test",	V4,	HOSTS_FOUND,
	  "a.test=192.0.2.1 b.test=192.0.2.2" },
	{ "two.test",	V6,	HOSTS_FOUND,	"a.test=2001:db8::1" },
	{ "alias.test",	V6,	HOSTS_FOUND,	"a.test=2001:db8::1" },
	{ "four.test",	BOTH,	HOSTS_FOUND,	"four.test=192.0.2.4" },
	{ "six.test",	V4,	HOSTS_NO_ADDRESS, "" },
	{ "empty.test",	BOTH,	HOSTS_NO_MAIL,	"" },
	{ "null.test",	BOTH,	HOSTS_NULL_MX,	"" },
	{ "mixed.test",	V4,	HOSTS_FOUND,	"a.test=192.0.2.1" },
	{ "nobody.test", BOTH,	HOSTS_NO_NAME,	"" },
	{ "lost.test",	BOTH,	HOSTS_NO_ADDRESS, "" },
	{ "broken.test", BOTH,	HOSTS_TEMPORARY, "" },
	{ "half.test",	V4,	HOSTS_FOUND,	"a.test=192.0.2.1" },
	{ "wait.test",	BOTH,	HOSTS_TEMPORARY, "" },
	{ "ours.test",	V4,	HOSTS_FOUND,	"a.test=192.0.2.1" },
	{ "best.test",	BOTH,	HOSTS_LOOP,	"" },
	{ "address.test", BOTH,	HOSTS_LOOP,	"" },
	{ "other.test",	BOTH,	HOSTS_LOOP,	"" },
	{ "us.test",	BOTH,	HOSTS_LOOP,	"" },
	{ "other.test",	BOTH | HOST, HOSTS_LOOP, "" },
	{ "two.test",	BOTH | HOST, HOSTS_NO_MAIL, "" },
	{ "nobody.test", BOTH | HOST, HOSTS_NO_NAME, "" },
	{ "b.test",	V4 | HOST, HOSTS_FOUND,
	  "b.test=192.0.2.2" },
	{ "192.0.2.7",	BOTH | HOST, HOSTS_FOUND, "=192.0.2.7" },
	{ "2001:db8::7", BOTH | HOST, HOSTS_FOUND, "=2001:db8::7" },
	{ "2001:db8::7", V4 | HOST, HOSTS_NO_ADDRESS, "" },
	{ "[192.0.2.7]", BOTH,	HOSTS_FOUND,	"=192.0.2.7" },
	{ "[IPv6:2001:db8::7]", BOTH, HOSTS_FOUND, "=2001:db8::7" },
	{ "[192.0.2.99]", BOTH,	HOSTS_LOOP,	"" },
	{ "[192.0.2]",	BOTH,	HOSTS_BAD_NAME,	"" },
	{ "[2001:db8::7]", BOTH, HOSTS_BAD_NAME, "" },
	{ "b\xc3\xbc" "cher.test", V4, HOSTS_FOUND, "a.test=192.0.2.1" },
	{ "B\xc3\x9c" "CHER.test", V4, HOSTS_FOUND, "a.test=192.0.2.1" },
	{ "",		BOTH,	HOSTS_BAD_NAME,	"" },
	{ "a b.test",	BOTH,	HOSTS_BAD_NAME,	"" },
	{ "\xff.test",	BOTH,	HOSTS_BAD_NAME,	"" },
};
/* clang-format on */

START_TEST(a_domain_leads_to_its_hosts)
{
	struct hosts_policy policy = { .ipv4 = (cases[_i].how & V4) != 0,
		.ipv6 = (cases[_i].how & V6) != 0,
		.own_name = "US.test",
		.is_own = is_own };
	struct slice name = slice_of(cases[_i].domain);
	struct hosts_search *search;
	struct stage s;
	char text[1024];

	stage_init(&s);
	search = (cases[_i].how & HOST) != 0
	    ? hosts_of_name(s.resolver, s.loop, name, &policy, on_hosts, &s)
	    : hosts_of_domain(s.resolver, s.loop, name, &policy, on_hosts, &s);
	ck_assert_ptr_nonnull(search);
	ck_assert(!s.called);
	loop_run(s.loop);
	write_addresses(&s.hosts, text, sizeof(text));
	ck_assert_int_eq(s.hosts.outcome, cases[_i].outcome);
	ck_assert_str_eq(text, cases[_i].addresses);
	ck_assert(hosts_reply(s.hosts.outcome)[0] != '\0');
	stage_done(&s);
}
END_TEST

START_TEST(a_cancelled_search_says_nothing)
{
	static const char *const names[] = { "two.test", "[192.0.2.7]",
		"broken.test" };
	struct hosts_policy policy = { .ipv4 = true, .ipv6 = true };
	struct stage s;

	stage_init(&s);
	for (size_t i = 0; i < 3; i++) {
		struct hosts_search *search = hosts_of_domain(s.resolver,
		    s.loop, slice_of(names[i]), &policy, on_hosts, &s);

		hosts_cancel(&search);
		ck_assert_ptr_null(search);
	}
	ck_assert_uint_eq(resolver_pending(s.resolver), 0);
	ck_assert(!s.called);
	stage_done(&s);
}
END_TEST

START_TEST(equal_hosts_take_turns_and_better_ones_come_first)
{
	struct dns_record mx[30];
	struct dns_answer answer = { .outcome = DNS_FOUND,
		.count = 30,
		.records = mx };
	struct host out[HOSTS_MAX];
	char names[30][16];
	int first[10] = { 0 };
	bool null_mx;

	for (int i = 0; i < 30; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "h%d.test", i);
		mx[i] =
		    (struct dns_record){ .preference = (uint16_t)(i / 10 * 10),
			    .data = slice_of(names[i]) };
	}
	for (int round = 0; round < 500; round++) {
		ck_assert_uint_eq(hosts_order(&answer, out, &null_mx),
		    HOSTS_MAX);
		ck_assert(!null_mx);
		for (int i = 0; i < HOSTS_MAX; i++)
			ck_assert_int_eq(out[i].preference, i / 10 * 10);
		for (int i = 0; i < 10; i++)
			first[i] += strcmp(out[0].name, names[i]) == 0;
	}
	/* 50 each on average; never is 1 in 10^22. */
	for (int i = 0; i < 10; i++)
		ck_assert_int_gt(first[i], 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns/hosts");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, a_domain_leads_to_its_hosts, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, a_cancelled_search_says_nothing);
	tcase_add_test(tc, equal_hosts_take_turns_and_better_ones_come_first);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

/* unit/check_iprev.c - from the address to a name and back again. */
#include "tests/unit/run.h"

#include "tests/unit/dns_table.h"
#include "verify/iprev.h"

/* clang-format off */
static const struct dns_row rows[] = {
	{ "1.2.0.192.in-addr.arpa",	DNS_PTR, "evil.example", 0 },
	{ "1.2.0.192.in-addr.arpa",	DNS_PTR, "mx.b.example", 0 },
	{ "mx.b.example",		DNS_A,	 "192.0.2.7", 0 },
	{ "mx.b.example",		DNS_A,	 "192.0.2.1", 0 },
	{ "2.2.0.192.in-addr.arpa",	DNS_PTR, "mx.b.example", 0 },
	{ "4.2.0.192.in-addr.arpa",	0,	 NULL, DNS_TEMPORARY },
	{ "5.2.0.192.in-addr.arpa",	DNS_PTR, "down.example", 0 },
	{ "down.example",		0,	 NULL, DNS_BOGUS },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", DNS_PTR, "six.example", 0 },
	{ "six.example",		DNS_AAAA, "2001:db8::1", 0 },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *ip;
	enum iprev_result result;
	const char *name;
} cases[] = {
	{ "192.0.2.1",	 IPREV_PASS,	  "mx.b.example" },
	{ "192.0.2.2",	 IPREV_FAIL,	  "" },
	{ "192.0.2.3",	 IPREV_PERMERROR, "" },
	{ "192.0.2.4",	 IPREV_TEMPERROR, "" },
	{ "192.0.2.5",	 IPREV_TEMPERROR, "" },
	{ "2001:db8::1", IPREV_PASS,	  "six.example" },
	{ "2001:db8::2", IPREV_PERMERROR, "" },
};
/* clang-format on */

START_TEST(the_way_there_and_back)
{
	struct answers *answers = answers_new(50, 1 << 20);
	struct iprev_verdict v;
	struct ip ip;

	ck_assert(ip_parse(slice_of(cases[_i].ip), &ip));
	for (iprev_evaluate(&ip, answers, &v); v.result == IPREV_AGAIN;
	     iprev_evaluate(&ip, answers, &v))
		ck_assert(dns_table_fill(rows, answers));
	ck_assert_int_eq(v.result, cases[_i].result);
	ck_assert_str_eq(v.name, cases[_i].name);
	answers_free(&answers);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("iprev");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, the_way_there_and_back, 0,
	    sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

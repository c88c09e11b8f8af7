/* unit/check_dnsbl.c - who is listed, by which list, and with what words. */
#include "tests/unit/run.h"

#include <string.h>

#include "tests/unit/dns_table.h"
#include "verify/dnsbl.h"

/* clang-format off */
static const struct dns_row rows[] = {
	{ "2.2.0.192.zen.example",	DNS_A,	 "127.0.0.4", 0 },
	{ "2.2.0.192.zen.example",	DNS_TXT, "see\r\nhttps://zen.example/\x01", 0 },
	{ "3.2.0.192.zen.example",	DNS_A,	 "192.0.2.9", 0 },
	{ "4.2.0.192.zen.example",	0,	 NULL, DNS_TEMPORARY },
	{ "4.2.0.192.list.example",	DNS_A,	 "127.0.0.2", 0 },
	{ "5.2.0.192.list.example",	DNS_A,	 "127.0.0.3", 0 },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.zen.example", DNS_A, "127.0.0.2", 0 },
	{ NULL, 0, NULL, 0 },
};

static const struct {
	const char *ip;
	enum dnsbl_result result;
	const char *reply;
} cases[] = {
	{ "192.0.2.1",	DNSBL_NOT_LISTED, "" },
	{ "192.0.2.2",	DNSBL_LISTED, "192.0.2.2 is listed by zen.example: see  https://zen.example/ " },
	{ "192.0.2.3",	DNSBL_NOT_LISTED, "" },		/* not in 127/8 */
	{ "192.0.2.4",	DNSBL_LISTED, "192.0.2.4 is listed by list.example" },
	{ "192.0.2.5",	DNSBL_NOT_LISTED, "" },		/* another answer */
	{ "2001:db8::1", DNSBL_LISTED, "2001:db8::1 is listed by zen.example" },
	{ "2001:db8::2", DNSBL_NOT_LISTED, "" },
};

static const struct { const char *text; bool good; } lists[] = {
	{ "zen.example", true },
	{ "list.example=127.0.0.2", true },
	{ "list.example=192.0.2.1", false },
	{ "list.example=", false },
	{ "list.example=::1", false },
	{ "=127.0.0.2", false },
	{ "a..b", false },
	{ "", false },
};
/* clang-format on */

START_TEST(lists_are_asked_and_filtered)
{
	struct answers *answers = answers_new(50, 1 << 20);
	struct dnsbl_list two[2];
	struct dnsbl_verdict v;
	struct ip ip;
	struct buf reply;
	int rounds = 0;

	ck_assert(dnsbl_list_parse(SLICE("zen.example"), &two[0]));
	ck_assert(dnsbl_list_parse(SLICE("list.example=127.0.0.2"), &two[1]));
	ck_assert(ip_parse(slice_of(cases[_i].ip), &ip));
	for (dnsbl_evaluate(&ip, two, 2, answers, &v); v.result == DNSBL_AGAIN;
	     dnsbl_evaluate(&ip, two, 2, answers, &v)) {
		ck_assert(dns_table_fill(rows, answers));
		rounds++;
	}
	ck_assert_int_le(rounds, 2);
	ck_assert_int_eq(v.result, cases[_i].result);
	buf_init(&reply, 1024);
	if (v.result == DNSBL_LISTED)
		dnsbl_reply(&ip, two, &v, &reply);
	ck_assert_str_eq(buf_cstr(&reply), cases[_i].reply);
	buf_done(&reply);
	answers_free(&answers);
}
END_TEST

START_TEST(a_list_is_a_zone_and_perhaps_an_answer)
{
	struct dnsbl_list list;

	ck_assert_int_eq(dnsbl_list_parse(slice_of(lists[_i].text), &list),
	    lists[_i].good);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dnsbl");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc, lists_are_asked_and_filtered, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(tc, a_list_is_a_zone_and_perhaps_an_answer, 0,
	    sizeof(lists) / sizeof(lists[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

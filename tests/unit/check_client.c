/*
 * unit/check_client.c - what the DNS says about a client's address: block
 * lists, and names that lead back to it.
 */
#include "tests/unit/run.h"

#include "tests/unit/dns_table.h"
#include "verify/dnsbl.h"
#include "verify/iprev.h"
#include "verify/reverse.h"

static const struct dns_row zone[] = {
	{ "7.2.0.192.bl.test", DNS_A, "127.0.0.4", 0 },
	{ "7.2.0.192.bl.test", DNS_TXT, "see https://bl.test/192.0.2.7\a", 0 },
	{ "8.2.0.192.bl.test", DNS_A, "203.0.113.1", 0 },
	{ "9.2.0.192.bl.test", 0, NULL, DNS_TEMPORARY },
	{ "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl."
	  "test",
	    DNS_A, "127.0.0.2", 0 },
	{ "7.2.0.192.in-addr.arpa", DNS_PTR, "other.test", 0 },
	{ "7.2.0.192.in-addr.arpa", DNS_PTR, "seven.test", 0 },
	{ "other.test", DNS_A, "192.0.2.99", 0 },
	{ "seven.test", DNS_A, "192.0.2.7", 0 },
	{ "8.2.0.192.in-addr.arpa", DNS_PTR, "other.test", 0 },
	{ "9.2.0.192.in-addr.arpa", DNS_PTR, "slow.test", 0 },
	{ "slow.test", 0, NULL, DNS_TEMPORARY },
	{ "10.2.0.192.in-addr.arpa", 0, NULL, DNS_TEMPORARY },
	{ NULL, 0, NULL, 0 },
};

/* clang-format off */
static const struct {
	const char *client, *lists[3];
	const char *reply; /* NULL: not listed */
} listings[] = {
	{ "192.0.2.7",	 { "bl.test" },		"550 5.7.1 Client [192.0.2.7] is listed by bl.test: see https://bl.test/192.0.2.7?" },
	{ "192.0.2.7",	 { "none.test", "bl.test" }, "550 5.7.1 Client [192.0.2.7] is listed by bl.test: see https://bl.test/192.0.2.7?" },
	{ "192.0.2.7",	 { "bl.test=127.0.0.4" }, "550 5.7.1 Client [192.0.2.7] is listed by bl.test: see https://bl.test/192.0.2.7?" },
	{ "192.0.2.7",	 { "bl.test=127.0.0.2" }, NULL },
	{ "192.0.2.7",	 { "none.test" },	NULL },
	{ "192.0.2.8",	 { "bl.test" },		NULL },
	{ "192.0.2.9",	 { "bl.test" },		NULL },
	{ "2001:db8::1", { "bl.test" },		"550 5.7.1 Client [2001:db8::1] is listed by bl.test" },
	{ "192.0.2.7",	 { NULL },		NULL },
};

static const struct {
	const char *client;
	enum iprev_result result;
	const char *name;
} names[] = {
	{ "192.0.2.7",	 IPREV_PASS,	  "seven.test" },
	{ "192.0.2.8",	 IPREV_FAIL,	  "" },
	{ "192.0.2.9",	 IPREV_TEMPERROR, "" },
	{ "192.0.2.10",	 IPREV_TEMPERROR, "" },
	{ "192.0.2.11",	 IPREV_PERMERROR, "" },
	{ "2001:db8::1", IPREV_PERMERROR, "" },
};

static const struct {
	const char *list;
	bool valid;
} lists[] = {
	{ "bl.test", true }, { "bl.test=127.0.0.2", true }, { "", false },
	{ "bl..test", false }, { "bl.test=", false },
	{ "bl.test=10.0.0.1", false }, { "bl.test=::1", false },
};
/* clang-format on */

START_TEST(a_client_is_listed_or_not)
{
	struct answers *answers = answers_new(32, 65536);
	char *entries[3];
	struct dnsbl_verdict v;
	struct ip ip;
	size_t n = 0;

	ck_assert(ip_parse(slice_of(listings[_i].client), &ip));
	for (; n < 3 && listings[_i].lists[n] != NULL; n++) {
		static char text[3][64];

		ck_assert(slice_to_cstr(slice_of(listings[_i].lists[n]),
		    text[n], sizeof(text[n])));
		entries[n] = text[n];
	}
	do
		dnsbl_check(&ip, entries, n, answers, &v);
	while (v.result == DNSBL_AGAIN && dns_table_fill(zone, answers));
	if (listings[_i].reply == NULL) {
		ck_assert_int_eq(v.result, DNSBL_CLEAR);
	} else {
		ck_assert_int_eq(v.result, DNSBL_LISTED);
		ck_assert_str_eq(v.reply, listings[_i].reply);
		ck_assert(slice_is(v.zone, "bl.test"));
	}
	answers_free(&answers);
}
END_TEST

START_TEST(a_list_is_a_name_and_maybe_one_answer)
{
	ck_assert_int_eq(dnsbl_list_is_valid(slice_of(lists[_i].list)),
	    lists[_i].valid);
}
END_TEST

START_TEST(an_address_has_a_name_that_leads_back_or_not)
{
	struct answers *answers = answers_new(32, 65536);
	struct slice name = SLICE_NONE;
	enum iprev_result result;
	struct ip ip;

	ck_assert(ip_parse(slice_of(names[_i].client), &ip));
	do
		result = iprev_check(&ip, answers, &name);
	while (result == IPREV_AGAIN && dns_table_fill(zone, answers));
	ck_assert_int_eq(result, names[_i].result);
	ck_assert(slice_is(name, names[_i].name));
	answers_free(&answers);
}
END_TEST

START_TEST(a_zone_that_is_too_long_has_no_reverse_name)
{
	char zone_name[DNS_NAME_SIZE], out[DNS_NAME_SIZE];
	struct ip ip;

	ck_assert(ip_parse(SLICE("2001:db8::1"), &ip));
	for (size_t i = 0; i < 190; i++)
		zone_name[i] = i % 50 == 49 ? '.' : 'x';
	ck_assert(reverse_name(&ip, slice_from(zone_name, 189), out));
	ck_assert(!reverse_name(&ip, slice_from(zone_name, 190), out));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("client");
	TCase *tcase = tcase_create("client");

	tcase_add_loop_test(tcase, a_client_is_listed_or_not, 0,
	    (int)(sizeof(listings) / sizeof(listings[0])));
	tcase_add_loop_test(tcase, a_list_is_a_name_and_maybe_one_answer, 0,
	    (int)(sizeof(lists) / sizeof(lists[0])));
	tcase_add_loop_test(tcase, an_address_has_a_name_that_leads_back_or_not,
	    0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(tcase, a_zone_that_is_too_long_has_no_reverse_name);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

/* unit/check_ip.c - addresses and networks, well-formed or not. */
#include "tests/unit/run.h"

#include "base/ip.h"

/* clang-format off */
static const struct {
	const char *in, *out; /* NULL: refused */
	int version;
	bool loopback;
} addresses[] = {
	{ "192.0.2.1",		"192.0.2.1",	4, false },
	{ "127.0.0.1",		"127.0.0.1",	4, true },
	{ "127.255.0.9",	"127.255.0.9",	4, true },
	{ "128.0.0.1",		"128.0.0.1",	4, false },
	{ "::1",		"::1",		6, true },
	{ "::",			"::",		6, false },
	{ "2001:DB8::1",	"2001:db8::1",	6, false },
	{ "2001:db8:0:0:0:0:0:1", "2001:db8::1", 6, false },
	{ "::ffff:192.0.2.1",	"192.0.2.1",	4, false },
	{ "::ffff:127.0.0.1",	"127.0.0.1",	4, true },
	{ "::ffff:c000:201",	"192.0.2.1",	4, false },
	{ "",			NULL, 0, false },
	{ "192.0.2",		NULL, 0, false },
	{ "192.0.2.256",	NULL, 0, false },
	{ "192.0.2.01",		NULL, 0, false },
	{ "192.0.2.1 ",		NULL, 0, false },
	{ " 192.0.2.1",		NULL, 0, false },
	{ "192.0.2.1.5",	NULL, 0, false },
	{ "0x7f.1",		NULL, 0, false },
	{ "2130706433",		NULL, 0, false },
	{ "::1%lo",		NULL, 0, false },
	{ "[::1]",		NULL, 0, false },
	{ "1::2::3",		NULL, 0, false },
	{ "2001:db8:0:0:0:0:0:1:2", NULL, 0, false },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL, 0, false },
};
/* clang-format on */

START_TEST(an_address_is_parsed_and_written)
{
	char text[IP_TEXT_SIZE];
	struct ip ip = { .version = 9 };

	if (addresses[_i].out == NULL) {
		ck_assert(!ip_parse(slice_of(addresses[_i].in), &ip));
		ck_assert_int_eq(ip.version, 9);
		return;
	}
	ck_assert(ip_parse(slice_of(addresses[_i].in), &ip));
	ck_assert_int_eq(ip.version, addresses[_i].version);
	ck_assert_int_eq(ip_is_loopback(&ip), addresses[_i].loopback);
	ip_text(&ip, text);
	ck_assert_str_eq(text, addresses[_i].out);
}
END_TEST

START_TEST(a_nul_ends_no_address)
{
	struct ip ip;

	ck_assert(!ip_parse(slice_from("192.0.2.1\0x", 11), &ip));
}
END_TEST

START_TEST(none_is_no_address)
{
	struct ip none = { 0 };
	char text[IP_TEXT_SIZE];

	ip_text(&none, text);
	ck_assert_str_eq(text, "none");
	ck_assert(!ip_is_loopback(&none));
}
END_TEST

START_TEST(equal_is_by_version_and_bytes)
{
	struct ip a, b;

	ck_assert(ip_parse(SLICE("192.0.2.1"), &a));
	ck_assert(ip_parse(SLICE("::ffff:192.0.2.1"), &b));
	ck_assert(ip_eq(&a, &b));
	ck_assert(ip_parse(SLICE("192.0.2.2"), &b));
	ck_assert(!ip_eq(&a, &b));
	ck_assert(ip_parse(SLICE("c000:201::"), &b));
	ck_assert(!ip_eq(&a, &b));
}
END_TEST

/* clang-format off */
static const struct {
	const char *net, *ip;
	bool good, has;
} nets[] = {
	{ "192.0.2.0/24",	"192.0.2.255",	true,  true },
	{ "192.0.2.0/24",	"192.0.3.0",	true,  false },
	{ "192.0.2.1",		"192.0.2.1",	true,  true },
	{ "192.0.2.1",		"192.0.2.0",	true,  false },
	{ "192.0.2.128/25",	"192.0.2.127",	true,  false },
	{ "192.0.2.128/25",	"192.0.2.128",	true,  true },
	{ "0.0.0.0/0",		"203.0.113.9",	true,  true },
	{ "0.0.0.0/0",		"::1",		true,  false },
	{ "::/0",		"2001:db8::1",	true,  true },
	{ "::/0",		"192.0.2.1",	true,  false },
	{ "2001:db8::/32",	"2001:db8:ffff::1", true, true },
	{ "2001:db8::/32",	"2001:db9::",	true,  false },
	{ "2001:db8::/127",	"2001:db8::1",	true,  true },
	{ "2001:db8::/127",	"2001:db8::2",	true,  false },
	{ "::1",		"::1",		true,  true },
	{ "192.0.2.1/24",	"",		false, false },
	{ "192.0.2.0/33",	"",		false, false },
	{ "192.0.2.0/",		"",		false, false },
	{ "192.0.2.0/-1",	"",		false, false },
	{ "192.0.2.0/24/8",	"",		false, false },
	{ "192.0.2.0/255.255.255.0", "",	false, false },
	{ "2001:db8::/129",	"",		false, false },
	{ "2001:db8::1/64",	"",		false, false },
	{ "/8",			"",		false, false },
	{ "",			"",		false, false },
	{ "localhost",		"",		false, false },
};
/* clang-format on */

START_TEST(a_network_has_what_its_bits_say)
{
	struct ip_net net;
	struct ip ip;

	ck_assert_int_eq(ip_net_parse(slice_of(nets[_i].net), &net),
	    nets[_i].good);
	if (!nets[_i].good)
		return;
	ck_assert(ip_parse(slice_of(nets[_i].ip), &ip));
	ck_assert_int_eq(ip_net_has(&net, &ip), nets[_i].has);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ip");
	TCase *tc = tcase_create("ip");

	tcase_add_loop_test(tc, an_address_is_parsed_and_written, 0,
	    sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(tc, a_nul_ends_no_address);
	tcase_add_test(tc, none_is_no_address);
	tcase_add_test(tc, equal_is_by_version_and_bytes);
	tcase_add_loop_test(tc, a_network_has_what_its_bits_say, 0,
	    sizeof(nets) / sizeof(nets[0]));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

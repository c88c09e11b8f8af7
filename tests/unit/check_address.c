/* unit/check_address.c - what mail/address.c accepts, refuses, leaves alone. */
#include "tests/unit/run.h"

#include <string.h>

#include "mail/address.h"

#define L60 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh"
#define UMLAUT "\xc3\xbc"

/* clang-format off */
static const struct {
	const char *in;
	bool utf8;
	enum parse want;
	const char *local, *domain;
	bool routed;
	const char *rest;
} paths[] = {
	{ "<>",			false, PARSE_OK, "", "", false, "" },
	{ "<a@b.example> X=1",	false, PARSE_OK, "a", "b.example", false, " X=1" },
	{ "<postmaster>",	false, PARSE_OK, "postmaster", "", false, "" },
	{ "<a.b+c@d>",		false, PARSE_OK, "a.b+c", "d", false, "" },
	{ "<a@1.example>",	false, PARSE_OK, "a", "1.example", false, "" },
	{ "<a@b-c.d--e>",	false, PARSE_OK, "a", "b-c.d--e", false, "" },
	{ "<!#$%&'*+-/=?^_`{|}~@b>", false, PARSE_OK, "!#$%&'*+-/=?^_`{|}~", "b", false, "" },
	{ "<\"a>b\"@c>",	false, PARSE_OK, "\"a>b\"", "c", false, "" },
	{ "<\"a\\\"b@x\"@c>",	false, PARSE_OK, "\"a\\\"b@x\"", "c", false, "" },
	{ "<\"\"@c>",		false, PARSE_OK, "\"\"", "c", false, "" },
	{ "<@r:a@b>",		false, PARSE_OK, "a", "b", true, "" },
	{ "<@r,@s.t:a@b>",	false, PARSE_OK, "a", "b", true, "" },
	{ "<a@[192.0.2.1]>",	false, PARSE_OK, "a", "[192.0.2.1]", false, "" },
	{ "<a@[IPv6:2001:db8::1]>", false, PARSE_OK, "a", "[IPv6:2001:db8::1]", false, "" },
	{ "<a@[ipv6:::ffff:192.0.2.1]>", false, PARSE_OK, "a", "[ipv6:::ffff:192.0.2.1]", false, "" },
	{ "<" L60 "12345@b>",	false, PARSE_OK, L60 "12345", "b", false, "" },
	{ "<a@" L60 "123.x>",	false, PARSE_OK, "a", L60 "123.x", false, "" },
	{ "<" UMLAUT "@b>",	true,  PARSE_OK, UMLAUT, "b", false, "" },
	{ "<a@b" UMLAUT ".x>",	true,  PARSE_OK, "a", "b" UMLAUT ".x", false, "" },
	{ "<\"" UMLAUT "\"@b>",	true,  PARSE_OK, "\"" UMLAUT "\"", "b", false, "" },

	{ "",			false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "a@b",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "< a@b>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b >",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<@b>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<<a@b>>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a..b@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<.a@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a.@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b..c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@.b>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b.>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@-b>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b-.c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b_c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@b/c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a b@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a\tb@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a\rb@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<\"a@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<\"a\\\n\"@c>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<\"a\"b@c>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<@r a@b>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<@r:>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<@r,:a@b>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<@[192.0.2.1]:a@b>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[192.0.2.256]>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[192.0.2]>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[2001:db8::1]>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[IPv6:192.0.2.1]>", false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[IPv6:::1>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[]>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[x:y]>",		false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@[192.0.2.1].b>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<a@" L60 "1234.x>",	false, PARSE_TOO_LONG, NULL, NULL, false, NULL },
	{ "<" UMLAUT "@b>",	false, PARSE_UTF8, NULL, NULL, false, NULL },
	{ "<a@" UMLAUT ">",	false, PARSE_UTF8, NULL, NULL, false, NULL },
	{ "<@" UMLAUT ":a@b>",	false, PARSE_UTF8, NULL, NULL, false, NULL },
	{ "<" UMLAUT " @b>",	false, PARSE_SYNTAX, NULL, NULL, false, NULL },
	{ "<\xc3@b>",		true,  PARSE_UTF8, NULL, NULL, false, NULL },
	{ "<a@\xff>",		true,  PARSE_UTF8, NULL, NULL, false, NULL },
	{ "<\xc0\xaf@b>",	true,  PARSE_UTF8, NULL, NULL, false, NULL },
};
/* clang-format on */

START_TEST(a_path_is_taken_or_all_is_left_alone)
{
	struct slice in = slice_of(paths[_i].in);
	struct address got = { SLICE_NONE, SLICE_NONE };
	bool routed = false;

	ck_assert_int_eq(path_take(&in, paths[_i].utf8, &got, &routed),
	    paths[_i].want);
	if (paths[_i].want != PARSE_OK) {
		ck_assert_ptr_eq(in.p, paths[_i].in);
		ck_assert_uint_eq(got.local.n, 0);
		return;
	}
	ck_assert(slice_is(got.local, paths[_i].local));
	ck_assert(slice_is(got.domain, paths[_i].domain));
	ck_assert(slice_is(in, paths[_i].rest));
	ck_assert_int_eq(routed, paths[_i].routed);
}
END_TEST

START_TEST(a_path_of_256_octets_is_good_and_one_of_257_too_long)
{
	char path[300] = "<";
	struct slice in;
	struct address got;
	bool routed;

	memset(path + 1, 'a', 250);
	memcpy(path + 251, "@b.c>", 6);
	in = slice_of(path);
	ck_assert_uint_eq(in.n, 256);
	ck_assert_int_eq(path_take(&in, false, &got, &routed), PARSE_OK);
	memcpy(path + 251, "@b.cd>", 7);
	in = slice_of(path);
	ck_assert_int_eq(path_take(&in, false, &got, &routed), PARSE_TOO_LONG);
}
END_TEST

START_TEST(a_nul_ends_nothing)
{
	struct slice in = slice_from("<a\0b@c>", 7);
	struct address got;
	bool routed;

	ck_assert_int_eq(path_take(&in, true, &got, &routed), PARSE_SYNTAX);
	ck_assert_int_eq(address_parse(slice_from("a@b\0", 4), true, &got),
	    PARSE_SYNTAX);
}
END_TEST

START_TEST(an_address_is_the_whole_slice)
{
	struct address got;

	ck_assert_int_eq(address_parse(SLICE("a@b"), false, &got), PARSE_OK);
	ck_assert(slice_is(got.local, "a") && slice_is(got.domain, "b"));
	ck_assert_int_eq(address_parse(SLICE("root"), false, &got), PARSE_OK);
	ck_assert(slice_is(got.local, "root") && got.domain.n == 0);
	ck_assert(!address_is_null(&got));
	ck_assert_int_eq(address_parse(SLICE_NONE, false, &got), PARSE_OK);
	ck_assert(address_is_null(&got));
	ck_assert_int_eq(address_parse(SLICE("a@b "), false, &got),
	    PARSE_SYNTAX);
	ck_assert_int_eq(address_parse(SLICE("<a@b>"), false, &got),
	    PARSE_SYNTAX);
	ck_assert_int_eq(address_parse(SLICE("@b"), false, &got), PARSE_SYNTAX);
}
END_TEST

/* clang-format off */
static const struct {
	const char *a, *b;
	bool same;
} pairs[] = {
	{ "a@b",	"a@b",		true },
	{ "A@B",	"a@b",		true },
	{ "a@b",	"a@c",		false },
	{ "a@b",	"ab@b",		false },
	{ "ab@b",	"a@b",		false },
	{ "\"a\"@b",	"a@b",		true },
	{ "\"\\a\"@b",	"A@b",		true },
	{ "\"a b\"@c",	"\"a\\ b\"@c",	true },
	{ "\"a\\\\\"@c","\"a\"@c",	false },
	{ "a",		"a@b",		false },
	{ "",		"",		true },
	{ "",		"\"\"",		false },
};
/* clang-format on */

START_TEST(addresses_are_equal_by_meaning_without_case)
{
	struct address a, b;

	ck_assert_int_eq(address_parse(slice_of(pairs[_i].a), false, &a),
	    PARSE_OK);
	ck_assert_int_eq(address_parse(slice_of(pairs[_i].b), false, &b),
	    PARSE_OK);
	ck_assert_int_eq(address_eq(&a, &b), pairs[_i].same);
	ck_assert_int_eq(address_eq(&b, &a), pairs[_i].same);
}
END_TEST

/* clang-format off */
static const struct {
	const char *in, *meaning;
} meanings[] = {
	{ "plain@x",		 "plain" },
	{ "\"quoted\"@x",	 "quoted" },
	{ "\"a@b\"@x",		 "a@b" },
	{ "\"a\\\"b\\\\\"@x",	 "a\"b\\" },
	{ "\"\"@x",		 "" },
	{ "\"\\\"\"@x",		 "\"" },
};
/* clang-format on */

START_TEST(unquoting_gives_the_meaning)
{
	struct address a;
	struct buf out;

	buf_init(&out, 100);
	ck_assert_int_eq(address_parse(slice_of(meanings[_i].in), false, &a),
	    PARSE_OK);
	address_local_unquote(&a, &out);
	ck_assert_str_eq(buf_cstr(&out), meanings[_i].meaning);
	buf_reset(&out);
	address_write(&a, &out);
	ck_assert_str_eq(buf_cstr(&out), meanings[_i].in);
	buf_done(&out);
}
END_TEST

START_TEST(kinds_of_addresses_are_told_apart)
{
	struct address a;

	ck_assert_int_eq(address_parse(SLICE("a@[192.0.2.1]"), false, &a),
	    PARSE_OK);
	ck_assert(address_is_literal(&a) && address_is_ascii(&a));
	ck_assert_int_eq(address_parse(SLICE("a@b" UMLAUT), true, &a),
	    PARSE_OK);
	ck_assert(!address_is_literal(&a) && !address_is_ascii(&a));
}
END_TEST

/* clang-format off */
static const struct {
	const char *in;
	bool utf8, good;
} domains[] = {
	{ "example.org",    false, true },
	{ "localhost",	    false, true },
	{ "xn--bcher-kva.example", false, true },
	{ "b" UMLAUT "cher.example", true, true },
	{ "b" UMLAUT "cher.example", false, false },
	{ "",		    false, false },
	{ "example.org.",   false, false },
	{ "[192.0.2.1]",    false, false },
	{ "a b",	    false, false },
	{ L60 "." L60 "." L60 "." L60 ".12345678901", false, true },
	{ L60 "." L60 "." L60 "." L60 ".123456789012", false, false },
};
/* clang-format on */

START_TEST(a_domain_is_labels_and_dots)
{
	ck_assert_int_eq(domain_is_valid(slice_of(domains[_i].in),
			     domains[_i].utf8),
	    domains[_i].good);
}
END_TEST

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("address");
	TCase *tc = tcase_create("address");

	tcase_add_loop_test(tc, a_path_is_taken_or_all_is_left_alone, 0,
	    COUNT(paths));
	tcase_add_test(tc,
	    a_path_of_256_octets_is_good_and_one_of_257_too_long);
	tcase_add_test(tc, a_nul_ends_nothing);
	tcase_add_test(tc, an_address_is_the_whole_slice);
	tcase_add_loop_test(tc, addresses_are_equal_by_meaning_without_case, 0,
	    COUNT(pairs));
	tcase_add_loop_test(tc, unquoting_gives_the_meaning, 0,
	    COUNT(meanings));
	tcase_add_test(tc, kinds_of_addresses_are_told_apart);
	tcase_add_loop_test(tc, a_domain_is_labels_and_dots, 0, COUNT(domains));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

/*
 * unit/check_auth_results.c - our field in full, injection, and whose fields
 * are in our name; and the verdicts behind it, encoded.
 */
#include "tests/unit/run.h"

#include <string.h>

#include "verify/auth_results.h"

static struct verdicts
all_of_them(void)
{
	return (struct verdicts){
		.spf = { VERDICT_PASS, SLICE("a@b.example"), SLICE_NONE },
		.helo = { VERDICT_NONE, SLICE("mx.b.example"), SLICE_NONE },
		.dkim_count = 2,
		.dkim = { { VERDICT_PASS, SLICE("b.example"),
			      SLICE("@b.example"), SLICE("s1"),
			      SLICE("rsa-sha256"), SLICE("ab+/cd12"),
			      SLICE_NONE },
		    { VERDICT_FAIL, SLICE("c.example"), SLICE_NONE, SLICE("s2"),
			SLICE("ed25519-sha256"), SLICE("xyz"),
			SLICE("body \"hash\"") } },
		.dmarc = { VERDICT_PASS, SLICE("b.example"), SLICE("reject"),
		    SLICE("none"), true, true, SLICE_NONE },
		.arc = { VERDICT_PASS, 2, 1, SLICE("l.example"), SLICE_NONE,
		    SLICE_NONE },
		.iprev = { VERDICT_PASS, SLICE("2001:db8::1"),
		    SLICE("mx.b.example") },
		.login = SLICE("alice"),
		.listed = SLICE("zen.example"),
	};
}

START_TEST(all_verdicts_stand_in_one_field)
{
	struct verdicts v = all_of_them();
	struct buf out;

	buf_init(&out, 65536);
	auth_results_write(&v, SLICE("mx.example.org"), false, &out);
	ck_assert_str_eq(buf_cstr(&out),
	    "Authentication-Results: mx.example.org;\r\n"
	    "\tspf=pass smtp.mailfrom=a@b.example;\r\n"
	    "\tspf=none smtp.helo=mx.b.example;\r\n"
	    "\tdkim=pass header.d=b.example header.i=@b.example header.s=s1\r\n"
	    "\theader.a=rsa-sha256 header.b=\"ab+/cd12\";\r\n"
	    "\tdkim=fail reason=\"body \\\"hash\\\"\" header.d=c.example "
	    "header.s=s2\r\n"
	    "\theader.a=ed25519-sha256 header.b=xyz;\r\n"
	    "\tdmarc=pass reason=\"aligned: spf, dkim\" header.from=b.example\r\n"
	    "\tpolicy.dmarc=reject;\r\n"
	    "\tarc=pass header.oldest-pass=0;\r\n"
	    "\tauth=pass smtp.auth=alice;\r\n"
	    "\tiprev=pass policy.iprev=\"2001:db8::1\"\r\n");
	buf_done(&out);
}
END_TEST

START_TEST(nothing_checked_is_none)
{
	struct verdicts v = { .dkim_count = 0 };
	struct buf out;

	buf_init(&out, 65536);
	auth_results_write(&v, SLICE("mx.example.org"), false, &out);
	ck_assert_str_eq(buf_cstr(&out),
	    "Authentication-Results: mx.example.org; none\r\n");
	buf_done(&out);
}
END_TEST

START_TEST(what_strangers_say_stays_inside)
{
	struct verdicts v = {
		.spf = { VERDICT_FAIL,
		    SLICE("a\r\nX: y\"; dkim=pass\\@b.example"),
		    SLICE("x\"; dmarc=pass (\r\n\r\n") },
	};
	struct buf out;
	struct slice rest;
	struct header_field field;

	buf_init(&out, 65536);
	auth_results_write(&v, SLICE("mx.example.org"), false, &out);
	rest = buf_slice(&out);
	ck_assert(header_take(&rest, &field));
	ck_assert_uint_eq(rest.n, 0);
	ck_assert(auth_results_has(field.body, "spf", "fail"));
	ck_assert(!auth_results_has(field.body, "dkim", "pass"));
	ck_assert(!auth_results_has(field.body, "dmarc", "pass"));
	buf_done(&out);
}
END_TEST

/* clang-format off */
static const struct { const char *field; bool ours; } fields[] = {
	{ "Authentication-Results: mx.example.org; spf=pass",	true },
	{ "authentication-results : MX.Example.Org.; none",	true },
	{ "Authentication-Results: (c (d;)) \"mx.example.org\" 1; none", true },
	{ "Authentication-Results:\r\n\tmx\\.example.org; none", false },
	{ "Authentication-Results: \"mx\\.example.org\"; none",	true },
	{ "Authentication-Results: mx.example.org",		true },
	{ "Authentication-Results: mx.example.org spf=pass",	true },
	{ "Authentication-Results: x mx.example.org; none",	true },
	{ "Authentication-Results: (mx.example.org",		true },
	{ "Authentication-Results: ; mx.example.org",		true },
	{ "Authentication-Results: mx.example.org.evil; none",	false },
	{ "Authentication-Results: other.example; x=\"mx.example.org\"", false },
	{ "Authentication-Results:",				false },
	{ "ARC-Authentication-Results: i=1; mx.example.org",	false },
};
/* clang-format on */

START_TEST(fields_in_our_name_are_known)
{
	struct slice in = slice_of(fields[_i].field);
	struct header_field field;

	ck_assert(header_take(&in, &field));
	ck_assert_int_eq(auth_results_claims(&field, SLICE("mx.example.org")),
	    fields[_i].ours);
}
END_TEST

START_TEST(methods_are_found_around_comments)
{
	struct slice body =
	    SLICE(" (x) i = (y) 12 ; h.example (;) ; (a;b)\r\n"
		  "\tDMARC / 1 = (z) Pass (p=none); x=\"; spf=pass\"");
	struct slice number;

	ck_assert(auth_results_take_instance(&body, &number));
	ck_assert(slice_is(number, "12"));
	ck_assert(auth_results_has(body, "dmarc", "pass"));
	ck_assert(!auth_results_has(body, "dmarc", "fail"));
	ck_assert(!auth_results_has(body, "spf", "pass"));
}
END_TEST

START_TEST(verdicts_come_back_as_they_were)
{
	struct verdicts v = all_of_them();
	struct verdicts got;
	struct buf first;
	struct buf second;

	buf_init(&first, VERDICTS_SIZE_MAX);
	buf_init(&second, VERDICTS_SIZE_MAX);
	verdicts_encode(&v, &first);
	ck_assert(verdicts_decode(buf_slice(&first), &got));
	verdicts_encode(&got, &second);
	ck_assert(slice_eq(buf_slice(&first), buf_slice(&second)));
	ck_assert_uint_eq(got.dkim_count, 2);
	ck_assert(slice_is(got.dkim[1].reason, "body \"hash\""));
	ck_assert_uint_eq(got.arc.instances, 2);
	/* Any cut is seen, or ends between two groups. */
	for (size_t n = 0; n < first.n; n++)
		(void)!verdicts_decode(slice_head(buf_slice(&first), n), &got);
	ck_assert(!verdicts_decode(SLICE("\x01\x01"), &got));
	ck_assert(verdicts_decode(SLICE_NONE, &got));
	/* An unknown group of a newer version is skipped. */
	ck_assert(verdicts_decode(SLICE("\x01\x60\x01x"), &got));
	buf_done(&first);
	buf_done(&second);
}
END_TEST

/* The worst that strangers can do: all texts there, and all too long. */
START_TEST(the_longest_verdicts_fit)
{
	static char x[4 * VERDICTS_TEXT_MAX];
	struct slice t = slice_from(x, sizeof(x));
	struct verdicts v = { .dkim_count = VERDICTS_DKIM_MAX };
	struct buf out, field;

	memset(x, '"', sizeof(x));
	v.spf = (struct verdict_spf){ VERDICT_FAIL, t, t };
	v.helo = v.spf;
	for (size_t i = 0; i < VERDICTS_DKIM_MAX; i++)
		v.dkim[i] =
		    (struct verdict_dkim){ VERDICT_FAIL, t, t, t, t, t, t };
	v.dmarc =
	    (struct verdict_dmarc){ VERDICT_FAIL, t, t, t, true, true, t };
	v.arc = (struct verdict_arc){ VERDICT_FAIL, UINT32_MAX, UINT32_MAX, t,
		t, t };
	v.iprev = (struct verdict_iprev){ VERDICT_FAIL, t, t };
	v.login = t;
	v.listed = t;
	buf_init(&out, 1 << 20);
	verdicts_encode(&v, &out);
	ck_assert_uint_le(out.n, VERDICTS_SIZE_MAX);
	ck_assert(verdicts_decode(buf_slice(&out), &v));
	buf_init(&field, 1 << 20);
	auth_results_write(&v, SLICE("mx.example.org"), false, &field);
	for (struct slice s = buf_slice(&field), line;
	     slice_take_line(&s, &line);)
		ck_assert_uint_le(line.n, 998);
	buf_done(&field);
	buf_done(&out);
}
END_TEST

START_TEST(verdicts_have_words)
{
	struct verdicts v = all_of_them();
	struct buf out;

	buf_init(&out, VERDICTS_SIZE_MAX);
	verdicts_text(&v, &out);
	ck_assert_str_eq(buf_cstr(&out),
	    "spf=pass helo=none dkim=pass:b.example dkim=fail:c.example "
	    "dmarc=pass/reject:b.example arc=pass:l.example iprev=pass "
	    "auth=pass:alice dnsbl=fail:zen.example");
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("auth_results");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, all_verdicts_stand_in_one_field);
	tcase_add_test(tc, nothing_checked_is_none);
	tcase_add_test(tc, what_strangers_say_stays_inside);
	tcase_add_loop_test(tc, fields_in_our_name_are_known, 0,
	    sizeof(fields) / sizeof(fields[0]));
	tcase_add_test(tc, methods_are_found_around_comments);
	tcase_add_test(tc, verdicts_come_back_as_they_were);
	tcase_add_test(tc, the_longest_verdicts_fit);
	tcase_add_test(tc, verdicts_have_words);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

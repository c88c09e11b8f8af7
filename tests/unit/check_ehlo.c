/* unit/check_ehlo.c - what servers offer, well said and badly said. */
#include "tests/unit/run.h"

#include <string.h>

#include "smtp/ehlo.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	const char *line;
	unsigned offers;
	uint64_t size;
} lines[] = {
	{ "PIPELINING",		 EHLO_PIPELINING,	   0 },
	{ "pipelining",		 EHLO_PIPELINING,	   0 },
	{ "PIPELINING ",	 EHLO_PIPELINING,	   0 },
	{ "8BITMIME",		 EHLO_8BITMIME,		   0 },
	{ "SMTPUTF8",		 EHLO_SMTPUTF8,		   0 },
	{ "SIZE",		 EHLO_SIZE,		   0 },
	{ "SIZE 0",		 EHLO_SIZE,		   0 },
	{ "SIZE 52428800",	 EHLO_SIZE,		   52428800 },
	{ "SIZE ten",		 EHLO_SIZE,		   0 },
	{ "SIZE 99999999999999999999", EHLO_SIZE,	   0 },
	{ "DSN",		 EHLO_DSN,		   0 },
	{ "STARTTLS",		 EHLO_STARTTLS,		   0 },
	{ "CHUNKING",		 EHLO_CHUNKING,		   0 },
	{ "BINARYMIME",		 EHLO_BINARYMIME,	   0 },
	{ "ENHANCEDSTATUSCODES", EHLO_ENHANCEDSTATUSCODES, 0 },
	{ "REQUIRETLS",		 EHLO_REQUIRETLS,	   0 },
	{ "AUTH PLAIN",		 EHLO_AUTH,		   0 },
	{ "AUTH=LOGIN",		 EHLO_AUTH,		   0 },
	{ "LIMITS RCPTMAX=5",	 EHLO_LIMITS,		   0 },
	{ "DELIVERBY",		 EHLO_DELIVERBY,	   0 },
	{ "DELIVERBY 60",	 EHLO_DELIVERBY,	   0 },
	{ "MT-PRIORITY MIXER",	 EHLO_PRIORITY,		   0 },
	{ "XCLIENT NAME",	 0,			   0 },
	{ "PIPELININGX",	 0,			   0 },
	{ "X-PIPELINING",	 0,			   0 },
	{ "",			 0,			   0 },
};
/* clang-format on */

START_TEST(a_keyword_is_an_offer)
{
	struct ehlo e;

	ehlo_init(&e);
	ehlo_add_line(&e, slice_of(lines[_i].line));
	ck_assert_uint_eq(e.offers, lines[_i].offers);
	ck_assert_uint_eq(e.size, lines[_i].size);
}
END_TEST

START_TEST(mechanisms_of_both_forms_are_found_whole)
{
	struct ehlo e;

	ehlo_init(&e);
	ck_assert(!ehlo_offers_auth(&e, "PLAIN"));
	ehlo_add_line(&e, SLICE("AUTH plain SCRAM-SHA-256-PLUS"));
	ehlo_add_line(&e, SLICE("AUTH=LOGIN XOAUTH2"));
	ck_assert(ehlo_offers(&e, EHLO_AUTH) && !ehlo_offers(&e, EHLO_DSN));
	ck_assert(ehlo_offers_auth(&e, "PLAIN"));
	ck_assert(ehlo_offers_auth(&e, "LOGIN"));
	ck_assert(ehlo_offers_auth(&e, "XOAUTH2"));
	ck_assert(ehlo_offers_auth(&e, "SCRAM-SHA-256-PLUS"));
	ck_assert(!ehlo_offers_auth(&e, "SCRAM-SHA-256"));
	ck_assert(!ehlo_offers_auth(&e, "PLAI"));
}
END_TEST

START_TEST(more_mechanisms_than_fit_are_dropped_whole)
{
	struct ehlo e;

	ehlo_init(&e);
	for (int i = 0; i < 100; i++)
		ehlo_add_line(&e, SLICE("AUTH ABCDEFGH"));
	ehlo_add_line(&e, SLICE("AUTH X"));
	ck_assert_uint_lt(strlen(e.auth), EHLO_AUTH_MAX);
	ck_assert(ehlo_offers_auth(&e, "ABCDEFGH"));
	ck_assert(ehlo_offers_auth(&e, "X"));
}
END_TEST

START_TEST(the_least_time_to_deliver_in_is_read)
{
	struct ehlo e;

	ehlo_init(&e);
	ehlo_add_line(&e, SLICE("DELIVERBY 60,x=1"));
	ck_assert_uint_eq(e.by_least, 60);
	ehlo_init(&e);
	ehlo_add_line(&e, SLICE("DELIVERBY soon"));
	ck_assert_uint_eq(e.by_least, 0);
	ck_assert(ehlo_offers(&e, EHLO_DELIVERBY));
}
END_TEST

START_TEST(limits_are_read_and_bad_ones_are_none)
{
	struct ehlo e;

	ehlo_init(&e);
	ehlo_add_line(&e,
	    SLICE("LIMITS MAILMAX=100 RCPTMAX=20 RCPTDOMAINMAX=1 FUTURE=9"));
	ck_assert_uint_eq(e.mail_max, 100);
	ck_assert_uint_eq(e.rcpt_max, 20);
	ck_assert_uint_eq(e.rcpt_domain_max, 1);
	ehlo_init(&e);
	ehlo_add_line(&e, SLICE("LIMITS MAILMAX= RCPTMAX=-1 RCPTDOMAINMAX"));
	ck_assert_uint_eq(e.mail_max, 0);
	ck_assert_uint_eq(e.rcpt_max, 0);
	ck_assert_uint_eq(e.rcpt_domain_max, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ehlo");
	TCase *tc = tcase_create("ehlo");

	tcase_add_loop_test(tc, a_keyword_is_an_offer, 0, COUNT(lines));
	tcase_add_test(tc, mechanisms_of_both_forms_are_found_whole);
	tcase_add_test(tc, more_mechanisms_than_fit_are_dropped_whole);
	tcase_add_test(tc, the_least_time_to_deliver_in_is_read);
	tcase_add_test(tc, limits_are_read_and_bad_ones_are_none);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

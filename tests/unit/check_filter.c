/* unit/check_filter.c - what a filter takes, refuses and matches. */
#include <string.h>

#include "admin/filter.h"
#include "base/time.h"
#include "tests/unit/run.h"

/* clang-format off */
static const struct {
	const char *name, *value;
	bool good;
} settings[] = {
	{ "state",    "active",	   true },
	{ "state",    "deferred",  true },
	{ "state",    "held",	   true },
	{ "state",    "Held",	   false },
	{ "state",    "",	   false },
	{ "from",     "a@b.test",  true },
	{ "from",     "@b.test",   true },
	{ "from",     "<>",	   true },
	{ "from",     "a",	   false },
	{ "from",     "",	   false },
	{ "to",	      "@b.test",   true },
	{ "to",	      "b.test",	   false },
	{ "older",    "90",	   true },
	{ "older",    "4h",	   true },
	{ "older",    "4y",	   false },
	{ "older",    "h",	   false },
	{ "older",    "-4h",	   false },
	{ "older",    "0",	   false },
	{ "newer",    "1w",	   true },
	{ "newer",    "99999999999999999999w", false },
	{ "newer",    "9223372036854775807s",  false },
	{ "site",     "mx:b.test", true },
	{ "site",     "",	   false },
	{ "response", "greylist",  true },
	{ "response", "",	   false },
	{ "colour",   "red",	   false },
	{ "",	      "",	   false },
};
/* clang-format on */

START_TEST(takes_what_it_knows_and_says_what_is_wrong)
{
	struct filter f = { 0 };
	struct why why = { "" };

	ck_assert(filter_is_empty(&f));
	ck_assert_int_eq(filter_set(&f, slice_of(settings[_i].name),
			     slice_of(settings[_i].value), &why),
	    settings[_i].good);
	ck_assert_int_eq(why.text[0] == '\0', settings[_i].good);
	if (settings[_i].good)
		ck_assert(!filter_is_empty(&f));
}
END_TEST

static struct filter
filter_with(const char *name, const char *value)
{
	struct filter f = { 0 };

	ck_assert(filter_set(&f, slice_of(name), slice_of(value), NULL));
	return f;
}

START_TEST(a_sender_fits_by_address_domain_or_absence)
{
	struct filter f = filter_with("from", "A@b.test");

	ck_assert(filter_has_sender(&f, SLICE("a@B.test")));
	ck_assert(!filter_has_sender(&f, SLICE("aa@b.test")));
	ck_assert(!filter_has_sender(&f, SLICE("")));
	ck_assert(filter_asks_addresses(&f));
	f = filter_with("from", "@b.test");
	ck_assert(filter_has_sender(&f, SLICE("x@B.TEST")));
	ck_assert(filter_has_sender(&f, SLICE("\"x@y\"@B.TEST")));
	ck_assert(!filter_has_sender(&f, SLICE("x@a.b.test")));
	ck_assert(!filter_has_sender(&f, SLICE("b.test")));
	ck_assert(!filter_asks_addresses(&f));
	ck_assert(slice_is(filter_domain(f.from), "b.test"));
	f = filter_with("from", "<>");
	ck_assert(filter_has_sender(&f, SLICE("")));
	ck_assert(!filter_has_sender(&f, SLICE("a@b")));
	ck_assert(!filter_asks_addresses(&f));
}
END_TEST

START_TEST(all_about_recipients_holds_for_one_recipient)
{
	struct filter f = filter_with("to", "@b.test");

	ck_assert(filter_set(&f, SLICE("site"), SLICE("mx:b.test"), NULL));
	ck_assert(filter_set(&f, SLICE("response"), SLICE("GREY"), NULL));
	ck_assert(filter_asks_recipients(&f));
	ck_assert(filter_has_recipient(&f, SLICE("x@b.test"),
	    SLICE("mx:b.test"), SLICE("450 4.7.1 greylisted")));
	ck_assert(!filter_has_recipient(&f, SLICE("x@c.test"),
	    SLICE("mx:b.test"), SLICE("450 4.7.1 greylisted")));
	ck_assert(!filter_has_recipient(&f, SLICE("x@b.test"),
	    SLICE("mx:b.tes"), SLICE("450 4.7.1 greylisted")));
	ck_assert(!filter_has_recipient(&f, SLICE("x@b.test"),
	    SLICE("mx:b.test"), SLICE("gre")));
	ck_assert(!filter_has_recipient(&f, SLICE("x@b.test"),
	    SLICE("mx:b.test"), SLICE("")));
}
END_TEST

START_TEST(ages_are_from_older_up_to_newer)
{
	struct filter f = filter_with("older", "1m");

	ck_assert(!filter_has_age(&f, MINUTE - 1));
	ck_assert(filter_has_age(&f, MINUTE));
	ck_assert(filter_set(&f, SLICE("newer"), SLICE("1h"), NULL));
	ck_assert(filter_has_age(&f, HOUR - 1));
	ck_assert(!filter_has_age(&f, HOUR));
}
END_TEST

START_TEST(an_empty_filter_has_everything)
{
	struct filter f = { 0 };

	ck_assert(filter_has_state(&f, QUEUE_HELD));
	ck_assert(filter_has_age(&f, 0));
	ck_assert(filter_has_sender(&f, SLICE("")));
	ck_assert(filter_has_recipient(&f, SLICE("a"), SLICE(""), SLICE("")));
	f = filter_with("state", "held");
	ck_assert(filter_has_state(&f, QUEUE_HELD));
	ck_assert(!filter_has_state(&f, QUEUE_ACTIVE));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("filter");
	TCase *tc = tcase_create("filter");

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, takes_what_it_knows_and_says_what_is_wrong, 0,
	    sizeof(settings) / sizeof(settings[0]));
	tcase_add_test(tc, a_sender_fits_by_address_domain_or_absence);
	tcase_add_test(tc, all_about_recipients_holds_for_one_recipient);
	tcase_add_test(tc, ages_are_from_older_up_to_newer);
	tcase_add_test(tc, an_empty_filter_has_everything);
	return run_suite(suite);
}

/* unit/check_advice.c - the words fit what happened. */
#include "tests/unit/run.h"

#include "bounce/advice.h"

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	int smtp_code;
	const char *reply;
	const char *says; /* part of the advice */
} replies[] = {
	{ 550, "550 5.1.1 unknown",		"no mailbox with that address" },
	{ 550, "550 No such user here",		"no mailbox with that address" },
	{ 550, "550 <a@b> USER UNKNOWN",	"no mailbox with that address" },
	{ 452, "452 4.2.2 quota",		"mailbox is full" },
	{ 552, "552 Mailbox is full",		"mailbox is full" },
	{ 550, "550 5.7.1 relaying denied",	"does not handle mail for" },
	{ 554, "554 Relay access denied",	"does not handle mail for" },
	{ 550, "550 5.7.1 spam",		"by its rules" },
	{ 550, "550 5.7.26 unauthenticated",	"make sure that the message" },
	{ 552, "552 5.3.4 size",		"larger than that server" },
	{ 552, "552 message too large",		"larger than that server" },
	{ 550, "550 5.2.3 size",		"larger than that mailbox" },
	{ 553, "553 5.6.7 no utf8",		"beyond plain ASCII" },
	{ 550, "550 5.1.2 bad domain",		"not the name of a domain" },
	{ 556, "556 5.1.10 null mx",		"receives no mail at all" },
	{ 550, "550 5.4.6 loop",		"in a circle" },
	{ 451, "451 4.4.1 no answer",		"did not answer" },
	{ 451, "451 4.4.3 dns",			"(DNS)" },
	{ 550, "550 go away",			"for good" },
	{ 450, "450 later",			"may pass" },
	{ 450, "450 4.2.0 greylisted",		"trouble with the mailbox" },
	{ 550, "550 5.99.1 odd",		"trouble with this address" },
	{ 550, "550 5.7.30 no",			"REQUIRETLS" },
};
/* clang-format on */

START_TEST(a_reply_is_explained)
{
	struct fate fate =
	    fate_from_reply(replies[_i].smtp_code, slice_of(replies[_i].reply));
	struct slice advice = slice_of(advice_for(&fate));

	ck_assert_msg(slice_find_str(advice, slice_of(replies[_i].says)) <
		advice.n,
	    "%s: %s", replies[_i].reply, advice.p);
}
END_TEST

START_TEST(every_code_has_words_and_never_the_other_class_of_certainty)
{
	for (unsigned subject = 0; subject < 10; subject++) {
		for (unsigned detail = 0; detail < 40; detail++) {
			struct fate hard =
			    fate_ours(FATE_FAILED, subject, detail, SLICE_NONE);
			struct fate soft = fate_ours(FATE_DEFERRED, subject,
			    detail, SLICE_NONE);

			ck_assert_uint_gt(slice_of(advice_for(&hard)).n, 20);
			ck_assert_uint_gt(slice_of(advice_for(&soft)).n, 20);
			ck_assert(slice_find_str(slice_of(advice_for(&soft)),
				      SLICE("There is no mailbox")) != 0);
		}
	}
}
END_TEST

START_TEST(our_own_words_are_not_searched_for_hints)
{
	struct fate fate =
	    fate_ours(FATE_FAILED, 7, 1, SLICE("550 5.7.1 relaying denied"));

	ck_assert(slice_starts(slice_of(advice_for(&fate)),
	    "That server refuses the message by its rules"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("advice");
	TCase *tc = tcase_create("advice");

	tcase_add_loop_test(tc, a_reply_is_explained, 0, COUNT(replies));
	tcase_add_test(tc,
	    every_code_has_words_and_never_the_other_class_of_certainty);
	tcase_add_test(tc, our_own_words_are_not_searched_for_hints);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

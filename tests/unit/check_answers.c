/* unit/check_answers.c - a set of answers: what it has, lacks and bounds. */
#include "tests/unit/run.h"

#include <string.h>

#include "dns/answers.h"

static struct dns_record one_text = { .ttl = 60, .data = SLICE("v=spf1 -all") };
static const struct dns_answer text_answer = { .outcome = DNS_FOUND,
	.ttl = 60,
	.canonical = SLICE("a.test"),
	.count = 1,
	.records = &one_text };

static const struct dns_answer *
get(struct answers *a, const char *name, enum dns_type type)
{
	return answers_get(a, slice_of(name), type);
}

START_TEST(what_is_asked_for_is_missing_until_it_is_put)
{
	struct answers *a = answers_new(8, 65536);
	const struct dns_answer *got;
	struct slice name;
	enum dns_type type;

	ck_assert(!answers_missing(a, 0, &name, &type));
	ck_assert_ptr_null(get(a, "A.test", DNS_TXT));
	ck_assert_ptr_null(get(a, "a.test.", DNS_TXT));
	ck_assert_ptr_null(get(a, "a.test", DNS_A));
	ck_assert(answers_missing(a, 0, &name, &type));
	ck_assert(slice_is(name, "a.test"));
	ck_assert_int_eq(type, DNS_TXT);
	ck_assert(answers_missing(a, 1, &name, &type));
	ck_assert_int_eq(type, DNS_A);
	ck_assert(!answers_missing(a, 2, &name, &type));

	answers_put(a, SLICE("a.TEST."), DNS_TXT, &text_answer);
	got = get(a, "a.test", DNS_TXT);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(got->count, 1);
	ck_assert(slice_is(got->records[0].data, "v=spf1 -all"));
	ck_assert_ptr_ne(got->records, &one_text);
	ck_assert(answers_missing(a, 0, &name, &type));
	ck_assert_int_eq(type, DNS_A);
	ck_assert(!answers_missing(a, 1, &name, &type));
	answers_free(&a);
}
END_TEST

START_TEST(a_full_set_answers_temporary_and_notes_nothing)
{
	struct answers *a = answers_new(1, 65536);
	struct slice name;
	enum dns_type type;

	ck_assert_ptr_null(get(a, "a.test", DNS_A));
	ck_assert_int_eq(get(a, "b.test", DNS_A)->outcome, DNS_TEMPORARY);
	ck_assert(!answers_missing(a, 1, &name, &type));
	answers_reset(a);
	ck_assert_ptr_null(get(a, "b.test", DNS_A));
	answers_free(&a);
}
END_TEST

START_TEST(an_answer_for_which_there_is_no_room_is_temporary)
{
	struct answers *a = answers_new(100, 2048);
	struct dns_record large = { .data = SLICE_NONE };
	struct dns_answer answer = text_answer;
	static char bytes[4096];

	memset(bytes, 'x', sizeof(bytes));
	large.data = slice_from(bytes, sizeof(bytes));
	answer.records = &large;
	ck_assert_ptr_null(get(a, "a.test", DNS_TXT));
	answers_put(a, SLICE("a.test"), DNS_TXT, &answer);
	ck_assert_int_eq(get(a, "a.test", DNS_TXT)->outcome, DNS_TEMPORARY);
	ck_assert_uint_eq(get(a, "a.test", DNS_TXT)->count, 0);
	answers_free(&a);
}
END_TEST

START_TEST(names_that_cannot_be_do_not_exist)
{
	struct answers *a = answers_new(8, 65536);
	struct slice name;
	enum dns_type type;

	ck_assert_int_eq(get(a, "a..test", DNS_A)->outcome, DNS_NO_NAME);
	answers_put(a, SLICE("a..test"), DNS_A, &text_answer);
	ck_assert_int_eq(get(a, "a..test", DNS_A)->outcome, DNS_NO_NAME);
	ck_assert(!answers_missing(a, 0, &name, &type));
	answers_free(&a);
}
END_TEST

START_TEST(each_question_is_taken_once)
{
	struct answers *a = answers_new(8, 65536);
	struct slice name;
	enum dns_type type;

	ck_assert_ptr_null(get(a, "a.test", DNS_A));
	ck_assert(answers_take_missing(a, &name, &type));
	ck_assert(!answers_has_questions(a));
	ck_assert_ptr_null(get(a, "b.test", DNS_A));
	ck_assert(answers_has_questions(a));
	ck_assert(answers_take_missing(a, &name, &type));
	ck_assert(slice_is(name, "b.test"));
	ck_assert(!answers_take_missing(a, &name, &type));
	ck_assert(answers_missing(a, 1, &name, &type));
	answers_free(&a);
}
END_TEST

START_TEST(a_closed_set_answers_temporary_for_what_is_missing)
{
	struct answers *a = answers_new(8, 65536);
	struct slice name;
	enum dns_type type;

	ck_assert_ptr_null(get(a, "a.test", DNS_A));
	answers_put(a, SLICE("a.test"), DNS_TXT, &text_answer);
	answers_close(a);
	ck_assert_int_eq(get(a, "a.test", DNS_A)->outcome, DNS_TEMPORARY);
	ck_assert_int_eq(get(a, "new.test", DNS_A)->outcome, DNS_TEMPORARY);
	ck_assert_int_eq(get(a, "a.test", DNS_TXT)->outcome, DNS_FOUND);
	ck_assert(!answers_missing(a, 0, &name, &type));
	ck_assert(!answers_take_missing(a, &name, &type));
	answers_reset(a);
	ck_assert_ptr_null(get(a, "a.test", DNS_TXT));
	answers_free(&a);
}
END_TEST

START_TEST(questions_are_told_in_their_order)
{
	struct answers *a = answers_new(8, 65536);
	const struct dns_answer *answer;
	struct slice name;
	enum dns_type type;

	ck_assert_ptr_null(get(a, "b.test", DNS_MX));
	answers_put(a, SLICE("a.test"), DNS_TXT, &text_answer);
	ck_assert(answers_nth(a, 0, &name, &type, &answer));
	ck_assert(slice_is(name, "b.test"));
	ck_assert_ptr_null(answer);
	ck_assert(answers_nth(a, 1, &name, &type, &answer));
	ck_assert_int_eq(type, DNS_TXT);
	ck_assert_int_eq(answer->outcome, DNS_FOUND);
	ck_assert(!answers_nth(a, 2, &name, &type, &answer));
	answers_free(&a);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("answers");
	TCase *tcase = tcase_create("answers");

	tcase_add_test(tcase, what_is_asked_for_is_missing_until_it_is_put);
	tcase_add_test(tcase, a_full_set_answers_temporary_and_notes_nothing);
	tcase_add_test(tcase,
	    an_answer_for_which_there_is_no_room_is_temporary);
	tcase_add_test(tcase, names_that_cannot_be_do_not_exist);
	tcase_add_test(tcase, each_question_is_taken_once);
	tcase_add_test(tcase,
	    a_closed_set_answers_temporary_for_what_is_missing);
	tcase_add_test(tcase, questions_are_told_in_their_order);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

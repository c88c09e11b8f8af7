/* unit/check_fate.c - which fate a reply stands for, and fates packed. */
#include "tests/unit/run.h"

#include "base/err.h"
#include "mail/fate.h"

/* clang-format off */
static const struct {
	int smtp_code;
	const char *reply;
	enum fate_kind kind;
	struct status_code code;
} replies[] = {
	{ 250, "250 2.1.5 ok",		FATE_DELIVERED, { 2, 1, 5 } },
	{ 250, "250 ok",		FATE_DELIVERED, { 2, 0, 0 } },
	{ 250, "250",			FATE_DELIVERED, { 2, 0, 0 } },
	{ 450, "450 4.2.0 greylisted",	FATE_DEFERRED,	{ 4, 2, 0 } },
	{ 550, "550 5.1.1 unknown",	FATE_FAILED,	{ 5, 1, 1 } },
	{ 550, "550 5.7.515 policy",	FATE_FAILED,	{ 5, 7, 515 } },
	{ 550, "550 5.1.1",		FATE_FAILED,	{ 5, 1, 1 } },
	{ 550, "550 no such user",	FATE_FAILED,	{ 5, 0, 0 } },
	{ 550, "550 4.2.2 full",	FATE_FAILED,	{ 5, 0, 0 } },
	{ 550, "550 5.1.1unknown",	FATE_FAILED,	{ 5, 0, 0 } },
	{ 550, "550 5.1 unknown",	FATE_FAILED,	{ 5, 0, 0 } },
	{ 550, "550 5.01.1 unknown",	FATE_FAILED,	{ 5, 0, 0 } },
	{ 550, "550 5.1000.1 unknown",	FATE_FAILED,	{ 5, 0, 0 } },
	{ 550, "550 5..1 unknown",	FATE_FAILED,	{ 5, 0, 0 } },
	{ 354, "354 go ahead",		FATE_DEFERRED,	{ 4, 5, 0 } },
	{ 0,   "",			FATE_DEFERRED,	{ 4, 5, 0 } },
};
/* clang-format on */

START_TEST(a_reply_is_judged_by_its_code)
{
	struct fate fate =
	    fate_from_reply(replies[_i].smtp_code, slice_of(replies[_i].reply));

	ck_assert_int_eq(fate.kind, replies[_i].kind);
	ck_assert_uint_eq(fate.code.class, replies[_i].code.class);
	ck_assert_uint_eq(fate.code.subject, replies[_i].code.subject);
	ck_assert_uint_eq(fate.code.detail, replies[_i].code.detail);
	ck_assert_int_eq(fate.smtp_code, replies[_i].smtp_code);
	ck_assert(slice_is(fate.reply, replies[_i].reply));
}
END_TEST

START_TEST(our_own_fates_take_their_class_from_the_kind)
{
	struct fate fate =
	    fate_ours(FATE_DEFERRED, 4, 1, SLICE("451 4.4.1 no answer"));

	ck_assert_uint_eq(fate.code.class, 4);
	ck_assert_uint_eq(fate.code.subject, 4);
	ck_assert_uint_eq(fate.code.detail, 1);
	ck_assert_int_eq(fate.smtp_code, 451);
	ck_assert(fate.ours);
	ck_assert(!fate_from_reply(451, SLICE("451 4.4.1 no answer")).ours);
	fate = fate_ours(FATE_FAILED, 1, 2, SLICE("no such domain"));
	ck_assert_uint_eq(fate.code.class, 5);
	ck_assert_int_eq(fate.smtp_code, 0);
	ck_assert_uint_eq(
	    fate_ours(FATE_EXPANDED, 0, 0, SLICE("ok")).code.class, 2);
}
END_TEST

START_TEST(only_none_and_deferred_are_not_final)
{
	ck_assert(!fate_is_final(FATE_NONE));
	ck_assert(!fate_is_final(FATE_DEFERRED));
	ck_assert(fate_is_final(FATE_DELIVERED) && fate_is_final(FATE_RELAYED));
	ck_assert(fate_is_final(FATE_FAILED) && fate_is_final(FATE_EXPANDED));
	ck_assert_str_eq(fate_name(FATE_NONE), "none");
	ck_assert(fate_is_final(FATE_PASSED));
	ck_assert_str_eq(fate_name(FATE_PASSED), "passed");
}
END_TEST

START_TEST(a_list_of_fates_comes_back)
{
	struct fate in[] = {
		fate_from_reply(250, SLICE("250 2.1.5 ok")),
		fate_from_reply(550, SLICE("550 5.7.515 no")),
		fate_ours(FATE_DEFERRED, 4, 1, SLICE_NONE),
	};
	struct arena *arena = arena_new(4096);
	struct fate *out;
	struct buf packed;
	size_t n;

	buf_init(&packed, 4096);
	fates_encode(in, 3, &packed);
	ck_assert_int_eq(fates_decode(buf_slice(&packed), arena, &out, &n), 0);
	ck_assert_uint_eq(n, 3);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(out[i].kind, in[i].kind);
		ck_assert_uint_eq(out[i].code.class, in[i].code.class);
		ck_assert_uint_eq(out[i].code.subject, in[i].code.subject);
		ck_assert_uint_eq(out[i].code.detail, in[i].code.detail);
		ck_assert_int_eq(out[i].smtp_code, in[i].smtp_code);
		ck_assert_int_eq(out[i].ours, in[i].ours);
		ck_assert(slice_eq(out[i].reply, in[i].reply));
	}
	for (size_t cut = 0; cut < packed.n; cut++)
		ck_assert_int_eq(fates_decode(slice_head(buf_slice(&packed),
						  cut),
				     arena, &out, &n),
		    ERR_CORRUPT);
	buf_add_char(&packed, 0);
	ck_assert_int_eq(fates_decode(buf_slice(&packed), arena, &out, &n),
	    ERR_CORRUPT);
	buf_done(&packed);
	arena_free(&arena);
}
END_TEST

START_TEST(a_count_that_lies_asks_for_no_memory)
{
	struct arena *arena = arena_new(4096);
	struct fate *out;
	size_t n;

	ck_assert_int_eq(fates_decode(slice_from("\xff\xff\xff\xff\x0f", 5),
			     arena, &out, &n),
	    ERR_CORRUPT);
	ck_assert_uint_eq(arena_used(arena), 0);
	arena_free(&arena);
}
END_TEST

START_TEST(a_full_arena_is_a_limit)
{
	struct fate in[4] = { 0 };
	struct arena *arena = arena_new(64);
	struct fate *out;
	struct buf packed;
	size_t n;

	for (size_t i = 0; i < 4; i++)
		in[i].reply = SLICE_NONE;
	buf_init(&packed, 4096);
	fates_encode(in, 4, &packed);
	ck_assert_int_eq(fates_decode(buf_slice(&packed), arena, &out, &n),
	    ERR_LIMIT);
	buf_done(&packed);
	arena_free(&arena);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fate");
	TCase *tc = tcase_create("fate");

	tcase_add_loop_test(tc, a_reply_is_judged_by_its_code, 0,
	    sizeof(replies) / sizeof(replies[0]));
	tcase_add_test(tc, our_own_fates_take_their_class_from_the_kind);
	tcase_add_test(tc, only_none_and_deferred_are_not_final);
	tcase_add_test(tc, a_list_of_fates_comes_back);
	tcase_add_test(tc, a_count_that_lies_asks_for_no_memory);
	tcase_add_test(tc, a_full_arena_is_a_limit);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

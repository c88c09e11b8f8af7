/* unit/check_heed.c - what a job makes of replies.conf. */
#include "tests/unit/run.h"

#include <string.h>

#include "base/time.h"
#include "deliver/heed.h"

static const char table[] = "go    mx=*.a.test code=451 next-mx\n"
			    "never code=421 status=4.7.0 permanent\n"
			    "later code=550 status=5.7.606-649 temporary "
			    "rest-source=1h\n"
			    "wait  code=554 pause=2h\n"
			    "less  code=450 slow\n"
			    "note  code=452 temporary\n";

static struct replies *rules;
static struct job job;
static struct fate fates[4];
static bool seen[4];
static struct heed_from from;

static void
set_up(void)
{
	rules = replies_parse(slice_of(table), NULL, NULL);
	ck_assert_ptr_nonnull(rules);
	memset(fates, 0, sizeof(fates));
	memset(seen, 0, sizeof(seen));
	job = (struct job){ .arena = arena_new(1 << 16), .fates = fates };
	job.envelope.recipient_count = 4;
	job.heeded.seen = seen;
	from = (struct heed_from){ rules, SLICE("mx.a.test"),
		SLICE("192.0.2.1:25") };
}

static void
tear_down(void)
{
	arena_free(&job.arena);
	replies_free(&rules);
}

static struct fate
said(const char *reply)
{
	uint32_t code;

	ck_assert(slice_to_u32(slice_head(slice_of(reply), 3), 999, &code));
	return fate_from_reply((int)code, slice_of(reply));
}

static void
must_have(const char *rule, enum reply_pace pace, int64_t ms)
{
	ck_assert(slice_is(job.heeded.rule, rule));
	ck_assert_int_eq(job.heeded.pace, pace);
	ck_assert_int_eq(job.heeded.pace_ms, ms);
}

START_TEST(verdicts_change_the_fates)
{
	struct fate last;

	fates[0] = said("421 4.7.0 never come back");
	fates[1] = said("550 5.7.606 banned");
	fates[2] = said("550 5.1.1 unknown");
	fates[3] = said("250 2.0.0 ok");
	ck_assert(!heed_fates(&job, &from, &last));
	ck_assert_int_eq(fates[0].kind, FATE_FAILED);
	ck_assert_uint_eq(fates[0].code.class, 5);
	ck_assert_int_eq(fates[1].kind, FATE_DEFERRED);
	ck_assert_uint_eq(fates[1].code.class, 4);
	ck_assert_uint_eq(fates[1].code.detail, 606);
	ck_assert_int_eq(fates[2].kind, FATE_FAILED);
	ck_assert_int_eq(fates[3].kind, FATE_DELIVERED);
	must_have("later", PACE_REST_SOURCE, HOUR);
	ck_assert(slice_is(job.heeded.reply, "550 5.7.606 banned"));
	ck_assert(slice_is(job.heeded.address, "192.0.2.1:25"));
}
END_TEST

START_TEST(the_one_that_asks_for_most_patience_counts)
{
	struct fate last;

	fates[0] = said("452 4.2.2 full");
	ck_assert(!heed_fates(&job, &from, &last));
	must_have("note", PACE_AS_IT_IS, 0);
	fates[1] = said("450 4.2.1 too fast");
	ck_assert(!heed_fates(&job, &from, &last));
	must_have("less", PACE_SLOW, 0);
	fates[2] = said("554 5.7.1 spam");
	ck_assert(!heed_fates(&job, &from, &last));
	must_have("wait", PACE_PAUSE, 2 * HOUR);
	fates[3] = said("550 5.7.606 banned");
	ck_assert(!heed_fates(&job, &from, &last));
	must_have("wait", PACE_PAUSE, 2 * HOUR);
}
END_TEST

START_TEST(next_mx_takes_the_fate_back_once_a_host)
{
	struct fate last = { 0 };

	fates[0] = said("451 4.3.0 full");
	fates[1] = said("250 2.0.0 ok");
	ck_assert(heed_fates(&job, &from, &last));
	ck_assert_int_eq(fates[0].kind, FATE_NONE);
	ck_assert_int_eq(fates[1].kind, FATE_DELIVERED);
	ck_assert_int_eq(last.kind, FATE_DEFERRED);
	ck_assert(slice_is(last.reply, "451 4.3.0 full"));
	/* What was looked at is not judged by another host's rules. */
	fates[0] = said("451 4.3.0 full");
	from.host = SLICE("mx.b.test");
	ck_assert(!heed_fates(&job, &from, &last));
	from.host = SLICE("mx.a.test");
	ck_assert(!heed_fates(&job, &from, &last));
	ck_assert_int_eq(fates[0].kind, FATE_DEFERRED);
}
END_TEST

/* clang-format off */
static const struct {
	const char *reply;
	enum heed_advice advice;
	enum fate_kind kind;
} failures[] = {
	{ "451 4.3.0 full",		HEED_NEXT_MX, FATE_DEFERRED },
	{ "421 4.7.0 never",		HEED_GIVE_UP, FATE_FAILED },
	{ "554 5.7.1 spam",		HEED_GIVE_UP, FATE_DEFERRED },
	{ "550 5.7.606 banned",		HEED_GIVE_UP, FATE_DEFERRED },
	{ "450 4.2.1 too fast",		HEED_AS_EVER, FATE_DEFERRED },
	{ "421 4.3.2 shutting down",	HEED_AS_EVER, FATE_DEFERRED },
};
/* clang-format on */

START_TEST(what_ends_a_session_is_heeded)
{
	struct fate fate = said(failures[_i].reply);

	fate.kind = FATE_DEFERRED; /* as the client has it */
	fate.code.class = 4;
	ck_assert_int_eq(heed_failure(&job, &from, &fate), failures[_i].advice);
	ck_assert_int_eq(fate.kind, failures[_i].kind);
}
END_TEST

START_TEST(our_own_words_are_not_heeded)
{
	struct fate fate =
	    fate_ours(FATE_DEFERRED, 3, 0, SLICE("451 4.3.0 no files left"));

	ck_assert_int_eq(heed_failure(&job, &from, &fate), HEED_AS_EVER);
	ck_assert_uint_eq(job.heeded.rule.n, 0);
	from.rules = NULL;
	fate = said("451 4.3.0 full");
	ck_assert_int_eq(heed_failure(&job, &from, &fate), HEED_AS_EVER);
}
END_TEST

START_TEST(trouble_follows_the_pace)
{
	job.heeded.pace = PACE_AS_IT_IS;
	ck_assert_int_eq(heed_trouble(&job, TROUBLE_BUSY), TROUBLE_BUSY);
	job.heeded.pace = PACE_SLOW;
	ck_assert_int_eq(heed_trouble(&job, TROUBLE_NONE), TROUBLE_BUSY);
	ck_assert_int_eq(heed_trouble(&job, TROUBLE_SITE), TROUBLE_SITE);
	job.heeded.pace = PACE_PAUSE;
	ck_assert_int_eq(heed_trouble(&job, TROUBLE_BUSY), TROUBLE_LOCAL);
	ck_assert_int_eq(heed_trouble(&job, TROUBLE_SITE), TROUBLE_LOCAL);
	ck_assert_int_eq(heed_trouble(&job, TROUBLE_NONE), TROUBLE_NONE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/heed");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, verdicts_change_the_fates);
	tcase_add_test(tc, the_one_that_asks_for_most_patience_counts);
	tcase_add_test(tc, next_mx_takes_the_fate_back_once_a_host);
	tcase_add_loop_test(tc, what_ends_a_session_is_heeded, 0,
	    sizeof(failures) / sizeof(failures[0]));
	tcase_add_test(tc, our_own_words_are_not_heeded);
	tcase_add_test(tc, trouble_follows_the_pace);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

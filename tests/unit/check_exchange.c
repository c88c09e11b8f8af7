/* unit/check_exchange.c - what is said in PLAIN and LOGIN, step by step. */
#include "tests/unit/run.h"

#include "auth/exchange.h"

static const struct exchange_keys keys = { NULL, NULL, NULL, 4096 };

/* What the server says goes to `out`, which begins empty. */
static enum exchange_step
respond(struct exchange *x, struct slice response, struct buf *out)
{
	buf_reset(out);
	return exchange_respond(x, response, out);
}

START_TEST(plain_with_and_without_an_initial_response)
{
	struct slice message = SLICE("\0alice\0secret");

	for (int initial = 0; initial < 2; initial++) {
		struct exchange *x =
		    exchange_new(slice_of("plain"), SLICE_NONE, &keys);
		struct buf out;

		buf_init(&out, 100);
		if (initial == 0) {
			ck_assert_int_eq((int)exchange_start(x, NULL, &out),
			    (int)EXCHANGE_CHALLENGE);
			ck_assert_uint_eq(out.n, 0);
			ck_assert_int_eq((int)respond(x, message, &out),
			    (int)EXCHANGE_JUDGE);
		} else {
			ck_assert_int_eq((int)exchange_start(x, &message, &out),
			    (int)EXCHANGE_JUDGE);
		}
		ck_assert(slice_is(exchange_login(x), "alice"));
		ck_assert_str_eq(exchange_password(x), "secret");
		/* It is over: nothing more may come. */
		ck_assert_int_eq((int)respond(x, message, &out),
		    (int)EXCHANGE_MALFORMED);
		buf_done(&out);
		exchange_free(&x);
	}
}
END_TEST

START_TEST(login_asks_for_both)
{
	struct exchange *x = exchange_new(slice_of("LOGIN"), SLICE_NONE, &keys);
	struct buf out;

	buf_init(&out, 100);
	ck_assert_int_eq((int)exchange_start(x, NULL, &out),
	    (int)EXCHANGE_CHALLENGE);
	ck_assert(slice_is(buf_slice(&out), "Username:"));
	ck_assert_int_eq((int)respond(x, slice_of("alice"), &out),
	    (int)EXCHANGE_CHALLENGE);
	ck_assert(slice_is(buf_slice(&out), "Password:"));
	ck_assert_int_eq((int)respond(x, slice_of("secret"), &out),
	    (int)EXCHANGE_JUDGE);
	ck_assert(slice_is(exchange_login(x), "alice"));
	ck_assert_str_eq(exchange_password(x), "secret");
	buf_done(&out);
	exchange_free(&x);
}
END_TEST

START_TEST(login_takes_the_name_as_initial_response)
{
	struct exchange *x = exchange_new(slice_of("LOGIN"), SLICE_NONE, &keys);
	struct slice name = SLICE("alice");
	struct buf out;

	buf_init(&out, 100);
	ck_assert_int_eq((int)exchange_start(x, &name, &out),
	    (int)EXCHANGE_CHALLENGE);
	ck_assert(slice_is(buf_slice(&out), "Password:"));
	buf_done(&out);
	exchange_free(&x);
}
END_TEST

START_TEST(to_act_as_another_fails)
{
	struct exchange *x = exchange_new(slice_of("PLAIN"), SLICE_NONE, &keys);
	struct slice message = SLICE("root\0alice\0secret");
	struct buf out;

	buf_init(&out, 100);
	ck_assert_int_eq((int)exchange_start(x, &message, &out),
	    (int)EXCHANGE_FAILED);
	ck_assert(slice_is(exchange_login(x), "alice"));
	buf_done(&out);
	exchange_free(&x);
}
END_TEST

START_TEST(unknown_mechanisms_and_plus_without_a_channel_are_none)
{
	ck_assert_ptr_null(
	    exchange_new(slice_of("CRAM-MD5"), SLICE_NONE, &keys));
	ck_assert_ptr_null(exchange_new(SLICE_NONE, SLICE_NONE, &keys));
	ck_assert_ptr_null(
	    exchange_new(slice_of("SCRAM-SHA-256-PLUS"), SLICE_NONE, &keys));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("exchange");
	TCase *tc = tcase_create("exchange");

	tcase_add_test(tc, plain_with_and_without_an_initial_response);
	tcase_add_test(tc, login_asks_for_both);
	tcase_add_test(tc, login_takes_the_name_as_initial_response);
	tcase_add_test(tc, to_act_as_another_fails);
	tcase_add_test(tc,
	    unknown_mechanisms_and_plus_without_a_channel_are_none);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

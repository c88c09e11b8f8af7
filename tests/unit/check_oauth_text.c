/* unit/check_oauth_text.c - token endpoints: what we ask, what is believed. */
#include "tests/unit/run.h"

#include "deliver/oauth_text.h"

static void
check_request(const struct oauth_wish *wish, const char *want)
{
	struct buf body;

	buf_init(&body, 4096);
	oauth_write_request(wish, &body);
	ck_assert_str_eq(buf_cstr(&body), want);
	buf_done(&body);
}

START_TEST(a_request_is_a_form)
{
	check_request(&(struct oauth_wish){ .refresh_token = SLICE("1//x+y="),
			  .client_id = SLICE("me.example"),
			  .client_secret = SLICE("s&c r") },
	    "grant_type=refresh_token&refresh_token=1%2F%2Fx%2By%3D&"
	    "client_id=me.example&client_secret=s%26c%20r");
	check_request(&(struct oauth_wish){ .client_id = SLICE("me"),
			  .client_secret = SLICE("s"),
			  .scope = SLICE("https://a.test/.default") },
	    "grant_type=client_credentials&client_id=me&client_secret=s&"
	    "scope=https%3A%2F%2Fa.test%2F.default");
}
END_TEST

/* clang-format off */
static const struct {
	const char *json;
	enum oauth_answer_kind kind;
	const char *access, *refresh;
	uint32_t life;
	const char *error;
} cases[] = {
	{ "{\"access_token\":\"T\",\"expires_in\":3599,\"token_type\":\"Bearer\"}",
	  OAUTH_TOKEN, "T", "", 3599, "" },
	{ "{\"access_token\":\"T\",\"expires_in\":\"60\",\"token_type\":\"bearer\","
	  "\"refresh_token\":\"R\"}", OAUTH_TOKEN, "T", "R", 60, "" },
	{ "{\"access_token\":\"T\"}", OAUTH_TOKEN, "T", "", 300, "" },
	{ "{\"access_token\":\"T\",\"expires_in\":-5}", OAUTH_TOKEN, "T", "", 300, "" },
	{ "{\"access_token\":\"T\",\"expires_in\":12.5}", OAUTH_TOKEN, "T", "", 12, "" },
	{ "{\"access_token\":\"T\",\"expires_in\":9999999999999}", OAUTH_TOKEN, "T", "",
	  OAUTH_LIFE_MAX, "" },
	{ "{\"error\":\"invalid_grant\",\"error_description\":\"gone\\u0007\"}",
	  OAUTH_REFUSED, "", "", 0, "invalid_grant: gone?" },
	{ "{\"error\":\"invalid_client\",\"access_token\":\"T\"}",
	  OAUTH_REFUSED, "", "", 0, "invalid_client" },
	{ "{\"access_token\":\"T\",\"token_type\":\"mac\"}", OAUTH_NONSENSE, "", "", 0,
	  "a token that is no bearer token" },
	{ "{\"access_token\":\"T\\r\\nRSET\"}", OAUTH_NONSENSE, "", "", 0,
	  "an answer without a usable access_token" },
	{ "{\"access_token\":\"T\\u0001\"}", OAUTH_NONSENSE, "", "", 0,
	  "an answer without a usable access_token" },
	{ "{\"access_token\":7}", OAUTH_NONSENSE, "", "", 0,
	  "an answer without a usable access_token" },
	{ "[]", OAUTH_NONSENSE, "", "", 0, "an answer that is no JSON object" },
	{ "<html>", OAUTH_NONSENSE, "", "", 0, "an answer that is no JSON object" },
	{ "", OAUTH_NONSENSE, "", "", 0, "an answer that is no JSON object" },
};
/* clang-format on */

START_TEST(an_answer_is_believed_as_far_as_it_goes)
{
	struct oauth_answer got;

	ck_assert_int_eq(oauth_answer_parse(slice_of(cases[_i].json), &got),
	    cases[_i].kind);
	ck_assert_str_eq(got.error, cases[_i].error);
	ck_assert_str_eq(got.access, cases[_i].access);
	ck_assert_str_eq(got.refresh, cases[_i].refresh);
	ck_assert_uint_eq(got.life_seconds, cases[_i].life);
}
END_TEST

/* A JSON object with a token of that length. */
static enum oauth_answer_kind
with_token_of(size_t n)
{
	static const char before[] = "{\"access_token\":\"", after[] = "\"}";
	struct oauth_answer got;
	enum oauth_answer_kind kind;
	struct buf json;

	buf_init(&json, 2 * OAUTH_ANSWER_MAX);
	buf_add_cstr(&json, before);
	for (size_t i = 0; i < n; i++)
		buf_add_char(&json, 'x');
	buf_add_cstr(&json, after);
	kind = oauth_answer_parse(buf_slice(&json), &got);
	buf_done(&json);
	return kind;
}

START_TEST(what_is_too_long_is_no_token)
{
	ck_assert_int_eq(with_token_of(OAUTH_TOKEN_SIZE - 1), OAUTH_TOKEN);
	ck_assert_int_eq(with_token_of(OAUTH_TOKEN_SIZE), OAUTH_NONSENSE);
	ck_assert_int_eq(with_token_of(OAUTH_ANSWER_MAX), OAUTH_NONSENSE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/oauth_text");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, a_request_is_a_form);
	tcase_add_loop_test(tc, an_answer_is_believed_as_far_as_it_goes, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, what_is_too_long_is_no_token);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

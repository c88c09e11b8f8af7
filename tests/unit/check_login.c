/* unit/check_login.c - our AUTH against the server's side of gsasl. */
#include "tests/unit/run.h"

#include <gsasl.h>
#include <string.h>

#include "deliver/login.h"

#define USER "alice@example.org"
#define PASSWORD "correct horse"

static int
on_server_asks(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	const char *user, *password;

	(void)library;
	if (property == GSASL_PASSWORD)
		return gsasl_property_set(session, GSASL_PASSWORD, PASSWORD);
	if (property != GSASL_VALIDATE_SIMPLE)
		return GSASL_NO_CALLBACK;
	user = gsasl_property_fast(session, GSASL_AUTHID);
	password = gsasl_property_fast(session, GSASL_PASSWORD);
	return user != NULL && password != NULL && strcmp(user, USER) == 0 &&
		strcmp(password, PASSWORD) == 0
	    ? GSASL_OK
	    : GSASL_AUTHENTICATION_ERROR;
}

static struct login_means
means_with(const char *password, bool exporter)
{
	return (struct login_means){ .user = USER,
		.password = password,
		.binding = { .is_exporter = exporter,
		    .n = 3,
		    .octets = { 'a', 'b', 'c' } } };
}

/* True if both sides agree that it is done. `binding`: the server's, base64. */
static bool
log_in_with(const char *mechanism, const struct login_means *means,
    Gsasl_property property, const char *binding)
{
	struct login_library *library = login_library_new();
	struct login *login = login_new(library, mechanism, means);
	Gsasl *server;
	Gsasl_session *session;
	struct buf response;
	char *challenge = NULL;
	int rc = GSASL_NEEDS_MORE;
	bool good = true;

	ck_assert_ptr_nonnull(login);
	ck_assert_int_eq(gsasl_init(&server), GSASL_OK);
	gsasl_callback_set(server, on_server_asks);
	ck_assert_int_eq(gsasl_server_start(server, mechanism, &session),
	    GSASL_OK);
	ck_assert_int_eq(gsasl_property_set(session, property, binding),
	    GSASL_OK);
	buf_init(&response, 4096);
	if (login_has_initial(login))
		good =
		    login_answer(login, SLICE_NONE, &response) != LOGIN_FAILED;
	while (good && rc == GSASL_NEEDS_MORE) {
		rc = gsasl_step64(session, buf_cstr(&response), &challenge);
		if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
			break;
		buf_reset(&response);
		if (!login_is_done(login))
			good = login_answer(login, slice_of(challenge),
				   &response) != LOGIN_FAILED;
		gsasl_free(challenge);
		challenge = NULL;
	}
	good = good && rc == GSASL_OK && login_is_done(login);
	gsasl_free(challenge);
	buf_done(&response);
	gsasl_finish(session);
	gsasl_done(server);
	login_free(&login);
	login_library_free(&library);
	return good;
}

#define PLUS "SCRAM-SHA-256-PLUS"

/* A server that binds if it offers that, as the mechanism's name says. */
static bool
log_in(const char *mechanism, const char *password)
{
	const struct login_means means = means_with(password, true);

	return log_in_with(mechanism, &means, GSASL_CB_TLS_EXPORTER,
	    strcmp(mechanism, PLUS) == 0 ? "YWJj" : NULL);
}

START_TEST(each_mechanism_logs_in_with_the_password_and_with_no_other)
{
	const struct login_means means = means_with(PASSWORD, true);
	const char *mechanism = login_mechanisms(&means)[_i];

	ck_assert(log_in(mechanism, PASSWORD));
	ck_assert(!log_in(mechanism, "wrong"));
}
END_TEST

START_TEST(a_challenge_that_is_no_base64_fails)
{
	struct login_library *library = login_library_new();
	const struct login_means means = { .user = USER, .password = PASSWORD };
	struct login *login = login_new(library, "SCRAM-SHA-256", &means);
	struct buf out;

	buf_init(&out, 4096);
	ck_assert_int_eq(login_answer(login, SLICE_NONE, &out), LOGIN_MORE);
	ck_assert_int_eq(login_answer(login, SLICE("***"), &out), LOGIN_FAILED);
	ck_assert_int_eq(login_answer(login, SLICE("cj1ub3RvdXJz"), &out),
	    LOGIN_FAILED);
	buf_done(&out);
	login_free(&login);
	login_library_free(&library);
}
END_TEST

START_TEST(the_best_mechanism_comes_first)
{
	struct login_means means = means_with(PASSWORD, false);

	ck_assert_str_eq(login_mechanisms(&means)[0], PLUS);
	means.binding.n = 0;
	ck_assert_str_eq(login_mechanisms(&means)[0], "SCRAM-SHA-256");
	ck_assert_ptr_null(login_mechanisms(&means)[3]);
	means.token = "T";
	ck_assert_str_eq(login_mechanisms(&means)[0], "OAUTHBEARER");
	ck_assert_ptr_null(login_mechanisms(&means)[2]);
}
END_TEST

START_TEST(a_server_on_another_channel_is_found_out)
{
	const struct login_means by_exporter = means_with(PASSWORD, true);
	const struct login_means by_unique = means_with(PASSWORD, false);

	ck_assert(
	    log_in_with(PLUS, &by_exporter, GSASL_CB_TLS_EXPORTER, "YWJj"));
	ck_assert(
	    !log_in_with(PLUS, &by_exporter, GSASL_CB_TLS_EXPORTER, "YWJk"));
	ck_assert(log_in_with(PLUS, &by_unique, GSASL_CB_TLS_UNIQUE, "YWJj"));
	ck_assert(!log_in_with(PLUS, &by_unique, GSASL_CB_TLS_UNIQUE, "YWJk"));
}
END_TEST

static void
check_answer(struct login *login, const char *challenge,
    enum login_progress progress, const char *want)
{
	struct buf out;

	buf_init(&out, 4096);
	ck_assert_int_eq(login_answer(login, slice_of(challenge), &out),
	    progress);
	ck_assert_str_eq(buf_cstr(&out), want);
	buf_done(&out);
}

START_TEST(a_token_is_shown_once_and_a_refusal_is_answered)
{
	const struct login_means means = { .user = "u",
		.token = "T",
		.host = "h",
		.port = 25 };
	struct login *login = login_new(NULL, "XOAUTH2", &means);

	ck_assert(login_has_initial(login) && !login_is_done(login));
	check_answer(login, "", LOGIN_DONE, "dXNlcj11AWF1dGg9QmVhcmVyIFQBAQ==");
	ck_assert(login_is_done(login) && !login_was_refused(login));
	check_answer(login, "eyJzdGF0dXMiOiI0MDEifQ==", LOGIN_DONE, "");
	ck_assert(login_was_refused(login));
	check_answer(login, "", LOGIN_FAILED, "");
	login_free(&login);
	login = login_new(NULL, "OAUTHBEARER", &means);
	check_answer(login, "", LOGIN_DONE,
	    "bixhPXUsAWhvc3Q9aAFwb3J0PTI1AWF1dGg9QmVhcmVyIFQBAQ==");
	check_answer(login, "e30=", LOGIN_DONE, "AQ==");
	ck_assert(login_was_refused(login));
	login_free(&login);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/login");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc,
	    each_mechanism_logs_in_with_the_password_and_with_no_other, 0, 4);
	tcase_add_test(tc, a_server_on_another_channel_is_found_out);
	tcase_add_test(tc, a_token_is_shown_once_and_a_refusal_is_answered);
	tcase_add_test(tc, a_challenge_that_is_no_base64_fails);
	tcase_add_test(tc, the_best_mechanism_comes_first);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

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

/* True if both sides agree that it is done. */
static bool
log_in(const char *mechanism, const char *password)
{
	struct login_library *library = login_library_new();
	struct login *login = login_new(library, mechanism, USER, password);
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

START_TEST(each_mechanism_logs_in_with_the_password_and_with_no_other)
{
	const char *mechanism = login_mechanisms()[_i];

	ck_assert(log_in(mechanism, PASSWORD));
	ck_assert(!log_in(mechanism, "wrong"));
}
END_TEST

START_TEST(a_challenge_that_is_no_base64_fails)
{
	struct login_library *library = login_library_new();
	struct login *login =
	    login_new(library, "SCRAM-SHA-256", USER, PASSWORD);
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
	ck_assert_str_eq(login_mechanisms()[0], "SCRAM-SHA-256");
	ck_assert_ptr_null(login_mechanisms()[3]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deliver/login");
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(tc,
	    each_mechanism_logs_in_with_the_password_and_with_no_other, 0, 3);
	tcase_add_test(tc, a_challenge_that_is_no_base64_fails);
	tcase_add_test(tc, the_best_mechanism_comes_first);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

/* unit/check_scram.c - our SCRAM server against libgsasl's client. */
#include <gsasl.h>

#include "tests/unit/run.h"

#include "auth/scram.h"
#include "base/base64.h"

#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define STORED "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY="
#define SERVER "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

static const char secret[SCRAM_SECRET_SIZE] = "not very secret";

static bool
lookup(struct slice login, struct scram_keys *out, void *arg)
{
	(void)arg;
	if (!slice_is(login, "user"))
		return false;
	*out = (struct scram_keys){ 4096, slice_of(SALT), slice_of(STORED),
		slice_of(SERVER) };
	return true;
}

struct talk {
	const char *login, *acts_as, *password;
	const char *client_binding; /* base64, or NULL */
	const char *server_binding; /* bytes, or "" */
	bool client_plus, server_plus;
	enum scram_step end;
};

/* Runs a whole exchange; the server's first message goes to `first`. */
static enum scram_step
run(const struct talk *talk, char *first, size_t size)
{
	struct scram_library *library = scram_library_new(secret);
	struct scram *scram = scram_new(library, talk->server_plus,
	    slice_of(talk->server_binding), 4096, lookup, NULL);
	Gsasl *gsasl;
	Gsasl_session *client;
	struct buf out;
	enum scram_step step = SCRAM_CHALLENGE;
	char *text = NULL;
	size_t n = 0;
	int rounds = 0;

	buf_init(&out, 4096);
	ck_assert_int_eq(gsasl_init(&gsasl), GSASL_OK);
	ck_assert_int_eq(gsasl_client_start(gsasl,
			     talk->client_plus ? "SCRAM-SHA-256-PLUS"
					       : "SCRAM-SHA-256",
			     &client),
	    GSASL_OK);
	gsasl_property_set(client, GSASL_AUTHID, talk->login);
	gsasl_property_set(client, GSASL_AUTHZID, talk->acts_as);
	gsasl_property_set(client, GSASL_PASSWORD, talk->password);
	if (talk->client_binding != NULL)
		gsasl_property_set(client, GSASL_CB_TLS_EXPORTER,
		    talk->client_binding);
	while (step == SCRAM_CHALLENGE && rounds++ < 5) {
		int rc = gsasl_step(client, out.p, out.n, &text, &n);

		ck_assert(rc == GSASL_NEEDS_MORE || rc == GSASL_OK);
		buf_reset(&out);
		step = scram_step(scram, slice_from(text, n), &out);
		gsasl_free(text);
		if (rounds == 1 && step == SCRAM_CHALLENGE && first != NULL)
			slice_to_cstr(buf_slice(&out), first, size);
	}
	if (step == SCRAM_DONE) {
		/* The client believes the server too. */
		ck_assert_int_eq(gsasl_step(client, out.p, out.n, &text, &n),
		    GSASL_OK);
		gsasl_free(text);
		ck_assert(slice_is(scram_login(scram), talk->login));
	}
	gsasl_finish(client);
	gsasl_done(gsasl);
	buf_done(&out);
	scram_free(&scram);
	scram_library_free(&library);
	return step;
}

#define BINDING "0123456789abcdef0123456789abcdef"
#define BINDING64 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
#define OTHER64 "MTEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

/* clang-format off */
static const struct talk talks[] = {
	{ "user", "",	  "pencil", NULL, "", false, false, SCRAM_DONE },
	{ "user", "user", "pencil", NULL, "", false, false, SCRAM_DONE },
	{ "user", "root", "pencil", NULL, "", false, false, SCRAM_FAILED },
	{ "user", "",	  "Pencil", NULL, "", false, false, SCRAM_FAILED },
	{ "none", "",	  "pencil", NULL, "", false, false, SCRAM_FAILED },
	{ "user", "", "pencil", BINDING64, BINDING, true, true, SCRAM_DONE },
	{ "user", "", "pencil", NULL, BINDING, false, false, SCRAM_DONE },
};
/* clang-format on */

START_TEST(exchanges_end_as_they_should)
{
	ck_assert_int_eq((int)run(&talks[_i], NULL, 0), (int)talks[_i].end);
}
END_TEST

START_TEST(a_binding_of_another_channel_fails)
{
	struct talk talk = { "user", "", "pencil", OTHER64, BINDING, true, true,
		SCRAM_FAILED };

	ck_assert_int_ne((int)run(&talk, NULL, 0), (int)SCRAM_DONE);
}
END_TEST

/*
 * A client that could bind, and was made to believe that the server can't
 * (gs2 flag "y"), meets a server that can: RFC 5802, 6.
 */
START_TEST(a_downgrade_is_noticed)
{
	struct scram_library *library = scram_library_new(secret);
	struct scram *scram =
	    scram_new(library, false, slice_of(BINDING), 4096, lookup, NULL);
	struct buf out;

	buf_init(&out, 4096);
	ck_assert_int_ne((int)scram_step(scram,
			     slice_of("y,,n=user,r=rOprNGfwEbeRWgbNEkqO"),
			     &out),
	    (int)SCRAM_CHALLENGE);
	buf_done(&out);
	scram_free(&scram);
	scram_library_free(&library);
}
END_TEST

START_TEST(the_salt_of_an_unknown_login_is_always_the_same)
{
	struct talk talk = { "none", "", "x", NULL, "", false, false,
		SCRAM_FAILED };
	char first[2][256];
	struct slice a, b;

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq((int)run(&talk, first[i], sizeof(first[i])),
		    (int)SCRAM_FAILED);
	a = slice_of(first[0]);
	b = slice_of(first[1]);
	/* r=... differs, s=...,i=... does not. */
	ck_assert(!slice_eq(a, b));
	(void)slice_take_until(&a, ',');
	(void)slice_take_until(&b, ',');
	ck_assert(slice_eq(a, b));
	ck_assert(slice_starts(a, "s="));
	ck_assert(slice_find_str(a, slice_of(",i=4096")) < a.n);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("scram");
	TCase *tc = tcase_create("scram");

	tcase_add_loop_test(tc, exchanges_end_as_they_should, 0,
	    sizeof(talks) / sizeof(talks[0]));
	tcase_add_test(tc, a_binding_of_another_channel_fails);
	tcase_add_test(tc, a_downgrade_is_noticed);
	tcase_add_test(tc, the_salt_of_an_unknown_login_is_always_the_same);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

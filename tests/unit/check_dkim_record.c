/*
 * unit/check_dkim_record.c - which keys of the DNS are any good.
 */
#include <check.h>
#include <string.h>

#include "base/buf.h"
#include "run.h"
#include "verify/dkim_record.h"

/* An exponent of 1000 bits: verifying would be as slow as signing. */
static const char long_exponent[] =
    "v=DKIM1; p="
    "MIIBHDANBgkqhkiG9w0BAQEFAAOCAQkAMIIBBAKBgQCOzh7NmQVsp62SebFL"
    "NvdAX6e0Ca0wAIWRU3Rpbo1kUn5awciGBXXjOZtCN0Lg0hkFKS1rii6ADUWP"
    "FQLXdYlGLPC5XPmVq8UNPqH91J9ukhYBPbbqy5WQt8nE62sKN8Quaq6IvICF"
    "k/b8doB5o25+Wj6N6F+EKwMf4W7tnQ01iwJ+APxJuZI+Srukgx5ljPgsKsCA"
    "LMfstgKBzXNlZDnVOeZCemm5fFN6s+l4SVx9SZNBTGO2ymIgv5KDlGkHXwF5"
    "D1QlncQJeH9VYDfDRdkWuBumBxipW3UaFjV4QgWYcPfvuHeU6uZYTtf1t7/N"
    "kjzoyMU9hXWdWTL6BUcRCBcV";
/* Of 1023 bits. */
static const char just_short[] =
    "v=DKIM1; p="
    "MIGeMA0GCSqGSIb3DQEBAQUAA4GMADCBiAKBgH7j9Rc74NfiyN/71yoE2/LA"
    "EiOPdMfQCyPm6Ihe/pr6WGqyw81h5gEbOAMTFszA8QDgthKWdVNNWZQgoNT1"
    "whyvIfqLLKEJHI7UTlVkcMxJsxWEUsi5k2DzN/saMrWnVtorRPhpKx7AVD70"
    "3dbMWdM2Jrx3MHoCT9SDxBvi+6MDAgMBAAE=";

#define ED "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="

/* clang-format off */
static const struct {
	const char *text;
	enum dkim_record_state state;
	bool testing, strict;
} records[] = {
	{ "v=DKIM1; " ED,		DKIM_RECORD_GOOD,	false,	false },
	{ ED,				DKIM_RECORD_GOOD,	false,	false },
	{ "v=DKIM1; t=y; " ED,		DKIM_RECORD_GOOD,	true,	false },
	{ "v=DKIM1; t=s; " ED,		DKIM_RECORD_GOOD,	false,	true },
	{ "v=DKIM1; t=x : s:Y; " ED,	DKIM_RECORD_GOOD,	true,	true },
	{ "v=DKIM1; h=*; " ED,		DKIM_RECORD_BAD,	false,	false },
	{ "v=DKIM1; s=*:x; " ED,	DKIM_RECORD_GOOD,	false,	false },
	{ "v=DKIM1; s=tlsrpt; " ED,	DKIM_RECORD_BAD,	false,	false },
	{ "v=dkim1; " ED,		DKIM_RECORD_BAD,	false,	false },
	{ "v=spf1 -all",		DKIM_RECORD_BAD,	false,	false },
	{ "p=",				DKIM_RECORD_REVOKED,	false,	false },
	{ "p=;",			DKIM_RECORD_REVOKED,	false,	false },
	{ "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo", DKIM_RECORD_BAD, false, false },
	{ long_exponent,		DKIM_RECORD_BAD,	false,	false },
	{ just_short,			DKIM_RECORD_SHORT,	false,	false },
};
/* clang-format on */

START_TEST(records_are_judged)
{
	struct dkim_record r;

	dkim_record_parse(slice_of(records[_i].text), &r);
	ck_assert_msg(r.state == records[_i].state, "%s: %d, %s",
	    records[_i].text, r.state, r.reason == NULL ? "" : r.reason);
	ck_assert_int_eq(r.state == DKIM_RECORD_GOOD, r.reason == NULL);
	ck_assert_int_eq(r.testing, records[_i].testing);
	ck_assert_int_eq(r.strict, records[_i].strict);
}
END_TEST

START_TEST(an_endless_key_is_refused)
{
	struct dkim_record r;
	struct buf text;

	buf_init(&text, 4000);
	buf_add_cstr(&text, "p=");
	for (size_t i = 0; i < 500; i++)
		buf_add_cstr(&text, "AAAA");
	dkim_record_parse(buf_slice(&text), &r);
	ck_assert_int_eq(r.state, DKIM_RECORD_BAD);
	ck_assert_str_eq(r.reason, "the key is too long");
	buf_done(&text);
}
END_TEST

START_TEST(names_are_made_within_the_limits_of_the_dns)
{
	char name[DNS_NAME_SIZE], label[65] = "";

	ck_assert(dkim_record_name(SLICE("a.b"), SLICE("c.d"), name));
	ck_assert_str_eq(name, "a.b._domainkey.c.d");
	ck_assert(!dkim_record_name(SLICE(""), SLICE("c.d"), name));
	ck_assert(!dkim_record_name(SLICE("a"), SLICE(""), name));
	ck_assert(!dkim_record_name(SLICE("a"), SLICE("b..c"), name));
	ck_assert(!dkim_record_name(SLICE("a b"), SLICE("c"), name));
	memset(label, 'x', 64);
	ck_assert(!dkim_record_name(slice_of(label), SLICE("c"), name));
	label[63] = '\0';
	ck_assert(dkim_record_name(slice_of(label), SLICE("c"), name));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dkim_record");
	TCase *t = tcase_create("dkim_record");

	tcase_add_loop_test(t, records_are_judged, 0,
	    sizeof(records) / sizeof(records[0]));
	tcase_add_test(t, an_endless_key_is_refused);
	tcase_add_test(t, names_are_made_within_the_limits_of_the_dns);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}

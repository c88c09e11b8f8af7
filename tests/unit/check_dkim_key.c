/*
 * unit/check_dkim_key.c - private keys: made, written, read, used.
 */
#include <check.h>
#include <string.h>

#include "run.h"
#include "verify/dkim_key.h"

enum { TEXT_MAX = 8192 };

START_TEST(a_new_key_is_written_and_read_again)
{
	enum dkim_key_type type = _i == 0 ? DKIM_KEY_RSA : DKIM_KEY_ED25519;
	struct dkim_key *key = dkim_key_generate(type), *again;
	struct dkim_record record;
	struct buf pem, text;

	buf_init(&pem, TEXT_MAX);
	buf_init(&text, TEXT_MAX);
	dkim_key_write(key, &pem);
	ck_assert(slice_starts(buf_slice(&pem), "-----BEGIN PRIVATE KEY-----"));
	again = dkim_key_new(buf_slice(&pem), NULL);
	ck_assert_ptr_nonnull(again);
	ck_assert_int_eq(dkim_key_type(again), type);
	ck_assert_uint_eq(dkim_key_bits(again), _i == 0 ? 2048 : 256);
	dkim_key_record(again, &text);
	dkim_record_parse(buf_slice(&text), &record);
	ck_assert_int_eq(record.state, DKIM_RECORD_GOOD);
	ck_assert(dkim_key_matches(key, &record));
	dkim_key_free(&again);
	again = dkim_key_generate(type);
	ck_assert(!dkim_key_matches(again, &record));
	dkim_key_free(&again);
	dkim_key_free(&key);
	buf_done(&text);
	buf_done(&pem);
}
END_TEST

/* The secret key of RFC 8463, A.2, and its record. */
START_TEST(the_key_of_rfc_8463_has_its_record)
{
	struct dkim_key *key = dkim_key_new(
	    SLICE(
		"-----BEGIN PRIVATE KEY-----\n"
		"MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g"
		"\n-----END PRIVATE KEY-----\n"),
	    NULL);
	struct buf text;

	ck_assert_ptr_nonnull(key);
	buf_init(&text, TEXT_MAX);
	dkim_key_record(key, &text);
	ck_assert_str_eq(buf_cstr(&text),
	    "v=DKIM1; k=ed25519; "
	    "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
	buf_done(&text);
	dkim_key_free(&key);
}
END_TEST

START_TEST(what_is_no_key_says_why)
{
	/* A P-256 key, an encrypted one, and none. */
	static const struct {
		const char *pem, *why;
	} bad[] = {
		{ "-----BEGIN PRIVATE KEY-----\n"
		  "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3Aur8qCAIAEMAc+I\n"
		  "6Lue15cpp54pDyLxml+v+R7uhjuhRANCAATzb9utH+llkSns/jzm2Gsmz1WTZ6+Z\n"
		  "D8A0ut2PNGHPc/HXiRRRAVmLHLXQDHIPBA6SzuC4JnRXuHm9PQSLuwuI\n"
		  "-----END PRIVATE KEY-----\n",
		    "is neither an RSA key nor an Ed25519 key" },
		{ "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
		  "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAha0qo1A/9V7gICCAAw\n"
		  "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEDp1dO5tTjGnl13s2ocVLEAEQBad\n"
		  "Whu/ioVv+EWrleER0RapnFYprY1fIlPa1/CkbIUlkD4Ja5lmqkBMxdjBsQebxPOH\n"
		  "tZ6EHKfGarNUw+TaOIg=\n"
		  "-----END ENCRYPTED PRIVATE KEY-----\n",
		    "is not a private key in PEM (without a pass phrase)" },
		{ "-----BEGIN PRIVATE KEY-----\n"
		  "MIIB5QIBADANBgkqhkiG9w0BAQEFAASCAc8wggHLAgEAAmEAsIS+sEZB6g+JiMUw\n"
		  "dMBlLAkE11LqvUduuM2ppkQSnzQ3uMO+Kh6sMKq4oGpjOXtJe0+IwtEY+kTs0bBS\n"
		  "P7L38Y6JvW+e7QRmKF6VeXWx5H8W89Ui6bJafp1aNG5YgXDjAgMBAAECYQCEFoFf\n"
		  "BOP0EzZWu0AcTZAnmIQf4LM5ekeXUIa/nTbWHUwJHaiiehtdu5K2r4WakO7YCGL0\n"
		  "W/YUct9zKReEJO3Uy55Yyicp/pS+cnTg2gXCzhY6ibPQ8RoI4nOR7C1MAWkCMQDg\n"
		  "+iyrMXZEhA3vcZRpNQkCrKbgAcCQLguFCa0Bua+gJeczDD0WNXmOZ040St0qwg8C\n"
		  "MQDI2/NAr3yfL+MzXOphQuYrhFdC19UEklT+ssulU9U5NEe0dzN015rA/MOcdNts\n"
		  "p+0CMEXCLNGUT6ilDbEeFbedg0K6CDBTOsM6E8ZXnrZ3Pha5SfwRImvdfuiB7cTX\n"
		  "JcbZTwIwWTLUY/WKsmbhzv2EWI0NCmZLGjQfNViGxlVAerswBadh8JK/FzRoVSvq\n"
		  "8qAykZ5BAjEA13zjZgMIC2aBkeb3PcHTw9uSGGWfG0gcb+mrTxZaW9K32s6hBDmb\n"
		  "ziJ2ZSYSDxb/\n"
		  "-----END PRIVATE KEY-----\n",
		    "has 768 bits; 1024 to 4096 are needed" },
		{ "", "is not a private key in PEM (without a pass phrase)" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct why why;

		ck_assert_ptr_null(dkim_key_new(slice_of(bad[i].pem), &why));
		ck_assert_str_eq(why.text, bad[i].why);
	}
}
END_TEST

START_TEST(selectors_are_names)
{
	ck_assert(dkim_selector_is_good(SLICE("s")));
	ck_assert(dkim_selector_is_good(SLICE("s2026-a.Mail.1")));
	ck_assert(!dkim_selector_is_good(SLICE("")));
	ck_assert(!dkim_selector_is_good(SLICE("a.")));
	ck_assert(!dkim_selector_is_good(SLICE(".a")));
	ck_assert(!dkim_selector_is_good(SLICE("a..b")));
	ck_assert(!dkim_selector_is_good(SLICE("-a")));
	ck_assert(!dkim_selector_is_good(SLICE("a-")));
	ck_assert(!dkim_selector_is_good(SLICE("a_b")));
	ck_assert(!dkim_selector_is_good(SLICE("a b")));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dkim_key");
	TCase *t = tcase_create("dkim_key");

	tcase_add_loop_test(t, a_new_key_is_written_and_read_again, 0, 2);
	tcase_add_test(t, the_key_of_rfc_8463_has_its_record);
	tcase_add_test(t, what_is_no_key_says_why);
	tcase_add_test(t, selectors_are_names);
	tcase_set_timeout(t, 30);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}

/* unit/check_received.c - our trace field, and strangers who would forge it. */
#include "tests/unit/run.h"

#include "mail/header.h"
#include "mail/received.h"

static struct received
common(void)
{
	struct received r = {
		.helo = SLICE("client.example"),
		.client_name = SLICE("mail.client.example"),
		.hostname = SLICE("mx.example.org"),
		.id = 0,
		.wall_ms = 1795489200000,
		.esmtp = true,
		.tls = SLICE_NONE,
		.recipient = SLICE("bob@example.net"),
	};

	ck_assert(ip_parse(SLICE("192.0.2.1"), &r.client));
	return r;
}

static void
setup(void)
{
	(void)setenv("TZ", "UTC", 1);
}

START_TEST(a_plain_session_is_one_short_field)
{
	struct received r = common();
	struct buf out;

	buf_init(&out, 10000);
	received_write(&r, &out);
	ck_assert_str_eq(buf_cstr(&out),
	    "Received: from client.example (mail.client.example [192.0.2.1])\r\n"
	    "\tby mx.example.org with ESMTP id 0000000000000\r\n"
	    "\tfor <bob@example.net>; Tue, 24 Nov 2026 03:00:00 +0000\r\n");
	buf_done(&out);
}
END_TEST

START_TEST(tls_and_ipv6_and_no_recipient)
{
	struct received r = common();
	struct buf out;

	ck_assert(ip_parse(SLICE("2001:db8::1"), &r.client));
	r.client_name = SLICE_NONE;
	r.tls = SLICE("TLSv1.3 TLS_AES_256_GCM_SHA384");
	r.authenticated = true;
	r.recipient = SLICE_NONE;
	buf_init(&out, 10000);
	received_write(&r, &out);
	ck_assert_str_eq(buf_cstr(&out),
	    "Received: from client.example (unknown [IPv6:2001:db8::1])\r\n"
	    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)\r\n"
	    "\tby mx.example.org with ESMTPSA id 0000000000000;\r\n"
	    "\tTue, 24 Nov 2026 03:00:00 +0000\r\n");
	buf_done(&out);
}
END_TEST

/* clang-format off */
static const struct {
	bool esmtp, utf8, tls, auth;
	const char *protocol;
} protocols[] = {
	{ false, false, false, false, "SMTP" },
	{ true,	 false, false, false, "ESMTP" },
	{ true,	 false, true,  false, "ESMTPS" },
	{ true,	 false, false, true,  "ESMTPA" },
	{ true,	 false, true,  true,  "ESMTPSA" },
	{ true,	 true,	false, false, "UTF8SMTP" },
	{ true,	 true,	true,  false, "UTF8SMTPS" },
	{ true,	 true,	false, true,  "UTF8SMTPA" },
	{ true,	 true,	true,  true,  "UTF8SMTPSA" },
};
/* clang-format on */

START_TEST(the_protocol_says_what_was_used)
{
	struct received r = common();

	r.esmtp = protocols[_i].esmtp;
	r.smtputf8 = protocols[_i].utf8;
	r.tls = protocols[_i].tls ? SLICE("TLSv1.2 X") : SLICE_NONE;
	r.authenticated = protocols[_i].auth;
	ck_assert_str_eq(received_protocol(&r), protocols[_i].protocol);
}
END_TEST

/* clang-format off */
static const char *const hostile[] = {
	"", "a b", "x\r\nBcc: me", "a) by forged (", "\"quoted\"", "<>", "\xff",
	"gr\xc3\xbc\xc3\x9f.example", "a;Tue", "\x1b[2J", "[192.0.2.1]",
};
/* clang-format on */

START_TEST(whatever_the_client_says_it_stays_one_field)
{
	struct received r = common();
	struct header_field field;
	struct slice rest;
	struct buf out, flat;

	buf_init(&out, 10000);
	buf_init(&flat, 10000);
	r.helo = slice_of(hostile[_i]);
	r.client_name = slice_of(hostile[_i]);
	r.recipient = slice_of(hostile[_i]);
	received_write(&r, &out);
	rest = buf_slice(&out);
	ck_assert(header_take(&rest, &field));
	ck_assert_uint_eq(rest.n, 0);
	header_unfold(field.body, &flat);
	ck_assert(!slice_has(buf_slice(&flat), '\r'));
	ck_assert(!slice_has(buf_slice(&flat), '\n'));
	ck_assert(!slice_has(buf_slice(&flat), '\x1b'));
	ck_assert(!header_needs_utf8(buf_slice(&flat)));
	/* One comment, ours; its only brackets are round the address. */
	rest = buf_slice(&flat);
	(void)slice_take_until(&rest, '(');
	rest = slice_take_until(&rest, ')');
	ck_assert(slice_ends_nocase(rest, " [192.0.2.1]"));
	buf_done(&out);
	buf_done(&flat);
}
END_TEST

START_TEST(utf8_names_stand_only_with_smtputf8)
{
	struct received r = common();
	struct buf out;

	r.recipient = SLICE("gr\xc3\xbc\xc3\x9f@example.net");
	r.smtputf8 = true;
	buf_init(&out, 10000);
	received_write(&r, &out);
	ck_assert_uint_lt(slice_find_str(buf_slice(&out), r.recipient), out.n);
	buf_done(&out);
}
END_TEST

START_TEST(without_a_network_there_is_no_address)
{
	struct received r = common();
	struct buf out;

	r.client = (struct ip){ 0 };
	r.helo = SLICE("localhost");
	r.esmtp = false;
	buf_init(&out, 10000);
	received_write(&r, &out);
	ck_assert(slice_starts(buf_slice(&out),
	    "Received: from localhost\r\n\tby mx.example.org with SMTP id "));
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("received");
	TCase *tc = tcase_create("received");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, a_plain_session_is_one_short_field);
	tcase_add_test(tc, tls_and_ipv6_and_no_recipient);
	tcase_add_loop_test(tc, the_protocol_says_what_was_used, 0,
	    sizeof(protocols) / sizeof(protocols[0]));
	tcase_add_loop_test(tc, whatever_the_client_says_it_stays_one_field, 0,
	    sizeof(hostile) / sizeof(hostile[0]));
	tcase_add_test(tc, utf8_names_stand_only_with_smtputf8);
	tcase_add_test(tc, without_a_network_there_is_no_address);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

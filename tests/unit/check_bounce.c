/* unit/check_bounce.c - who is told what, and reports that hold together. */
#include "tests/unit/run.h"

#include <errno.h>

#include "mail/header.h"
#include "tests/unit/bounce_samples.h"

enum { NULL_SENDER = 1, WARNED = 2, TO_POSTMASTER = 4, RELAYS = 8 };

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

/* clang-format off */
static const struct {
	enum fate_kind fate;
	unsigned notify, facts;
	enum bounce_kind owed;
} truth[] = {
	{ FATE_FAILED,	  0,		    0,		 BOUNCE_FAILURE },
	{ FATE_FAILED,	  NOTIFY_FAILURE,   0,		 BOUNCE_FAILURE },
	{ FATE_FAILED,	  NOTIFY_FAILURE,   WARNED,	 BOUNCE_FAILURE },
	{ FATE_FAILED,	  NOTIFY_SUCCESS | NOTIFY_FAILURE, 0, BOUNCE_FAILURE },
	{ FATE_FAILED,	  NOTIFY_SUCCESS,   0,		 BOUNCE_NOTHING },
	{ FATE_FAILED,	  NOTIFY_DELAY,	    0,		 BOUNCE_NOTHING },
	{ FATE_FAILED,	  NOTIFY_NEVER,	    0,		 BOUNCE_NOTHING },
	{ FATE_FAILED,	  0,		    TO_POSTMASTER, BOUNCE_FAILURE },
	{ FATE_FAILED,	  0,		    NULL_SENDER, BOUNCE_DOUBLE },
	{ FATE_FAILED,	  NOTIFY_FAILURE,   NULL_SENDER, BOUNCE_DOUBLE },
	{ FATE_FAILED,	  NOTIFY_NEVER,	    NULL_SENDER, BOUNCE_NOTHING },
	{ FATE_FAILED,	  NOTIFY_SUCCESS,   NULL_SENDER, BOUNCE_NOTHING },
	{ FATE_FAILED,	  0, NULL_SENDER | TO_POSTMASTER, BOUNCE_NOTHING },

	{ FATE_DEFERRED,  0,		    0,		 BOUNCE_DELAY },
	{ FATE_DEFERRED,  NOTIFY_DELAY,	    0,		 BOUNCE_DELAY },
	{ FATE_DEFERRED,  NOTIFY_FAILURE,   0,		 BOUNCE_NOTHING },
	{ FATE_DEFERRED,  NOTIFY_SUCCESS,   0,		 BOUNCE_NOTHING },
	{ FATE_DEFERRED,  NOTIFY_NEVER,	    0,		 BOUNCE_NOTHING },
	{ FATE_DEFERRED,  0,		    WARNED,	 BOUNCE_NOTHING },
	{ FATE_DEFERRED,  NOTIFY_DELAY,	    WARNED,	 BOUNCE_NOTHING },
	{ FATE_DEFERRED,  0,		    NULL_SENDER, BOUNCE_NOTHING },

	{ FATE_DELIVERED, 0,		    0,		 BOUNCE_NOTHING },
	{ FATE_DELIVERED, NOTIFY_SUCCESS,   0,		 BOUNCE_SUCCESS },
	{ FATE_DELIVERED, NOTIFY_SUCCESS,   WARNED,	 BOUNCE_SUCCESS },
	{ FATE_DELIVERED, NOTIFY_FAILURE,   0,		 BOUNCE_NOTHING },
	{ FATE_DELIVERED, NOTIFY_NEVER,	    0,		 BOUNCE_NOTHING },
	{ FATE_DELIVERED, NOTIFY_SUCCESS,   NULL_SENDER, BOUNCE_NOTHING },
	{ FATE_RELAYED,	  0,		    0,		 BOUNCE_NOTHING },
	{ FATE_RELAYED,	  NOTIFY_SUCCESS,   0,		 BOUNCE_SUCCESS },
	{ FATE_RELAYED,	  0,		    RELAYS,	 BOUNCE_SUCCESS },
	{ FATE_RELAYED,	  NOTIFY_DELAY,	    RELAYS,	 BOUNCE_SUCCESS },
	{ FATE_RELAYED,	  NOTIFY_FAILURE,   RELAYS,	 BOUNCE_NOTHING },
	{ FATE_RELAYED,	  NOTIFY_NEVER,	    RELAYS,	 BOUNCE_NOTHING },
	{ FATE_RELAYED,	  0, RELAYS | NULL_SENDER,	 BOUNCE_NOTHING },
	{ FATE_DELIVERED, 0,		    RELAYS,	 BOUNCE_NOTHING },
	{ FATE_PASSED,	  0,		    RELAYS,	 BOUNCE_NOTHING },
	{ FATE_EXPANDED,  0,		    0,		 BOUNCE_NOTHING },
	{ FATE_EXPANDED,  NOTIFY_SUCCESS,   0,		 BOUNCE_SUCCESS },
	{ FATE_PASSED,	  NOTIFY_SUCCESS,   0,		 BOUNCE_NOTHING },
	{ FATE_NONE,	  NOTIFY_SUCCESS | NOTIFY_FAILURE | NOTIFY_DELAY, 0, BOUNCE_NOTHING },
};
/* clang-format on */

START_TEST(what_is_owed_is_by_the_table)
{
	struct bounce_case c = {
		.fate = truth[_i].fate,
		.notify = (uint8_t)truth[_i].notify,
		.null_sender = (truth[_i].facts & NULL_SENDER) != 0,
		.warned = (truth[_i].facts & WARNED) != 0,
		.wants_relays = (truth[_i].facts & RELAYS) != 0,
		.to_postmaster = (truth[_i].facts & TO_POSTMASTER) != 0,
	};

	ck_assert_int_eq(bounce_decide(&c), truth[_i].owed);
}
END_TEST

static void
setup(void)
{
	(void)setenv("TZ", "UTC", 1);
}

static void
keep(struct slice s, void *arg)
{
	buf_add(arg, s);
}

static bool
has(const struct buf *report, const char *text)
{
	return slice_find_str(buf_slice(report), slice_of(text)) < report->n;
}

static const struct sample *
sample_of(const char *name)
{
	for (size_t i = 0; i < SAMPLE_COUNT; i++)
		if (strcmp(samples[i].name, name) == 0)
			return &samples[i];
	ck_abort_msg("no sample %s", name);
}

static struct bounce_envelope
write_report(const char *name, size_t full_max, struct buf *out)
{
	struct bounce_envelope envelope;

	buf_init(out, 1 << 20);
	ck_assert_int_eq(sample_write(sample_of(name), full_max, sample_read,
			     keep, out, &envelope),
	    0);
	ck_assert(!buf_failed(out));
	return envelope;
}

START_TEST(a_report_is_lines_of_allowed_length_and_bytes)
{
	struct bounce_envelope envelope;
	struct slice rest;
	struct buf out;

	envelope = write_report(samples[_i].name, 100000, &out);
	rest = buf_slice(&out);
	while (rest.n > 0) {
		struct slice line = slice_head(rest, slice_find(rest, '\n'));

		ck_assert_uint_lt(line.n, rest.n);
		ck_assert_uint_le(line.n, 999);
		ck_assert(line.n > 0 && line.p[line.n - 1] == '\r');
		ck_assert_uint_eq(slice_find(line, '\r'), line.n - 1);
		ck_assert(!slice_has(line, '\0'));
		rest = slice_skip(rest, line.n + 1);
	}
	ck_assert_int_eq(header_needs_utf8(buf_slice(&out)),
	    envelope.body == BODY_8BITMIME);
	ck_assert(!envelope.smtputf8 || envelope.body == BODY_8BITMIME);
	buf_done(&out);
}
END_TEST

START_TEST(a_report_has_its_header_and_three_parts)
{
	static const char *const names[] = { "Date", "From", "To", "Subject",
		"Message-ID", "MIME-Version", "Content-Type",
		"Auto-Submitted" };
	struct slice rest, boundary = SLICE("\r\n--report-0000000000007-");
	struct header_field field;
	unsigned parts = 0;
	struct buf out;

	(void)write_report(samples[_i].name, 100000, &out);
	for (int i = 0; i < COUNT(names); i++)
		ck_assert_uint_eq(header_count(buf_slice(&out), names[i]), 1);
	ck_assert(header_find(buf_slice(&out), "Auto-Submitted", &field));
	ck_assert(slice_is(field.body, " auto-replied"));
	ck_assert_uint_eq(header_count(buf_slice(&out), "Bcc"), 0);
	rest = slice_skip(buf_slice(&out), header_length(buf_slice(&out)));
	if (strcmp(samples[_i].name, "hostile") != 0) {
		for (size_t at; (at = slice_find_str(rest, boundary)) < rest.n;
		     parts++)
			rest = slice_skip(rest, at + 1);
		ck_assert_uint_eq(parts, 4);
	}
	ck_assert(slice_ends_nocase(buf_slice(&out), "--\r\n"));
	buf_done(&out);
}
END_TEST

START_TEST(a_failure_reads_so)
{
	struct bounce_envelope envelope;
	struct buf out;

	envelope = write_report("failure", 0, &out);
	ck_assert(slice_is(envelope.recipient, "alice@example.org"));
	ck_assert_int_eq(envelope.body, BODY_7BIT);
	ck_assert(!envelope.smtputf8);
	ck_assert(has(&out, "\r\nTo: <alice@example.org>\r\n"));
	ck_assert(has(&out,
	    "\r\nSubject: Undelivered: your message to bob@example.net\r\n"));
	ck_assert(has(&out, "\r\nIn-Reply-To: <one@example.org>\r\n"));
	ck_assert(has(&out, "\r\n    Subject: Lunch on Friday?\r\n"));
	ck_assert(has(&out,
	    "\r\n<bob@example.net>\r\n"
	    "    There is no mailbox with that address."));
	ck_assert(has(&out,
	    "\r\n    In the words of the server mx.example.net:\r\n"
	    "      550 5.1.1 <bob@example.net>: no such user here\r\n"));
	ck_assert(has(&out,
	    "\r\n\r\nReporting-MTA: dns; mx.example.org\r\n"
	    "Original-Envelope-Id: QQ+1\r\n"
	    "Arrival-Date: Tue, 24 Nov 2026 03:00:00 +0000\r\n"
	    "\r\n"
	    "Original-Recipient: rfc822;b+ob@example.net\r\n"
	    "Final-Recipient: rfc822; bob@example.net\r\n"
	    "Action: failed\r\n"
	    "Status: 5.1.1\r\n"
	    "Remote-MTA: dns; mx.example.net\r\n"
	    "Diagnostic-Code: smtp; 550 5.1.1 <bob@example.net>: no such user "
	    "here\r\n"
	    "Last-Attempt-Date: Sat, 28 Nov 2026 03:00:00 +0000\r\n"
	    "\r\n--report-0000000000007-0\r\n"
	    "Content-Type: text/rfc822-headers\r\n"));
	ck_assert(has(&out, "\r\n\r\nReceived: from here\r\n"));
	ck_assert(!has(&out, "Shall we?"));
	ck_assert(!has(&out, "Will-Retry-Until"));
	buf_done(&out);
}
END_TEST

START_TEST(the_whole_comes_back_if_asked_for_and_small)
{
	struct buf out;

	(void)write_report("full", strlen(sample_plain), &out);
	ck_assert(has(&out, "\r\nContent-Type: message/rfc822\r\n"));
	ck_assert(has(&out, sample_plain));
	buf_done(&out);
	(void)write_report("full", strlen(sample_plain) - 1, &out);
	ck_assert(has(&out, "\r\nContent-Type: text/rfc822-headers\r\n"));
	ck_assert(!has(&out, "Shall we?"));
	buf_done(&out);
	(void)write_report("delay", 100000, &out);
	ck_assert(!has(&out, "Shall we?"));
	buf_done(&out);
}
END_TEST

START_TEST(eight_bits_are_declared)
{
	struct bounce_envelope envelope;
	struct buf out;

	envelope = write_report("eight-bit", 100000, &out);
	ck_assert_int_eq(envelope.body, BODY_8BITMIME);
	ck_assert(has(&out,
	    "\r\nContent-Type: message/rfc822\r\n"
	    "Content-Transfer-Encoding: 8bit\r\n"));
	ck_assert_uint_eq(header_count(buf_slice(&out),
			      "Content-Transfer-Encoding"),
	    1);
	buf_done(&out);
}
END_TEST

START_TEST(a_delay_says_until_when)
{
	struct buf out;

	(void)write_report("delay", 0, &out);
	ck_assert(has(&out, "\r\nAction: delayed\r\nStatus: 4.4.1\r\n"));
	ck_assert(has(&out,
	    "\r\nWill-Retry-Until: Mon, 30 Nov 2026 03:00:00 +0000\r\n"));
	ck_assert(has(&out, "bob@example.net and one other\r\n"));
	ck_assert(has(&out, "\r\nFinal-Recipient: rfc822; carol@example.com"));
	ck_assert(!has(&out, "Remote-MTA"));
	ck_assert(has(&out, "\r\nDiagnostic-Code: x-mtad; 451 4.4.1 "));
	ck_assert(has(&out, "no need to send it"));
	buf_done(&out);
}
END_TEST

START_TEST(time_that_ran_out_may_be_tried_again)
{
	struct buf out;

	(void)write_report("expired", 0, &out);
	ck_assert(has(&out, "\r\nAction: failed\r\nStatus: 4.4.7\r\n"));
	ck_assert(has(&out, "We have tried for 5 days and give up now."));
	ck_assert(has(&out,
	    "    In the words of our system, about the server mx.example.net:"));
	buf_done(&out);
}
END_TEST

START_TEST(a_success_says_what_is_known)
{
	struct buf out;

	(void)write_report("success", 0, &out);
	ck_assert(has(&out, "\r\nSubject: Sent on: your message to bob@"));
	ck_assert(has(&out, "\r\nAction: relayed\r\nStatus: 2.0.0\r\n"));
	ck_assert(has(&out, "you may hear no more of it"));
	buf_done(&out);
	(void)write_report("mailbox", 0, &out);
	ck_assert(has(&out, "\r\nSubject: Delivered: your message to bob@"));
	ck_assert(has(&out, "\r\nAction: delivered\r\nStatus: 2.1.5\r\n"));
	ck_assert(has(&out, "    It is in the mailbox.\r\n"));
	buf_done(&out);
}
END_TEST

START_TEST(a_double_bounce_goes_to_the_postmaster)
{
	struct bounce_envelope envelope;
	struct buf out;

	envelope = write_report("double", 0, &out);
	ck_assert(slice_is(envelope.recipient, "postmaster@example.org"));
	ck_assert(has(&out, "\r\nTo: <postmaster@example.org>\r\n"));
	ck_assert(has(&out, "The message has no sender"));
	buf_done(&out);
}
END_TEST

START_TEST(a_sender_in_utf8_gets_a_report_in_utf8)
{
	struct bounce_envelope envelope;
	struct buf out;

	envelope = write_report("utf8", 100000, &out);
	ck_assert(envelope.smtputf8);
	ck_assert(slice_is(envelope.recipient, SAMPLE_ALICE_UTF8));
	ck_assert(has(&out, "\r\nTo: <" SAMPLE_ALICE_UTF8 ">\r\n"));
	ck_assert(
	    has(&out, "\r\nContent-Type: message/global-delivery-status\r\n"));
	ck_assert(
	    has(&out, "\r\nFinal-Recipient: utf-8; " SAMPLE_BOB_UTF8 "\r\n"));
	ck_assert(has(&out, "\r\nContent-Type: message/global\r\n"));
	ck_assert(has(&out, sample_utf8));
	ck_assert(has(&out, "smtp; 550 5.1.1 gr\xc3\xbc\xc3\x9f\r\n"));
	buf_done(&out);
}
END_TEST

START_TEST(a_sender_in_ascii_gets_ascii_whatever_the_recipient)
{
	struct bounce_envelope envelope;
	struct buf out;

	envelope = write_report("utf8-to-ascii", 100000, &out);
	ck_assert(!envelope.smtputf8);
	ck_assert_int_eq(envelope.body, BODY_7BIT);
	ck_assert(has(&out,
	    "\r\nOriginal-Recipient: utf-8;b\\x{F6}b@example.net\r\n"
	    "Final-Recipient: utf-8; b\\x{F6}b@example.net\r\n"));
	ck_assert(has(&out,
	    "\r\nContent-Type: message/global-headers\r\n"
	    "Content-Transfer-Encoding: base64\r\n"));
	ck_assert(has(&out, "\r\nU3ViamVjdDogZ3L"));
	buf_done(&out);
}
END_TEST

START_TEST(a_boundary_stands_nowhere_in_the_original)
{
	struct buf out;

	(void)write_report("hostile", 0, &out);
	ck_assert(has(&out, "\tboundary=\"report-0000000000007-1\"\r\n"));
	ck_assert(!has(&out, "\r\nBcc:"));
	ck_assert(!has(&out, "\x1b"));
	ck_assert(!has(&out, "In-Reply-To"));
	buf_done(&out);
}
END_TEST

START_TEST(many_recipients_are_all_in_the_fields)
{
	struct slice rest;
	struct buf out;
	unsigned groups = 0;
	size_t at;

	(void)write_report("no-header", 0, &out);
	ck_assert(has(&out, "And 30 more, all named"));
	ck_assert(has(&out, "bob@example.net and 49 others\r\n"));
	for (rest = buf_slice(&out);
	     (at = slice_find_str(rest, SLICE("\r\nAction: failed\r\n"))) <
	     rest.n;
	     groups++)
		rest = slice_skip(rest, at + 1);
	ck_assert_uint_eq(groups, 50);
	ck_assert(!has(&out, "no field at all"));
	buf_done(&out);
}
END_TEST

static int64_t
fail_to_read(uint64_t offset, char *bytes, size_t n, void *arg)
{
	return offset < 14 ? sample_read(offset, bytes, n, arg) : -EIO;
}

START_TEST(an_original_that_cannot_be_read_makes_no_report)
{
	struct bounce_envelope envelope;
	struct buf out;

	buf_init(&out, 1 << 20);
	ck_assert_int_eq(sample_write(sample_of("failure"), 0, fail_to_read,
			     keep, &out, &envelope),
	    -EIO);
	ck_assert_uint_eq(out.n, 0);
	buf_done(&out);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bounce");
	TCase *tc = tcase_create("bounce");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_loop_test(tc, what_is_owed_is_by_the_table, 0, COUNT(truth));
	tcase_add_loop_test(tc, a_report_is_lines_of_allowed_length_and_bytes,
	    0, SAMPLE_COUNT);
	tcase_add_loop_test(tc, a_report_has_its_header_and_three_parts, 0,
	    SAMPLE_COUNT);
	tcase_add_test(tc, a_failure_reads_so);
	tcase_add_test(tc, the_whole_comes_back_if_asked_for_and_small);
	tcase_add_test(tc, eight_bits_are_declared);
	tcase_add_test(tc, a_delay_says_until_when);
	tcase_add_test(tc, time_that_ran_out_may_be_tried_again);
	tcase_add_test(tc, a_success_says_what_is_known);
	tcase_add_test(tc, a_double_bounce_goes_to_the_postmaster);
	tcase_add_test(tc, a_sender_in_utf8_gets_a_report_in_utf8);
	tcase_add_test(tc, a_sender_in_ascii_gets_ascii_whatever_the_recipient);
	tcase_add_test(tc, a_boundary_stands_nowhere_in_the_original);
	tcase_add_test(tc, many_recipients_are_all_in_the_fields);
	tcase_add_test(tc, an_original_that_cannot_be_read_makes_no_report);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

/*
 * unit/check_dkim_sign.c - what we sign verifies, is folded, holds against
 * additions, survives relays; and who signs for which author.
 */
#include <check.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "dkim_scene.h"
#include "run.h"
#include "verify/dkim_tags.h"

enum { MESSAGE_MAX = 8 << 20 };

static struct dkim_library *library;
static struct dkim_signers *signers;
static struct answers *answers;
static struct buf message;

static void
add_signer(const char *domain, const char *selector, const char *pem)
{
	struct why why;

	ck_assert_msg(dkim_signers_add(signers, slice_of(domain),
			  slice_of(selector), slice_of(pem), &why),
	    "%s", why.text);
}

static void
setup(void)
{
	library = dkim_library_new();
	must(library != NULL);
	answers = scene_answers();
	buf_init(&message, MESSAGE_MAX);
	signers = dkim_signers_new();
	add_signer("b.example", "r1", scene_rsa_pem);
	add_signer("b.example", "e1", scene_ed25519_pem);
	scene_put_key(answers, "r1._domainkey.b.example", scene_rsa_pem, "");
	scene_put_key(answers, "e1._domainkey.b.example", scene_ed25519_pem,
	    "");
}

static void
teardown(void)
{
	dkim_signers_free(&signers);
	buf_done(&message);
	answers_free(&answers);
	dkim_library_free(&library);
}

static void
sign(struct slice text, size_t run)
{
	const struct dkim_signer *s = dkim_signers_of_header(signers, text);

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(scene_sign_whole(s, text, run, &message), 0);
}

/* All signatures have that result. */
static void
expect_all(enum dkim_result result)
{
	struct dkim_verify *v =
	    scene_verify(library, buf_slice(&message), 1000);

	ck_assert(dkim_verify_judge(v, answers));
	ck_assert_uint_eq(dkim_verify_count(v), 2);
	for (size_t i = 0; i < 2; i++) {
		const struct dkim_field *f =
		    &dkim_verify_signature(v, i)->field;

		ck_assert_msg(f->result == result, "%s (%s)\n%.*s",
		    dkim_result_name(f->result), f->reason,
		    SLICE_ARGS(slice_head(buf_slice(&message), 3000)));
	}
	dkim_verify_free(&v);
}

#define FROM "From: a@b.example\r\n"

/* clang-format off */
static const char *const messages[] = {
	FROM "\r\n",
	FROM "\r\n\r\n",
	FROM "\r\n\r\n\r\n\r\n",
	FROM "\r\nHello\r\n",
	FROM "\r\nHello",
	FROM "\r\nHello ",
	FROM "\r\n \r\n",
	FROM "\r\n \t \r\n\r\n \r\n",
	FROM "\r\nHello \t you \r\n\r\n\r\n\tand\tyou\t\r\n\r\n",
	FROM "\r\n\r\n\r\nx\r\n\r\n\r\n\r\ny\r\n \r\n\r\n",
	FROM "\r\ntwo  spaces   three    four\r\n a\r\n  b\r\n",
	FROM "\r\n8-bit \xc3\xa4\xff\x80 text\r\n",
	"From:a@b.example\r\nSubject:\r\nTo:\r\n\r\nx\r\n",
	"From :\r\n\ta@b.example\r\nSUBJECT  : \t odd\r\n\t  \r\n folding \t \r\n\r\nx\r\n",
	"From: \"A, B <x@y.example>\" (c@d.example) <a@b.example>\r\nSubject: =?utf-8?q?=C3=A4?=\r\n\r\nx\r\n",
	"Received: x\r\nReceived: y\r\nTo: 1\r\n" FROM "To: 2\r\nCc: 3\r\nTo: 4\r\nDate: Tue\r\nMessage-ID: <a@b>\r\n\r\nx\r\n",
	FROM "Subject: \xc3\xa4 in UTF-8\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\n\r\n\xc3\xa4\r\n",
	FROM "List-Unsubscribe: <https://b.example>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nSender: s@b.example\r\nX: y\r\n\r\nx\r\n",
};
/* clang-format on */

START_TEST(what_we_sign_verifies)
{
	static const size_t runs[] = { 1, 2, 3, 7, 100000 };

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		buf_reset(&message);
		sign(slice_of(messages[_i]), runs[i]);
		expect_all(DKIM_RESULT_PASS);
	}
}
END_TEST

START_TEST(large_bodies_verify_in_any_pieces)
{
	struct buf text;

	buf_init(&text, MESSAGE_MAX);
	buf_add_cstr(&text, FROM "\r\n");
	for (unsigned i = 0; i < 60000; i++)
		buf_addf(&text, "%u%s%s\r\n", i * 7919,
		    i % 3 == 0 ? " and  \t more " : "",
		    i % 1000 == 0 ? "\r\n\r\n\r\n" : "");
	sign(buf_slice(&text), (size_t)_i);
	expect_all(DKIM_RESULT_PASS);
	buf_done(&text);
}
END_TEST

/* --- the form of the field --- */

START_TEST(the_field_is_folded_and_in_front)
{
	struct slice rest, line;
	size_t fields = 0;

	sign(slice_of(messages[15]), 10);
	rest = buf_slice(&message);
	while (
	    slice_take_line(&rest, &line) && !slice_is(line, "Received: x")) {
		ck_assert_uint_le(line.n, 77);
		ck_assert(line.n > 1);
		fields += slice_starts(line, "DKIM-Signature: ");
		ck_assert(slice_starts(line, "DKIM-Signature: v=1; a=") ||
		    line.p[0] == '\t');
	}
	ck_assert_uint_eq(fields, 2);
}
END_TEST

START_TEST(the_tags_are_as_they_should_be)
{
	struct header_field field;
	struct dkim_tags tags;
	struct slice value;
	char names[1000];

	sign(slice_of(messages[15]), 10);
	ck_assert(header_find(buf_slice(&message), "DKIM-Signature", &field));
	ck_assert(dkim_tags_parse(field.body, &tags));
	ck_assert(dkim_tags_get(&tags, "a", &value));
	ck_assert(slice_is(value, "rsa-sha256"));
	ck_assert(dkim_tags_get(&tags, "c", &value));
	ck_assert(slice_is(value, "relaxed/relaxed"));
	ck_assert(dkim_tags_get(&tags, "d", &value));
	ck_assert(slice_is(value, "b.example"));
	ck_assert(dkim_tags_get(&tags, "s", &value));
	ck_assert(slice_is(value, "r1"));
	ck_assert(dkim_tags_get(&tags, "t", &value));
	ck_assert(slice_is(value, "1700000000"));
	ck_assert(dkim_tags_get(&tags, "h", &value));
	ck_assert(dkim_value_compact(value, names, sizeof(names)));
	ck_assert_str_eq(names,
	    "From:From:To:To:To:To:Cc:Cc:Subject:Date:Date:Message-ID:"
	    "Message-ID:Reply-To:In-Reply-To:References:MIME-Version:"
	    "Content-Type:Content-Transfer-Encoding");
}
END_TEST

/* --- what holds and what breaks --- */

/* clang-format off */
static const struct {
	const char *added;
	enum dkim_result result;
} additions[] = {
	{ "Received: by a relay\r\n",		DKIM_RESULT_PASS },
	{ "Return-Path: <a@b.example>\r\n",	DKIM_RESULT_PASS },
	{ "Authentication-Results: x; none\r\n", DKIM_RESULT_PASS },
	{ "Message-ID: <1@relay>\r\nDate: x\r\n", DKIM_RESULT_PASS },
	{ "Sender: list@c.example\r\nList-ID: <x>\r\n", DKIM_RESULT_PASS },
	{ "From: evil@c.example\r\n",		DKIM_RESULT_FAIL },
	{ "To: evil@c.example\r\n",		DKIM_RESULT_FAIL },
	{ "Subject: evil\r\n",			DKIM_RESULT_FAIL },
	{ "Reply-To: evil@c.example\r\n",	DKIM_RESULT_FAIL },
	{ "Content-Type: text/html\r\n",	DKIM_RESULT_FAIL },
	{ "Content-Transfer-Encoding: base64\r\n", DKIM_RESULT_FAIL },
};
/* clang-format on */

START_TEST(a_field_that_is_added_breaks_what_it_should)
{
	struct buf text;

	sign(slice_of(messages[3]), 10);
	buf_init(&text, MESSAGE_MAX);
	buf_add_cstr(&text, additions[_i].added);
	buf_add(&text, buf_slice(&message));
	buf_reset(&message);
	buf_add(&message, buf_slice(&text));
	buf_done(&text);
	expect_all(additions[_i].result);
}
END_TEST

START_TEST(text_that_is_added_breaks_it)
{
	sign(slice_of(messages[3]), 10);
	buf_add_cstr(&message, "\r\n\r\n");
	expect_all(DKIM_RESULT_PASS);
	buf_add_cstr(&message, "more\r\n");
	expect_all(DKIM_RESULT_FAIL);
}
END_TEST

START_TEST(no_room_and_too_many_fields_add_nothing)
{
	const struct dkim_signer *s =
	    dkim_signers_of_domain(signers, SLICE("b.example"));
	struct dkim_sign *one;
	struct buf small, text;

	buf_init(&small, 700); /* a signature and a half */
	buf_add_cstr(&small, "before");
	one = dkim_sign_new(s, SLICE(FROM "\r\n"));
	ck_assert_int_eq(dkim_sign_end(one, 0, &small), ERR_LIMIT);
	ck_assert(slice_is(buf_slice(&small), "before"));
	ck_assert(!buf_failed(&small));
	dkim_sign_free(&one);
	buf_done(&small);
	buf_init(&text, MESSAGE_MAX);
	for (size_t i = 0; i <= DKIM_SIGNED_FIELDS_MAX; i++)
		buf_add_cstr(&text, "To: x\r\n");
	one = dkim_sign_new(s, buf_slice(&text));
	ck_assert_int_eq(dkim_sign_end(one, 0, &message), ERR_LIMIT);
	ck_assert_uint_eq(message.n, 0);
	dkim_sign_free(&one);
	buf_done(&text);
}
END_TEST

START_TEST(as_many_fields_as_may_be_still_fit)
{
	const struct dkim_signer *s =
	    dkim_signers_of_domain(signers, SLICE("b.example"));
	struct dkim_sign *one;
	struct buf text;

	buf_init(&text, MESSAGE_MAX);
	for (size_t i = 0; i < DKIM_SIGNED_FIELDS_MAX; i++)
		buf_add_cstr(&text, "Content-Transfer-Encoding: 8bit\r\n");
	one = dkim_sign_new(s, buf_slice(&text));
	ck_assert_int_eq(dkim_sign_end(one, 0, &message), 0);
	ck_assert_uint_le(message.n, 2 * DKIM_SIGNATURE_MAX);
	dkim_sign_free(&one);
	buf_done(&text);
}
END_TEST

/* --- who signs --- */

/* clang-format off */
static const struct {
	const char *from, *domain;
} authors[] = {
	{ "a@b.example",				"b.example" },
	{ "<a@B.Example>",				"B.Example" },
	{ "A <a@b.example>, B <c@d.example>",		"b.example" },
	{ "\"x@y, \\\" <q@r>\" <a@b.example>",		"b.example" },
	{ "(c (d@e) \\) f) a@b.example (x@y)",		"b.example" },
	{ "Group: a@b.example, c@d.example;",		"b.example" },
	{ "A <@c.example,@d.example:a@b.example>",	"b.example" },
	{ "\"a@x\"@b.example",				"b.example" },
	{ "a @ b . example",				"b.example" },
	{ "a@\r\n b.example",				"b.example" },
	{ "a@b\xc3\xa4.example",			"b\xc3\xa4.example" },
	{ "a",						NULL },
	{ "",						NULL },
	{ "a@",						NULL },
	{ "Group:;",					NULL },
	{ "\"a@b.example",				NULL },
	{ "(a@b.example",				NULL },
};
/* clang-format on */

START_TEST(the_author_is_found)
{
	char domain[DNS_NAME_SIZE];

	buf_addf(&message, "To: x@y\r\nFrom: %s\r\n\r\n", authors[_i].from);
	ck_assert_int_eq(dkim_author_domain(buf_slice(&message), domain),
	    authors[_i].domain != NULL);
	if (authors[_i].domain != NULL)
		ck_assert_str_eq(domain, authors[_i].domain);
}
END_TEST

static const char *
who_signs(const char *domain)
{
	const struct dkim_signer *s =
	    dkim_signers_of_domain(signers, slice_of(domain));

	return s == NULL ? "nobody" : dkim_signer_domain(s);
}

START_TEST(the_nearest_domain_signs)
{
	add_signer("d.c.b.example", "s", scene_rsa_pem);
	add_signer("\xc3\xa4.example", "s", scene_ed25519_pem);
	ck_assert_str_eq(who_signs("b.example"), "b.example");
	ck_assert_str_eq(who_signs("B.EXAMPLE"), "b.example");
	ck_assert_str_eq(who_signs("c.b.example"), "b.example");
	ck_assert_str_eq(who_signs("d.c.b.example"), "d.c.b.example");
	ck_assert_str_eq(who_signs("e.d.c.b.example"), "d.c.b.example");
	ck_assert_str_eq(who_signs("ab.example"), "nobody");
	ck_assert_str_eq(who_signs("example"), "nobody");
	ck_assert_str_eq(who_signs("[192.0.2.1]"), "nobody");
	ck_assert_str_eq(who_signs(""), "nobody");
	ck_assert_str_eq(who_signs("\xc3\x84.example"), "xn--4ca.example");
	ck_assert_str_eq(who_signs("a.xn--4ca.example"), "xn--4ca.example");
}
END_TEST

START_TEST(what_can_not_sign_is_refused)
{
	static const struct {
		const char *domain, *selector, *pem, *why;
	} bad[] = {
		{ "b.example", "r1", scene_rsa_pem,
		    "has a selector that stands there twice" },
		{ "b..example", "s", scene_rsa_pem,
		    "is for a domain that is no name" },
		{ "b.example", "a_b", scene_rsa_pem,
		    "has a bad selector; letters, digits and \"-\" (and \".\" "
		    "between) are good" },
		{ "b.example", "", scene_rsa_pem,
		    "has a bad selector; letters, digits and \"-\" (and \".\" "
		    "between) are good" },
		{ "b.example", "s", "hello",
		    "is not a private key in PEM (without a pass phrase)" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct why why;

		ck_assert(!dkim_signers_add(signers, slice_of(bad[i].domain),
		    slice_of(bad[i].selector), slice_of(bad[i].pem), &why));
		ck_assert_str_eq(why.text, bad[i].why);
	}
	for (char s[] = "a"; s[0] <= 'f'; s[0]++)
		add_signer("b.example", s, scene_rsa_pem);
	ck_assert(!dkim_signers_add(signers, SLICE("b.example"), SLICE("g"),
	    slice_of(scene_rsa_pem), NULL));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dkim_sign");
	TCase *t = tcase_create("dkim_sign");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, what_we_sign_verifies, 0,
	    sizeof(messages) / sizeof(messages[0]));
	tcase_add_loop_test(t, large_bodies_verify_in_any_pieces, 4090, 4100);
	tcase_add_test(t, the_field_is_folded_and_in_front);
	tcase_add_test(t, the_tags_are_as_they_should_be);
	tcase_add_loop_test(t, a_field_that_is_added_breaks_what_it_should, 0,
	    sizeof(additions) / sizeof(additions[0]));
	tcase_add_test(t, text_that_is_added_breaks_it);
	tcase_add_test(t, no_room_and_too_many_fields_add_nothing);
	tcase_add_test(t, as_many_fields_as_may_be_still_fit);
	tcase_add_loop_test(t, the_author_is_found, 0,
	    sizeof(authors) / sizeof(authors[0]));
	tcase_add_test(t, the_nearest_domain_signs);
	tcase_add_test(t, what_can_not_sign_is_refused);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}

/*
 * unit/check_dkim_verify.c - signatures of the RFCs and of ours, good, changed
 * and with everything that can be wrong; keys come from a table.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "dkim_scene.h"
#include "run.h"

enum { MESSAGE_MAX = 1 << 20 };

static struct dkim_library *library;
static struct answers *answers;
static struct buf message;

static void
setup(void)
{
	library = dkim_library_new();
	must(library != NULL);
	answers = scene_answers();
	buf_init(&message, MESSAGE_MAX);
}

static void
teardown(void)
{
	buf_done(&message);
	answers_free(&answers);
	dkim_library_free(&library);
}

/* --- the vectors of RFC 8463, A, and RFC 6376, A --- */

#define FOOTBALL_8463                                                      \
	"From: Joe SixPack <joe@football.example.com>\r\n"                 \
	"To: Suzie Q <suzie@shopping.example.net>\r\n"                     \
	"Subject: Is dinner ready?\r\n"                                    \
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"                  \
	"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n" \
	"\r\n"                                                             \
	"Hi.\r\n"                                                          \
	"\r\n"                                                             \
	"We lost the game.  Are you hungry yet?\r\n"                       \
	"\r\n"                                                             \
	"Joe.\r\n"

static const char rfc8463[] =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n" FOOTBALL_8463;

static const char rfc6376[] =
    "DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
    "      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
    "      h=Received : From : To : Subject : Date : Message-ID;\r\n"
    "      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    "      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
    "      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
    "      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
    "      4bmp/YzhwvcubU4=;\r\n"
    "Received: from client1.football.example.com  [192.0.2.1]\r\n"
    "      by submitserver.example.com with SUBMISSION;\r\n"
    "      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n"
    "\r\n"
    "We lost the game. Are you hungry yet?\r\n"
    "\r\n"
    "Joe.\r\n";

static void
put_keys_of_rfcs(void)
{
	scene_put_txt(answers, "brisbane._domainkey.football.example.com",
	    SLICE("v=DKIM1; k=ed25519; "
		  "p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="));
	scene_put_txt(answers, "test._domainkey.football.example.com",
	    SLICE("v=DKIM1; k=rsa; "
		  "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6N"
		  "pP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3Fu"
		  "tACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZ"
		  "yVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"));
	scene_put_txt(answers, "brisbane._domainkey.example.com",
	    SLICE("v=DKIM1; "
		  "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9Z"
		  "JW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631u"
		  "BItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY"
		  "9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"));
}

static void
expect(const struct dkim_verify *v, size_t i, enum dkim_result result)
{
	const struct dkim_field *f = &dkim_verify_signature(v, i)->field;

	ck_assert_msg(f->result == result, "signature %zu: %s (%s), not %s", i,
	    dkim_result_name(f->result), f->reason, dkim_result_name(result));
}

START_TEST(the_vector_of_rfc_8463_passes)
{
	struct dkim_verify *v =
	    scene_verify(library, slice_of(rfc8463), (size_t)_i);
	const struct dkim_signature *s;

	put_keys_of_rfcs();
	ck_assert(dkim_verify_judge(v, answers));
	ck_assert_uint_eq(dkim_verify_count(v), 2);
	expect(v, 0, DKIM_RESULT_PASS);
	expect(v, 1, DKIM_RESULT_PASS);
	s = dkim_verify_signature(v, 0);
	ck_assert_str_eq(s->field.domain, "football.example.com");
	ck_assert_str_eq(s->field.selector, "brisbane");
	ck_assert_str_eq(s->field.identity, "@football.example.com");
	ck_assert_str_eq(s->field.algorithm, "ed25519-sha256");
	ck_assert_str_eq(s->field.b, "/gCrinpc");
	ck_assert_uint_eq(s->bits, 256);
	ck_assert_uint_eq(dkim_verify_signature(v, 1)->bits, 1024);
	dkim_verify_free(&v);
}
END_TEST

START_TEST(the_vector_of_rfc_6376_passes)
{
	struct dkim_verify *v =
	    scene_verify(library, slice_of(rfc6376), (size_t)_i);

	put_keys_of_rfcs();
	ck_assert(dkim_verify_judge(v, answers));
	expect(v, 0, DKIM_RESULT_PASS);
	ck_assert_str_eq(dkim_verify_signature(v, 0)->field.identity,
	    "joe@football.example.com");
	dkim_verify_free(&v);
}
END_TEST

START_TEST(nothing_is_judged_while_answers_are_missing)
{
	struct dkim_verify *v = scene_verify(library, slice_of(rfc8463), 100);
	enum dns_type type;
	struct slice name;

	ck_assert(!dkim_verify_judge(v, answers));
	ck_assert(answers_missing(answers, 0, &name, &type));
	ck_assert(slice_is(name, "brisbane._domainkey.football.example.com"));
	ck_assert_int_eq(type, DNS_TXT);
	ck_assert(answers_missing(answers, 1, &name, &type));
	ck_assert(slice_is(name, "test._domainkey.football.example.com"));
	ck_assert(!answers_missing(answers, 2, &name, &type));
	put_keys_of_rfcs();
	ck_assert(dkim_verify_judge(v, answers));
	expect(v, 0, DKIM_RESULT_PASS);
	ck_assert(dkim_verify_judge(v, answers));
	dkim_verify_free(&v);
}
END_TEST

/* --- every octet counts --- */

START_TEST(a_changed_octet_is_seen)
{
	size_t at = (size_t)_i * 7;
	struct dkim_verify *v;

	if (at >= strlen(FOOTBALL_8463))
		return;
	buf_add_cstr(&message, rfc8463);
	at += message.n - strlen(FOOTBALL_8463);
	if (strchr("\r\n :", message.p[at]) != NULL)
		return;
	message.p[at] = message.p[at] == 'x' ? 'y' : 'x';
	put_keys_of_rfcs();
	v = scene_verify(library, buf_slice(&message), 1000);
	ck_assert(dkim_verify_judge(v, answers));
	for (size_t i = 0; i < dkim_verify_count(v); i++)
		ck_assert_msg(dkim_verify_signature(v, i)->field.result !=
			DKIM_RESULT_PASS,
		    "octet %zu", at);
	dkim_verify_free(&v);
}
END_TEST

/* --- tags, each with its result --- */

#define PLAIN "From: a@b.example\r\nSubject: s\r\n\r\nHello\r\nyou\r\n"
#define NAME "s._domainkey.b.example"
#define OURS "d=b.example; s=s;"

/* clang-format off */
static const struct {
	const char *tags, *key_tags;
	size_t wanted;
	const char *added;
	enum dkim_result result;
	const char *reason;
} cases[] = {
	{ OURS, "",	SIZE_MAX, "",		DKIM_RESULT_PASS,	"good" },
	{ OURS, "",	SIZE_MAX, "\r\n\r\n",	DKIM_RESULT_PASS,	"good" },
	{ OURS, "",	SIZE_MAX, "and more\r\n", DKIM_RESULT_FAIL,	"the body was changed" },
	{ OURS, "",	SIZE_MAX, "no end",	DKIM_RESULT_FAIL,	"the body was changed" },
	{ OURS " l=12;", "", SIZE_MAX, "",	DKIM_RESULT_PASS,	"good" },
	{ OURS " l=12;", "", SIZE_MAX, "buy\r\n", DKIM_RESULT_POLICY,	"text was added behind what was signed" },
	{ OURS " l=7;", "", 7, "",		DKIM_RESULT_POLICY,	"text was added behind what was signed" },
	{ OURS " l=13;", "", SIZE_MAX, "",	DKIM_RESULT_FAIL,	"the body is shorter than what was signed" },
	{ OURS " l=x;",	"", SIZE_MAX, "",	DKIM_RESULT_NEUTRAL,	"the signature has a bad number" },
	{ OURS " l=-1;", "", SIZE_MAX, "",	DKIM_RESULT_NEUTRAL,	"the signature has a bad number" },
	{ OURS " t=1000; x=2000;", "", SIZE_MAX, "", DKIM_RESULT_POLICY, "the signature has expired" },
	{ OURS " t=1000; x=99999999999;", "", SIZE_MAX, "", DKIM_RESULT_PASS, "good" },
	{ OURS " t=99999999999;", "", SIZE_MAX, "", DKIM_RESULT_POLICY, "the signature is from the future" },
	{ OURS " x=0;", "", SIZE_MAX, "",	DKIM_RESULT_POLICY,	"the signature has expired" },
	{ OURS " i=a@b.example;", "", SIZE_MAX, "", DKIM_RESULT_PASS,	"good" },
	{ OURS " i=a@c.b.example;", "", SIZE_MAX, "", DKIM_RESULT_PASS, "good" },
	{ OURS " i=a@cb.example;", "", SIZE_MAX, "", DKIM_RESULT_PERMERROR, "i= is not in the domain of d=" },
	{ OURS " i=@example;", "", SIZE_MAX, "", DKIM_RESULT_PERMERROR, "i= is not in the domain of d=" },
	{ OURS " i=b.example;", "", SIZE_MAX, "", DKIM_RESULT_PERMERROR, "i= is not in the domain of d=" },
	{ OURS " i=@B.EXAMPLE;", "t=s;", SIZE_MAX, "", DKIM_RESULT_PASS, "good" },
	{ OURS " i=a@c.b.example;", "t=s;", SIZE_MAX, "", DKIM_RESULT_PERMERROR, "the key is not for subdomains" },
	{ OURS, "t=y;",	SIZE_MAX, "",		DKIM_RESULT_PASS,	"good, made in a test" },
	{ OURS, "t=y:s;", SIZE_MAX, "more\r\n",	DKIM_RESULT_NEUTRAL,	"the body was changed" },
	{ OURS, "h=sha1;", SIZE_MAX, "",	DKIM_RESULT_PERMERROR,	"the key is not for sha256" },
	{ OURS, "h=sha1:sha256;", SIZE_MAX, "",	DKIM_RESULT_PASS,	"good" },
	{ OURS, "s=other;", SIZE_MAX, "",	DKIM_RESULT_PERMERROR,	"the key is not for mail" },
	{ OURS, "s=email;", SIZE_MAX, "",	DKIM_RESULT_PASS,	"good" },
	{ OURS, "n=a note;x=y;", SIZE_MAX, "",	DKIM_RESULT_PASS,	"good" },
	{ OURS, "t=;t=;", SIZE_MAX, "",		DKIM_RESULT_PERMERROR,	"the key record is malformed" },
	{ "d=b.example;", "", SIZE_MAX, "",	DKIM_RESULT_NEUTRAL,	"the signature lacks a tag" },
	{ OURS " s=s;", "", SIZE_MAX, "",	DKIM_RESULT_NEUTRAL,	"the signature is malformed" },
	{ OURS " t=1t;", "", SIZE_MAX, "",	DKIM_RESULT_NEUTRAL,	"the signature has a bad number" },
	{ OURS " z;", "", SIZE_MAX, "",		DKIM_RESULT_NEUTRAL,	"the signature is malformed" },
	{ OURS " q=http;", "", SIZE_MAX, "",	DKIM_RESULT_NEUTRAL,	"the key is not in the DNS" },
	{ OURS " q=x:dns/txt; odd=1;", "", SIZE_MAX, "", DKIM_RESULT_PASS, "good" },
	{ "d=b..example; s=s;", "", SIZE_MAX, "", DKIM_RESULT_NEUTRAL,	"the signature's domain or selector is malformed" },
};
/* clang-format on */

START_TEST(each_tag_has_its_result)
{
	struct dkim_verify *v;
	const struct dkim_field *f;

	scene_sign(cases[_i].tags, SLICE(PLAIN), cases[_i].wanted, &message);
	buf_add_cstr(&message, cases[_i].added);
	scene_put_key(answers, NAME, scene_rsa_pem, cases[_i].key_tags);
	v = scene_verify(library, buf_slice(&message), 3);
	ck_assert(dkim_verify_judge(v, answers));
	f = &dkim_verify_signature(v, 0)->field;
	ck_assert_msg(strcmp(f->reason, cases[_i].reason) == 0, "%s: %s (%s)",
	    cases[_i].tags, dkim_result_name(f->result), f->reason);
	expect(v, 0, cases[_i].result);
	dkim_verify_free(&v);
}
END_TEST

/* --- other algorithms, and what they come to before any key --- */

#define REST " c=relaxed/relaxed; d=b.example; s=s; bh=AAAA; b=AAAA"

/* clang-format off */
static const struct {
	const char *field;
	enum dkim_result result;
	const char *reason;
} fields[] = {
	{ "v=1; a=rsa-sha1; h=From;" REST,	DKIM_RESULT_POLICY,  "rsa-sha1 is not secure" },
	{ "v=1; a=rsa-md5; h=From;" REST,	DKIM_RESULT_NEUTRAL, "the algorithm is unknown" },
	{ "v=1; a=rsa-sha256; h=To;" REST,	DKIM_RESULT_PERMERROR, "From is not signed" },
	{ "v=1; a=rsa-sha256; h=From::To;" REST, DKIM_RESULT_NEUTRAL, "the list of signed fields is malformed" },
	{ "v=2; a=rsa-sha256; h=From;" REST,	DKIM_RESULT_NEUTRAL, "the signature is of an unknown version" },
	{ "a=rsa-sha256; h=From;" REST,		DKIM_RESULT_NEUTRAL, "the signature is of an unknown version" },
	{ "v=1; a=rsa-sha256; h=From;" REST "!", DKIM_RESULT_NEUTRAL, "the signature is not base64" },
	{ "v=1; a=rsa-sha256; h=From; d=b.example; s=s; bh=A; b=AAAA", DKIM_RESULT_NEUTRAL, "the body hash is not base64" },
	{ "v=1; a=rsa-sha256; h=From; d=b.example; s=s; bh=AAAA; b=AAAA; c=x", DKIM_RESULT_NEUTRAL, "the canonicalization is unknown" },
	{ "v=1; a=rsa-sha256; h=From; d=b.example; s=s; bh=AAAA; b=AAAA; c=simple/x", DKIM_RESULT_NEUTRAL, "the canonicalization is unknown" },
	{ "v=1; a=rsa-sha256; h=From; d=b.example; s=s; bh=AAAA; b=AAAA; c=simple", DKIM_RESULT_FAIL, "the signature does not verify" },
	{ "v=1; a=ed25519-sha256; h=From;" REST, DKIM_RESULT_PERMERROR, "the key is of another type than the signature" },
	{ "v=1; a=rsa-sha256; h=From;" REST,	DKIM_RESULT_FAIL,    "the signature does not verify" },
	{ "v=1; a=rsa-sha256; h=From; d=\xc3\xa4; s=s; bh=AAAA; b=AAAA", DKIM_RESULT_NEUTRAL, "the signature is malformed" },
	{ "",					DKIM_RESULT_NEUTRAL, "the signature is malformed" },
	{ ";;;",				DKIM_RESULT_NEUTRAL, "the signature is malformed" },
};
/* clang-format on */

START_TEST(each_field_has_its_result)
{
	struct dkim_verify *v;
	const struct dkim_field *f;

	buf_addf(&message, "DKIM-Signature: %s\r\n" PLAIN, fields[_i].field);
	scene_put_key(answers, NAME, scene_rsa_pem, "");
	v = scene_verify(library, buf_slice(&message), 1000);
	ck_assert(dkim_verify_judge(v, answers));
	f = &dkim_verify_signature(v, 0)->field;
	ck_assert_msg(strcmp(f->reason, fields[_i].reason) == 0, "%s: %s (%s)",
	    fields[_i].field, dkim_result_name(f->result), f->reason);
	expect(v, 0, fields[_i].result);
	dkim_verify_free(&v);
}
END_TEST

/* --- keys --- */

/* of 768 bits */
static const char short_key[] =
    "v=DKIM1; p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAKJ2lzDLZ8XlVambQfMXn3LRGKOD5o6"
    "lMIgulclWjZwP56LRqdg5ZX15bhc/GsvW8xW/R5Sh1NnkJNyL/cqY1a+GzzL47t7EXzVc+nRLW"
    "T1kwTvFNGIoAUsFUq+J6+OprwIDAQAB";

/* clang-format off */
static const struct {
	enum dns_outcome outcome;
	const char *record;
	enum dkim_result result;
	const char *reason;
} keys[] = {
	{ DNS_NO_NAME,	 "",			DKIM_RESULT_PERMERROR, "there is no such key" },
	{ DNS_NO_DATA,	 "",			DKIM_RESULT_PERMERROR, "there is no such key" },
	{ DNS_TEMPORARY, "",			DKIM_RESULT_TEMPERROR, "the DNS did not tell the key" },
	{ DNS_BOGUS,	 "",			DKIM_RESULT_TEMPERROR, "DNSSEC does not prove the key" },
	{ DNS_FOUND,	 "v=DKIM1; p=",		DKIM_RESULT_PERMERROR, "the key was revoked" },
	{ DNS_FOUND,	 "v=DKIM1; k=rsa",	DKIM_RESULT_PERMERROR, "the key record is malformed" },
	{ DNS_FOUND,	 "",			DKIM_RESULT_PERMERROR, "the key record is malformed" },
	{ DNS_FOUND,	 "v=DKIM2; p=AAAA",	DKIM_RESULT_PERMERROR, "the key record is of another version" },
	{ DNS_FOUND,	 "k=dsa; p=AAAA",	DKIM_RESULT_PERMERROR, "the key record is of an unknown type" },
	{ DNS_FOUND,	 "p=AAAA",		DKIM_RESULT_PERMERROR, "the key record holds no RSA key" },
	{ DNS_FOUND,	 "p=!",			DKIM_RESULT_PERMERROR, "the key is not base64" },
	{ DNS_FOUND,	 "k=ed25519; p=AAAA",	DKIM_RESULT_PERMERROR, "the key record holds no Ed25519 key" },
	{ DNS_FOUND,	 short_key,		DKIM_RESULT_POLICY,    "the key is too short" },
	{ DNS_FOUND,	 "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", DKIM_RESULT_PERMERROR, "the key is of another type than the signature" },
};
/* clang-format on */

START_TEST(each_key_has_its_result)
{
	struct dkim_verify *v;
	const struct dkim_field *f;

	scene_sign(OURS, SLICE(PLAIN), SIZE_MAX, &message);
	if (keys[_i].outcome == DNS_FOUND)
		scene_put_txt(answers, NAME, slice_of(keys[_i].record));
	else
		scene_put_outcome(answers, NAME, keys[_i].outcome);
	v = scene_verify(library, buf_slice(&message), 1000);
	ck_assert(dkim_verify_judge(v, answers));
	f = &dkim_verify_signature(v, 0)->field;
	ck_assert_msg(strcmp(f->reason, keys[_i].reason) == 0, "%s: %s (%s)",
	    keys[_i].record, dkim_result_name(f->result), f->reason);
	expect(v, 0, keys[_i].result);
	dkim_verify_free(&v);
}
END_TEST

START_TEST(among_other_texts_the_one_key_is_found)
{
	struct dkim_key *key = dkim_key_new(slice_of(scene_rsa_pem), NULL);
	struct dns_record records[2] = { { .data = SLICE("hello") } };
	struct dns_answer answer = { .outcome = DNS_FOUND,
		.records = records,
		.count = 2 };
	struct dkim_verify *v;
	struct buf text;

	buf_init(&text, MESSAGE_MAX);
	dkim_key_record(key, &text);
	records[1].data = buf_slice(&text);
	if (_i == 1)
		records[0].data = buf_slice(&text);
	answers_put(answers, SLICE(NAME), DNS_TXT, &answer);
	scene_sign(OURS, SLICE(PLAIN), SIZE_MAX, &message);
	v = scene_verify(library, buf_slice(&message), 1000);
	ck_assert(dkim_verify_judge(v, answers));
	expect(v, 0, _i == 0 ? DKIM_RESULT_PASS : DKIM_RESULT_PERMERROR);
	dkim_verify_free(&v);
	buf_done(&text);
	dkim_key_free(&key);
}
END_TEST

/* --- whole messages --- */

START_TEST(a_message_without_signatures_has_none)
{
	struct dkim_verify *v = scene_verify(library, SLICE(PLAIN), 1);

	ck_assert(dkim_verify_ask(v, answers));
	ck_assert(dkim_verify_judge(v, answers));
	ck_assert_uint_eq(dkim_verify_count(v), 0);
	dkim_verify_free(&v);
}
END_TEST

START_TEST(of_many_signatures_ten_are_judged)
{
	struct dkim_verify *v;
	struct buf next;

	scene_put_key(answers, NAME, scene_rsa_pem, "");
	buf_add(&message, SLICE(PLAIN));
	buf_init(&next, MESSAGE_MAX);
	for (size_t i = 0; i < 13; i++) {
		/* Each second one is broken, and the library not told. */
		buf_reset(&next);
		if (i % 2 == 0)
			buf_add(&next, SLICE("DKIM-Signature: v=1; v=1\r\n"));
		scene_sign(OURS, buf_slice(&message), SIZE_MAX, &next);
		buf_reset(&message);
		buf_add(&message, buf_slice(&next));
	}
	v = scene_verify(library, buf_slice(&message), 1000);
	ck_assert(dkim_verify_judge(v, answers));
	ck_assert_uint_eq(dkim_verify_count(v), DKIM_SIGNATURES_MAX);
	ck_assert_uint_eq(dkim_verify_ignored(v), 10);
	expect(v, 0, DKIM_RESULT_NEUTRAL);
	for (size_t i = 1; i < DKIM_SIGNATURES_MAX; i++)
		expect(v, i,
		    i % 3 == 0 ? DKIM_RESULT_NEUTRAL : DKIM_RESULT_PASS);
	dkim_verify_free(&v);
	buf_done(&next);
}
END_TEST

START_TEST(a_signature_that_names_every_field_is_harmless)
{
	struct dkim_verify *v;

	/* More names than fields, the signature itself among them. */
	buf_add_cstr(&message,
	    "DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=s; bh=AAAA;"
	    " b=AAAA; h=From:Subject:DKIM-Signature:From:To:Cc:Date:no name\r\n" PLAIN);
	scene_put_key(answers, NAME, scene_rsa_pem, "");
	v = scene_verify(library, buf_slice(&message), 1000);
	ck_assert(dkim_verify_judge(v, answers));
	expect(v, 0, DKIM_RESULT_FAIL);
	dkim_verify_free(&v);
}
END_TEST

START_TEST(work_without_end_is_refused)
{
	struct dkim_verify *v;

	buf_add_cstr(&message,
	    "DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=s; bh=AAAA;"
	    " b=AAAA; h=From");
	for (size_t i = 0; i < (_i == 0 ? 300 : 200); i++)
		buf_add_cstr(&message, ":a");
	buf_add_cstr(&message, "\r\n");
	for (size_t i = 0; i < (_i == 0 ? 1 : 3000); i++)
		buf_add_cstr(&message, "a:\r\n");
	buf_add_cstr(&message, PLAIN);
	v = scene_verify(library, buf_slice(&message), 1000);
	ck_assert(dkim_verify_judge(v, answers));
	expect(v, 0, DKIM_RESULT_POLICY);
	dkim_verify_free(&v);
}
END_TEST

START_TEST(two_messages_at_once_do_not_mix)
{
	struct dkim_verify *one = dkim_verify_new(library);
	struct dkim_verify *two;
	struct slice text, header;

	scene_sign(OURS, SLICE(PLAIN), SIZE_MAX, &message);
	text = buf_slice(&message);
	header = slice_head(text, text.n - strlen("Hello\r\nyou\r\n"));
	dkim_verify_header(one, header);
	two = scene_verify(library, slice_of(rfc8463), 5);
	dkim_verify_body(one, SLICE("Hello\r"));
	put_keys_of_rfcs();
	scene_put_key(answers, NAME, scene_rsa_pem, "");
	ck_assert(dkim_verify_judge(two, answers));
	dkim_verify_body(one, SLICE("\nyou")); /* without the last CRLF */
	dkim_verify_end(one);
	ck_assert(dkim_verify_judge(one, answers));
	expect(one, 0, DKIM_RESULT_PASS);
	expect(two, 0, DKIM_RESULT_PASS);
	dkim_verify_free(&one);
	dkim_verify_free(&two);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dkim_verify");
	TCase *t = tcase_create("dkim_verify");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, the_vector_of_rfc_8463_passes, 1, 80);
	tcase_add_loop_test(t, the_vector_of_rfc_6376_passes, 1, 80);
	tcase_add_test(t, nothing_is_judged_while_answers_are_missing);
	tcase_add_loop_test(t, a_changed_octet_is_seen, 0, 50);
	tcase_add_loop_test(t, each_tag_has_its_result, 0,
	    sizeof(cases) / sizeof(cases[0]));
	tcase_add_loop_test(t, each_field_has_its_result, 0,
	    sizeof(fields) / sizeof(fields[0]));
	tcase_add_loop_test(t, each_key_has_its_result, 0,
	    sizeof(keys) / sizeof(keys[0]));
	tcase_add_loop_test(t, among_other_texts_the_one_key_is_found, 0, 2);
	tcase_add_test(t, a_message_without_signatures_has_none);
	tcase_add_test(t, of_many_signatures_ten_are_judged);
	tcase_add_test(t, a_signature_that_names_every_field_is_harmless);
	tcase_add_loop_test(t, work_without_end_is_refused, 0, 2);
	tcase_add_test(t, two_messages_at_once_do_not_mix);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}

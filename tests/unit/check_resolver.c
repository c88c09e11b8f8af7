/* unit/check_resolver.c - answers come later, whole, and in time. */
#include "tests/unit/run.h"

#include <string.h>

#include "dns/resolver.h"
#include "tests/unit/false_dns.h"

static const struct false_record records[] = {
	{ "a.test", "A 192.0.2.1" },
	{ "a.test", "A 192.0.2.2" },
	{ "a.test", "AAAA 2001:db8::1" },
	{ "a.test", "TXT v=spf1 -all" },
	{ "a.test", "MX 10 mx.a.test" },
	{ "alias.test", "CNAME a.test" },
	{ "1.2.0.192.in-addr.arpa", "TXT here" },
	{ "broken.test", "SERVFAIL" },
	{ "silent.test", "SILENCE" },
	{ NULL, NULL },
};

struct stage {
	struct loop *loop;
	struct false_dns *dns;
	struct resolver *resolver;
	int answers;
	enum dns_outcome outcome;
	bool secure;
	size_t count;
	char text[256];
};

static void
on_answer(const struct dns_answer *answer, void *arg)
{
	struct stage *s = arg;

	s->answers++;
	s->outcome = answer->outcome;
	s->secure = answer->secure;
	s->count = answer->count;
	s->text[0] = '\0';
	if (answer->count > 0 && answer->records[0].data.n > 0)
		(void)slice_to_cstr(answer->records[0].data, s->text,
		    sizeof(s->text));
	loop_stop(s->loop);
}

static void
stage_init(struct stage *s, int64_t timeout_ms)
{
	struct resolver_options options = { .timeout_ms = timeout_ms };
	const char *server;
	struct why why;

	memset(s, 0, sizeof(*s));
	s->loop = loop_new();
	s->dns = false_dns_new(s->loop, records);
	server = false_dns_server(s->dns);
	options.servers = &server;
	options.server_count = 1;
	s->resolver = resolver_new(s->loop, &options, &why);
	ck_assert_ptr_nonnull(s->resolver);
}

static void
stage_done(struct stage *s)
{
	resolver_free(&s->resolver);
	false_dns_free(&s->dns);
	loop_free(&s->loop);
}

static void
ask(struct stage *s, const char *name, enum dns_type type)
{
	int before = s->answers;

	ck_assert_uint_ne(resolver_ask(s->resolver, slice_of(name), type,
			      on_answer, s),
	    0);
	/* No answer inside the call, not even out of the cache. */
	ck_assert_int_eq(s->answers, before);
	loop_run(s->loop);
	ck_assert_int_eq(s->answers, before + 1);
}

/* clang-format off */
static const struct {
	const char *name;
	enum dns_type type;
	enum dns_outcome outcome;
	size_t count;
	const char *text;
} cases[] = {
	{ "a.test",		DNS_A,		DNS_FOUND,	2, "" },
	{ "A.TEST",		DNS_AAAA,	DNS_FOUND,	1, "" },
	{ "a.test",		DNS_TXT,	DNS_FOUND,	1, "v=spf1 -all" },
	{ "a.test",		DNS_MX,		DNS_FOUND,	1, "mx.a.test" },
	{ "alias.test",		DNS_A,		DNS_FOUND,	2, "" },
	{ "a.test",		DNS_PTR,	DNS_NO_DATA,	0, "" },
	{ "nobody.test",	DNS_A,		DNS_NO_NAME,	0, "" },
	{ "broken.test",	DNS_A,		DNS_TEMPORARY,	0, "" },
	{ "not a name",		DNS_A,		DNS_NO_NAME,	0, "" },
	{ "",			DNS_A,		DNS_NO_NAME,	0, "" },
	{ "1.2.0.192.in-addr.arpa", DNS_TXT,	DNS_FOUND,	1, "here" },
	{ "localhost",		DNS_A,		DNS_FOUND,	1, "" },
};
/* clang-format on */

START_TEST(questions_are_answered_from_the_loop)
{
	struct stage s;

	stage_init(&s, 5000);
	for (int twice = 0; twice < 2; twice++) {
		ask(&s, cases[_i].name, cases[_i].type);
		ck_assert_int_eq(s.outcome, cases[_i].outcome);
		ck_assert_uint_eq(s.count, cases[_i].count);
		ck_assert_str_eq(s.text, cases[_i].text);
		ck_assert(!s.secure);
	}
	stage_done(&s);
}
END_TEST

START_TEST(what_was_answered_once_is_not_asked_again)
{
	struct stage s;
	unsigned asked;

	stage_init(&s, 5000);
	ask(&s, "a.test", DNS_A);
	asked = false_dns_questions(s.dns);
	ask(&s, "a.test", DNS_A);
	ck_assert_uint_eq(false_dns_questions(s.dns), asked);
	stage_done(&s);
}
END_TEST

START_TEST(a_silent_server_costs_the_timeout_and_no_more)
{
	struct stage s;

	stage_init(&s, 300);
	ask(&s, "silent.test", DNS_A);
	ck_assert_int_eq(s.outcome, DNS_TEMPORARY);
	ck_assert_uint_eq(resolver_pending(s.resolver), 0);
	/* The others are answered meanwhile, and after it. */
	ask(&s, "a.test", DNS_A);
	ck_assert_int_eq(s.outcome, DNS_FOUND);
	stage_done(&s);
}
END_TEST

START_TEST(a_cancelled_question_is_not_answered)
{
	struct stage s;
	uint64_t silent, invalid;

	stage_init(&s, 5000);
	silent = resolver_ask(s.resolver, slice_of("silent.test"), DNS_A,
	    on_answer, &s);
	invalid =
	    resolver_ask(s.resolver, slice_of("a..b"), DNS_A, on_answer, &s);
	resolver_cancel(s.resolver, silent);
	resolver_cancel(s.resolver, invalid);
	resolver_cancel(s.resolver, invalid);
	ask(&s, "a.test", DNS_A);
	ck_assert_int_eq(s.answers, 1);
	ck_assert_uint_eq(resolver_pending(s.resolver), 0);
	stage_done(&s);
}
END_TEST

START_TEST(questions_under_way_go_with_the_resolver)
{
	struct stage s;

	stage_init(&s, 5000);
	for (int i = 0; i < 10; i++)
		(void)resolver_ask(s.resolver,
		    slice_of(i % 2 ? "silent.test" : "b..d"), DNS_A, on_answer,
		    &s);
	ck_assert_uint_eq(resolver_pending(s.resolver), 10);
	stage_done(&s);
	ck_assert_int_eq(s.answers, 0);
}
END_TEST

START_TEST(bad_options_are_told_at_once)
{
	struct loop *loop = loop_new();
	const char *server = "not an address";
	struct resolver_options options = { .servers = &server,
		.server_count = 1,
		.timeout_ms = 1000 };
	struct why why = { "" };

	ck_assert_ptr_null(resolver_new(loop, &options, &why));
	ck_assert_str_ne(why.text, "");
	server = "127.0.0.1";
	options.trust_anchor = "/nowhere/root.key";
	why.text[0] = '\0';
	ck_assert_ptr_null(resolver_new(loop, &options, &why));
	ck_assert_str_ne(why.text, "");
	loop_free(&loop);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dns/resolver");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, questions_are_answered_from_the_loop, 0,
	    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, what_was_answered_once_is_not_asked_again);
	tcase_add_test(tc, a_silent_server_costs_the_timeout_and_no_more);
	tcase_add_test(tc, a_cancelled_question_is_not_answered);
	tcase_add_test(tc, questions_under_way_go_with_the_resolver);
	tcase_add_test(tc, bad_options_are_told_at_once);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

/* unit/check_fetch.c - what a set lacks comes in together, from the loop. */
#include "tests/unit/run.h"

#include "dns/fetch.h"
#include "tests/unit/false_dns.h"

static const struct false_record records[] = {
	{ "a.test", "A 192.0.2.1" },
	{ "a.test", "TXT v=spf1 -all" },
	{ "broken.test", "SERVFAIL" },
	{ "silent.test", "SILENCE" },
	{ NULL, NULL },
};

struct stage {
	struct loop *loop;
	struct false_dns *dns;
	struct resolver *resolver;
	struct answers *answers;
	struct fetch *fetch; /* until its call */
	int calls;
};

static void
on_fetched(void *arg)
{
	struct stage *s = arg;

	s->calls++;
	loop_stop(s->loop);
}

static void
stage_init(struct stage *s)
{
	struct resolver_options options = { .timeout_ms = 500 };
	const char *server;
	struct why why;

	*s = (struct stage){ .loop = loop_new() };
	s->dns = false_dns_new(s->loop, records);
	server = false_dns_server(s->dns);
	options.servers = &server;
	options.server_count = 1;
	s->resolver = resolver_new(s->loop, &options, &why);
	ck_assert_ptr_nonnull(s->resolver);
	s->answers = answers_new(16, 65536);
}

static void
stage_done(struct stage *s)
{
	answers_free(&s->answers);
	resolver_free(&s->resolver);
	false_dns_free(&s->dns);
	loop_free(&s->loop);
}

static const struct dns_answer *
get(struct stage *s, const char *name, enum dns_type type)
{
	return answers_get(s->answers, slice_of(name), type);
}

START_TEST(all_that_is_missing_comes_in_one_call)
{
	struct stage s;
	struct slice name;
	enum dns_type type;

	stage_init(&s);
	(void)get(&s, "a.test", DNS_A);
	(void)get(&s, "a.test", DNS_TXT);
	(void)get(&s, "none.test", DNS_MX);
	(void)get(&s, "broken.test", DNS_A);
	(void)get(&s, "silent.test", DNS_A);
	s.fetch = fetch_start(s.resolver, s.loop, s.answers, on_fetched, &s);
	ck_assert_int_eq(s.calls, 0);
	loop_run(s.loop);
	ck_assert_int_eq(s.calls, 1);
	ck_assert(!answers_missing(s.answers, 0, &name, &type));
	ck_assert_uint_eq(get(&s, "a.test", DNS_A)->count, 1);
	ck_assert(slice_is(get(&s, "a.test", DNS_TXT)->records[0].data,
	    "v=spf1 -all"));
	ck_assert_int_eq(get(&s, "none.test", DNS_MX)->outcome, DNS_NO_NAME);
	ck_assert_int_eq(get(&s, "broken.test", DNS_A)->outcome, DNS_TEMPORARY);
	ck_assert_int_eq(get(&s, "silent.test", DNS_A)->outcome, DNS_TEMPORARY);
	stage_done(&s);
}
END_TEST

START_TEST(a_set_that_lacks_nothing_is_told_so_later)
{
	struct stage s;

	stage_init(&s);
	s.fetch = fetch_start(s.resolver, s.loop, s.answers, on_fetched, &s);
	ck_assert_int_eq(s.calls, 0);
	loop_run(s.loop);
	ck_assert_int_eq(s.calls, 1);
	stage_done(&s);
}
END_TEST

START_TEST(no_call_comes_after_cancel)
{
	struct stage s;
	struct fetch *f;

	stage_init(&s);
	(void)get(&s, "a.test", DNS_A);
	f = fetch_start(s.resolver, s.loop, s.answers, on_fetched, &s);
	fetch_cancel(&f);
	ck_assert_ptr_null(f);
	(void)get(&s, "a.test", DNS_TXT);
	f = fetch_start(s.resolver, s.loop, s.answers, on_fetched, &s);
	loop_run(s.loop);
	ck_assert_int_eq(s.calls, 1);
	ck_assert_ptr_null(get(&s, "a.test", DNS_A));
	ck_assert_uint_eq(resolver_pending(s.resolver), 0);
	stage_done(&s);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fetch");
	TCase *tcase = tcase_create("fetch");

	tcase_add_test(tcase, all_that_is_missing_comes_in_one_call);
	tcase_add_test(tcase, a_set_that_lacks_nothing_is_told_so_later);
	tcase_add_test(tcase, no_call_comes_after_cancel);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

/*
 * mtactl/spf.c - test --spf: how SPF comes out for a client and a sender, term
 * by term, and what libspf2 makes of the same answers. Asks the DNS alone.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "base/why.h"
#include "dns/fetch.h"
#include "dns/hosts.h"
#include "io/loop.h"
#include "mtactl/spf2.h"
#include "mtactl/verbs.h"

enum { QUESTIONS_MAX = 400, ANSWERS_BYTES = 4 << 20, ROUNDS_MAX = 100 };

/* One test under way; the results are JSON until they are shown. */
struct testing {
	struct loop *loop;
	struct resolver *resolver;
	struct answers *answers;
	struct spf_query query;
	json_t *terms; /* of the round that goes on */
	char sender_domain[DNS_NAME_SIZE];
	char helo_domain[DNS_NAME_SIZE];
};

static json_t *
json_of(struct slice s)
{
	json_t *text = json_stringn(s.p, s.n);
	struct buf ascii;

	if (text != NULL)
		return text;
	/* Not UTF-8: what anyone publishes. */
	buf_init(&ascii, s.n + 1);
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(&ascii,
		    (unsigned char)s.p[i] < 128 ? s.p[i] : '?');
	text = json_stringn(ascii.p, ascii.n);
	buf_done(&ascii);
	return text;
}

static void
put(json_t *object, const char *name, struct slice value)
{
	(void)json_object_set_new(object, name, json_of(value));
}

static const char *
text_in(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

/* --- the DNS --- */

static bool
start_resolver(struct testing *t, const struct conf *conf)
{
	const struct resolver_options options = {
		.servers = (const char *const *)conf->dns.servers.v,
		.server_count = conf->dns.servers.n,
		.trust_anchor = conf->dns.trust_anchor,
		.timeout_ms = conf->dns.timeout_ms,
	};
	struct why why = { "" };

	t->loop = loop_new();
	t->resolver = resolver_new(t->loop, &options, &why);
	if (t->resolver == NULL)
		(void)ctl_fail("no resolver: %s", why.text);
	return t->resolver != NULL;
}

static void
on_fetched(void *arg)
{
	loop_stop(arg);
}

static void
fetch_missing(struct testing *t)
{
	/* It is gone when it calls. */
	must(fetch_start(t->resolver, t->loop, t->answers, on_fetched,
		 t->loop) != NULL);
	loop_run(t->loop);
}

/* --- the verdicts --- */

static void
on_term(unsigned depth, struct slice domain, struct slice term,
    const char *outcome, void *arg)
{
	struct testing *t = arg;
	json_t *one = json_object();

	(void)json_object_set_new(one, "depth", json_integer(depth));
	put(one, "domain", domain);
	put(one, "term", term);
	put(one, "outcome", slice_of(outcome));
	(void)json_array_append_new(t->terms, one);
}

static void
put_outcome(json_t *to, const struct spf_outcome *out)
{
	put(to, "result", slice_of(spf_result_name(out->result)));
	put(to, "reason", slice_of(out->reason));
	if (out->explanation[0] != '\0')
		put(to, "explanation", slice_of(out->explanation));
}

static void
evaluate(struct testing *t, json_t *result)
{
	struct spf_outcome out;

	for (;;) {
		t->terms = json_array();
		spf_check(&t->query, t->answers, &out);
		if (out.result != SPF_AGAIN)
			break;
		json_decref(t->terms); /* the next round tells them anew */
		fetch_missing(t);
	}
	(void)json_object_set_new(result, "terms", t->terms);
	put_outcome(result, &out);
}

/* libspf2 asks one question a round, and some that we don't. */
static void
evaluate_by_libspf2(struct testing *t, json_t *result)
{
	json_t *second = json_object();
	struct spf_outcome out;
	int rounds = 0;

	while (spf2_check(&t->query, t->answers, &out) &&
	    out.result == SPF_AGAIN && ++rounds < ROUNDS_MAX)
		fetch_missing(t);
	if (out.result == SPF_AGAIN)
		(void)snprintf(out.reason, sizeof(out.reason),
		    "it never has enough");
	(void)json_object_set_new(result, "libspf2", second);
	put_outcome(second, &out);
}

static json_t *
json_of_answer(struct slice name, enum dns_type type,
    const struct dns_answer *answer)
{
	json_t *one = json_object();
	json_t *records = json_array();

	put(one, "name", name);
	put(one, "type", slice_of(dns_type_name(type)));
	put(one, "outcome", slice_of(dns_outcome_name(answer->outcome)));
	for (size_t i = 0; i < answer->count; i++) {
		const struct dns_record *r = &answer->records[i];
		char ip[IP_TEXT_SIZE];

		if (type == DNS_A || type == DNS_AAAA)
			ip_text(&r->ip, ip);
		(void)json_array_append_new(records,
		    json_of(type == DNS_A || type == DNS_AAAA ? slice_of(ip)
							      : r->data));
	}
	(void)json_object_set_new(one, "records", records);
	return one;
}

static void
put_answers(const struct testing *t, json_t *result)
{
	json_t *list = json_array();
	const struct dns_answer *answer;
	struct slice name;
	enum dns_type type;

	for (size_t i = 0; answers_nth(t->answers, i, &name, &type, &answer);
	     i++)
		if (answer != NULL)
			(void)json_array_append_new(list,
			    json_of_answer(name, type, answer));
	(void)json_object_set_new(result, "answers", list);
}

/* Besides the sender: the verdict over the HELO name alone. */
static void
evaluate_helo(struct testing *t, json_t *result)
{
	struct testing other = *t;
	json_t *helo = json_object();

	other.query.local = SLICE_NONE;
	other.query.domain = t->query.helo;
	other.query.trace_arg = &other;
	evaluate(&other, helo);
	(void)json_object_set_new(result, "helo_check", helo);
}

/* --- for people --- */

static void
show_term(const json_t *term)
{
	json_int_t depth = json_integer_value(json_object_get(term, "depth"));

	(void)printf("  %*s", (int)(depth > 0 ? depth - 1 : 0) * 2, "");
	ctl_column(slice_of(text_in(term, "domain")), 24);
	ctl_column(slice_of(text_in(term, "term")), 32);
	ctl_print(slice_of(text_in(term, "outcome")));
	ctl_end_row();
}

static void
show_answer(const json_t *answer)
{
	json_t *records = json_object_get(answer, "records"), *record;
	size_t i;

	(void)printf("  ");
	ctl_column(slice_of(text_in(answer, "type")), 4);
	ctl_column(slice_of(text_in(answer, "name")), 0);
	(void)printf("  ");
	if (json_array_size(records) == 0)
		ctl_print(slice_of(text_in(answer, "outcome")));
	ctl_end_row();
	json_array_foreach(records, i, record)
	{
		(void)printf("       ");
		ctl_print(slice_of(json_string_value(record)));
		ctl_end_row();
	}
}

/* "libspf2   fail (by term: -all)", and the explanation below. */
static void
show_outcome(const char *whose, const json_t *outcome)
{
	(void)printf("%-10s ", whose);
	ctl_print(slice_of(text_in(outcome, "result")));
	(void)printf(" (");
	ctl_print(slice_of(text_in(outcome, "reason")));
	(void)printf(")");
	ctl_end_row();
	if (json_object_get(outcome, "explanation") == NULL)
		return;
	(void)printf("%-10s \"", "");
	ctl_print(slice_of(text_in(outcome, "explanation")));
	(void)printf("\"");
	ctl_end_row();
}

static void
show(const json_t *result)
{
	const json_t *helo = json_object_get(result, "helo_check");
	json_t *one;
	size_t i;

	(void)printf("terms, in the order of their outcomes\n");
	json_array_foreach(json_object_get(result, "terms"), i, one)
	    show_term(one);
	(void)printf("answers\n");
	json_array_foreach(json_object_get(result, "answers"), i, one)
	    show_answer(one);
	if (helo != NULL)
		show_outcome("HELO alone", helo);
	show_outcome("libspf2", json_object_get(result, "libspf2"));
	show_outcome("mtad", result);
	/* For scripts: the word alone. */
	(void)printf("%s", text_in(result, "result"));
	ctl_end_row();
}

/* --- the question --- */

/* A domain as the DNS has it; what can't be one stays, and is judged so. */
static struct slice
domain_from(struct slice text, char out[DNS_NAME_SIZE])
{
	return hosts_name_to_ascii(text, out) ? slice_of(out) : text;
}

/* CTL_DONE: the query is whole. */
static int
take_words(struct testing *t, const struct ctl *ctl)
{
	struct slice sender, helo = SLICE_NONE;
	size_t at;

	if (ctl->word_count < 2 || ctl->options[OPT_CONNECT] != NULL) {
		(void)ctl_fail("test --spf IP SENDER [HELO]");
		return CTL_USAGE;
	}
	if (!ip_parse(slice_of(ctl->words[0]), &t->query.client))
		return ctl_fail("\"%s\" is no IP address", ctl->words[0]);
	sender = slice_of(ctl->words[1]);
	if (slice_take_char(&sender, '<') && sender.n > 0)
		sender.n--; /* ">" */
	if (ctl->word_count > 2)
		helo = slice_of(ctl->words[2]);
	if (sender.n == 0 && helo.n == 0)
		return ctl_fail("the null sender is judged by HELO: name it");
	at = slice_find_last(sender, '@');
	if (at < sender.n) {
		t->query.local = slice_head(sender, at);
		sender = slice_skip(sender, at + 1);
	}
	t->query.helo = domain_from(helo, t->helo_domain);
	/* RFC 7208, 2.4: postmaster at the HELO name. */
	t->query.domain = sender.n == 0 ? t->query.helo
					: domain_from(sender, t->sender_domain);
	return CTL_DONE;
}

static void
test(struct testing *t, struct ctl *ctl)
{
	json_t *result = json_object();
	bool by_helo = t->query.domain.p == t->query.helo.p;

	put(result, "client", slice_of(ctl->words[0]));
	put(result, "sender", slice_of(ctl->words[1]));
	put(result, "helo", t->query.helo);
	put(result, "identity", by_helo ? SLICE("helo") : SLICE("mailfrom"));
	evaluate(t, result);
	put_answers(t, result);
	if (!by_helo && t->query.helo.n > 0)
		evaluate_helo(t, result);
	evaluate_by_libspf2(t, result);
	if (ctl->json) {
		(void)json_dumpf(result, stdout, JSON_COMPACT);
		ctl_end_row();
	} else {
		show(result);
	}
	json_decref(result);
}

int
do_test_spf(struct ctl *ctl)
{
	struct testing t = { 0 };
	struct conf *conf;
	int rc = take_words(&t, ctl);

	if (rc != CTL_DONE)
		return rc;
	if ((conf = ctl_conf(ctl)) == NULL)
		return CTL_FAILED;
	t.query.receiver = slice_of(conf->hostname);
	t.query.wall_ms = time_wall_ms();
	t.query.trace = on_term;
	t.query.trace_arg = &t;
	t.answers = answers_new(QUESTIONS_MAX, ANSWERS_BYTES);
	if (start_resolver(&t, conf))
		test(&t, ctl);
	else
		rc = CTL_FAILED;
	resolver_free(&t.resolver);
	loop_free(&t.loop);
	answers_free(&t.answers);
	conf_unref(&conf);
	return rc;
}

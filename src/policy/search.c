/*
 * policy/search.c - all questions at once: the answers are in the cache most
 * of the time, and the slowest sets the pace.
 */
#include "policy/search.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"

enum { ARENA_MAX = 1 << 20 };

struct host_search {
	struct policy_search *whole; /* borrowed: it contains us */
	struct dane_search *dane;    /* owned */
	struct host host;
	struct host_policy answer;
};

struct policy_search {
	struct policy_sources sources;
	struct policy_question question;
	struct arena *arena; /* owned: what DANE found, the policy's text */
	struct sts_question *sts; /* owned */
	struct sts_answer sts_answer;
	char domain[DNS_NAME_SIZE], canonical[DNS_NAME_SIZE];
	bool is_proved;
	size_t waiting;
	policy_fn *fn;
	void *arg;                   /* borrowed */
	struct host_policy *answers; /* owned */
	size_t host_count;
	struct host_search hosts[];
};

/* --- the end --- */

/* RFC 7672, 3.2.2: the names that the domain itself vouches for. */
static void
name_others(struct policy_search *s, struct host_search *h)
{
	struct host_policy *p = &h->answer;

	if (strcmp(p->dane.base, h->host.name) != 0)
		p->other_names[p->other_name_count++] = h->host.name;
	if (s->question.kind != TARGET_MX || s->domain[0] == '\0')
		return;
	p->other_names[p->other_name_count++] = s->domain;
	if (s->canonical[0] != '\0' && strcmp(s->canonical, s->domain) != 0)
		p->other_names[p->other_name_count++] = s->canonical;
}

static void
decide(struct policy_search *s, struct host_search *h)
{
	const struct policy_question *q = &s->question;
	bool has_sts = s->sts_answer.mode == STS_ENFORCE ||
	    s->sts_answer.mode == STS_TESTING;
	struct tls_question t = {
		.level = q->level,
		.dane = h->answer.dane.outcome,
		.sts = s->sts_answer.mode,
		.sts_lists_host = has_sts &&
		    sts_policy_lists(&s->sts_answer.policy,
			slice_of(h->host.name)),
		.host_is_proved = s->is_proved,
		.lmtp = q->kind == TARGET_LMTP || q->kind == TARGET_LMTP_UNIX,
		.from_the_start = q->kind == TARGET_SUBMISSIONS,
		.sender_requires = q->sender_requires,
		.sender_waives = q->sender_waives,
	};

	h->answer.policy = tls_policy_decide(&t);
	if (h->answer.policy.verify == TLS_VERIFY_DANE)
		name_others(s, h);
}

static void
on_settled(void *arg)
{
	struct policy_search *s = arg;

	for (size_t i = 0; i < s->host_count; i++) {
		decide(s, &s->hosts[i]);
		s->answers[i] = s->hosts[i].answer;
	}
	s->fn(s->answers, s->arg);
}

static void
one_less(struct policy_search *s)
{
	must(s->waiting > 0);
	if (--s->waiting == 0)
		loop_post(s->sources.loop, on_settled, s);
}

/* --- questions --- */

static void
on_dane(const struct dane *dane, void *arg)
{
	struct host_search *h = arg;

	h->dane = NULL;
	h->answer.dane = *dane;
	one_less(h->whole);
}

static void
on_sts(const struct sts_answer *answer, void *arg)
{
	struct policy_search *s = arg;
	struct slice text;

	s->sts = NULL;
	s->sts_answer = *answer;
	text = arena_copy(s->arena, answer->policy.text);
	if (text.p == NULL)
		s->sts_answer.mode = STS_UNKNOWN;
	s->sts_answer.policy.text = text;
	one_less(s);
}

static bool
asks_dane(const struct policy_search *s, const struct host *h)
{
	const struct policy_question *q = &s->question;

	if (q->level != TLS_DANE &&
	    (q->level != TLS_AUTO || q->sender_waives ||
		q->kind == TARGET_LMTP))
		return false;
	return s->is_proved && h->name[0] != '\0' &&
	    q->kind != TARGET_LMTP_UNIX;
}

static bool
asks_sts(const struct policy_search *s)
{
	const struct policy_question *q = &s->question;

	if (q->kind != TARGET_MX || s->domain[0] == '\0' ||
	    s->sources.sts == NULL)
		return false;
	if (q->sender_requires)
		return true;
	return q->level == TLS_AUTO && !q->sender_waives;
}

static void
start(struct policy_search *s)
{
	s->waiting = 1;
	for (size_t i = 0; i < s->host_count; i++) {
		struct host_search *h = &s->hosts[i];

		h->answer.dane.outcome = DANE_UNSIGNED;
		if (!asks_dane(s, &h->host))
			continue;
		s->waiting++;
		h->dane = dane_find(s->sources.resolver, s->sources.loop,
		    s->arena, &h->host, s->question.port, on_dane, h);
	}
	if (asks_sts(s)) {
		s->waiting++;
		s->sts = sts_find(s->sources.sts, s->domain, on_sts, s);
	}
	one_less(s);
}

struct policy_search *
policy_find(const struct policy_sources *sources, const struct hosts *hosts,
    const struct policy_question *question, policy_fn *fn, void *arg)
{
	struct policy_search *s =
	    mem_zero(sizeof(*s) + hosts->host_count * sizeof(s->hosts[0]));

	s->sources = *sources;
	s->question = *question;
	s->arena = arena_new(ARENA_MAX);
	s->fn = fn;
	s->arg = arg;
	s->host_count = hosts->host_count;
	s->answers = mem_array(hosts->host_count, sizeof(*s->answers));
	memcpy(s->domain, hosts->name, sizeof(s->domain));
	memcpy(s->canonical, hosts->canonical, sizeof(s->canonical));
	/* A host that the operator named needs nobody to vouch for it. */
	s->is_proved = hosts->secure || question->kind != TARGET_MX;
	for (size_t i = 0; i < s->host_count; i++) {
		s->hosts[i].whole = s;
		s->hosts[i].host = hosts->host[i];
	}
	start(s);
	return s;
}

void
policy_search_free(struct policy_search **search)
{
	struct policy_search *s = *search;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->host_count; i++)
		dane_cancel(&s->hosts[i].dane);
	sts_cancel(&s->sts);
	loop_unpost(s->sources.loop, s);
	arena_free(&s->arena);
	mem_free(s->answers);
	mem_free(s);
	*search = NULL;
}

const struct sts_answer *
policy_search_sts(const struct policy_search *s)
{
	return &s->sts_answer;
}

const struct host_policy *
policy_search_answers(const struct policy_search *s)
{
	return s->answers;
}

const char *
policy_search_domain(const struct policy_search *s)
{
	return s->question.kind == TARGET_MX ? s->domain : "";
}

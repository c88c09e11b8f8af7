/*
 * policy/sts.c - one entry a domain: store, TXT record, host, fetch, in that
 * order and each at most once at a time, whoever asks meanwhile.
 */
#include "policy/sts.h"

#include <string.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "dns/hosts.h"

enum {
	ENTRIES_MAX = 20000,
	BYTES_MAX = 32 << 20,     /* of policies */
	FETCH_PATIENCE = MINUTE,  /* RFC 8461, 3.3 */
	RETRY_AFTER = 5 * MINUTE, /* RFC 8461, 3.3 */
	STORE_TRUSTED = MINUTE,   /* that it has nothing of the domain */
	SWEEP_EVERY = HOUR,
};

enum entry_stage { AT_REST, LOADING, ASKING, SEEKING, FETCHING };

struct entry;
LIST_HEAD(question_list, sts_question);

struct sts_question {
	LIST_ENTRY(sts_question) in_entry;
	sts_fn *fn;
	void *arg; /* borrowed */
};

struct entry {
	struct sts *sts; /* borrowed */
	UT_hash_handle hh;
	enum entry_stage stage;
	struct question_list questions; /* owned */
	char *kept;                     /* owned: the record's text; or NULL */
	size_t kept_n;
	struct sts_record record;  /* into kept */
	char id[STS_ID_MAX + 1];   /* as the DNS has it; "": not known */
	int64_t loaded_ms;         /* when the store had nothing; mono */
	int64_t retry_ms;          /* no fetch before; mono */
	const char *failure;       /* of the latest fetch; static */
	uint64_t txt;              /* question to the resolver */
	struct hosts_search *seek; /* owned */
	struct https_call *fetch;  /* owned */
	char domain[DNS_NAME_SIZE];
};

struct sts {
	struct loop *loop;         /* borrowed */
	struct resolver *resolver; /* borrowed */
	struct https *https;       /* borrowed */
	struct timer *sweep;       /* owned */
	struct sts_options options;
	struct entry *entries;
	size_t bytes;
};

/* --- entries --- */

static void
forget_policy(struct entry *e)
{
	e->sts->bytes -= e->kept_n;
	mem_free(e->kept);
	e->kept = NULL;
	e->kept_n = 0;
	e->record = (struct sts_record){ 0 };
}

static void
drop(struct entry *e)
{
	must(LIST_EMPTY(&e->questions));
	HASH_DEL(e->sts->entries, e);
	resolver_cancel(e->sts->resolver, e->txt);
	hosts_cancel(&e->seek);
	https_cancel(&e->fetch);
	forget_policy(e);
	mem_free(e);
}

static void
make_room(struct sts *s)
{
	struct entry *e, *next;

	HASH_ITER (hh, s->entries, e, next) {
		if (HASH_COUNT(s->entries) < ENTRIES_MAX &&
		    s->bytes < BYTES_MAX)
			return;
		if (e->stage == AT_REST && LIST_EMPTY(&e->questions))
			drop(e);
	}
}

static struct entry *
find_entry(struct sts *s, const char *domain)
{
	struct entry *e = NULL;

	if (s->entries != NULL)
		HASH_FIND(hh, s->entries, domain, strlen(domain), e);
	return e;
}

static struct entry *
add_entry(struct sts *s, const char *domain)
{
	struct entry *e;

	make_room(s);
	e = mem_zero(sizeof(*e));
	e->sts = s;
	LIST_INIT(&e->questions);
	must(slice_to_cstr(slice_of(domain), e->domain, sizeof(e->domain)));
	HASH_ADD(hh, s->entries, domain[0], strlen(e->domain), e);
	return e;
}

static bool
has_policy(const struct entry *e)
{
	return e->kept != NULL && sts_record_end(&e->record) > time_wall_ms();
}

/* The record is parsed out of a copy. False: it is none. */
static bool
keep_record(struct entry *e, struct slice text)
{
	struct sts_record record;
	char *copy = mem_cstr(text);

	if (!sts_record_parse(slice_from(copy, text.n), &record)) {
		mem_free(copy);
		return false;
	}
	forget_policy(e);
	e->kept = copy;
	e->kept_n = text.n;
	e->record = record;
	e->sts->bytes += text.n;
	return true;
}

/* --- answers --- */

static void
tell(struct entry *e, const struct sts_answer *answer)
{
	struct sts_question *q;

	while ((q = LIST_FIRST(&e->questions)) != NULL) {
		LIST_REMOVE(q, in_entry);
		q->fn(answer, q->arg);
		mem_free(q);
	}
}

/* By the policy that there is; else there is none. */
static void
conclude(struct entry *e)
{
	struct sts_answer answer = { .mode = STS_NONE, .failure = e->failure };

	if (has_policy(e)) {
		answer.mode = e->record.policy.mode;
		answer.policy = e->record.policy;
		answer.failure = NULL;
	}
	tell(e, &answer);
}

/* --- the fetch --- */

static void
fetch_failed(struct entry *e, const char *failure, const char *why)
{
	struct log_text text;

	e->stage = AT_REST;
	e->failure = failure;
	e->retry_ms = loop_now(e->sts->loop) + RETRY_AFTER;
	log_info("policy sts-fetch-failed domain=%s why=\"%s\" detail=%s",
	    e->domain, failure, log_text(slice_of(why), &text));
	conclude(e);
}

static void
keep_policy(struct entry *e, struct slice policy)
{
	const struct sts_store *store = &e->sts->options.store;
	struct sts_record record = { .id = slice_of(e->id),
		.fetched_ms = time_wall_ms(),
		.policy = { .text = policy } };
	struct buf text;

	buf_init(&text, STS_RECORD_MAX);
	sts_record_write(&record, &text);
	must(keep_record(e, buf_slice(&text)));
	if (store->keep != NULL)
		store->keep(e->domain, buf_slice(&text), store->arg);
	buf_done(&text);
	log_info("policy sts-fetched domain=%s id=%s mode=%s max_age=%u",
	    e->domain, e->id, sts_mode_name(e->record.policy.mode),
	    e->record.policy.max_age);
}

static void
on_fetched(const struct https_answer *a, void *arg)
{
	struct entry *e = arg;
	struct sts_policy policy;
	struct why why = { "" };

	e->fetch = NULL;
	if (a->rc == ERR_TLS)
		fetch_failed(e, "webpki-invalid", a->why);
	else if (a->rc != 0)
		fetch_failed(e, "policy-fetch-error", a->why);
	else if (a->status != 200)
		fetch_failed(e, "policy-fetch-error", "the status is not 200");
	else if (!slice_starts_nocase(slice_of(a->content_type), "text/plain"))
		fetch_failed(e, "policy-invalid", "it is not text/plain");
	else if (slice_has(a->body, '\0') ||
	    !sts_policy_parse(a->body, &policy, &why))
		fetch_failed(e, "policy-invalid", why.text);
	else {
		keep_policy(e, a->body);
		e->stage = AT_REST;
		e->failure = NULL;
		conclude(e);
	}
}

static void
on_host(const struct hosts *hosts, void *arg)
{
	struct entry *e = arg;
	struct ip addresses[HTTPS_ADDRESSES_MAX];
	struct https_request request = {
		.path = "/.well-known/mta-sts.txt",
		.port = e->sts->options.port,
		.addresses = addresses,
		.answer_max = STS_TEXT_MAX,
		.timeout_ms = FETCH_PATIENCE,
		.host = hosts->name,
	};

	e->seek = NULL;
	if (hosts->outcome != HOSTS_FOUND) {
		fetch_failed(e, "policy-fetch-error",
		    hosts_reply(hosts->outcome));
		return;
	}
	while (request.address_count < hosts->address_count &&
	    request.address_count < HTTPS_ADDRESSES_MAX) {
		addresses[request.address_count] =
		    hosts->address[request.address_count].ip;
		request.address_count++;
	}
	e->stage = FETCHING;
	e->fetch = https_start(e->sts->https, &request, on_fetched, e);
}

static void
start_fetch(struct entry *e)
{
	struct hosts_policy policy = { .ipv4 = e->sts->options.ipv4,
		.ipv6 = e->sts->options.ipv6 };
	struct buf name;

	buf_init(&name, DNS_NAME_SIZE + 16);
	buf_addf(&name, "mta-sts.%s", e->domain);
	e->stage = SEEKING;
	e->seek = hosts_of_name(e->sts->resolver, e->sts->loop,
	    buf_slice(&name), &policy, on_host, e);
	buf_done(&name);
}

/* --- the TXT record --- */

/* RFC 8461, 3.1: exactly one, or there is none. */
static bool
choose_id(const struct dns_answer *answer, char out[STS_ID_MAX + 1])
{
	struct slice id = SLICE_NONE;
	size_t ours = 0;

	for (size_t i = 0; i < answer->count; i++) {
		if (!sts_txt_is_ours(answer->records[i].data))
			continue;
		ours++;
		if (!sts_txt_parse(answer->records[i].data, &id))
			id = SLICE_NONE;
	}
	return ours == 1 && id.n > 0 && slice_to_cstr(id, out, STS_ID_MAX + 1);
}

static bool
is_due(const struct entry *e)
{
	return time_wall_ms() >= sts_record_renewal(&e->record);
}

static void
on_txt(const struct dns_answer *answer, void *arg)
{
	static const struct sts_answer unknown = { .mode = STS_UNKNOWN };
	struct entry *e = arg;
	bool may_fetch = e->retry_ms <= loop_now(e->sts->loop);
	bool is_known;

	e->txt = 0;
	e->stage = AT_REST;
	if (answer->outcome == DNS_BOGUS && !has_policy(e)) {
		tell(e, &unknown);
		return;
	}
	/* RFC 8461, 3.3: what can't be found anew counts until its end. */
	if (answer->outcome != DNS_FOUND || !choose_id(answer, e->id)) {
		if (!has_policy(e))
			e->failure = NULL;
		conclude(e);
		return;
	}
	is_known = has_policy(e) && slice_is(e->record.id, e->id);
	if (is_known && may_fetch && is_due(e)) {
		conclude(e);
		start_fetch(e);
	} else if (is_known || !may_fetch) {
		conclude(e);
	} else {
		start_fetch(e);
	}
}

static void
ask_txt(struct entry *e)
{
	struct buf name;

	buf_init(&name, DNS_NAME_SIZE + 16);
	buf_addf(&name, "_mta-sts.%s", e->domain);
	e->stage = ASKING;
	e->txt = resolver_ask(e->sts->resolver, buf_slice(&name), DNS_TXT,
	    on_txt, e);
	buf_done(&name);
}

/* --- the store --- */

static void
start(struct entry *e)
{
	const struct sts_store *store = &e->sts->options.store;

	if (store->ask != NULL && !has_policy(e) &&
	    (e->loaded_ms == 0 ||
		e->loaded_ms + STORE_TRUSTED < loop_now(e->sts->loop))) {
		e->stage = LOADING;
		store->ask(e->domain, store->arg);
	} else {
		ask_txt(e);
	}
}

void
sts_told(struct sts *s, struct slice domain, struct slice record)
{
	char name[DNS_NAME_SIZE];
	struct entry *e;

	if (!slice_to_cstr(domain, name, sizeof(name)))
		return;
	e = find_entry(s, name);
	if (e == NULL || e->stage != LOADING)
		return;
	e->loaded_ms = loop_now(s->loop);
	if (record.n > 0 && !keep_record(e, record))
		log_warning("policy sts-record-bad domain=%s", e->domain);
	ask_txt(e);
}

void
sts_store_is_new(struct sts *s)
{
	struct entry *e, *next;

	HASH_ITER (hh, s->entries, e, next)
		if (e->stage == LOADING)
			start(e);
}

/* --- the whole --- */

/* Policies are renewed also where no mail comes along to ask for them. */
static void
on_sweep(void *arg)
{
	struct sts *s = arg;
	struct entry *e, *next;

	HASH_ITER (hh, s->entries, e, next)
		if (e->stage == AT_REST && has_policy(e) && is_due(e))
			ask_txt(e);
	timer_set(s->sweep, SWEEP_EVERY);
}

struct sts *
sts_new(struct loop *loop, struct resolver *resolver, struct https *https,
    const struct sts_options *options)
{
	struct sts *s = mem_zero(sizeof(*s));

	s->loop = loop;
	s->resolver = resolver;
	s->https = https;
	s->options = *options;
	s->sweep = timer_new(loop, on_sweep, s);
	timer_set(s->sweep, SWEEP_EVERY);
	return s;
}

void
sts_free(struct sts **sts)
{
	struct sts *s = *sts;

	if (s == NULL)
		return;
	while (s->entries != NULL)
		drop(s->entries);
	timer_free(&s->sweep);
	mem_free(s);
	*sts = NULL;
}

void
sts_set_options(struct sts *s, const struct sts_options *options)
{
	s->options = *options;
}

struct sts_question *
sts_find(struct sts *s, const char *domain, sts_fn *fn, void *arg)
{
	struct sts_question *q = mem_zero(sizeof(*q));
	struct entry *e = find_entry(s, domain);

	if (e == NULL)
		e = add_entry(s, domain);
	q->fn = fn;
	q->arg = arg;
	LIST_INSERT_HEAD(&e->questions, q, in_entry);
	if (e->stage == AT_REST)
		start(e);
	return q;
}

void
sts_cancel(struct sts_question **question)
{
	if (*question == NULL)
		return;
	LIST_REMOVE(*question, in_entry);
	mem_free(*question);
	*question = NULL;
}

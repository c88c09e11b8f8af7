/*
 * dns/resolver.c - libunbound in our loop.
 *
 * What libunbound is like, and why this is as it is: options count only before
 * the first question; the callback may run inside the question (so answers are
 * posted); its rcode is not the packet's; bogus data comes with its data (so
 * `sec` is read first); how long a dead server takes is not ours to say (so
 * each question has a timer).
 */
#include "dns/resolver.h"

#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"

enum {
	CLASS_IN = 1,
	PROBE_PATIENCE = 5 * SECOND,
	PROBE_AGAIN = 60 * SECOND,
};

/* The third parameter of libunbound's callback. */
enum { SEC_INSECURE, SEC_BOGUS, SEC_SECURE };

enum query_state {
	QUERY_HELD,     /* until the probe says which context to ask */
	QUERY_ASKED,    /* libunbound has it */
	QUERY_ANSWERED, /* the answer is posted */
};

struct query {
	uint64_t id;
	struct resolver *resolver; /* borrowed */
	enum query_state state;
	enum dns_type type;
	char name[DNS_NAME_SIZE];
	struct ub_ctx *ctx;  /* borrowed; with QUERY_ASKED */
	int async_id;        /* with QUERY_ASKED */
	struct timer *timer; /* owned; NULL for what the cache knew */
	struct arena *arena; /* owned */
	struct dns_answer answer;
	resolver_fn *fn;
	void *arg; /* borrowed */
	UT_hash_handle hh;
};

/* May the system's root anchor be used? A configured one always is. */
enum trust { TRUST_UNKNOWN, TRUST_PROVED, TRUST_FAILED };

struct resolver {
	struct loop *loop;         /* borrowed */
	struct ub_ctx *validating; /* owned; NULL without an anchor */
	struct ub_ctx *plain;      /* owned; NULL with a configured anchor */
	enum trust trust;          /* counts when both are there */
	int probe_id;
	bool probing;
	bool warned;
	struct timer *probe_timer; /* owned */
	int64_t timeout_ms;
	uint64_t last_id;
	struct query *queries; /* owned, by id */
};

/*
 * Order of the file system's usual suspects; the first one that is readable is
 * the system's root anchor.
 */
static const char *const system_anchors[] = {
	"/usr/share/dns/root.key",
	"/var/lib/unbound/root.key",
	"/etc/unbound/root.key",
	"/usr/local/etc/unbound/root.key",
};

/*
 * Servers that were down are found again within seconds, dead ones are given
 * up fast, and a lone server on 127.0.0.1 or in a private zone is as good as
 * any. The sizes suit a process that asks for 100,000 domains.
 */
/* clang-format off */
static const struct {
	const char *option;
	const char *value;
} settings[] = {
	{ "do-not-query-localhost:",	"no" },
	{ "unblock-lan-zones:",		"yes" },
	{ "insecure-lan-zones:",	"yes" },
	{ "local-zone:",		"test. transparent" },
	{ "local-zone:",		"home.arpa. transparent" },
	{ "local-zone:",		"127.in-addr.arpa. transparent" },
	{ "outbound-msg-retry:",	"2" },
	{ "infra-host-ttl:",		"5" },
	{ "infra-keep-probing:",	"yes" },
	{ "outgoing-range:",		"256" },
	{ "num-queries-per-thread:",	"4096" },
	{ "msg-cache-size:",		"8m" },
	{ "rrset-cache-size:",		"16m" },
	{ "cache-max-negative-ttl:",	"600" },
	{ "qname-minimisation:",	"yes" },
	{ "minimal-responses:",		"yes" },
	{ "harden-glue:",		"yes" },
};
/* clang-format on */

/*
 * Names for private use: the root proves that they are not there, so servers
 * that have them nonetheless would be called forgers. They count as insecure
 * under the system's root anchor; an anchor that is configured says it all.
 */
static const char *const private_names[] = { "test", "internal", "local",
	"home.arpa" };

static void
query_free(struct query *q)
{
	struct resolver *r = q->resolver;

	if (q->state == QUERY_ASKED)
		(void)ub_cancel(q->ctx, q->async_id);
	else if (q->state == QUERY_ANSWERED)
		loop_unpost(r->loop, q);
	HASH_DEL(r->queries, q);
	timer_free(&q->timer);
	arena_free(&q->arena);
	mem_free(q);
}

/* Tells the asker. The query goes first, so that the callee may do anything. */
static void
query_finish(struct query *q)
{
	struct resolver *r = q->resolver;
	struct arena *arena = q->arena;
	struct dns_answer answer = q->answer;
	resolver_fn *fn = q->fn;
	void *arg = q->arg;

	q->arena = NULL;
	q->state = QUERY_HELD; /* neither asked nor posted any more */
	must(r->queries != NULL);
	query_free(q);
	fn(&answer, arg);
	arena_free(&arena);
}

static void
on_posted(void *arg)
{
	query_finish(arg);
}

static void
answer_later(struct query *q)
{
	q->state = QUERY_ANSWERED;
	timer_free(&q->timer);
	loop_post(q->resolver->loop, on_posted, q);
}

static void
answer_without_packet(struct query *q, enum dns_outcome outcome, unsigned rcode)
{
	q->answer = (struct dns_answer){ .outcome = outcome,
		.rcode = rcode,
		.canonical = SLICE_NONE };
}

static void
on_unbound(void *arg, int rcode, void *packet, int length, int sec,
    char *why_bogus, int was_ratelimited)
{
	struct query *q = arg;
	enum { SERVFAIL = 2 };

	(void)was_ratelimited;
	if (sec == SEC_BOGUS) {
		struct log_text name, text;

		log_warning("dns bogus name=%s type=%s why=%s",
		    log_text(slice_of(q->name), &name), dns_type_name(q->type),
		    log_text(slice_of(why_bogus), &text));
		answer_without_packet(q, DNS_BOGUS, SERVFAIL);
	} else if (rcode != 0 || packet == NULL || length <= 0) {
		answer_without_packet(q, DNS_TEMPORARY, SERVFAIL);
	} else if (dns_packet_parse(slice_from(packet, (size_t)length), q->type,
		       q->arena, &q->answer)) {
		q->answer.secure = sec == SEC_SECURE;
	}
	answer_later(q);
}

static void
on_patience_lost(void *arg)
{
	struct query *q = arg;
	enum { SERVFAIL = 2 };

	if (q->state == QUERY_ASKED)
		(void)ub_cancel(q->ctx, q->async_id);
	answer_without_packet(q, DNS_TEMPORARY, SERVFAIL);
	query_finish(q);
}

static struct ub_ctx *
context_for_questions(const struct resolver *r)
{
	if (r->plain == NULL ||
	    (r->validating != NULL && r->trust == TRUST_PROVED))
		return r->validating;
	return r->plain;
}

static void
query_ask(struct query *q)
{
	int rc;

	q->ctx = context_for_questions(q->resolver);
	q->state = QUERY_ASKED;
	q->async_id = 0;
	rc = ub_resolve_event(q->ctx, q->name, (int)q->type, CLASS_IN, q,
	    on_unbound, &q->async_id);
	if (rc != 0) {
		enum { SERVFAIL = 2 };

		log_warning("dns refused-question why=\"%s\"", ub_strerror(rc));
		answer_without_packet(q, DNS_TEMPORARY, SERVFAIL);
		answer_later(q);
	}
}

static void
query_arm(struct query *q)
{
	q->timer = timer_new(q->resolver->loop, on_patience_lost, q);
	timer_set(q->timer, q->resolver->timeout_ms);
}

static void
release_held(struct resolver *r)
{
	struct query *q, *next;

	HASH_ITER (hh, r->queries, q, next)
		if (q->state == QUERY_HELD)
			query_ask(q);
}

static void start_probe(void *arg);

static void
probe_ended(struct resolver *r, bool proved)
{
	r->probing = false;
	r->trust = proved ? TRUST_PROVED : TRUST_FAILED;
	if (proved) {
		timer_cancel(r->probe_timer);
	} else {
		if (!r->warned)
			log_warning("dns no-dnssec the servers do not pass on "
				    "what validates the root: nothing is "
				    "secure until they do");
		r->warned = true;
		timer_set(r->probe_timer, PROBE_AGAIN);
	}
	release_held(r);
}

static void
on_probed(void *arg, int rcode, void *packet, int length, int sec,
    char *why_bogus, int was_ratelimited)
{
	struct resolver *r = arg;

	(void)packet;
	(void)length;
	(void)why_bogus;
	(void)was_ratelimited;
	probe_ended(r, rcode == 0 && sec == SEC_SECURE);
}

/* The probe's timer: it took too long, or it is time for the next one. */
static void
start_probe(void *arg)
{
	struct resolver *r = arg;

	if (r->probing) {
		(void)ub_cancel(r->validating, r->probe_id);
		probe_ended(r, false);
		return;
	}
	r->probing = true;
	timer_set(r->probe_timer, PROBE_PATIENCE);
	if (ub_resolve_event(r->validating, ".", DNS_NS, CLASS_IN, r, on_probed,
		&r->probe_id) != 0)
		probe_ended(r, false);
}

static int
context_set_servers(struct ub_ctx *ctx, const struct resolver_options *options,
    struct why *why)
{
	for (size_t i = 0; i < options->server_count; i++) {
		int rc = ub_ctx_set_fwd(ctx, options->servers[i]);

		if (rc != 0) {
			why_set(why, "dns server \"%s\": %s",
			    options->servers[i], ub_strerror(rc));
			return rc;
		}
	}
	/* Without the file, libunbound asks the root servers itself. */
	if (options->server_count == 0)
		(void)ub_ctx_resolvconf(ctx, NULL);
	return 0;
}

static void
on_warm(void *arg, int rcode, void *packet, int length, int sec,
    char *why_bogus, int was_ratelimited)
{
	(void)rcode;
	(void)packet;
	(void)length;
	(void)sec;
	(void)why_bogus;
	(void)was_ratelimited;
	*(bool *)arg = true;
}

static void
set_option(struct ub_ctx *ctx, const char *option, const char *value)
{
	int rc = ub_ctx_set_option(ctx, option, value);

	if (rc != 0)
		log_warning("dns option-refused option=%s why=\"%s\"", option,
		    ub_strerror(rc));
}

/* `anchor` NULL: nothing is validated. */
static struct ub_ctx *
context_new(struct loop *loop, const struct resolver_options *options,
    const char *anchor, struct why *why)
{
	struct ub_ctx *ctx = ub_ctx_create_event(loop_base(loop));
	bool answered = false;
	int id, rc;

	must(ctx != NULL);
	(void)ub_ctx_debugout(ctx, NULL);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		set_option(ctx, settings[i].option, settings[i].value);
	if (anchor != NULL && anchor != options->trust_anchor)
		for (size_t i = 0;
		     i < sizeof(private_names) / sizeof(private_names[0]); i++)
			set_option(ctx, "domain-insecure:", private_names[i]);
	if (context_set_servers(ctx, options, why) != 0)
		goto out;
	if (anchor != NULL &&
	    (access(anchor, R_OK) != 0 ||
		(rc = ub_ctx_add_ta_file(ctx, anchor)) != 0)) {
		why_set(why, "trust anchor \"%s\" can't be read", anchor);
		goto out;
	}
	/*
	 * The first question reads the anchor. This one is answered out of
	 * libunbound's own zone, at once.
	 */
	rc = ub_resolve_event(ctx, "localhost", DNS_A, CLASS_IN, &answered,
	    on_warm, &id);
	if (rc == 0 && answered)
		return ctx;
	why_set(why, "the resolver does not start%s%s",
	    anchor == NULL ? "" : " with the trust anchor ",
	    anchor == NULL ? "" : anchor);
out:
	ub_ctx_delete(ctx);
	return NULL;
}

static const char *
find_system_anchor(void)
{
	for (size_t i = 0;
	     i < sizeof(system_anchors) / sizeof(system_anchors[0]); i++)
		if (access(system_anchors[i], R_OK) == 0)
			return system_anchors[i];
	return NULL;
}

struct resolver *
resolver_new(struct loop *loop, const struct resolver_options *options,
    struct why *why)
{
	struct resolver *r = mem_zero(sizeof(*r));
	const char *anchor = options->trust_anchor;
	bool configured = anchor != NULL && *anchor != '\0';

	r->loop = loop;
	r->timeout_ms = options->timeout_ms;
	r->probe_timer = timer_new(loop, start_probe, r);
	if (!configured)
		anchor = find_system_anchor();
	if (anchor != NULL)
		r->validating = context_new(loop, options, anchor, why);
	if (!configured)
		r->plain = context_new(loop, options, NULL, why);
	if (configured ? r->validating == NULL : r->plain == NULL) {
		resolver_free(&r);
		return NULL;
	}
	if (r->plain != NULL && r->validating != NULL)
		start_probe(r);
	return r;
}

void
resolver_free(struct resolver **resolver)
{
	struct resolver *r = *resolver;
	struct query *q, *next;

	if (r == NULL)
		return;
	HASH_ITER (hh, r->queries, q, next)
		query_free(q);
	if (r->probing)
		(void)ub_cancel(r->validating, r->probe_id);
	timer_free(&r->probe_timer);
	if (r->validating != NULL)
		ub_ctx_delete(r->validating);
	if (r->plain != NULL)
		ub_ctx_delete(r->plain);
	mem_free(r);
	*resolver = NULL;
}

uint64_t
resolver_ask(struct resolver *r, struct slice name, enum dns_type type,
    resolver_fn *fn, void *arg)
{
	struct query *q = mem_zero(sizeof(*q));
	enum { NXDOMAIN = 3 };

	q->resolver = r;
	q->id = ++r->last_id;
	q->type = type;
	q->fn = fn;
	q->arg = arg;
	q->arena = arena_new(DNS_ARENA_MAX);
	HASH_ADD(hh, r->queries, id, sizeof(q->id), q);
	if (!dns_name_is_valid(name) ||
	    !slice_to_cstr(name, q->name, sizeof(q->name))) {
		answer_without_packet(q, DNS_NO_NAME, NXDOMAIN);
		answer_later(q);
		return q->id;
	}
	if (r->plain != NULL && r->validating != NULL &&
	    r->trust == TRUST_UNKNOWN)
		q->state = QUERY_HELD;
	else
		query_ask(q);
	if (q->state != QUERY_ANSWERED)
		query_arm(q);
	return q->id;
}

void
resolver_cancel(struct resolver *r, uint64_t id)
{
	struct query *q;

	HASH_FIND(hh, r->queries, &id, sizeof(id), q);
	if (q != NULL)
		query_free(q);
}

size_t
resolver_pending(const struct resolver *r)
{
	return HASH_COUNT(r->queries);
}

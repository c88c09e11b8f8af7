/*
 * receive/inspection.c - leads the evidence of a session: fetches the answers
 * that it asks for, bounds the wait for them, signs. What the checks are, and
 * what they lead to, stands in evidence.c.
 */
#include "receive/inspection.h"

#include "base/alloc.h"
#include "base/time.h"
#include "dns/fetch.h"
#include "dns/hosts.h"
#include "receive/evidence.h"
#include "verify/auth_results.h"
#include "verify/dkim_sign.h"

enum {
	FETCHES_MAX = 12, /* at once; the rest waits for one of them */
	FIELDS_MAX = 100 << 10,
};

struct inspector {
	struct loop *loop;            /* borrowed */
	struct resolver *resolver;    /* owned */
	struct dkim_library *library; /* owned */
	dmarc_count_fn *count_dmarc;  /* or NULL */
	void *count_arg;              /* borrowed */
};

/* Questions under way. */
struct errand {
	struct inspection *inspection; /* borrowed */
	struct answers *answers;       /* borrowed: where they belong */
	struct fetch *fetch;           /* NULL: this place is free */
};

enum waits { WAITS_FOR_NOTHING, WAITS_FOR_NEWS, WAITS_FOR_FINDINGS };

struct inspection {
	struct inspector *inspector; /* borrowed */
	struct ground *ground;       /* owned: a reference */
	struct inspection_events events;
	struct evidence *evidence; /* owned; NULL: the client is exempt */
	enum waits waits;
	struct timer *timer; /* owned: the end of waiting */
	/* One budget for all waits of a message: what is left of dns.timeout */
	int64_t left_ms, waits_since_ms;
	struct errand errands[FETCHES_MAX];

	char login[ADDRESS_MAX + 1];
	struct dkim_sign *sign; /* owned */
	bool smtputf8;
	bool is_done; /* these are known: */
	struct smtp_findings findings;
	struct buf above, below, verdicts;
};

static void advance(struct inspection *);

/* --- what a process has --- */

struct inspector *
inspector_new(struct loop *loop, const struct conf *conf, struct why *why)
{
	struct inspector *n = mem_zero(sizeof(*n));
	struct resolver_options options = {
		.servers = (const char *const *)conf->dns.servers.v,
		.server_count = conf->dns.servers.n,
		.trust_anchor = conf->dns.trust_anchor,
		.timeout_ms = conf->dns.timeout_ms,
	};

	n->loop = loop;
	n->resolver = resolver_new(loop, &options, why);
	if (n->resolver != NULL) {
		n->library = dkim_library_new();
		if (n->library == NULL)
			why_set(why, "the DKIM library does not start");
	}
	if (n->library == NULL)
		inspector_free(&n);
	return n;
}

void
inspector_free(struct inspector **inspector)
{
	struct inspector *n = *inspector;

	if (n == NULL)
		return;
	resolver_free(&n->resolver);
	dkim_library_free(&n->library);
	mem_free(n);
	*inspector = NULL;
}

struct resolver *
inspector_resolver(struct inspector *n)
{
	return n->resolver;
}

void
inspector_count_dmarc(struct inspector *n, dmarc_count_fn *fn, void *arg)
{
	n->count_dmarc = fn;
	n->count_arg = arg;
}

/* --- questions --- */

static void
on_fetched(void *arg)
{
	struct errand *e = arg;

	e->fetch = NULL;
	advance(e->inspection);
}

/* What is missing and not under way yet. */
static void
send_errand(struct inspection *i, struct answers *answers)
{
	struct inspector *n = i->inspector;

	if (!answers_has_questions(answers))
		return;
	for (size_t k = 0; k < FETCHES_MAX; k++) {
		struct errand *e = &i->errands[k];

		if (e->fetch != NULL)
			continue;
		e->inspection = i;
		e->answers = answers;
		e->fetch =
		    fetch_start(n->resolver, n->loop, answers, on_fetched, e);
		return;
	}
}

static void
cancel_errands(struct inspection *i, const struct answers *answers)
{
	for (size_t k = 0; k < FETCHES_MAX; k++)
		if (i->errands[k].answers == answers)
			fetch_cancel(&i->errands[k].fetch);
}

/* --- what is found --- */

/* Of a client that is exempt: who he is, if he said so. */
static void
vouch(struct inspection *i)
{
	struct verdicts v = { .login = slice_of(i->login) };

	if (v.login.n > 0)
		auth_results_write(&v, slice_of(i->ground->conf->hostname),
		    i->smtputf8, &i->above);
	verdicts_encode(&v, &i->verdicts);
}

static const char *
judge(struct inspection *i)
{
	struct inspector *n = i->inspector;
	const char *refusal = evidence_conclude(i->evidence, i->smtputf8,
	    &i->above, &i->verdicts, &i->findings.hold);

	/* Whatever becomes of it now. */
	if (n->count_dmarc != NULL)
		evidence_count(i->evidence, n->count_dmarc, n->count_arg);
	return refusal;
}

static const char *
sign(struct inspection *i)
{
	int rc;

	if (i->sign == NULL)
		return NULL;
	rc = dkim_sign_end(i->sign, time_wall_ms(), &i->below);
	dkim_sign_free(&i->sign);
	return rc == 0 ? NULL : "451 4.3.0 The message can't be signed";
}

/* All is known: what is to be said and done. */
static void
conclude(struct inspection *i)
{
	const char *refusal = NULL;

	if (i->evidence == NULL)
		vouch(i);
	else
		refusal = judge(i);
	if (refusal == NULL)
		refusal = sign(i);
	i->findings.refusal = slice_of(refusal == NULL ? "" : refusal);
	i->findings.above = buf_slice(&i->above);
	i->findings.below = buf_slice(&i->below);
	i->findings.verdicts = buf_slice(&i->verdicts);
	i->is_done = true;
}

/* --- the course of it --- */

/* Nobody waits any more; what the events bring may free the inspection. */
static void
stop_waiting(struct inspection *i, void (*event)(void *))
{
	i->waits = WAITS_FOR_NOTHING;
	timer_cancel(i->timer);
	i->left_ms -= loop_now(i->inspector->loop) - i->waits_since_ms;
	event(i->events.arg);
}

/* Something has come, or is to be asked: on as far as it goes. */
static void
advance(struct inspection *i)
{
	bool known = i->evidence == NULL || evidence_is_complete(i->evidence);

	if (known && i->waits == WAITS_FOR_NEWS) {
		stop_waiting(i, i->events.informed);
	} else if (known && i->waits == WAITS_FOR_FINDINGS) {
		conclude(i);
		stop_waiting(i, i->events.inspected);
	} else if (!known) {
		send_errand(i, evidence_client_answers(i->evidence));
		send_errand(i, evidence_message_answers(i->evidence));
	}
}

static void
give_up(struct inspection *i, struct answers *answers)
{
	cancel_errands(i, answers);
	answers_close(answers);
}

/* It took too long: what is missing is temporary trouble. */
static void
on_timeout(void *arg)
{
	struct inspection *i = arg;

	give_up(i, evidence_client_answers(i->evidence));
	give_up(i, evidence_message_answers(i->evidence));
	advance(i);
}

static void
wait_for(struct inspection *i, enum waits what)
{
	i->waits = what;
	i->waits_since_ms = loop_now(i->inspector->loop);
	timer_set(i->timer, i->left_ms);
}

static void
forget(struct inspection *i)
{
	if (i->evidence != NULL)
		evidence_forget(i->evidence);
	dkim_sign_free(&i->sign);
	i->is_done = false;
	i->findings = (struct smtp_findings){ 0 };
	buf_reset(&i->above);
	buf_reset(&i->below);
	buf_reset(&i->verdicts);
}

struct inspection *
inspection_new(struct inspector *inspector, struct ground *ground,
    const struct ip *client, bool is_exempt,
    const struct inspection_events *events)
{
	struct inspection *i = mem_zero(sizeof(*i));

	i->inspector = inspector;
	i->ground = ground_ref(ground);
	i->events = *events;
	i->timer = timer_new(inspector->loop, on_timeout, i);
	if (!is_exempt)
		i->evidence =
		    evidence_new(inspector->library, i->ground->conf, client);
	buf_init(&i->above, FIELDS_MAX);
	buf_init(&i->below, FIELDS_MAX);
	buf_init(&i->verdicts, VERDICTS_SIZE_MAX);
	forget(i);
	advance(i);
	return i;
}

void
inspection_free(struct inspection **inspection)
{
	struct inspection *i = *inspection;

	if (i == NULL)
		return;
	for (size_t k = 0; k < FETCHES_MAX; k++)
		fetch_cancel(&i->errands[k].fetch);
	forget(i);
	timer_free(&i->timer);
	evidence_free(&i->evidence);
	buf_done(&i->above);
	buf_done(&i->below);
	buf_done(&i->verdicts);
	ground_unref(&i->ground);
	mem_free(i);
	*inspection = NULL;
}

void
inspection_sender(struct inspection *i, const struct address *sender,
    struct slice helo)
{
	forget(i);
	i->left_ms = i->ground->conf->dns.timeout_ms;
	if (i->evidence == NULL)
		return;
	cancel_errands(i, evidence_message_answers(i->evidence));
	evidence_sender(i->evidence, sender, helo);
	advance(i);
}

bool
inspection_is_informed(struct inspection *i)
{
	if (i->evidence == NULL || !evidence_may_refuse(i->evidence) ||
	    evidence_is_complete(i->evidence))
		return true;
	wait_for(i, WAITS_FOR_NEWS);
	advance(i);
	return false;
}

const char *
inspection_refusal(struct inspection *i)
{
	return i->evidence == NULL ? NULL : evidence_refusal(i->evidence);
}

/* --- content --- */

static bool
may_sign(const struct inspection *i, const struct dkim_signer *signer)
{
	const struct conf *conf = i->ground->conf;
	char ascii[DNS_NAME_SIZE];

	if (i->login[0] != '\0')
		return true;
	for (size_t k = 0; k < conf->dkim_count; k++)
		if (hosts_name_to_ascii(slice_of(conf->dkims[k].domain),
			ascii) &&
		    slice_is_nocase(slice_of(ascii),
			dkim_signer_domain(signer)))
			return conf->dkims[k].sign_trusted;
	return false;
}

/* The signature stands over the fields that we add, too. */
static void
begin_signing(struct inspection *i, struct slice added, struct slice header)
{
	const struct dkim_signer *signer =
	    dkim_signers_of_header(i->ground->signers, header);
	struct buf all;

	if (signer == NULL || !may_sign(i, signer))
		return;
	buf_init(&all, added.n + header.n + 1);
	buf_add(&all, added);
	buf_add(&all, header);
	i->sign = dkim_sign_new(signer, buf_slice(&all));
	buf_done(&all);
}

void
inspection_head(struct inspection *i, struct slice login, struct slice added,
    struct slice header)
{
	if (!slice_to_cstr(login, i->login, sizeof(i->login)))
		i->login[0] = '\0';
	if (i->evidence == NULL) {
		begin_signing(i, added, header);
		return;
	}
	evidence_head(i->evidence, header);
	advance(i);
}

void
inspection_body(struct inspection *i, struct slice run)
{
	if (i->evidence != NULL)
		evidence_body(i->evidence, run);
	if (i->sign != NULL)
		dkim_sign_body(i->sign, run);
}

void
inspection_abort(struct inspection *i)
{
	i->waits = WAITS_FOR_NOTHING;
	timer_cancel(i->timer);
	forget(i);
}

bool
inspection_end(struct inspection *i, bool smtputf8,
    struct smtp_findings *findings)
{
	i->smtputf8 = smtputf8;
	if (i->evidence != NULL)
		evidence_end(i->evidence);
	if (i->evidence == NULL || evidence_is_complete(i->evidence)) {
		conclude(i);
		*findings = i->findings;
		return true;
	}
	wait_for(i, WAITS_FOR_FINDINGS);
	advance(i);
	return false;
}

const struct smtp_findings *
inspection_findings(const struct inspection *i)
{
	must(i->is_done);
	return &i->findings;
}

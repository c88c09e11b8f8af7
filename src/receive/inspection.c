/*
 * receive/inspection.c - the checks of one session, run over and over until
 * their answers are there; and what follows from them.
 */
#include "receive/inspection.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/time.h"
#include "dns/fetch.h"
#include "dns/hosts.h"
#include "mail/from_header.h"
#include "mail/header_writer.h"
#include "verify/arc.h"
#include "verify/auth_results.h"
#include "verify/dkim_sign.h"
#include "verify/dkim_verify.h"
#include "verify/dmarc.h"
#include "verify/dnsbl.h"
#include "verify/gather.h"
#include "verify/iprev.h"
#include "verify/spf.h"

enum {
	QUESTIONS_MAX = 500,
	ANSWERS_MAX = 2 << 20, /* octets of a message's answers */
	FETCHES_MAX = 12,      /* at once; the rest waits for one of them */
	FIELDS_MAX = 100 << 10,
	REPLY_SIZE = 512,
	TRUSTED_MAX = 64, /* arc_trusted */
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

/* What is to be known of the client, the sender, the content. */
enum stage {
	STAGE_NONE,
	STAGE_SENDER, /* MAIL was taken */
	STAGE_HEAD,   /* the header section has come */
	STAGE_END,    /* all has come */
	STAGE_DONE,   /* and all is known */
};

enum waits { WAITS_FOR_NOTHING, WAITS_FOR_NEWS, WAITS_FOR_FINDINGS };

struct inspection {
	struct inspector *inspector; /* borrowed */
	struct ground *ground;       /* owned: a reference */
	struct inspection_events events;
	struct ip client;
	bool is_exempt;
	enum stage stage;
	enum waits waits;
	struct timer *timer; /* owned: the end of waiting */
	/* One budget for all waits of a message: what is left of dns.timeout */
	int64_t left_ms, waits_since_ms;

	/* The client: answers of their own, since they outlive a message. */
	struct answers *client_answers; /* owned */
	struct dnsbl_verdict dnsbl;
	enum iprev_result iprev;
	struct slice iprev_name; /* client_answers' */
	bool client_is_known;

	struct answers *answers; /* owned: those of the message */
	struct errand errands[FETCHES_MAX];
	char local[ADDRESS_MAX + 1], domain[ADDRESS_MAX + 1];
	char helo[ADDRESS_MAX + 1], login[ADDRESS_MAX + 1];
	struct spf_outcome spf, spf_helo;
	struct dkim_verify *dkim; /* owned */
	struct arc *arc;          /* owned */
	struct dkim_sign *sign;   /* owned */
	struct from_header from;
	struct dmarc_verdict dmarc;
	struct arc_verdict arc_verdict;
	bool is_vouched;
	unsigned vouching;
	bool is_report; /* a DMARC report */
	bool smtputf8;

	struct smtp_findings findings;
	struct buf above, below, verdicts;
	char refusal[REPLY_SIZE];
};

static void advance(struct inspection *);

static const struct checks_conf *
checks(const struct inspection *i)
{
	return &i->ground->conf->checks;
}

static struct slice
hostname(const struct inspection *i)
{
	return slice_of(i->ground->conf->hostname);
}

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

/* --- the checks, each to be run until it is done --- */

/* True: nothing more is to be learned about the client. */
static bool
check_client(struct inspection *i)
{
	const struct strings *lists = &checks(i)->dnsbl;

	if (i->client_is_known)
		return true;
	dnsbl_check(&i->client, lists->v, lists->n, i->client_answers,
	    &i->dnsbl);
	i->iprev = iprev_check(&i->client, i->client_answers, &i->iprev_name);
	i->client_is_known =
	    i->dnsbl.result != DNSBL_AGAIN && i->iprev != IPREV_AGAIN;
	return i->client_is_known;
}

static bool
check_spf_of(struct inspection *i, struct slice local, struct slice domain,
    struct spf_outcome *out)
{
	const struct spf_query query = { .client = i->client,
		.local = local,
		.domain = domain,
		.helo = slice_of(i->helo),
		.receiver = hostname(i),
		.wall_ms = time_wall_ms() };

	if (out->result == SPF_AGAIN)
		spf_check(&query, i->answers, out);
	return out->result != SPF_AGAIN;
}

/* MAIL FROM's identity, and HELO's; that alone for a null sender. */
static bool
check_spf(struct inspection *i)
{
	bool helo, sender = true;

	if (checks(i)->spf == CHECK_OFF && checks(i)->dmarc == CHECK_OFF)
		return true;
	helo = check_spf_of(i, SLICE_NONE, slice_of(i->helo), &i->spf_helo);
	if (i->domain[0] != '\0')
		sender = check_spf_of(i, slice_of(i->local),
		    slice_of(i->domain), &i->spf);
	return helo && sender;
}

static const struct spf_outcome *
spf_verdict(const struct inspection *i)
{
	return i->domain[0] != '\0' ? &i->spf : &i->spf_helo;
}

static bool
check_dkim(struct inspection *i)
{
	if (i->dkim == NULL)
		return true;
	if (i->stage < STAGE_END)
		return dkim_verify_ask(i->dkim, i->answers);
	return dkim_verify_judge(i->dkim, i->answers);
}

static bool
check_arc(struct inspection *i)
{
	if (i->arc == NULL || i->stage < STAGE_END ||
	    i->arc_verdict.result != ARC_AGAIN)
		return true;
	arc_evaluate(i->arc, i->answers, &i->arc_verdict);
	return i->arc_verdict.result != ARC_AGAIN;
}

static enum dmarc_auth
auth_from_spf(enum spf_result result)
{
	return result == SPF_PASS     ? DMARC_AUTH_PASS
	    : result == SPF_TEMPERROR ? DMARC_AUTH_TEMPERROR
				      : DMARC_AUTH_OTHER;
}

static enum dmarc_auth
auth_from_dkim(enum dkim_result result)
{
	return result == DKIM_RESULT_PASS     ? DMARC_AUTH_PASS
	    : result == DKIM_RESULT_TEMPERROR ? DMARC_AUTH_TEMPERROR
					      : DMARC_AUTH_OTHER;
}

/*
 * Before SPF and DKIM have spoken this brings the questions on their way; its
 * verdict counts when they have.
 */
static bool
check_dmarc(struct inspection *i)
{
	struct dmarc_identifier dkim[DKIM_SIGNATURES_MAX];
	struct dmarc_input input = { .from = &i->from, .dkim = dkim };

	if (checks(i)->dmarc == CHECK_OFF)
		return true;
	input.spf.auth = auth_from_spf(spf_verdict(i)->result);
	input.spf.domain = slice_of(i->domain[0] != '\0' ? i->domain : i->helo);
	if (i->dkim != NULL)
		input.dkim_count = dkim_verify_count(i->dkim);
	for (size_t k = 0; k < input.dkim_count; k++) {
		const struct dkim_field *f =
		    &dkim_verify_signature(i->dkim, k)->field;

		dkim[k].auth = i->stage < STAGE_END ? DMARC_AUTH_OTHER
						    : auth_from_dkim(f->result);
		dkim[k].domain = slice_of(f->domain);
	}
	dmarc_evaluate(&input, i->answers, &i->dmarc);
	return i->dmarc.result != DMARC_AGAIN;
}

/* --- what follows --- */

/* Does a chain that we trust excuse what DMARC found? */
static void
look_for_a_voucher(struct inspection *i)
{
	const struct strings *names = &checks(i)->arc_trusted;
	struct slice trusted[TRUSTED_MAX];
	size_t n = 0;

	i->is_vouched = false;
	if (i->arc == NULL || checks(i)->arc != CHECK_TRUST ||
	    i->dmarc.result != DMARC_FAIL)
		return;
	for (; n < names->n && n < TRUSTED_MAX; n++)
		trusted[n] = slice_of(names->v[n]);
	i->is_vouched =
	    arc_is_vouched(i->arc, &i->arc_verdict, trusted, n, &i->vouching);
}

static void
quarantine(struct inspection *i)
{
	struct header_writer w;

	if (checks(i)->quarantine_hold) {
		i->findings.hold = true;
		return;
	}
	header_begin(&w, &i->above, "X-Quarantine", false);
	header_wordf(&w, "dmarc=fail");
	header_wordf(&w, "header.from=%s", i->dmarc.author);
	header_end(&w);
}

static void
apply_dmarc(struct inspection *i)
{
	const struct dmarc_verdict *d = &i->dmarc;

	if (checks(i)->dmarc != CHECK_ENFORCE || i->is_vouched)
		return;
	/*
	 * A domain that is known to ask for more than none, and whose SPF or
	 * DKIM can't be found out now, is waited for. Where not even its
	 * record can be had, the DNS is more likely ill than the mail: it
	 * passes, as it would without DMARC (RFC 9989 leaves us the choice).
	 */
	if (d->result == DMARC_TEMPERROR && d->retry && d->policy_at[0] != '\0')
		(void)snprintf(i->refusal, sizeof(i->refusal),
		    "451 4.7.1 The DMARC policy of %s can't be found out now",
		    d->author);
	else if (d->result != DMARC_FAIL)
		return;
	else if (d->applied == DMARC_POLICY_REJECT)
		(void)snprintf(i->refusal, sizeof(i->refusal),
		    "550 5.7.1 Refused by the DMARC policy of %s", d->author);
	else if (d->applied == DMARC_POLICY_QUARANTINE)
		quarantine(i);
}

/* Whatever becomes of it now. */
static void
count_dmarc(struct inspection *i)
{
	struct verdicts v = { .dkim_count = 0 };
	struct dmarc_seen seen = { .client = &i->client,
		.dmarc = &i->dmarc,
		.verdicts = &v,
		.spf_domain = slice_of(i->domain[0] ? i->domain : i->helo),
		.is_null_sender = i->domain[0] == '\0',
		.is_enforced = checks(i)->dmarc == CHECK_ENFORCE,
		.is_vouched = i->is_vouched };

	if (i->inspector->count_dmarc == NULL ||
	    checks(i)->dmarc_reports[0] == '\0' ||
	    !dmarc_count_is_wanted(&i->dmarc, i->answers))
		return;
	gather_spf(&v.spf, spf_verdict(i), seen.spf_domain);
	if (i->dkim != NULL)
		gather_dkim(&v, i->dkim);
	dmarc_count_tell(&seen, i->is_report, i->inspector->count_dmarc,
	    i->inspector->count_arg);
}

static void
sign(struct inspection *i)
{
	int rc;

	if (i->sign == NULL)
		return;
	rc = dkim_sign_end(i->sign, time_wall_ms(), &i->below);
	if (rc != 0)
		(void)snprintf(i->refusal, sizeof(i->refusal),
		    "451 4.3.0 The message can't be signed");
	dkim_sign_free(&i->sign);
}

/* `ip`: room for the client's address as text, as long as *v is used. */
static void
tell(const struct inspection *i, char ip[IP_TEXT_SIZE], struct verdicts *v)
{
	if (checks(i)->spf != CHECK_OFF) {
		gather_spf(&v->spf, &i->spf, slice_of(i->domain));
		gather_spf(&v->helo, &i->spf_helo, slice_of(i->helo));
	}
	if (i->dkim != NULL && checks(i)->dkim != CHECK_OFF)
		gather_dkim(v, i->dkim);
	if (checks(i)->dmarc != CHECK_OFF)
		gather_dmarc(v, &i->dmarc);
	if (i->arc != NULL)
		gather_arc(v, i->arc, &i->arc_verdict);
	if (i->is_vouched)
		v->arc.vouched_by = slice_of(arc_sealer(i->arc, i->vouching));
	ip_text(&i->client, ip);
	gather_iprev(v, i->iprev, slice_of(ip), i->iprev_name);
}

/* All is known: what is to be said and done. */
static void
conclude(struct inspection *i)
{
	struct verdicts v = { 0 };
	char ip[IP_TEXT_SIZE];

	i->refusal[0] = '\0';
	if (i->is_exempt) {
		v.login = slice_of(i->login);
	} else {
		look_for_a_voucher(i);
		tell(i, ip, &v);
	}
	if (!i->is_exempt || v.login.n > 0)
		auth_results_write(&v, hostname(i), i->smtputf8, &i->above);
	verdicts_encode(&v, &i->verdicts);
	if (!i->is_exempt) {
		apply_dmarc(i);
		count_dmarc(i);
	}
	if (i->refusal[0] == '\0')
		sign(i);
	i->findings.refusal = slice_of(i->refusal);
	i->findings.above = buf_slice(&i->above);
	i->findings.below = buf_slice(&i->below);
	i->findings.verdicts = buf_slice(&i->verdicts);
	i->stage = STAGE_DONE;
}

/* --- the course of it --- */

static bool
may_refuse_recipients(const struct inspection *i)
{
	return checks(i)->dnsbl.n > 0 || checks(i)->spf == CHECK_ENFORCE;
}

/* All that the stage allows is run; true: nothing of it is missing. */
static bool
run_checks(struct inspection *i)
{
	bool known = check_client(i);

	if (i->stage >= STAGE_SENDER)
		known = check_spf(i) && known;
	if (i->stage >= STAGE_HEAD) {
		/* Each is run, so that all questions go out. */
		known = check_dkim(i) && known;
		known = check_arc(i) && known;
		known = check_dmarc(i) && known;
	}
	return known;
}

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
	bool known = i->is_exempt || run_checks(i);

	if (known && i->waits == WAITS_FOR_NEWS) {
		stop_waiting(i, i->events.informed);
	} else if (known && i->waits == WAITS_FOR_FINDINGS) {
		conclude(i);
		stop_waiting(i, i->events.inspected);
	} else if (!known) {
		send_errand(i, i->client_answers);
		send_errand(i, i->answers);
	}
}

/* It took too long: what is missing is temporary trouble. */
static void
on_timeout(void *arg)
{
	struct inspection *i = arg;

	cancel_errands(i, i->client_answers);
	cancel_errands(i, i->answers);
	answers_close(i->client_answers);
	answers_close(i->answers);
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
	dkim_verify_free(&i->dkim);
	arc_free(&i->arc);
	dkim_sign_free(&i->sign);
	i->spf = i->spf_helo = (struct spf_outcome){ .result = SPF_AGAIN };
	i->dmarc = (struct dmarc_verdict){ .result = DMARC_AGAIN };
	i->arc_verdict = (struct arc_verdict){ .result = ARC_AGAIN };
	i->is_vouched = false;
	i->refusal[0] = '\0';
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
	i->client = *client;
	i->is_exempt = is_exempt;
	i->events = *events;
	i->timer = timer_new(inspector->loop, on_timeout, i);
	if (!is_exempt) {
		i->client_answers = answers_new(QUESTIONS_MAX, ANSWERS_MAX);
		i->answers = answers_new(QUESTIONS_MAX, ANSWERS_MAX);
	}
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
	cancel_errands(i, i->client_answers);
	cancel_errands(i, i->answers);
	forget(i);
	timer_free(&i->timer);
	answers_free(&i->client_answers);
	answers_free(&i->answers);
	buf_done(&i->above);
	buf_done(&i->below);
	buf_done(&i->verdicts);
	ground_unref(&i->ground);
	mem_free(i);
	*inspection = NULL;
}

/* A text that is too long to be a name or address is none. */
static void
keep(char *to, size_t size, struct slice text)
{
	if (!slice_to_cstr(text, to, size))
		to[0] = '\0';
}

void
inspection_sender(struct inspection *i, const struct address *sender,
    struct slice helo)
{
	char ascii[DNS_NAME_SIZE];

	forget(i);
	i->left_ms = i->ground->conf->dns.timeout_ms;
	i->stage = STAGE_SENDER;
	if (i->is_exempt)
		return;
	cancel_errands(i, i->answers);
	answers_reset(i->answers);
	keep(i->local, sizeof(i->local), sender->local);
	keep(i->helo, sizeof(i->helo), helo);
	keep(i->domain, sizeof(i->domain), sender->domain);
	if (hosts_name_to_ascii(sender->domain, ascii))
		keep(i->domain, sizeof(i->domain), slice_of(ascii));
	advance(i);
}

bool
inspection_is_informed(struct inspection *i)
{
	if (i->is_exempt || !may_refuse_recipients(i) || run_checks(i))
		return true;
	wait_for(i, WAITS_FOR_NEWS);
	advance(i);
	return false;
}

const char *
inspection_refusal(struct inspection *i)
{
	const struct spf_outcome *spf = spf_verdict(i);

	if (i->is_exempt)
		return NULL;
	if (i->dnsbl.result == DNSBL_LISTED)
		return i->dnsbl.reply;
	if (checks(i)->spf != CHECK_ENFORCE || spf->result != SPF_FAIL)
		return NULL;
	(void)snprintf(i->refusal, sizeof(i->refusal), "550 5.7.23 SPF: %s",
	    spf->explanation[0] != '\0' ? spf->explanation
					: "this host may not send for the "
					  "sender's domain");
	return i->refusal;
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
	i->stage = STAGE_HEAD;
	keep(i->login, sizeof(i->login), login);
	if (i->is_exempt) {
		begin_signing(i, added, header);
		return;
	}
	from_header_read(header, &i->from);
	i->is_report = dmarc_count_is_report(header);
	if (checks(i)->dkim != CHECK_OFF || checks(i)->dmarc != CHECK_OFF) {
		i->dkim = dkim_verify_new(i->inspector->library);
		dkim_verify_header(i->dkim, header);
	}
	if (checks(i)->arc != CHECK_OFF) {
		i->arc = arc_new();
		arc_header(i->arc, header);
	}
	advance(i);
}

void
inspection_body(struct inspection *i, struct slice run)
{
	if (i->dkim != NULL)
		dkim_verify_body(i->dkim, run);
	if (i->arc != NULL && arc_wants_body(i->arc))
		arc_body(i->arc, run);
	if (i->sign != NULL)
		dkim_sign_body(i->sign, run);
}

void
inspection_abort(struct inspection *i)
{
	if (i->stage == STAGE_NONE)
		return;
	i->waits = WAITS_FOR_NOTHING;
	timer_cancel(i->timer);
	forget(i);
	i->stage = STAGE_NONE;
}

bool
inspection_end(struct inspection *i, bool smtputf8,
    struct smtp_findings *findings)
{
	i->stage = STAGE_END;
	i->smtputf8 = smtputf8;
	if (i->dkim != NULL)
		dkim_verify_end(i->dkim);
	if (i->arc != NULL)
		arc_body_end(i->arc);
	if (i->is_exempt || run_checks(i)) {
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
	must(i->stage == STAGE_DONE);
	return &i->findings;
}

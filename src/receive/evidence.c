/*
 * receive/evidence.c - the checks of one client's mail, run over and over until
 * their answers are there; and what follows from them.
 */
#include "receive/evidence.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/time.h"
#include "dns/hosts.h"
#include "mail/from_header.h"
#include "mail/header_writer.h"
#include "verify/arc.h"
#include "verify/auth_results.h"
#include "verify/dmarc.h"
#include "verify/dnsbl.h"
#include "verify/gather.h"
#include "verify/iprev.h"
#include "verify/spf.h"

enum {
	QUESTIONS_MAX = 500,
	ANSWERS_MAX = 2 << 20, /* octets of a message's answers */
	REPLY_SIZE = 512,
	TRUSTED_MAX = 64, /* arc_trusted */
};

/* What is to be known of the client, the sender, the content. */
enum stage {
	STAGE_CLIENT,
	STAGE_SENDER, /* MAIL was taken */
	STAGE_HEAD,   /* the header section has come */
	STAGE_END,    /* all has come */
};

struct evidence {
	struct dkim_library *library; /* borrowed */
	const struct conf *conf;      /* borrowed */
	struct ip client;
	enum stage stage;

	/* The client: answers of their own, since they outlive a message. */
	struct answers *client_answers; /* owned */
	struct dnsbl_verdict dnsbl;
	enum iprev_result iprev;
	struct slice iprev_name; /* client_answers' */
	bool client_is_known;

	struct answers *answers; /* owned: those of the message */
	char local[ADDRESS_MAX + 1], domain[ADDRESS_MAX + 1];
	char helo[ADDRESS_MAX + 1];
	struct spf_outcome spf, spf_helo;
	struct dkim_verify *dkim; /* owned */
	struct arc *arc;          /* owned */
	struct from_header from;
	struct dmarc_verdict dmarc;
	struct arc_verdict arc_verdict;
	bool is_vouched;
	unsigned vouching;
	bool is_report; /* a DMARC report */
	char refusal[REPLY_SIZE];
};

static const struct checks_conf *
checks(const struct evidence *e)
{
	return &e->conf->checks;
}

static struct slice
hostname(const struct evidence *e)
{
	return slice_of(e->conf->hostname);
}

/* --- the checks, each to be run until it is done --- */

/* True: nothing more is to be learned about the client. */
static bool
check_client(struct evidence *e)
{
	const struct strings *lists = &checks(e)->dnsbl;

	if (e->client_is_known)
		return true;
	dnsbl_check(&e->client, lists->v, lists->n, e->client_answers,
	    &e->dnsbl);
	e->iprev = iprev_check(&e->client, e->client_answers, &e->iprev_name);
	e->client_is_known =
	    e->dnsbl.result != DNSBL_AGAIN && e->iprev != IPREV_AGAIN;
	return e->client_is_known;
}

static bool
check_spf_of(struct evidence *e, struct slice local, struct slice domain,
    struct spf_outcome *out)
{
	const struct spf_query query = { .client = e->client,
		.local = local,
		.domain = domain,
		.helo = slice_of(e->helo),
		.receiver = hostname(e),
		.wall_ms = time_wall_ms() };

	if (out->result == SPF_AGAIN)
		spf_check(&query, e->answers, out);
	return out->result != SPF_AGAIN;
}

/* MAIL FROM's identity, and HELO's; that alone for a null sender. */
static bool
check_spf(struct evidence *e)
{
	bool helo, sender = true;

	if (checks(e)->spf == CHECK_OFF && checks(e)->dmarc == CHECK_OFF)
		return true;
	helo = check_spf_of(e, SLICE_NONE, slice_of(e->helo), &e->spf_helo);
	if (e->domain[0] != '\0')
		sender = check_spf_of(e, slice_of(e->local),
		    slice_of(e->domain), &e->spf);
	return helo && sender;
}

static const struct spf_outcome *
spf_verdict(const struct evidence *e)
{
	return e->domain[0] != '\0' ? &e->spf : &e->spf_helo;
}

static bool
check_dkim(struct evidence *e)
{
	if (e->dkim == NULL)
		return true;
	if (e->stage < STAGE_END)
		return dkim_verify_ask(e->dkim, e->answers);
	return dkim_verify_judge(e->dkim, e->answers);
}

static bool
check_arc(struct evidence *e)
{
	if (e->arc == NULL || e->stage < STAGE_END ||
	    e->arc_verdict.result != ARC_AGAIN)
		return true;
	arc_evaluate(e->arc, e->answers, &e->arc_verdict);
	return e->arc_verdict.result != ARC_AGAIN;
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
check_dmarc(struct evidence *e)
{
	struct dmarc_identifier dkim[DKIM_SIGNATURES_MAX];
	struct dmarc_input input = { .from = &e->from, .dkim = dkim };

	if (checks(e)->dmarc == CHECK_OFF)
		return true;
	input.spf.auth = auth_from_spf(spf_verdict(e)->result);
	input.spf.domain = slice_of(e->domain[0] != '\0' ? e->domain : e->helo);
	if (e->dkim != NULL)
		input.dkim_count = dkim_verify_count(e->dkim);
	for (size_t k = 0; k < input.dkim_count; k++) {
		const struct dkim_field *f =
		    &dkim_verify_signature(e->dkim, k)->field;

		dkim[k].auth = e->stage < STAGE_END ? DMARC_AUTH_OTHER
						    : auth_from_dkim(f->result);
		dkim[k].domain = slice_of(f->domain);
	}
	dmarc_evaluate(&input, e->answers, &e->dmarc);
	return e->dmarc.result != DMARC_AGAIN;
}

/* --- what follows --- */

/* Does a chain that we trust excuse what DMARC found? */
static void
look_for_a_voucher(struct evidence *e)
{
	const struct strings *names = &checks(e)->arc_trusted;
	struct slice trusted[TRUSTED_MAX];
	size_t n = 0;

	e->is_vouched = false;
	if (e->arc == NULL || checks(e)->arc != CHECK_TRUST ||
	    e->dmarc.result != DMARC_FAIL)
		return;
	for (; n < names->n && n < TRUSTED_MAX; n++)
		trusted[n] = slice_of(names->v[n]);
	e->is_vouched =
	    arc_is_vouched(e->arc, &e->arc_verdict, trusted, n, &e->vouching);
}

static void
quarantine(const struct evidence *e, struct buf *above, bool *hold)
{
	struct header_writer w;

	if (checks(e)->quarantine_hold) {
		*hold = true;
		return;
	}
	header_begin(&w, above, "X-Quarantine", false);
	header_wordf(&w, "dmarc=fail");
	header_wordf(&w, "header.from=%s", e->dmarc.author);
	header_end(&w);
}

static void
apply_dmarc(struct evidence *e, struct buf *above, bool *hold)
{
	const struct dmarc_verdict *d = &e->dmarc;

	if (checks(e)->dmarc != CHECK_ENFORCE || e->is_vouched)
		return;
	/*
	 * A domain that is known to ask for more than none, and whose SPF or
	 * DKIM can't be found out now, is waited for. Where not even its
	 * record can be had, the DNS is more likely ill than the mail: it
	 * passes, as it would without DMARC (RFC 9989 leaves us the choice).
	 */
	if (d->result == DMARC_TEMPERROR && d->retry && d->policy_at[0] != '\0')
		(void)snprintf(e->refusal, sizeof(e->refusal),
		    "451 4.7.1 The DMARC policy of %s can't be found out now",
		    d->author);
	else if (d->result != DMARC_FAIL)
		return;
	else if (d->applied == DMARC_POLICY_REJECT)
		(void)snprintf(e->refusal, sizeof(e->refusal),
		    "550 5.7.1 Refused by the DMARC policy of %s", d->author);
	else if (d->applied == DMARC_POLICY_QUARANTINE)
		quarantine(e, above, hold);
}

/* `ip`: room for the client's address as text, as long as *v is used. */
static void
tell(const struct evidence *e, char ip[IP_TEXT_SIZE], struct verdicts *v)
{
	if (checks(e)->spf != CHECK_OFF) {
		gather_spf(&v->spf, &e->spf, slice_of(e->domain));
		gather_spf(&v->helo, &e->spf_helo, slice_of(e->helo));
	}
	if (e->dkim != NULL && checks(e)->dkim != CHECK_OFF)
		gather_dkim(v, e->dkim);
	if (checks(e)->dmarc != CHECK_OFF)
		gather_dmarc(v, &e->dmarc);
	if (e->arc != NULL)
		gather_arc(v, e->arc, &e->arc_verdict);
	if (e->is_vouched)
		v->arc.vouched_by = slice_of(arc_sealer(e->arc, e->vouching));
	ip_text(&e->client, ip);
	gather_iprev(v, e->iprev, slice_of(ip), e->iprev_name);
}

/* --- the course of it --- */

struct evidence *
evidence_new(struct dkim_library *library, const struct conf *conf,
    const struct ip *client)
{
	struct evidence *e = mem_zero(sizeof(*e));

	e->library = library;
	e->conf = conf;
	e->client = *client;
	e->client_answers = answers_new(QUESTIONS_MAX, ANSWERS_MAX);
	e->answers = answers_new(QUESTIONS_MAX, ANSWERS_MAX);
	evidence_forget(e);
	return e;
}

void
evidence_free(struct evidence **evidence)
{
	struct evidence *e = *evidence;

	if (e == NULL)
		return;
	evidence_forget(e);
	answers_free(&e->client_answers);
	answers_free(&e->answers);
	mem_free(e);
	*evidence = NULL;
}

struct answers *
evidence_client_answers(struct evidence *e)
{
	return e->client_answers;
}

struct answers *
evidence_message_answers(struct evidence *e)
{
	return e->answers;
}

/* A text that is too long to be a name or address is none. */
static void
keep(char *to, size_t size, struct slice text)
{
	if (!slice_to_cstr(text, to, size))
		to[0] = '\0';
}

void
evidence_sender(struct evidence *e, const struct address *sender,
    struct slice helo)
{
	char ascii[DNS_NAME_SIZE];

	evidence_forget(e);
	e->stage = STAGE_SENDER;
	answers_reset(e->answers);
	keep(e->local, sizeof(e->local), sender->local);
	keep(e->helo, sizeof(e->helo), helo);
	keep(e->domain, sizeof(e->domain), sender->domain);
	if (hosts_name_to_ascii(sender->domain, ascii))
		keep(e->domain, sizeof(e->domain), slice_of(ascii));
}

void
evidence_head(struct evidence *e, struct slice header)
{
	e->stage = STAGE_HEAD;
	from_header_read(header, &e->from);
	e->is_report = dmarc_count_is_report(header);
	if (checks(e)->dkim != CHECK_OFF || checks(e)->dmarc != CHECK_OFF) {
		e->dkim = dkim_verify_new(e->library);
		dkim_verify_header(e->dkim, header);
	}
	if (checks(e)->arc != CHECK_OFF) {
		e->arc = arc_new();
		arc_header(e->arc, header);
	}
}

void
evidence_body(struct evidence *e, struct slice run)
{
	if (e->dkim != NULL)
		dkim_verify_body(e->dkim, run);
	if (e->arc != NULL && arc_wants_body(e->arc))
		arc_body(e->arc, run);
}

void
evidence_end(struct evidence *e)
{
	e->stage = STAGE_END;
	if (e->dkim != NULL)
		dkim_verify_end(e->dkim);
	if (e->arc != NULL)
		arc_body_end(e->arc);
}

void
evidence_forget(struct evidence *e)
{
	e->stage = STAGE_CLIENT;
	dkim_verify_free(&e->dkim);
	arc_free(&e->arc);
	e->spf = e->spf_helo = (struct spf_outcome){ .result = SPF_AGAIN };
	e->dmarc = (struct dmarc_verdict){ .result = DMARC_AGAIN };
	e->arc_verdict = (struct arc_verdict){ .result = ARC_AGAIN };
	e->is_vouched = false;
	e->refusal[0] = '\0';
}

bool
evidence_is_complete(struct evidence *e)
{
	bool known = check_client(e);

	if (e->stage >= STAGE_SENDER)
		known = check_spf(e) && known;
	if (e->stage >= STAGE_HEAD) {
		/* Each is run, so that all questions go out. */
		known = check_dkim(e) && known;
		known = check_arc(e) && known;
		known = check_dmarc(e) && known;
	}
	return known;
}

bool
evidence_may_refuse(const struct evidence *e)
{
	return checks(e)->dnsbl.n > 0 || checks(e)->spf == CHECK_ENFORCE;
}

const char *
evidence_refusal(struct evidence *e)
{
	const struct spf_outcome *spf = spf_verdict(e);

	if (e->dnsbl.result == DNSBL_LISTED)
		return e->dnsbl.reply;
	if (checks(e)->spf != CHECK_ENFORCE || spf->result != SPF_FAIL)
		return NULL;
	(void)snprintf(e->refusal, sizeof(e->refusal), "550 5.7.23 SPF: %s",
	    spf->explanation[0] != '\0' ? spf->explanation
					: "this host may not send for the "
					  "sender's domain");
	return e->refusal;
}

const char *
evidence_conclude(struct evidence *e, bool smtputf8, struct buf *above,
    struct buf *verdicts, bool *hold)
{
	struct verdicts v = { 0 };
	char ip[IP_TEXT_SIZE];

	e->refusal[0] = '\0';
	look_for_a_voucher(e);
	tell(e, ip, &v);
	auth_results_write(&v, hostname(e), smtputf8, above);
	verdicts_encode(&v, verdicts);
	apply_dmarc(e, above, hold);
	return e->refusal[0] == '\0' ? NULL : e->refusal;
}

void
evidence_count(struct evidence *e, dmarc_count_fn *fn, void *arg)
{
	struct verdicts v = { .dkim_count = 0 };
	struct dmarc_seen seen = { .client = &e->client,
		.dmarc = &e->dmarc,
		.verdicts = &v,
		.spf_domain = slice_of(e->domain[0] ? e->domain : e->helo),
		.is_null_sender = e->domain[0] == '\0',
		.is_enforced = checks(e)->dmarc == CHECK_ENFORCE,
		.is_vouched = e->is_vouched };

	if (checks(e)->dmarc_reports[0] == '\0' ||
	    !dmarc_count_is_wanted(&e->dmarc, e->answers))
		return;
	gather_spf(&v.spf, spf_verdict(e), seen.spf_domain);
	if (e->dkim != NULL)
		gather_dkim(&v, e->dkim);
	dmarc_count_tell(&seen, e->is_report, fn, arg);
}

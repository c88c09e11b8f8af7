/*
 * verify/dmarc.c - tree walks, the organizational domain, alignment, policy.
 * It neither refuses nor tags: the receiver does.
 */
#include "verify/dmarc.h"

#include <stdio.h>
#include <string.h>

#include "dns/hosts.h"

/* One name of a walk and what is published at it. */
struct step {
	struct slice domain; /* a tail of the name where the walk began */
	bool has_record;
	struct dmarc_record record;
};

/* The steps from the longest name to the shortest, up to where it ends. */
struct walk {
	struct step steps[DMARC_QUERIES_MAX];
	size_t count;
	bool is_missing;   /* some answer is to come */
	bool is_temporary; /* some answer could not be had */
	bool has_several;  /* more than one record at one name */
};

enum lookup {
	LOOKUP_NONE,
	LOOKUP_RECORD,
	LOOKUP_SEVERAL,
	LOOKUP_MISSING,
	LOOKUP_TEMPORARY
};

/* What is known about one author domain when its policy is chosen. */
struct author {
	struct walk walk;
	struct slice organization;
	const struct step *policy; /* borrowed: the walk's; NULL: none */
	bool is_own;               /* the policy is the author domain's own */
};

static size_t
count_labels(struct slice domain)
{
	size_t n = 1;

	for (size_t i = 0; i < domain.n; i++)
		n += domain.p[i] == '.';
	return n;
}

static struct slice
parent(struct slice domain)
{
	return slice_skip(domain, slice_find(domain, '.') + 1);
}

static enum lookup
find_record(struct answers *answers, struct slice domain,
    struct dmarc_record *out)
{
	char name[DNS_NAME_SIZE + 8];
	const struct dns_answer *answer;
	struct dmarc_record record;
	size_t found = 0;
	int n;

	n = snprintf(name, sizeof(name), "_dmarc.%.*s", SLICE_ARGS(domain));
	answer = answers_get(answers, slice_from(name, (size_t)n), DNS_TXT);
	if (answer == NULL)
		return LOOKUP_MISSING;
	if (answer->outcome == DNS_TEMPORARY || answer->outcome == DNS_BOGUS)
		return LOOKUP_TEMPORARY;
	for (size_t i = 0; i < answer->count; i++)
		if (dmarc_record_parse(answer->records[i].data, &record) &&
		    ++found == 1)
			*out = record;
	if (found > 1)
		return LOOKUP_SEVERAL;
	return found == 1 ? LOOKUP_RECORD : LOOKUP_NONE;
}

/*
 * RFC 9989, 4.10: the name itself, then its parents of at most seven labels,
 * down to the last. All are asked for at once; a psd= that would have ended
 * the walk earlier makes the answers behind it count for nothing.
 */
static void
walk_tree(struct answers *answers, struct slice domain, struct walk *walk)
{
	bool is_done = false;

	*walk = (struct walk){ .count = 0 };
	for (size_t asked = 0; domain.n > 0 && asked < DMARC_QUERIES_MAX;
	     asked++) {
		struct step step = { .domain = domain };
		enum lookup found = find_record(answers, domain, &step.record);

		step.has_record = found == LOOKUP_RECORD;
		walk->is_missing |= found == LOOKUP_MISSING;
		if (!is_done) {
			/*
			 * A top-level domain says next to nothing, and servers
			 * that were made for one zone don't answer for it:
			 * trouble up there must not decide about mail.
			 */
			walk->is_temporary |= found == LOOKUP_TEMPORARY &&
			    count_labels(domain) > 1;
			walk->has_several |= found == LOOKUP_SEVERAL;
			walk->steps[walk->count++] = step;
			is_done = step.has_record &&
			    step.record.psd != DMARC_PSD_UNKNOWN;
		}
		do
			domain = parent(domain);
		while (count_labels(domain) >= DMARC_QUERIES_MAX);
	}
}

/* RFC 9989, 4.10.2: of the names with records, from the longest on. */
static struct slice
organization_of(const struct walk *walk, struct slice domain)
{
	struct slice shortest = domain;

	for (size_t i = 0; i < walk->count; i++) {
		const struct step *step = &walk->steps[i];

		if (!step->has_record)
			continue;
		if (step->record.psd == DMARC_PSD_NO)
			return step->domain;
		if (step->record.psd == DMARC_PSD_YES && i > 0) {
			/* The name one label below, whoever has a record. */
			struct slice below = domain;

			while (parent(below).n > step->domain.n)
				below = parent(below);
			return below;
		}
		shortest = step->domain;
	}
	return shortest;
}

static const struct step *
step_at(const struct walk *walk, struct slice domain)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->steps[i].has_record &&
		    walk->steps[i].domain.n == domain.n)
			return &walk->steps[i];
	return NULL;
}

/* Its own record, else the organization's, else the public suffix's. */
static void
choose_policy(struct author *a, struct slice domain)
{
	a->organization = organization_of(&a->walk, domain);
	a->policy = step_at(&a->walk, domain);
	a->is_own = a->policy != NULL;
	if (a->policy == NULL)
		a->policy = step_at(&a->walk, a->organization);
	if (a->policy == NULL && a->walk.count > 0) {
		const struct step *last = &a->walk.steps[a->walk.count - 1];

		if (last->has_record && last->record.psd == DMARC_PSD_YES)
			a->policy = last;
	}
}

static bool
is_within(struct slice domain, struct slice ancestor)
{
	if (domain.n < ancestor.n ||
	    !slice_eq(slice_skip(domain, domain.n - ancestor.n), ancestor))
		return false;
	return domain.n == ancestor.n ||
	    domain.p[domain.n - ancestor.n - 1] == '.';
}

enum alignment { UNALIGNED, ALIGNED, ALIGN_AGAIN, ALIGN_UNSURE };

/*
 * The organization of a name is the name or above it: what does not lie below
 * the author's organization can't share it, and needs no walk.
 */
static enum alignment
align(const struct author *a, struct slice author, struct answers *answers,
    struct slice identifier, bool is_strict)
{
	char domain[DNS_NAME_SIZE];
	struct walk walk;
	struct slice name;

	if (!hosts_name_to_ascii(identifier, domain))
		return UNALIGNED;
	name = slice_of(domain);
	if (slice_eq(name, author))
		return ALIGNED;
	if (is_strict)
		return UNALIGNED;
	if (a->walk.is_temporary)
		return ALIGN_UNSURE;
	if (!is_within(name, a->organization))
		return UNALIGNED;
	walk_tree(answers, name, &walk);
	if (walk.is_missing)
		return ALIGN_AGAIN;
	if (walk.is_temporary)
		return ALIGN_UNSURE;
	return slice_eq(organization_of(&walk, name), a->organization)
	    ? ALIGNED
	    : UNALIGNED;
}

/* True: passed and aligned. Else *again or *unsure may be set. */
static bool
stands_behind(const struct author *a, struct slice author,
    struct answers *answers, const struct dmarc_identifier *id, bool is_strict,
    bool *again, bool *unsure)
{
	enum alignment found;

	if (id->auth == DMARC_AUTH_OTHER)
		return false;
	found = align(a, author, answers, id->domain, is_strict);
	*again |= found == ALIGN_AGAIN;
	*unsure |= found == ALIGN_UNSURE;
	if (found == ALIGNED && id->auth == DMARC_AUTH_TEMPERROR)
		*unsure = true;
	return found == ALIGNED && id->auth == DMARC_AUTH_PASS;
}

/* sp and np hold for names below; np for those that are not in the DNS. */
static enum dmarc_policy
policy_for(const struct author *a, struct slice author, struct answers *answers,
    bool *again, bool *unsure)
{
	const struct dmarc_record *r = &a->policy->record;
	enum dmarc_policy below = r->sp != DMARC_POLICY_UNSET ? r->sp : r->p;
	const struct dns_answer *answer;

	if (a->is_own)
		return r->p;
	if (r->np == DMARC_POLICY_UNSET || r->np == below)
		return below;
	answer = answers_get(answers, author, DNS_TXT);
	if (answer == NULL)
		*again = true;
	else if (answer->outcome == DNS_NO_NAME)
		return r->np;
	else if (answer->outcome == DNS_TEMPORARY ||
	    answer->outcome == DNS_BOGUS)
		*unsure = true;
	return below;
}

static void
explain(struct dmarc_verdict *v, const char *text)
{
	(void)snprintf(v->reason, sizeof(v->reason), "%s", text);
}

static void
set_name(char out[DNS_NAME_SIZE], struct slice name)
{
	(void)slice_to_cstr(name, out, DNS_NAME_SIZE);
}

static void
set_published(struct dmarc_verdict *v, const struct dmarc_record *r)
{
	v->published = (struct dmarc_published){ .p = r->p,
		.sp = r->sp,
		.np = r->np,
		.psd = r->psd,
		.testing = r->testing,
		.adkim_strict = r->adkim_strict,
		.aspf_strict = r->aspf_strict };
}

static void
judge_identifiers(const struct dmarc_input *in, const struct author *a,
    struct answers *answers, struct dmarc_verdict *v)
{
	const struct dmarc_record *r = &a->policy->record;
	struct slice author = slice_of(v->author);
	bool again = false;
	bool unsure = false;

	v->spf_aligned = stands_behind(a, author, answers, &in->spf,
	    r->aspf_strict, &again, &unsure);
	for (size_t i = 0; i < in->dkim_count; i++) {
		if (!stands_behind(a, author, answers, &in->dkim[i],
			r->adkim_strict, &again, &unsure))
			continue;
		if (!v->dkim_aligned)
			v->dkim_index = i;
		v->dkim_aligned = true;
	}
	v->policy = policy_for(a, author, answers, &again, &unsure);
	if (again) {
		v->result = DMARC_AGAIN;
	} else if (v->spf_aligned || v->dkim_aligned) {
		v->result = DMARC_PASS;
	} else if (unsure) {
		v->result = DMARC_TEMPERROR;
		v->retry = v->policy != DMARC_POLICY_NONE && !r->testing;
		explain(v, "DNS trouble while looking for an aligned domain");
	} else {
		v->result = DMARC_FAIL;
		v->applied = r->testing ? DMARC_POLICY_NONE : v->policy;
		explain(v, "no aligned domain has passed SPF or DKIM");
	}
}

static void
judge_author(const struct dmarc_input *in, const char *domain,
    struct answers *answers, struct dmarc_verdict *v)
{
	struct author a;

	*v = (struct dmarc_verdict){ .applied = DMARC_POLICY_NONE };
	if (!hosts_name_to_ascii(slice_of(domain), v->author)) {
		v->result = DMARC_PERMERROR;
		explain(v, "the author's domain is no name in the DNS");
		return;
	}
	walk_tree(answers, slice_of(v->author), &a.walk);
	if (a.walk.is_missing) {
		v->result = DMARC_AGAIN;
		return;
	}
	choose_policy(&a, slice_of(v->author));
	if (a.walk.is_temporary && !a.is_own) {
		v->result = DMARC_TEMPERROR;
		v->retry = true;
		explain(v, "DNS trouble while looking for the policy");
		return;
	}
	set_name(v->organization, a.organization);
	if (a.policy == NULL) {
		v->result = DMARC_NONE;
		if (a.walk.has_several)
			explain(v, "several records at one name count as none");
		return;
	}
	set_name(v->policy_at, a.policy->domain);
	set_published(v, &a.policy->record);
	if (a.policy->record.is_unusable) {
		v->result = DMARC_PERMERROR;
		explain(v, "the policy record has no valid policy");
		return;
	}
	judge_identifiers(in, &a, answers, v);
}

/* The strictest first; a message is no better than its worst author. */
static int
severity(const struct dmarc_verdict *v)
{
	switch (v->result) {
	case DMARC_FAIL:
		return v->applied == DMARC_POLICY_REJECT    ? 7
		    : v->applied == DMARC_POLICY_QUARANTINE ? 5
							    : 4;
	case DMARC_TEMPERROR:
		return v->retry ? 6 : 3;
	case DMARC_PERMERROR:
		return 2;
	case DMARC_NONE:
		return 1;
	case DMARC_PASS:
	case DMARC_AGAIN:
		break;
	}
	return 0;
}

/* A From that people may read differently can fail, but never pass. */
static const char *
defect_of(const struct from_header *from)
{
	switch (from->result) {
	case FROM_MISSING:
		return "no From field";
	case FROM_EMPTY:
		return "no address in From";
	case FROM_MALFORMED:
		return "malformed From field";
	case FROM_GOOD:
		break;
	}
	if (from->has_more || from->domain_count > DMARC_AUTHORS_MAX)
		return "too many author domains in From";
	if (from->field_count > 1)
		return "more than one From field";
	return NULL;
}

void
dmarc_evaluate(const struct dmarc_input *in, struct answers *answers,
    struct dmarc_verdict *out)
{
	const char *defect = defect_of(in->from);
	struct dmarc_verdict one;
	bool again = false;

	*out = (struct dmarc_verdict){ .result = DMARC_PERMERROR,
		.applied = DMARC_POLICY_NONE };
	for (size_t i = 0; i < in->from->domain_count && i < DMARC_AUTHORS_MAX;
	     i++) {
		judge_author(in, in->from->domain[i], answers, &one);
		again |= one.result == DMARC_AGAIN;
		if (i == 0 || severity(&one) > severity(out))
			*out = one;
	}
	if (again) {
		out->result = DMARC_AGAIN;
		return;
	}
	if (defect == NULL)
		return;
	if (out->result == DMARC_PASS || out->result == DMARC_NONE)
		out->result = DMARC_PERMERROR;
	explain(out, defect);
}

bool
dmarc_find_record(struct answers *answers, struct slice domain,
    struct dmarc_record *out)
{
	return domain.n <= DNS_NAME_MAX &&
	    find_record(answers, domain, out) == LOOKUP_RECORD;
}

enum dmarc_found
dmarc_organization(struct answers *answers, struct slice name,
    char out[DNS_NAME_SIZE])
{
	char domain[DNS_NAME_SIZE];
	struct walk walk;

	if (!hosts_name_to_ascii(name, domain))
		return DMARC_FOUND_NONE;
	walk_tree(answers, slice_of(domain), &walk);
	if (walk.is_missing)
		return DMARC_FOUND_LATER;
	if (walk.is_temporary)
		return DMARC_FOUND_NONE;
	(void)slice_to_cstr(organization_of(&walk, slice_of(domain)), out,
	    DNS_NAME_SIZE);
	return DMARC_FOUND;
}

const char *
dmarc_result_name(enum dmarc_result result)
{
	static const char *const names[] = { "none", "pass", "fail", "none",
		"temperror", "permerror" };

	return names[result];
}

/*
 * deliver/tls_result.c - from policies and words of OpenSSL to the result types
 * of RFC 8460.
 */
#include "deliver/tls_result.h"

#include <string.h>

#include "base/buf.h"

enum { POLICY_TEXT_MAX = 4096 };

static bool
has(struct slice text, const char *words)
{
	return slice_find_str(text, slice_of(words)) < text.n;
}

static bool
is_by_dane(const struct host_policy *p)
{
	return p->dane.outcome == DANE_USABLE ||
	    p->dane.outcome == DANE_UNUSABLE || p->dane.outcome == DANE_UNKNOWN;
}

static bool
is_by_sts(const struct tls_attempt *a)
{
	return a->sts->mode == STS_ENFORCE || a->sts->mode == STS_TESTING ||
	    a->sts->failure != NULL;
}

static const char *
type_of(const struct tls_attempt *a)
{
	return is_by_dane(a->policy) ? "tlsa"
	    : is_by_sts(a)           ? "sts"
				     : "no-policy-found";
}

static const char *
why_not_trusted(struct slice words)
{
	if (has(words, "expired") || has(words, "not yet valid"))
		return "certificate-expired";
	if (has(words, "mismatch"))
		return "certificate-host-mismatch";
	if (has(words, "self-signed") || has(words, "issuer") ||
	    has(words, "certificate"))
		return "certificate-not-trusted";
	return "validation-failure";
}

static const char *
refusal_type(const struct tls_attempt *a)
{
	if (a->policy->dane.outcome == DANE_UNKNOWN)
		return "dnssec-invalid";
	/* A route's demand is nothing that the domain has to be told. */
	return a->sts->mode == STS_ENFORCE ? "validation-failure" : NULL;
}

static const char *
sts_failure(const char *failure)
{
	return strcmp(failure, "webpki-invalid") == 0 ? "sts-webpki-invalid"
	    : strcmp(failure, "policy-invalid") == 0  ? "sts-policy-invalid"
						     : "sts-policy-fetch-error";
}

const char *
tls_result_of(const struct tls_attempt *a)
{
	if (a->refused)
		return refusal_type(a);
	if (a->broke_tls)
		return why_not_trusted(a->failure);
	if (a->policy->policy.need == TLS_NEED_NEVER)
		return NULL;
	if (a->tls.n == 0)
		return has(a->failure, "4.7.10") || a->failure.n == 0
		    ? "starttls-not-supported"
		    : NULL;
	if (a->policy->dane.outcome == DANE_UNUSABLE)
		return "tlsa-invalid";
	if (a->sts->failure != NULL)
		return sts_failure(a->sts->failure);
	if (a->policy->policy.testing && has(a->tls, "unverified"))
		return "validation-failure";
	return "";
}

static void
write_policy(const struct tls_attempt *a, struct buf *out)
{
	const struct dane *d = &a->policy->dane;

	if (!is_by_dane(a->policy)) {
		if (a->sts->mode == STS_ENFORCE || a->sts->mode == STS_TESTING)
			buf_add(out,
			    slice_head(a->sts->policy.text, POLICY_TEXT_MAX));
		return;
	}
	for (size_t i = 0; i < d->tlsa_count && out->n < POLICY_TEXT_MAX / 2;
	     i++) {
		const struct tls_tlsa *t = &d->tlsa[i];

		buf_addf(out, "%u %u %u ", t->usage, t->selector, t->matching);
		for (size_t k = 0; k < t->data.n && k < 64; k++)
			buf_addf(out, "%02x", (unsigned char)t->data.p[k]);
		buf_add_char(out, '\n');
	}
}

void
tls_result_note(struct tools *tools, const struct tls_attempt *a)
{
	const char *result = tls_result_of(a);
	struct msg_tls_result m = { .domain = slice_of(a->domain),
		.host = a->host,
		.address = a->address };
	struct buf policy;

	if (result == NULL || tools->report == NULL || a->domain[0] == '\0')
		return;
	m.type = slice_of(type_of(a));
	m.result = slice_of(result);
	buf_init(&policy, 2 * POLICY_TEXT_MAX);
	write_policy(a, &policy);
	m.policy = buf_slice(&policy);
	tools->report(&m, tools->report_arg);
	buf_done(&policy);
}

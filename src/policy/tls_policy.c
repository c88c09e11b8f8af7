/*
 * policy/tls_policy.c - the order of precedence, and the words for it.
 */
#include "policy/tls_policy.h"

#include <stddef.h>

static struct tls_policy
never(const char *why)
{
	return (struct tls_policy){ TLS_NEED_NEVER, TLS_VERIFY_NOTHING, false,
		"none", why, NULL };
}

static struct tls_policy
always(enum tls_verify verify, const char *name, const char *why)
{
	return (struct tls_policy){ TLS_NEED_ALWAYS, verify, false, name, why,
		NULL };
}

static struct tls_policy
refused(const char *name, const char *why, const char *reply)
{
	return (struct tls_policy){ TLS_NEED_ALWAYS, TLS_VERIFY_NAME, false,
		name, why, reply };
}

static struct tls_policy
opportunistic(const struct tls_question *q, const char *why)
{
	if (q->from_the_start)
		return always(TLS_VERIFY_NOTHING, "encrypt",
		    "the target is TLS from the start");
	if (q->lmtp)
		return never("LMTP, and the route says nothing about TLS");
	return (struct tls_policy){ TLS_NEED_OFFERED, TLS_VERIFY_NOTHING, false,
		"opportunistic", why, NULL };
}

static struct tls_policy
by_dane(void)
{
	return always(TLS_VERIFY_DANE, "dane",
	    "the host has TLSA records, proved by DNSSEC");
}

static struct tls_policy
by_sts(const struct tls_question *q)
{
	struct tls_policy p;

	switch (q->sts) {
	case STS_UNKNOWN:
		return refused("sts", "the domain's MTA-STS record is false",
		    "451 4.7.5 DNSSEC validation of the domain's MTA-STS "
		    "record failed");
	case STS_ENFORCE:
		if (!q->sts_lists_host)
			return refused("sts",
			    "the domain's MTA-STS policy does not list the "
			    "host",
			    "451 4.7.5 The domain's MTA-STS policy does not "
			    "list this host");
		return always(TLS_VERIFY_NAME, "sts",
		    "the domain's MTA-STS policy enforces it");
	case STS_TESTING:
		p = opportunistic(q,
		    "the domain's MTA-STS policy is in testing");
		p.name = "sts-testing";
		p.testing = true;
		return p;
	case STS_NONE:
		break;
	}
	return opportunistic(q,
	    q->dane == DANE_ABSENT
		? "neither TLSA records nor an MTA-STS policy"
		: "not proved by DNSSEC, and no MTA-STS policy");
}

/*
 * RFC 7672, 2.2: records that are all unusable still promise TLS, if not whom
 * it is with. What MTA-STS demands is then demanded besides (RFC 8461, 2).
 */
static struct tls_policy
by_unusable_dane(const struct tls_question *q)
{
	struct tls_policy p = by_sts(q);

	if (p.need == TLS_NEED_ALWAYS && p.verify == TLS_VERIFY_NAME)
		return p;
	return always(TLS_VERIFY_NOTHING, "encrypt",
	    "the host's TLSA records are unusable, which demands encryption "
	    "alone");
}

static struct tls_policy
by_itself(const struct tls_question *q)
{
	if (q->sender_waives)
		return opportunistic(q, "the sender says TLS-Required: no");
	switch (q->dane) {
	case DANE_UNKNOWN:
		return refused("dane", "the host's TLSA records are not known",
		    "451 4.7.5 The TLSA records of this host could not be "
		    "looked up safely");
	case DANE_USABLE:
		return by_dane();
	case DANE_UNUSABLE:
		return by_unusable_dane(q);
	case DANE_UNSIGNED:
	case DANE_ABSENT:
		break;
	}
	return by_sts(q);
}

static struct tls_policy
by_dane_alone(const struct tls_question *q)
{
	if (q->dane == DANE_USABLE)
		return by_dane();
	return refused("dane", "the route demands DANE, which the host lacks",
	    q->dane == DANE_UNKNOWN
		? "451 4.7.5 The TLSA records of this host could not be looked "
		  "up safely"
		: "451 4.7.10 The route demands DANE, and this host has no "
		  "usable TLSA records");
}

static struct tls_policy
by_level(const struct tls_question *q)
{
	switch (q->level) {
	case TLS_AUTO:
		break;
	case TLS_NONE:
		return never("the route says so");
	case TLS_OPPORTUNISTIC:
		return opportunistic(q, "the route says so");
	case TLS_ENCRYPT:
		return always(TLS_VERIFY_NOTHING, "encrypt",
		    "the route says so");
	case TLS_VERIFY:
		return always(TLS_VERIFY_NAME, "verify", "the route says so");
	case TLS_DANE:
		return by_dane_alone(q);
	}
	return by_itself(q);
}

/*
 * RFC 8689, 4.2.1: the host must be the domain's by DNSSEC or by MTA-STS, or by
 * the operator's word, and must prove that it is that host.
 */
static struct tls_policy
with_proof(const struct tls_question *q, struct tls_policy p)
{
	bool named = q->host_is_proved ||
	    (q->sts_lists_host &&
		(q->sts == STS_ENFORCE || q->sts == STS_TESTING));

	if (p.refusal != NULL)
		return p;
	if (!named)
		return refused("requiretls",
		    "the sender requires TLS, and the MX records are not "
		    "proved",
		    "550 5.7.10 The sender requires TLS all the way, and "
		    "neither DNSSEC nor MTA-STS vouches for this host");
	if (p.need == TLS_NEED_ALWAYS && p.verify != TLS_VERIFY_NOTHING)
		return p;
	return always(TLS_VERIFY_NAME, "requiretls",
	    "the sender requires TLS all the way");
}

struct tls_policy
tls_policy_decide(const struct tls_question *question)
{
	struct tls_question q = *question;

	/* RFC 8689, 4.1: with REQUIRETLS, the header field is ignored. */
	if (q.sender_requires)
		q.sender_waives = false;
	if (q.sender_requires && !q.lmtp)
		return with_proof(&q, by_level(&q));
	return by_level(&q);
}

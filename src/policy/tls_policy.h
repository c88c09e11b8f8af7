/*
 * policy/tls_policy.h - how much TLS one host must show before mail goes to it.
 *
 * Pure: what is known goes in, the decision with its reason comes out. DANE
 * comes before MTA-STS, that before opportunistic TLS; a rule of the operator
 * before all of them, the sender's wish (RFC 8689) on top. What could not be
 * learned makes a host unusable for now, and never its policy laxer.
 */
#ifndef POLICY_TLS_POLICY_H
#define POLICY_TLS_POLICY_H

#include <stdbool.h>

#include "conf/conf.h"
#include "io/tls.h"

enum dane_outcome {
	DANE_UNSIGNED, /* the way to the host is not proved by DNSSEC */
	DANE_ABSENT,   /* it has no TLSA records, or none that are proved */
	DANE_USABLE,
	DANE_UNUSABLE, /* proved, but none that SMTP may use */
	DANE_UNKNOWN,  /* no answer, or a false one */
};

enum sts_mode {
	STS_NONE, /* no policy, or one that says so */
	STS_TESTING,
	STS_ENFORCE,
	STS_UNKNOWN, /* false DNS answers, or our own store does not answer */
};

struct tls_question {
	enum tls_level level; /* of the route; TLS_AUTO for domains of ours */
	enum dane_outcome dane;
	enum sts_mode sts;
	bool sts_lists_host;
	/* DNSSEC has proved the MX records, or there were none to be asked. */
	bool host_is_proved;
	bool lmtp;
	bool from_the_start;  /* implicit TLS: nothing else is possible */
	bool sender_requires; /* REQUIRETLS */
	bool sender_waives;   /* "TLS-Required: no" */
};

enum tls_need {
	TLS_NEED_NEVER,
	TLS_NEED_OFFERED, /* STARTTLS if the server offers it */
	TLS_NEED_ALWAYS,
};

struct tls_policy {
	enum tls_need need;
	enum tls_verify verify; /* with TLS_NEED_ALWAYS alone */
	bool testing;           /* what MTA-STS would demand is only reported */
	/* Of the names of policies in events: "dane", "sts" ... Static. */
	const char *name;
	const char *why; /* for people; static */
	/*
	 * Not NULL: no mail goes to that host, and this is said of it: a reply
	 * with code and status. Permanent only for what the sender asked for.
	 */
	const char *refusal;
};

struct tls_policy tls_policy_decide(const struct tls_question *);

#endif

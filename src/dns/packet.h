/*
 * dns/packet.h - one DNS answer (RFC 1035, 4), as a value.
 *
 * Pure and bounded: any bytes may come in. The CNAME chain from the question
 * is followed; records of other names and types are ignored. A name is text in
 * lower case without the final dot ("" is the root); one with control bytes,
 * spaces, non-ASCII, or "." or "\" inside a label makes its record vanish.
 */
#ifndef DNS_PACKET_H
#define DNS_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_TLSA = 52,
};

enum {
	DNS_NAME_MAX = 253,         /* as text */
	DNS_NAME_SIZE = 256,        /* with room for a NUL */
	DNS_RECORDS_MAX = 256,      /* of one answer; more are dropped */
	DNS_ALIASES_MAX = 16,       /* CNAMEs in a row */
	DNS_ARENA_MAX = 160 * 1024, /* what a parsed answer takes at most */
};

/* What the answer means for whoever asked. */
enum dns_outcome {
	DNS_FOUND,     /* at least one record */
	DNS_NO_DATA,   /* the name is there, records of that type are not */
	DNS_NO_NAME,   /* NXDOMAIN */
	DNS_BOGUS,     /* DNSSEC says: forged or broken */
	DNS_TEMPORARY, /* SERVFAIL, REFUSED, no answer in time, malformed */
};

struct dns_record {
	uint32_t ttl;
	uint16_t preference; /* MX */
	struct ip ip;        /* A, AAAA */
	/*
	 * MX, PTR, NS: the name. TXT: its strings joined (RFC 7208, 3.3).
	 * TLSA: the rdata as it is. With a NUL behind, which is not counted.
	 */
	struct slice data;
};

struct dns_answer {
	enum dns_outcome outcome;
	bool secure;    /* DNSSEC has proved it, presence or absence */
	unsigned rcode; /* of the packet */
	uint32_t ttl;   /* the least one of all that was used; 0 without */
	struct slice canonical; /* the name at the end of the CNAMEs */
	size_t count;
	struct dns_record *records;
};

/*
 * All that *out points to is the arena's (one of DNS_ARENA_MAX suffices).
 * False: not a whole answer to one question of that type; *out is then a
 * DNS_TEMPORARY answer without records. `secure` is left to the resolver.
 */
bool dns_packet_parse(struct slice packet, enum dns_type, struct arena *,
    struct dns_answer *out) MUST_USE;

/* Could that be in the DNS: labels of 1 to 63 such bytes, 253 in all? */
bool dns_name_is_valid(struct slice name);
/*
 * The same, or with spaces in it, as the macros of SPF may make one. (The
 * resolver has none such: they don't exist.)
 */
bool dns_question_is_valid(struct slice name);

const char *dns_outcome_name(enum dns_outcome);
const char *dns_type_name(enum dns_type);

#endif

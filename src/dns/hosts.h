/*
 * dns/hosts.h - which hosts take the mail of a domain (RFC 5321, 5.1).
 *
 * MX records by preference, equal ones shuffled; without any, the domain's own
 * addresses; a null MX (RFC 7505); never ourselves, nor what is as far from
 * the goal as we are. Or one host by name. The answer comes from the loop.
 */
#ifndef DNS_HOSTS_H
#define DNS_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "dns/resolver.h"

enum { HOSTS_MAX = 20, HOSTS_ADDRESSES_MAX = 100 };

enum hosts_outcome {
	HOSTS_FOUND,      /* at least one address */
	HOSTS_BAD_NAME,   /* no domain name at all, or a bad address literal */
	HOSTS_NO_NAME,    /* the domain does not exist */
	HOSTS_NO_MAIL,    /* it has neither MX nor an address */
	HOSTS_NO_ADDRESS, /* its MX hosts have no address (that we may use) */
	HOSTS_NULL_MX,    /* it says that it takes no mail */
	HOSTS_LOOP,       /* the best host is ourselves */
	HOSTS_BOGUS,      /* DNSSEC validation failed */
	HOSTS_TEMPORARY,  /* some answer is missing */
};

struct host {
	char name[DNS_NAME_SIZE]; /* "" for an address literal */
	uint16_t preference;
	/* DNSSEC has proved every answer that came about its addresses. */
	bool secure;
	char canonical[DNS_NAME_SIZE]; /* at the end of its CNAMEs, or the name
					*/
};

struct host_address {
	struct ip ip;
	size_t host; /* index */
};

struct hosts {
	enum hosts_outcome outcome;
	bool by_mx;  /* else the name itself */
	bool secure; /* DNSSEC has proved the MX records, or their absence */
	char name[DNS_NAME_SIZE];      /* what was asked for, as A-labels */
	char canonical[DNS_NAME_SIZE]; /* where its CNAMEs led to its MX */
	size_t host_count;
	struct host host[HOSTS_MAX];
	size_t address_count; /* in the order in which to try them */
	struct host_address address[HOSTS_ADDRESSES_MAX];
};

struct hosts_policy {
	bool ipv4;
	bool ipv6;
	/* Who we are, for loops; NULL where the operator named the host. */
	const char *own_name;
	bool (*is_own)(const struct ip *, void *arg);
	void *arg; /* borrowed */
};

struct hosts_search;
/* The hosts are valid during the call; the search is gone then. */
typedef void hosts_fn(const struct hosts *, void *arg);

/*
 * `domain` as in a recipient's address: a name, maybe with U-labels (RFC 6531),
 * or "[192.0.2.1]", "[IPv6:2001:db8::1]". Copies what it needs.
 */
struct hosts_search *hosts_of_domain(struct resolver *, struct loop *,
    struct slice domain, const struct hosts_policy *, hosts_fn *,
    void *arg) MUST_USE;
/* The addresses of one host, by name or as a literal with or without "[]". */
struct hosts_search *hosts_of_name(struct resolver *, struct loop *,
    struct slice name, const struct hosts_policy *, hosts_fn *,
    void *arg) MUST_USE;
/* No call will come. NULL is fine. */
void hosts_cancel(struct hosts_search **);

/*
 * The name as A-labels in lower case, without a final dot. False if that is
 * no name of a host or domain.
 */
bool hosts_name_to_ascii(struct slice name, char out[DNS_NAME_SIZE]) MUST_USE;
/*
 * The MX records of an answer in the order in which to try them: the best
 * HOSTS_MAX, equal ones in random order. Returns how many; *null_mx is set,
 * and the count 0, if there is but the root.
 */
size_t hosts_order(const struct dns_answer *, struct host out[HOSTS_MAX],
    bool *null_mx) MUST_USE;

/* A reply that says it: "556 5.1.10 ...". Not for HOSTS_FOUND. */
const char *hosts_reply(enum hosts_outcome);

#endif

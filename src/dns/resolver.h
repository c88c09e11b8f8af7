/*
 * dns/resolver.h - questions to the DNS, answered later from the event loop.
 *
 * libunbound caches and validates. No answer comes inside the call that asked;
 * each comes within the timeout, whatever the servers do. Make one resolver a
 * process, in that process, before its sandbox: all files are read by then.
 */
#ifndef DNS_RESOLVER_H
#define DNS_RESOLVER_H

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "dns/packet.h"
#include "io/loop.h"

struct resolver;

struct resolver_options {
	/* "192.0.2.1", "127.0.0.1@5353"; none: those of /etc/resolv.conf */
	const char *const *servers;
	size_t server_count;
	/*
	 * A file with DNSKEY or DS records: answers that do not validate are
	 * bogus. NULL or "": the system's root anchor where there is one, and
	 * only as long as the servers pass DNSSEC on (the root itself is
	 * asked to find out); else nothing is secure, and nothing bogus.
	 */
	const char *trust_anchor;
	int64_t timeout_ms; /* of each question */
};

/* The answer is the resolver's, valid during the call. */
typedef void resolver_fn(const struct dns_answer *, void *arg);

/* NULL and `why`: a server's address or the anchor file is no good. */
struct resolver *resolver_new(struct loop *, const struct resolver_options *,
    struct why *) MUST_USE;
/* Questions under way are dropped without a call. */
void resolver_free(struct resolver **);
/*
 * The id of the question, never 0. `name` is ASCII without the final dot; one
 * that can't be in the DNS is answered DNS_NO_NAME.
 */
uint64_t resolver_ask(struct resolver *, struct slice name, enum dns_type,
    resolver_fn *, void *arg);
/* No call will come. An id that is answered already is normal, as is 0. */
void resolver_cancel(struct resolver *, uint64_t id);
size_t resolver_pending(const struct resolver *);

#endif

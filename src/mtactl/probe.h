/*
 * mtactl/probe.h - greets a mail host, shakes hands by TLS and leaves: what it
 * offers, what certificate it shows, whether that would do. Sends no mail.
 */
#ifndef MTACTL_PROBE_H
#define MTACTL_PROBE_H

#include <jansson.h>

#include "base/ip.h"
#include "io/loop.h"
#include "io/tls.h"
#include "policy/search.h"

struct probe_target {
	struct ip ip;
	uint16_t port;
	const char *host; /* for SNI and the name */
	const struct host_policy *policy;
	const char *helo;
	bool from_the_start;
	int64_t timeout_ms; /* for each step */
};

/* Blocks. "greeting", "extensions", "tls", "chain", "verdict". */
json_t *probe(struct loop *, struct tls_client *, const struct probe_target *);

#endif

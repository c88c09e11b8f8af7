/*
 * policy/sts_text.h - the texts of MTA-STS (RFC 8461): the TXT record, the
 * policy, and how a policy is kept. Pure.
 */
#ifndef POLICY_STS_TEXT_H
#define POLICY_STS_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "policy/tls_policy.h"

enum {
	STS_ID_MAX = 32,
	STS_TEXT_MAX = 64 * 1024,
	STS_RECORD_MAX = STS_TEXT_MAX + 128,
	STS_AGE_MAX = 31557600, /* RFC 8461, 3.2: a year */
};

struct sts_policy {
	enum sts_mode mode;
	uint32_t max_age; /* seconds */
	struct slice text;
};

/* A policy as it is kept; slices are the text's it was parsed from. */
struct sts_record {
	struct slice id;
	int64_t fetched_ms; /* wall time */
	struct sts_policy policy;
};

/* Is that TXT string an MTA-STS record, be it malformed? (RFC 8461, 3.1) */
bool sts_txt_is_ours(struct slice txt);
/* Its id. */
bool sts_txt_parse(struct slice txt, struct slice *id) MUST_USE;
/* RFC 8461, 3.2. The policy points into the text. */
bool sts_policy_parse(struct slice text, struct sts_policy *,
    struct why *) MUST_USE;
/* Does some "mx" of it match the host's name? */
bool sts_policy_lists(const struct sts_policy *, struct slice host);
const char *sts_mode_name(enum sts_mode);

void sts_record_write(const struct sts_record *, struct buf *);
bool sts_record_parse(struct slice, struct sts_record *) MUST_USE;
/* Wall time from which on it is to be renewed, ahead of its end. */
int64_t sts_record_renewal(const struct sts_record *);
/* Wall time from which on it counts no more. */
int64_t sts_record_end(const struct sts_record *);

#endif

/*
 * policy/sts.h - the MTA-STS policies of domains (RFC 8461): found, fetched,
 * remembered, renewed ahead of their end.
 *
 * A policy that could not be renewed counts until its end. Where they outlive
 * the process is somebody else's: see struct sts_store. Bounded: the oldest
 * are forgotten here first, and asked for there again.
 */
#ifndef POLICY_STS_H
#define POLICY_STS_H

#include <stdint.h>

#include "base/must.h"
#include "dns/resolver.h"
#include "io/https.h"
#include "io/loop.h"
#include "policy/sts_text.h"

struct sts;

/* Both NULL: nothing outlives the process. */
struct sts_store {
	/* sts_told() answers it, later. */
	void (*ask)(const char *domain, void *arg);
	void (*keep)(const char *domain, struct slice record, void *arg);
	void *arg; /* borrowed */
};

struct sts_options {
	uint16_t port; /* of HTTPS */
	bool ipv4, ipv6;
	struct sts_store store;
};

struct sts_answer {
	enum sts_mode mode;
	struct sts_policy policy; /* unless the mode is STS_NONE, _UNKNOWN */
	/* Of a domain that has a record but no policy: static; or NULL. */
	const char *failure;
};

struct sts *sts_new(struct loop *, struct resolver *, struct https *,
    const struct sts_options *) MUST_USE;
void sts_free(struct sts **); /* no question may be open */
void sts_set_options(struct sts *, const struct sts_options *);
/* What the store has; empty: nothing. */
void sts_told(struct sts *, struct slice domain, struct slice record);
/* Its answers are lost: what was asked is asked again. */
void sts_store_is_new(struct sts *);

struct sts_question;
/* From the loop. The question is gone then, the answer valid in the call. */
typedef void sts_fn(const struct sts_answer *, void *arg);
/* `domain`: A-labels in lower case, as in struct hosts. */
struct sts_question *sts_find(struct sts *, const char *domain, sts_fn *,
    void *arg) MUST_USE;
void sts_cancel(struct sts_question **);

#endif

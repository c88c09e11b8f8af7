/*
 * verify/dmarc_rua.h - where the aggregate reports of a domain may go (RFC
 * 9990, 3.5 and 4): who is named in its record's rua, and, outside of its
 * organization, has agreed to it. Pure over a set of DNS answers.
 */
#ifndef VERIFY_DMARC_RUA_H
#define VERIFY_DMARC_RUA_H

#include "base/buf.h"
#include "base/must.h"
#include "dns/answers.h"
#include "verify/dmarc.h"

enum {
	DMARC_RUA_MAX = 5, /* addresses that we serve; the rest gets none */
	DMARC_RUA_TEXT_MAX = DMARC_RUA_MAX * (ADDRESS_MAX + 32),
};

struct dmarc_rua {
	size_t count;
	bool is_unsure; /* the DNS was ill: there may be more */
	struct dmarc_uri uri[DMARC_RUA_MAX]; /* mailto, each once */
};

/*
 * `domain` is where the policy was found. NONE: no report is wanted, unless it
 * is unsure.
 */
enum dmarc_found dmarc_rua_find(struct answers *, struct slice domain,
    struct dmarc_rua *out) MUST_USE;

/* As text of at most DMARC_RUA_TEXT_MAX, and back, totally. */
void dmarc_rua_write(const struct dmarc_rua *, struct buf *);
bool dmarc_rua_read(struct slice, struct dmarc_rua *out) MUST_USE;

#endif

/*
 * mail/srs.h - the Sender Rewriting Scheme: senders of mail that we forward,
 * told as addresses of ours that lead back to them.
 *
 *   a@x.example	 SRS0=HASH=TT=x.example=a@ours
 *   SRS0=...@fwd.test	 SRS1=HASH=fwd.test==...@ours
 *   SRS1=H=fwd.test=...@any  SRS1=HASH=fwd.test=...@ours
 *
 * TT is the day, HASH proves that we made it: nobody can make one that leads
 * to a place of his choice. Pure: hash function and time are given.
 */
#ifndef MAIL_SRS_H
#define MAIL_SRS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum { SRS_DIGEST_SIZE = 32, SRS_DAYS_MAX = 21 };

typedef void srs_hash_fn(struct slice secret, struct slice text,
    unsigned char out[SRS_DIGEST_SIZE]);

struct srs {
	struct slice domain;
	struct slice secrets; /* lines; the first makes, all are good */
	srs_hash_fn *hash;
};

/* False, and nothing added: that sender can't be told so. */
bool srs_forward(const struct srs *, struct slice sender, int64_t wall_ms,
    struct buf *out) MUST_USE;

enum srs_verdict {
	SRS_OTHER, /* no such address of ours */
	SRS_GOOD,
	SRS_FORGED,
	SRS_EXPIRED, /* older than SRS_DAYS_MAX days */
};
/* Where it leads back to is added to `out` if it is good. */
enum srs_verdict srs_reverse(const struct srs *, struct slice recipient,
    int64_t wall_ms, struct buf *out) MUST_USE;

#endif

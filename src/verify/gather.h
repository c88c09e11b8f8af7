/*
 * verify/gather.h - what each engine found, gathered into one value.
 *
 * Slices point into what the engines said, and live as long as that.
 */
#ifndef VERIFY_GATHER_H
#define VERIFY_GATHER_H

#include "verify/arc.h"
#include "verify/dkim_verify.h"
#include "verify/dmarc.h"
#include "verify/iprev.h"
#include "verify/spf.h"
#include "verify/verdicts.h"

void gather_spf(struct verdict_spf *, const struct spf_outcome *,
    struct slice identity);
/* Judged; "none" when there is no signature. */
void gather_dkim(struct verdicts *, const struct dkim_verify *);
void gather_dmarc(struct verdicts *, const struct dmarc_verdict *);
void gather_arc(struct verdicts *, const struct arc *,
    const struct arc_verdict *);
void gather_iprev(struct verdicts *, enum iprev_result, struct slice ip,
    struct slice name);

#endif

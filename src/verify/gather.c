/*
 * verify/gather.c - words of the engines into words of RFC 8601. It decides
 * nothing.
 */
#include "verify/gather.h"

static enum verdict
verdict_from_spf(enum spf_result r)
{
	static const enum verdict table[] = { [SPF_AGAIN] = VERDICT_ABSENT,
		[SPF_NONE] = VERDICT_NONE,
		[SPF_NEUTRAL] = VERDICT_NEUTRAL,
		[SPF_PASS] = VERDICT_PASS,
		[SPF_FAIL] = VERDICT_FAIL,
		[SPF_SOFTFAIL] = VERDICT_SOFTFAIL,
		[SPF_TEMPERROR] = VERDICT_TEMPERROR,
		[SPF_PERMERROR] = VERDICT_PERMERROR };

	return table[r];
}

static enum verdict
verdict_from_dkim(enum dkim_result r)
{
	static const enum verdict table[] = { [DKIM_RESULT_NONE] = VERDICT_NONE,
		[DKIM_RESULT_PASS] = VERDICT_PASS,
		[DKIM_RESULT_FAIL] = VERDICT_FAIL,
		[DKIM_RESULT_POLICY] = VERDICT_POLICY,
		[DKIM_RESULT_NEUTRAL] = VERDICT_NEUTRAL,
		[DKIM_RESULT_TEMPERROR] = VERDICT_TEMPERROR,
		[DKIM_RESULT_PERMERROR] = VERDICT_PERMERROR };

	return table[r];
}

static enum verdict
verdict_from_dmarc(enum dmarc_result r)
{
	static const enum verdict table[] = { [DMARC_AGAIN] = VERDICT_ABSENT,
		[DMARC_PASS] = VERDICT_PASS,
		[DMARC_FAIL] = VERDICT_FAIL,
		[DMARC_NONE] = VERDICT_NONE,
		[DMARC_TEMPERROR] = VERDICT_TEMPERROR,
		[DMARC_PERMERROR] = VERDICT_PERMERROR };

	return table[r];
}

static enum verdict
verdict_from_iprev(enum iprev_result r)
{
	static const enum verdict table[] = { [IPREV_AGAIN] = VERDICT_ABSENT,
		[IPREV_PASS] = VERDICT_PASS,
		[IPREV_FAIL] = VERDICT_FAIL,
		[IPREV_TEMPERROR] = VERDICT_TEMPERROR,
		[IPREV_PERMERROR] = VERDICT_PERMERROR };

	return table[r];
}

void
gather_spf(struct verdict_spf *v, const struct spf_outcome *spf,
    struct slice identity)
{
	v->result = verdict_from_spf(spf->result);
	v->identity = identity;
	v->reason = slice_of(spf->reason);
}

void
gather_dkim(struct verdicts *v, const struct dkim_verify *dkim)
{
	v->dkim_count = dkim_verify_count(dkim);
	if (v->dkim_count > VERDICTS_DKIM_MAX)
		v->dkim_count = VERDICTS_DKIM_MAX;
	for (size_t k = 0; k < v->dkim_count; k++) {
		const struct dkim_field *f =
		    &dkim_verify_signature(dkim, k)->field;

		v->dkim[k] = (struct verdict_dkim){
			.result = verdict_from_dkim(f->result),
			.domain = slice_of(f->domain),
			.identity = slice_of(f->identity),
			.selector = slice_of(f->selector),
			.algorithm = slice_of(f->algorithm),
			.signature = slice_of(f->b),
			.reason = slice_of(f->reason),
		};
	}
	if (v->dkim_count == 0) {
		v->dkim_count = 1;
		v->dkim[0] = (struct verdict_dkim){ .result = VERDICT_NONE };
	}
}

void
gather_dmarc(struct verdicts *v, const struct dmarc_verdict *d)
{
	v->dmarc = (struct verdict_dmarc){
		.result = verdict_from_dmarc(d->result),
		.from = slice_of(d->author),
		.policy = slice_of(dmarc_policy_name(d->policy)),
		.applied = slice_of(dmarc_policy_name(d->applied)),
		.spf_aligned = d->spf_aligned,
		.dkim_aligned = d->dkim_aligned,
		.reason = slice_of(d->reason),
	};
}

void
gather_arc(struct verdicts *v, const struct arc *arc,
    const struct arc_verdict *a)
{
	v->arc.result = a->result == ARC_PASS ? VERDICT_PASS
	    : a->result == ARC_FAIL           ? VERDICT_FAIL
					      : VERDICT_NONE;
	v->arc.instances = a->instances;
	v->arc.oldest_pass = a->oldest_pass;
	v->arc.reason = slice_of(a->reason);
	if (a->instances > 0 && a->instances <= ARC_INSTANCES_MAX)
		v->arc.sealer = slice_of(arc_sealer(arc, a->instances));
}

void
gather_iprev(struct verdicts *v, enum iprev_result result, struct slice ip,
    struct slice name)
{
	v->iprev.result = verdict_from_iprev(result);
	v->iprev.ip = ip;
	v->iprev.name = name;
}

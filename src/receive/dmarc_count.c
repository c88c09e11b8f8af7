/*
 * receive/dmarc_count.c - from verdicts to a row. What is done by a verdict is
 * inspection.c's matter: this says the same.
 */
#include "receive/dmarc_count.h"

#include "mail/header.h"

bool
dmarc_count_is_wanted(const struct dmarc_verdict *d, struct answers *answers)
{
	struct dmarc_record record;

	if ((d->result != DMARC_PASS && d->result != DMARC_FAIL) ||
	    d->policy_at[0] == '\0')
		return false;
	return dmarc_find_record(answers, slice_of(d->policy_at), &record) &&
	    record.rua.n > 0;
}

static bool
asks_for_more(enum dmarc_policy policy)
{
	return policy == DMARC_POLICY_QUARANTINE ||
	    policy == DMARC_POLICY_REJECT;
}

/* Why nothing was done about a message that failed. */
static enum dmarc_override
override_of(const struct dmarc_seen *seen)
{
	if (!asks_for_more(seen->dmarc->policy))
		return DMARC_OVERRIDE_NONE;
	if (seen->is_vouched)
		return DMARC_OVERRIDE_ARC;
	if (!asks_for_more(seen->dmarc->applied))
		return DMARC_OVERRIDE_TEST;
	return seen->is_enforced ? DMARC_OVERRIDE_NONE
				 : DMARC_OVERRIDE_OBSERVED;
}

static void
set_disposition(const struct dmarc_seen *seen, struct dmarc_row *out)
{
	const struct dmarc_verdict *d = seen->dmarc;

	out->disposition = DMARC_DID_NONE;
	out->override = DMARC_OVERRIDE_NONE;
	if (d->result == DMARC_PASS) {
		if (asks_for_more(d->policy))
			out->disposition = DMARC_DID_PASS;
		return;
	}
	out->override = override_of(seen);
	if (out->override == DMARC_OVERRIDE_NONE && seen->is_enforced &&
	    asks_for_more(d->applied))
		out->disposition = d->applied == DMARC_POLICY_REJECT
		    ? DMARC_DID_REJECT
		    : DMARC_DID_QUARANTINE;
}

/*
 * In the order of RFC 9990, 3.1.3: first those that pass, and of these the
 * aligned one. "none" of a message without a signature is no signature.
 */
static void
add_signatures(const struct dmarc_seen *seen, struct dmarc_row *out)
{
	const struct verdicts *v = seen->verdicts;
	size_t aligned =
	    seen->dmarc->dkim_aligned ? seen->dmarc->dkim_index : v->dkim_count;

	for (int turn = 0; turn < 3; turn++)
		for (size_t i = 0; i < v->dkim_count; i++) {
			const struct verdict_dkim *d = &v->dkim[i];
			int rank = i == aligned         ? 0
			    : d->result == VERDICT_PASS ? 1
							: 2;

			if (rank == turn && d->domain.n > 0)
				out->dkim[out->dkim_count++] =
				    (struct dmarc_row_dkim){ d->result,
					    d->domain, d->selector };
		}
}

void
dmarc_count_row(const struct dmarc_seen *seen, struct dmarc_row *out)
{
	*out = (struct dmarc_row){ .source = *seen->client,
		.dkim_aligned = seen->dmarc->dkim_aligned,
		.spf_aligned = seen->dmarc->spf_aligned,
		.is_null_sender = seen->is_null_sender,
		.header_from = slice_of(seen->dmarc->author),
		.spf_domain = seen->spf_domain,
		.spf = seen->verdicts->spf.result };
	set_disposition(seen, out);
	add_signatures(seen, out);
}

bool
dmarc_count_is_report(struct slice header)
{
	struct header_field subject;
	struct slice rest;

	if (!header_find(header, "Subject", &subject))
		return false;
	rest = subject.body;
	return slice_is(slice_take_word(&rest), "Report") &&
	    slice_is(slice_take_word(&rest), "Domain:") &&
	    slice_find_str(rest, SLICE("Submitter:")) < rest.n;
}

void
dmarc_count_tell(const struct dmarc_seen *seen, bool is_report,
    dmarc_count_fn *fn, void *arg)
{
	struct msg_dmarc_result m = { .domain =
					  slice_of(seen->dmarc->policy_at),
		.is_report = is_report };
	struct dmarc_row row;
	struct buf policy, text;

	buf_init(&policy, DMARC_PUBLISHED_TEXT_MAX);
	buf_init(&text, DMARC_ROW_TEXT_MAX);
	dmarc_published_write(&seen->dmarc->published, &policy);
	dmarc_count_row(seen, &row);
	dmarc_row_write(&row, &text);
	m.policy = buf_slice(&policy);
	m.row = buf_slice(&text);
	fn(&m, arg);
	buf_done(&policy);
	buf_done(&text);
}

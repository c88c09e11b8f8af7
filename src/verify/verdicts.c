/*
 * verify/verdicts.c - verdicts as bytes and as words.
 *
 * Encoded: a version, then groups of (tag, length, fields); a group's fields
 * stand in a fixed order, new ones at its end. Unknown groups and fields are
 * skipped, missing ones are empty, so that versions of mtad read each other.
 */
#include "verify/verdicts.h"

#include "mail/pack.h"

enum { ENCODING = 1, LENGTH_MAX = VERDICTS_SIZE_MAX };

enum group {
	GROUP_SPF = 1,
	GROUP_HELO,
	GROUP_DKIM,
	GROUP_DMARC,
	GROUP_ARC,
	GROUP_IPREV,
	GROUP_LOGIN,
	GROUP_LISTED
};

const char *
verdict_name(enum verdict verdict)
{
	static const char *const names[VERDICTS] = { "", "none", "pass", "fail",
		"softfail", "neutral", "policy", "temperror", "permerror" };

	return names[verdict];
}

/* --- encoding --- */

static void
put_text(struct buf *out, struct slice text)
{
	pack_bytes(out, slice_head(text, VERDICTS_TEXT_MAX));
}

static void
put_group(struct buf *out, enum group group, struct buf *fields)
{
	must(!buf_failed(fields));
	pack_u64(out, group);
	pack_bytes(out, buf_slice(fields));
	buf_reset(fields);
}

static void
put_spf(struct buf *out, enum group group, const struct verdict_spf *spf,
    struct buf *fields)
{
	if (spf->result == VERDICT_ABSENT)
		return;
	pack_u64(fields, spf->result);
	put_text(fields, spf->identity);
	put_text(fields, spf->reason);
	put_group(out, group, fields);
}

static void
put_dkim(struct buf *out, const struct verdict_dkim *dkim, struct buf *fields)
{
	pack_u64(fields, dkim->result);
	put_text(fields, dkim->domain);
	put_text(fields, dkim->identity);
	put_text(fields, dkim->selector);
	put_text(fields, dkim->algorithm);
	put_text(fields, dkim->signature);
	put_text(fields, dkim->reason);
	put_group(out, GROUP_DKIM, fields);
}

static void
put_dmarc(struct buf *out, const struct verdict_dmarc *dmarc,
    struct buf *fields)
{
	if (dmarc->result == VERDICT_ABSENT)
		return;
	pack_u64(fields, dmarc->result);
	put_text(fields, dmarc->from);
	put_text(fields, dmarc->policy);
	put_text(fields, dmarc->applied);
	pack_u64(fields, dmarc->spf_aligned);
	pack_u64(fields, dmarc->dkim_aligned);
	put_text(fields, dmarc->reason);
	put_group(out, GROUP_DMARC, fields);
}

static void
put_arc(struct buf *out, const struct verdict_arc *arc, struct buf *fields)
{
	if (arc->result == VERDICT_ABSENT)
		return;
	pack_u64(fields, arc->result);
	pack_u64(fields, arc->instances);
	pack_u64(fields, arc->oldest_pass);
	put_text(fields, arc->sealer);
	put_text(fields, arc->vouched_by);
	put_text(fields, arc->reason);
	put_group(out, GROUP_ARC, fields);
}

static void
put_alone(struct buf *out, enum group group, struct slice text,
    struct buf *fields)
{
	if (text.n == 0)
		return;
	put_text(fields, text);
	put_group(out, group, fields);
}

void
verdicts_encode(const struct verdicts *v, struct buf *out)
{
	struct buf fields;
	struct buf groups;

	buf_init(&fields, LENGTH_MAX);
	buf_init(&groups, LENGTH_MAX);
	put_spf(&groups, GROUP_SPF, &v->spf, &fields);
	put_spf(&groups, GROUP_HELO, &v->helo, &fields);
	must(v->dkim_count <= VERDICTS_DKIM_MAX);
	for (size_t i = 0; i < v->dkim_count; i++)
		put_dkim(&groups, &v->dkim[i], &fields);
	put_dmarc(&groups, &v->dmarc, &fields);
	put_arc(&groups, &v->arc, &fields);
	if (v->iprev.result != VERDICT_ABSENT) {
		pack_u64(&fields, v->iprev.result);
		put_text(&fields, v->iprev.ip);
		put_text(&fields, v->iprev.name);
		put_group(&groups, GROUP_IPREV, &fields);
	}
	put_alone(&groups, GROUP_LOGIN, v->login, &fields);
	put_alone(&groups, GROUP_LISTED, v->listed, &fields);
	if (groups.n > 0) {
		pack_u64(out, ENCODING);
		must(!buf_failed(&groups));
		buf_add(out, buf_slice(&groups));
	}
	buf_done(&groups);
	buf_done(&fields);
}

/* --- decoding --- */

/* What is missing at the end of a group is empty; what is broken, false. */
static bool
take_text(struct slice *in, struct slice *out)
{
	*out = SLICE_NONE;
	return in->n == 0 ||
	    (pack_take_bytes(in, out) && out->n <= VERDICTS_TEXT_MAX);
}

static bool
take_number(struct slice *in, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (in->n > 0 && !pack_take_u64(in, max, &n))
		return false;
	*out = (uint32_t)n;
	return true;
}

static bool
take_bool(struct slice *in, bool *out)
{
	uint32_t n;

	if (!take_number(in, 1, &n))
		return false;
	*out = n != 0;
	return true;
}

static bool
take_result(struct slice *in, enum verdict *out)
{
	uint32_t n;

	if (!take_number(in, VERDICTS - 1, &n) || n == VERDICT_ABSENT)
		return false;
	*out = (enum verdict)n;
	return true;
}

static bool
take_spf(struct slice in, struct verdict_spf *spf)
{
	return take_result(&in, &spf->result) &&
	    take_text(&in, &spf->identity) && take_text(&in, &spf->reason);
}

static bool
take_dkim(struct slice in, struct verdicts *v)
{
	struct verdict_dkim *d = &v->dkim[v->dkim_count];

	if (v->dkim_count == VERDICTS_DKIM_MAX)
		return false;
	v->dkim_count++;
	return take_result(&in, &d->result) && take_text(&in, &d->domain) &&
	    take_text(&in, &d->identity) && take_text(&in, &d->selector) &&
	    take_text(&in, &d->algorithm) && take_text(&in, &d->signature) &&
	    take_text(&in, &d->reason);
}

static bool
take_dmarc(struct slice in, struct verdict_dmarc *d)
{
	return take_result(&in, &d->result) && take_text(&in, &d->from) &&
	    take_text(&in, &d->policy) && take_text(&in, &d->applied) &&
	    take_bool(&in, &d->spf_aligned) &&
	    take_bool(&in, &d->dkim_aligned) && take_text(&in, &d->reason);
}

static bool
take_arc(struct slice in, struct verdict_arc *a)
{
	return take_result(&in, &a->result) &&
	    take_number(&in, UINT32_MAX, &a->instances) &&
	    take_number(&in, UINT32_MAX, &a->oldest_pass) &&
	    take_text(&in, &a->sealer) && take_text(&in, &a->vouched_by) &&
	    take_text(&in, &a->reason);
}

static bool
take_group(uint64_t group, struct slice in, struct verdicts *v)
{
	switch (group) {
	case GROUP_SPF:
		return take_spf(in, &v->spf);
	case GROUP_HELO:
		return take_spf(in, &v->helo);
	case GROUP_DKIM:
		return take_dkim(in, v);
	case GROUP_DMARC:
		return take_dmarc(in, &v->dmarc);
	case GROUP_ARC:
		return take_arc(in, &v->arc);
	case GROUP_IPREV:
		return take_result(&in, &v->iprev.result) &&
		    take_text(&in, &v->iprev.ip) &&
		    take_text(&in, &v->iprev.name);
	case GROUP_LOGIN:
		return take_text(&in, &v->login);
	case GROUP_LISTED:
		return take_text(&in, &v->listed);
	default:
		return true;
	}
}

bool
verdicts_decode(struct slice in, struct verdicts *out)
{
	struct verdicts v = { .dkim_count = 0 };
	struct slice fields;
	uint64_t number;

	if (in.n > 0 && !pack_take_u64(&in, ENCODING, &number))
		return false;
	if (in.n > 0 && number != ENCODING)
		return false;
	while (in.n > 0)
		if (!pack_take_u64(&in, UINT32_MAX, &number) ||
		    !pack_take_bytes(&in, &fields) ||
		    !take_group(number, fields, &v))
			return false;
	*out = v;
	return true;
}

/* --- words --- */

static void
say(struct buf *out, const char *what, enum verdict verdict)
{
	if (out->n > 0)
		buf_add_char(out, ' ');
	buf_addf(out, "%s=%s", what, verdict_name(verdict));
}

static void
say_more(struct buf *out, char mark, struct slice text)
{
	if (text.n == 0)
		return;
	buf_add_char(out, mark);
	buf_add(out, text);
}

void
verdicts_text(const struct verdicts *v, struct buf *out)
{
	if (v->spf.result != VERDICT_ABSENT)
		say(out, "spf", v->spf.result);
	if (v->helo.result != VERDICT_ABSENT)
		say(out, "helo", v->helo.result);
	for (size_t i = 0; i < v->dkim_count; i++) {
		say(out, "dkim", v->dkim[i].result);
		say_more(out, ':', v->dkim[i].domain);
	}
	if (v->dmarc.result != VERDICT_ABSENT) {
		say(out, "dmarc", v->dmarc.result);
		say_more(out, '/', v->dmarc.policy);
		say_more(out, ':', v->dmarc.from);
	}
	if (v->arc.result != VERDICT_ABSENT) {
		say(out, "arc", v->arc.result);
		say_more(out, ':', v->arc.sealer);
	}
	if (v->iprev.result != VERDICT_ABSENT)
		say(out, "iprev", v->iprev.result);
	if (v->login.n > 0) {
		say(out, "auth", VERDICT_PASS);
		say_more(out, ':', v->login);
	}
	if (v->listed.n > 0) {
		say(out, "dnsbl", VERDICT_FAIL);
		say_more(out, ':', v->listed);
	}
}

/*
 * deliver/heed.c - verdicts of replies.conf done, its paces noted. It does not
 * choose hosts: deliver/courier.c takes its advice.
 */
#include "deliver/heed.h"

enum { HEED_TEXT_MAX = 300 };

/* Of all that were said in a job, the one that asks most for patience. */
static void
note_pace(struct job *j, const struct heed_from *from,
    const struct reply_rule *rule, const struct fate *fate)
{
	struct job_heeded *h = &j->heeded;

	if (h->rule.n > 0 && rule->pace <= h->pace)
		return;
	h->rule = job_keep(j, rule->name, REPLIES_NAME_MAX);
	h->pace = rule->pace;
	h->pace_ms = rule->pace_ms;
	h->reply = job_keep(j, fate->reply, HEED_TEXT_MAX);
	h->address = job_keep(j, from->address, HEED_TEXT_MAX);
}

static void
make_permanent(struct fate *fate)
{
	fate->kind = FATE_FAILED;
	fate->code.class = 5;
}

static void
make_temporary(struct fate *fate)
{
	fate->kind = FATE_DEFERRED;
	fate->code.class = 4;
}

enum heed_advice
heed_failure(struct job *j, const struct heed_from *from, struct fate *fate)
{
	const struct reply_rule *rule =
	    replies_match(from->rules, from->host, fate);

	if (rule == NULL)
		return HEED_AS_EVER;
	note_pace(j, from, rule, fate);
	if (rule->verdict == REPLY_NEXT_MX)
		return HEED_NEXT_MX;
	if (rule->verdict == REPLY_PERMANENT) {
		make_permanent(fate);
		return HEED_GIVE_UP;
	}
	/* Its other hosts would be asked for more of what was too much. */
	return rule->pace >= PACE_REST_SOURCE ? HEED_GIVE_UP : HEED_AS_EVER;
}

bool
heed_fates(struct job *j, const struct heed_from *from, struct fate *last)
{
	bool goes_on = false;

	for (size_t i = 0; i < j->envelope.recipient_count; i++) {
		struct fate *fate = &j->fates[i];
		const struct reply_rule *rule;

		if (j->heeded.seen[i] || fate->kind == FATE_NONE)
			continue;
		rule = replies_match(from->rules, from->host, fate);
		if (rule != NULL)
			note_pace(j, from, rule, fate);
		if (rule != NULL && rule->verdict == REPLY_NEXT_MX) {
			*last = *fate;
			*fate = (struct fate){ 0 };
			goes_on = true;
			continue;
		}
		j->heeded.seen[i] = true;
		if (rule != NULL && rule->verdict == REPLY_PERMANENT)
			make_permanent(fate);
		else if (rule != NULL && rule->verdict == REPLY_TEMPORARY)
			make_temporary(fate);
	}
	return goes_on;
}

enum job_trouble
heed_trouble(const struct job *j, enum job_trouble trouble)
{
	if (j->heeded.pace == PACE_SLOW && trouble == TROUBLE_NONE)
		return TROUBLE_BUSY;
	/* The address, or all mail, has to wait: no more is to be learned. */
	if (j->heeded.pace >= PACE_REST_SOURCE &&
	    (trouble == TROUBLE_BUSY || trouble == TROUBLE_SITE))
		return TROUBLE_LOCAL;
	return trouble;
}

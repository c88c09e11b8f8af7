/*
 * schedule/heed.c - rules done that a deliverer found to fit. Jobs that were
 * under way when the first of them came back change nothing more.
 */
#include "schedule/heed.h"

#include "base/time.h"
#include "conf/replies.h"

enum { PAUSE_LONGEST_S = 30 * 24 * 3600 };

enum plan_change
heed_job_done(const struct heeding *h, struct site *s, struct plan_load *load,
    enum job_trouble trouble, struct slice words)
{
	struct plan_facts before, after;
	enum plan_change change;

	plan_site_facts(s->plan, &before);
	change = plan_done(h->suspensions->plan, load, trouble,
	    h->suspensions->mono_ms);
	plan_site_facts(s->plan, &after);
	if (after.window < before.window)
		site_note_cut(s, words, h->suspensions->wall_ms);
	return change;
}

static void
pause_site(const struct heeding *h, struct site *s,
    const struct msg_job_done *m, int64_t ms)
{
	struct plan_facts facts;

	plan_site_facts(s->plan, &facts);
	if (facts.state == SITE_SUSPENDED)
		return;
	suspension_by_rule(h->suspensions, s->name, (uint64_t)ms, m->rule,
	    m->rule_reply);
}

void
heed_answer(const struct heeding *h, const struct lane *lane,
    const struct source_choice *choice, const struct msg_job_done *m)
{
	struct site *s = lane->site;
	const int64_t longest = (int64_t)PAUSE_LONGEST_S * SECOND;
	int64_t ms =
	    m->pace_ms > (uint64_t)longest ? longest : (int64_t)m->pace_ms;
	int64_t now = h->suspensions->wall_ms;

	if (m->rule.n == 0)
		return;
	(void)slice_to_cstr(slice_head(m->rule, REPLIES_NAME_MAX), s->last_rule,
	    sizeof(s->last_rule));
	if (ms == 0)
		return;
	if (m->pace == PACE_PAUSE ||
	    (m->pace == PACE_REST_SOURCE &&
		!(choice != NULL &&
		    sources_rest(h->sources, lane, choice, m->rule_address,
			now + ms, m->rule, now))))
		pause_site(h, s, m, ms);
}

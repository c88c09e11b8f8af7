/*
 * schedule/ledger.c - each fate written down once, everywhere it belongs.
 */
#include "schedule/ledger.h"

#include "base/id.h"
#include "base/log.h"

enum { RECIPIENTS_TEXT_MAX = 4096 };

static enum tally
stat_of(enum fate_kind kind, bool expired)
{
	switch (kind) {
	case FATE_DELIVERED:
	case FATE_RELAYED:
	case FATE_PASSED:
	case FATE_EXPANDED:
		return TALLY_DELIVERED;
	case FATE_FAILED:
		return expired ? TALLY_EXPIRED : TALLY_BOUNCED;
	case FATE_NONE:
	case FATE_DEFERRED:
		break;
	}
	return TALLY_DEFERRED;
}

static const char *
event_of(enum fate_kind kind, bool expired)
{
	static const char *const names[TALLY_COUNT] = {
		[TALLY_RECEIVED] = "received",
		[TALLY_DELIVERED] = "delivered",
		[TALLY_DEFERRED] = "deferred",
		[TALLY_BOUNCED] = "bounced",
		[TALLY_EXPIRED] = "expired",
	};

	return names[stat_of(kind, expired)];
}

static void
tell(struct ledger *l, const struct round *r, uint32_t index,
    const struct fate *fate, const struct attempt_facts *facts,
    unsigned attempts, bool expired)
{
	struct slice address = r->envelope->recipients[index].address;
	const char *event = event_of(fate->kind, expired);
	int64_t delay = l->wall_ms - r->envelope->arrived_ms;
	struct log_text to;
	struct log_text reply;
	struct log_text host;
	char id[ID_TEXT_SIZE];

	id_text(r->entry->id, id);
	log_info("schedule %s queue=%s to=%s site=%.*s host=%s attempts=%u "
		 "delay=%.1f tls=\"%.*s\" reply=%s%s%.*s",
	    event, id, log_text(address, &to), SLICE_ARGS(facts->site),
	    log_text(facts->host, &host), attempts, (double)delay / 1000,
	    SLICE_ARGS(facts->tls), log_text(fate->reply, &reply),
	    facts->rule.n > 0 ? " rule=" : "", SLICE_ARGS(facts->rule));
	events_outcome(l->events,
	    &(struct outcome){
		.event = event,
		.id = r->entry->id,
		.recipient = address,
		.site = facts->site,
		.host = facts->host,
		.address = facts->address,
		.tls = facts->tls,
		.policy = facts->policy,
		.attempts = attempts,
		.reply = fate->reply,
		.rule = facts->rule,
		.delay_ms = delay,
	    },
	    l->wall_ms);
}

static void
tell_expanded(const struct round *r, uint32_t index, const struct fate *fate)
{
	struct log_text to;
	char id[ID_TEXT_SIZE];

	id_text(r->entry->id, id);
	log_info("schedule expanded queue=%s to=%s reply=\"%.*s\"", id,
	    log_text(r->envelope->recipients[index].address, &to),
	    SLICE_ARGS(fate->reply));
}

/* With a trace (RFC 2852), what was passed on is told of as relayed. */
static bool
tells_relay(const struct envelope *e, struct fate *told)
{
	if (told->kind == FATE_PASSED && e->by_trace)
		told->kind = FATE_RELAYED;
	return told->kind == FATE_RELAYED &&
	    (e->by == BY_NOTIFY || e->by_trace);
}

void
ledger_fate(struct ledger *l, struct round *r, uint32_t index,
    const struct fate *fate, const struct attempt_facts *facts, bool expired)
{
	struct queue_recipient *rcpt = entry_recipient(r->entry, index);
	/* A refusal of ours or the postmaster's is no attempt. */
	bool attempted = !expired && !facts->waits &&
	    (fate->kind != FATE_FAILED || facts->site.n > 0);
	bool wants_success =
	    (r->envelope->recipients[index].notify & NOTIFY_SUCCESS) != 0;
	uint16_t attempts = rcpt->attempts;
	struct fate told = *fate;

	if (fate->kind == FATE_EXPANDED) { /* the store knows it already */
		tell_expanded(r, index, fate);
		if (wants_success)
			round_note(r, index, fate, SLICE_NONE, attempts, 0,
			    false, false);
		return;
	}

	if (attempted && attempts < UINT16_MAX)
		attempts++;
	stats_count(l->stats, stat_of(fate->kind, expired), l->mono_ms);
	tell(l, r, index, fate, facts, attempts, expired);
	if (fate->kind == FATE_FAILED) {
		round_note(r, index, fate, facts->host, attempts,
		    attempted ? l->wall_ms : 0, true, expired);
		return;
	}
	if (fate->kind == FATE_DEFERRED && attempted)
		r->was_tried = true;
	queue_store_result(l->store, r->entry, index, fate, facts->host,
	    attempts);
	if (tells_relay(r->envelope, &told) ||
	    (wants_success && fate->kind != FATE_DEFERRED &&
		fate->kind != FATE_PASSED))
		round_note(r, index, &told, facts->host, attempts, l->wall_ms,
		    false, false);
}

void
ledger_settle(struct ledger *l, struct round *r, const struct note *note)
{
	queue_store_result(l->store, r->entry, note->index, &note->fate,
	    note->host, note->attempts);
}

void
ledger_attempt(struct ledger *l, const struct round *r, const struct load *load,
    const struct fate *worst, const struct attempt_facts *facts)
{
	struct buf lines;

	buf_init(&lines, RECIPIENTS_TEXT_MAX);
	for (uint32_t i = 0; i < load->count && !buf_failed(&lines); i++) {
		buf_add(&lines,
		    r->envelope->recipients[load->recipients[i]].address);
		buf_add_char(&lines, '\n');
	}
	history_add(l->history,
	    &(struct attempt){
		.id = r->entry->id,
		.wall_ms = l->wall_ms,
		.event = event_of(worst->kind, false),
		.recipients = buf_slice(&lines),
		.site = facts->site,
		.host = facts->host,
		.address = facts->address,
		.tls = facts->tls,
		.policy = facts->policy,
		.reply = worst->reply,
		.rule = facts->rule,
		.dialogue = facts->dialogue,
	    });
	buf_done(&lines);
}

void
ledger_act(struct ledger *l, const char *event, uint64_t id, struct slice by)
{
	struct log_text who;
	char text[ID_TEXT_SIZE];

	id_text(id, text);
	log_info("schedule %s queue=%s by=%s", event, text, log_text(by, &who));
	events_act(l->events, event, id, by, l->wall_ms);
}

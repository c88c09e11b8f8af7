/*
 * schedule/permit.c - sources.c asked for a load, and the answer written down.
 */
#include "schedule/permit.h"

#include "base/alloc.h"

static void
put_off(const struct permits *p, struct load *load,
    const struct source_wait *wait)
{
	const struct attempt_facts facts = { .site = load->lane->name,
		.waits = true };
	const struct fate fate =
	    fate_ours(FATE_DEFERRED, 3, 2, slice_of(wait->words));
	struct round *r = load->round;

	if (r->wait_until_ms == 0 || wait->until_ms < r->wait_until_ms)
		r->wait_until_ms = wait->until_ms;
	for (uint32_t i = 0; i < load->count; i++)
		ledger_fate(p->ledger, r, load->recipients[i], &fate, &facts,
		    false);
}

static bool
choose(const struct permits *p, struct load *load, struct source_choice *choice)
{
	struct source_wait wait;

	if (sources_choose(p->sources, p->conf, load->lane, p->ledger->wall_ms,
		choice, &wait))
		return true;
	put_off(p, load, &wait);
	return false;
}

bool
permit_ask(const struct permits *p, struct load *load)
{
	struct source_choice choice;

	if (!choose(p, load, &choice))
		return false;
	sources_done(p->sources, &choice, SLICE_NONE, false,
	    p->ledger->wall_ms);
	return true;
}

bool
permit_take(const struct permits *p, struct load *load)
{
	struct source_choice choice;

	must(load->source == NULL);
	if (!choose(p, load, &choice))
		return false;
	if (choice.text[0] == '\0' && choice.uses[0] == NULL)
		return true;
	load->source = mem_zero(sizeof(*load->source));
	*load->source = choice;
	return true;
}

/* Somebody's host has it now. */
static bool
was_taken(const struct fate *fates, size_t n)
{
	for (size_t i = 0; fates != NULL && i < n; i++)
		if (fates[i].kind == FATE_DELIVERED ||
		    fates[i].kind == FATE_RELAYED ||
		    fates[i].kind == FATE_PASSED)
			return true;
	return false;
}

void
permit_end(const struct permits *p, struct load *load, struct slice address,
    const struct fate *fates)
{
	if (load->source == NULL)
		return;
	sources_done(p->sources, load->source, address,
	    was_taken(fates, load->count), p->ledger->wall_ms);
	mem_free(load->source);
	load->source = NULL;
}

/*
 * unit/spf_duel.h - our SPF engine and libspf2 over the same invented world:
 * a client, eight domains with their records, all chosen by the input's bytes.
 */
#ifndef UNIT_SPF_DUEL_H
#define UNIT_SPF_DUEL_H

#include "base/buf.h"
#include "base/slice.h"
#include "verify/spf.h"

struct spf_duel {
	struct spf_outcome ours, theirs;
	bool they_judged; /* else it crashed or hung */
	/* Why they differ, where that is known; NULL: they agree, or nobody
	 * knows. */
	const char *known;
	bool agree;
};

/* `world` gets the records, for people. */
void spf_duel_fight(struct slice input, struct buf *world, struct spf_duel *);

#endif

/*
 * schedule/kept.c - rows of the state database; without one nothing is kept,
 * and mail goes on.
 */
#include "schedule/kept.h"

#include <errno.h>

#include "base/err.h"
#include "base/log.h"
#include "ipc/messages.h"

static const enum state_table tables[KEPT_KINDS] = {
	[KEPT_STS] = STATE_STS,
	[KEPT_OAUTH] = STATE_OAUTH,
};
static const char *const names[KEPT_KINDS] = {
	[KEPT_STS] = "mta-sts",
	[KEPT_OAUTH] = "oauth",
};

void
kept_find(struct state *state, uint32_t kind, struct slice key,
    struct buf *value)
{
	int rc = -ENOENT;

	if (state != NULL && kind < KEPT_KINDS)
		rc = state_get(state, tables[kind], key, value);
	if (rc == 0 && !buf_failed(value))
		return;
	buf_reset(value);
	if (rc != -ENOENT)
		log_warning("schedule nothing-kept kind=%s why=\"%s\"",
		    names[kind], err_text(rc));
}

void
kept_put(struct state *state, uint32_t kind, struct slice key,
    struct slice value)
{
	int rc = 0;

	if (state != NULL && kind < KEPT_KINDS)
		rc = state_put(state, tables[kind], key, value);
	/* The server may take the old one no more. */
	if (state != NULL && kind == KEPT_OAUTH)
		state_sync(state);
	if (rc != 0)
		log_warning("schedule not-kept kind=%s why=\"%s\"", names[kind],
		    err_text(rc));
}

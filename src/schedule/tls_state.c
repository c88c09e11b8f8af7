/*
 * schedule/tls_state.c - rows of the state database; without one nothing is
 * kept, and mail goes on.
 */
#include "schedule/tls_state.h"

#include <errno.h>

#include "base/err.h"
#include "base/log.h"

void
tls_state_find(struct state *state, struct slice domain, struct buf *record)
{
	int rc = state == NULL ? -ENOENT
			       : state_get(state, STATE_STS, domain, record);

	if (rc == 0 && !buf_failed(record))
		return;
	buf_reset(record);
	if (rc != -ENOENT)
		log_warning("schedule no-sts-record why=\"%s\"", err_text(rc));
}

void
tls_state_keep(struct state *state, struct slice domain, struct slice record)
{
	int rc =
	    state == NULL ? 0 : state_put(state, STATE_STS, domain, record);

	if (rc != 0)
		log_warning("schedule sts-record-lost why=\"%s\"",
		    err_text(rc));
}

/*
 * schedule/tls_state.h - what deliverers know of TLS and want kept over
 * restarts, in the state database.
 */
#ifndef SCHEDULE_TLS_STATE_H
#define SCHEDULE_TLS_STATE_H

#include "base/buf.h"
#include "base/slice.h"
#include "state/state.h"

enum { TLS_STATE_RECORD_MAX = 60 * 1024 }; /* so that it fits a message */

/* The MTA-STS record of a domain; nothing is added if there is none. */
void tls_state_find(struct state *, struct slice domain, struct buf *record);
void tls_state_keep(struct state *, struct slice domain, struct slice record);

#endif

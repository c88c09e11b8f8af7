/*
 * receive/promises.h - what a client may ask of the time and the urgency of
 * its mail: FUTURERELEASE, DELIVERBY, MT-PRIORITY. Offered, judged, and put
 * into the envelope; the scheduler keeps them.
 *
 * They are for our users and for trusted_networks alone: a stranger could
 * fill the queue with mail to come, or push his own to the front.
 */
#ifndef RECEIVE_PROMISES_H
#define RECEIVE_PROMISES_H

#include <stdbool.h>
#include <stdint.h>

#include "receive/smtp_server.h"
#include "smtp/command.h"

/* The bits of PARAM_* that MAIL may have. */
unsigned promises_offered(const struct smtp_terms *);
/* Lines of the reply to EHLO: "250-DELIVERBY 60" ... */
void promises_list(const struct smtp_terms *, int64_t wall_ms, struct buf *);
/* True, or false and the reply. */
bool promises_can_be_kept(const struct smtp_terms *, const struct mail_args *,
    int64_t wall_ms, struct refusal *) MUST_USE;
void promises_put(const struct mail_args *, int64_t wall_ms, struct envelope *);

#endif

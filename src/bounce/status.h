/*
 * bounce/status.h - the fields for programs: message/delivery-status (RFC 3464)
 * and, with `utf8`, message/global-delivery-status (RFC 6533).
 */
#ifndef BOUNCE_STATUS_H
#define BOUNCE_STATUS_H

#include "base/buf.h"
#include "bounce/bounce.h"

/* The group about the message. */
void status_of_message(const struct bounce *, struct buf *, bool utf8);
/* The group about one recipient, with the empty line before it. */
void status_of_recipient(const struct bounce *, const struct bounce_recipient *,
    struct buf *, bool utf8);

#endif

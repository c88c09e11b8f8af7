/*
 * deliver/rua.h - takes a TLS report to where its domain wants it (RFC 8460):
 * by HTTPS at once, or by mail, which the scheduler then writes.
 */
#ifndef DELIVER_RUA_H
#define DELIVER_RUA_H

#include "base/must.h"
#include "base/slice.h"
#include "deliver/tools.h"

struct rua_senders;

/* The report is wanted by mail to that address. */
typedef void rua_mail_fn(struct slice domain, struct slice recipient,
    void *arg);

struct rua_senders *rua_senders_new(struct tools *, rua_mail_fn *,
    void *arg) MUST_USE;
/* Those under way are dropped. */
void rua_senders_free(struct rua_senders **);
/* Both are copied. Who has no record, or is not reached, gets none. */
void rua_send(struct rua_senders *, struct slice domain, struct slice report);

#endif

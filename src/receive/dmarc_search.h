/*
 * receive/dmarc_search.h - finds out, for the scheduler, who may have the DMARC
 * reports of a domain: verify/dmarc_rua.h over the DNS.
 */
#ifndef RECEIVE_DMARC_SEARCH_H
#define RECEIVE_DMARC_SEARCH_H

#include "base/must.h"
#include "dns/resolver.h"
#include "io/loop.h"
#include "ipc/messages.h"

struct dmarc_searches;

/* Lives as long as the call. */
typedef void dmarc_search_fn(const struct msg_dmarc_rua_told *, void *arg);

/* The loop and the resolver are borrowed. */
struct dmarc_searches *dmarc_searches_new(struct loop *, struct resolver *,
    dmarc_search_fn *, void *arg) MUST_USE;
/* Those under way are dropped. */
void dmarc_searches_free(struct dmarc_searches **);
/* Told later; one too many at once, or of no domain, is never told. */
void dmarc_search(struct dmarc_searches *, const struct msg_dmarc_rua_ask *);

#endif

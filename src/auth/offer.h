/*
 * auth/offer.h - which mechanisms a backend can do. PAM sees passwords alone;
 * Dovecot's protocol has no place for the binding of our channel.
 */
#ifndef AUTH_OFFER_H
#define AUTH_OFFER_H

#include <stdbool.h>

#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"

bool offer_is_possible(enum auth_backend, struct slice mechanism) MUST_USE;
/*
 * Drops from auth.mechanisms what its backend can't do, so that receivers do
 * not offer it. For the master, before it hands the conf out.
 */
void offer_prune(struct auth_conf *);

#endif

/*
 * receive/ground.h - what a session stands on: a configuration, and the TLS
 * context and signing keys made of it. After a reload the old ground lasts
 * until its last session has ended.
 */
#ifndef RECEIVE_GROUND_H
#define RECEIVE_GROUND_H

#include "base/why.h"
#include "conf/conf.h"
#include "io/tls.h"
#include "verify/dkim_signers.h"

struct ground {
	unsigned refs;
	struct conf *conf;            /* owned: a reference */
	struct tls_server *tls;       /* owned; NULL if no listener wants TLS */
	struct dkim_signers *signers; /* owned */
};

/* One reference is the caller's. NULL and `why`: the certificates are bad. */
struct ground *ground_new(struct conf *, struct why *) MUST_USE;
struct ground *ground_ref(struct ground *) MUST_USE;
void ground_unref(struct ground **);
/* The listener's section; NULL if there is none of that name. */
const struct listener_conf *ground_listener(const struct ground *,
    struct slice name);

#endif

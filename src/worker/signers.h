/*
 * worker/signers.h - the DKIM keys of a configuration, parsed once for a worker
 * that signs.
 */
#ifndef WORKER_SIGNERS_H
#define WORKER_SIGNERS_H

#include "base/must.h"
#include "base/why.h"
#include "conf/conf.h"
#include "verify/dkim_signers.h"

/*
 * All dkim sections. NULL and `why`: a key is no good. The master has looked
 * at them before; so it was memory, or us.
 */
struct dkim_signers *signers_from_conf(const struct conf *,
    struct why *) MUST_USE;

#endif

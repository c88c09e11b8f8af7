/*
 * mtad/places.h - the directories of mtad, with the owners and modes that its
 * processes need, and the lock that keeps a spool to one mtad.
 */
#ifndef MTAD_PLACES_H
#define MTAD_PLACES_H

#include "base/must.h"
#include "base/why.h"
#include "conf/conf.h"
#include "worker/identity.h"

/* Spool, state and runtime, made when missing. 0, or -errno and `why`. */
int places_make(const struct conf *, const struct identity *,
    struct why *) MUST_USE;
/*
 * The descriptor that holds the lock: as long as any process has it open the
 * spool is taken, so workers that outlive a killed master hold it too. They end
 * within moments, which is waited for. -EWOULDBLOCK: another mtad runs.
 */
int places_lock(const struct conf *, const struct identity *,
    struct why *) MUST_USE;

#endif

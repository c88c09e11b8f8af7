/*
 * mtad/spawn.h - our own binary once more, as a role.
 */
#ifndef MTAD_SPAWN_H
#define MTAD_SPAWN_H

#include <sys/types.h>

#include "base/must.h"
#include "worker/identity.h"

/*
 * Forks and executes us with argv[0] "mtad: NAME", `channel` as descriptor
 * WORKER_MASTER_FD, and `kept` (-1: none) open behind it. `user`: becomes that
 * one before; NULL: stays. 0 or -errno.
 */
int spawn_role(const char *name, int channel, int kept,
    const struct identity *user, pid_t *out) MUST_USE;

#endif

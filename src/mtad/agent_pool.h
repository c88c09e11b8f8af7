/*
 * mtad/agent_pool.h - local delivery agents: forked when a deliverer asks, as
 * the user that it names.
 *
 * Deliverers talk to the network, so what they may have is a closed list: the
 * mtad user, and ordinary users when a domain has system mailboxes. Never root.
 */
#ifndef MTAD_AGENT_POOL_H
#define MTAD_AGENT_POOL_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/must.h"
#include "conf/conf.h"
#include "ipc/channel.h"
#include "worker/identity.h"

struct agent_pool;

struct agent_pool *agent_pool_new(void) MUST_USE;
void agent_pool_free(struct agent_pool **);
/* Answers on the deliverer's channel. `own`: the mtad user. */
void agent_pool_open(struct agent_pool *, struct channel *deliverer,
    const struct msg_agent_open *, const struct conf *,
    const struct identity *own);
/* One of ours? */
bool agent_pool_reap(struct agent_pool *, pid_t, int status);

#endif

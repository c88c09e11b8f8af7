/*
 * mtad/agents.h - local delivery agents: forked when a deliverer asks, as the
 * user that it names.
 *
 * Deliverers talk to the network, so what they may have is a closed list: the
 * mtad user, and ordinary users when a domain has system mailboxes. Never root.
 */
#ifndef MTAD_AGENTS_H
#define MTAD_AGENTS_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/must.h"
#include "conf/conf.h"
#include "ipc/channel.h"
#include "worker/identity.h"

struct agents;

struct agents *agents_new(void) MUST_USE;
void agents_free(struct agents **);
/* Answers on the deliverer's channel. `own`: the mtad user. */
void agents_open(struct agents *, struct channel *deliverer,
    const struct msg_agent_open *, const struct conf *,
    const struct identity *own);
/* One of ours? */
bool agents_reap(struct agents *, pid_t, int status);

#endif

/*
 * deliver/agents.h - the local delivery agents that we have: one a user.
 *
 * An agent is opened by the master when it is needed, and ends by itself when
 * it is idle; the next request opens another. Answers come from the loop.
 */
#ifndef DELIVER_AGENTS_H
#define DELIVER_AGENTS_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "io/loop.h"
#include "ipc/channel.h"
#include "queue/reader.h"

struct agents;

struct agent_request {
	struct slice user;   /* login name; empty: mtad's own user */
	struct slice target; /* "maildir:PATH" */
	struct slice header; /* to stand first */
	const struct queue_message *message; /* borrowed until the answer */
};
/* The text is valid during the call. */
typedef void agent_answer_fn(uint32_t smtp_code, struct slice reply, void *arg);

/* The channel to the master is borrowed. */
struct agents *agents_new(struct loop *, struct channel *master) MUST_USE;
/* Nobody is answered any more. */
void agents_free(struct agents **);
/* Copies the texts. */
void agents_deliver(struct agents *, const struct agent_request *,
    agent_answer_fn *, void *arg);
/* No answer comes to that arg any more. */
void agents_forget(struct agents *, const void *arg);

/* The master's answers. */
void agents_opened(struct agents *, const struct msg_agent_opened *);
void agents_refused(struct agents *, const struct msg_agent_refused *);

#endif

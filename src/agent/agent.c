/*
 * agent/agent.c - the local delivery agent process. The master has made it the
 * user that owns the mailboxes; a deliverer at the other end of descriptor 3
 * sends parts of messages and where to put them. It blocks in the disk: one
 * delivery after the other. mbox: and pipe: are refused, for a while.
 */
#include "agent/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/maildir.h"
#include "agent/reply.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "ipc/channel.h"
#include "worker/worker.h"

enum {
	PARTS_MAX = 8, /* of messages that are not delivered yet */
	IDLE_MS = 60 * SECOND,
	PATH_SIZE = 4096,
};

struct part {
	uint64_t job;
	struct maildir_part part; /* its descriptor is ours */
};

struct agent {
	struct loop *loop;       /* owned */
	struct channel *channel; /* owned */
	struct timer *idle;      /* owned */
	struct part parts[PARTS_MAX];
	unsigned part_count;
};

static void
on_part(void *owner, struct channel *c, const void *msg)
{
	struct agent *a = owner;
	const struct msg_agent_part *m = msg;

	(void)c;
	if (a->part_count == PARTS_MAX) {
		/* Its delivery will come out short: better none at all. */
		log_error("agent too-many-parts");
		(void)close(m->file);
		loop_stop(a->loop);
		return;
	}
	a->parts[a->part_count++] =
	    (struct part){ m->job, { m->file, m->offset, m->length } };
}

/* The parts of the job, in order; they leave the list. */
static unsigned
take_parts(struct agent *a, uint64_t job, struct maildir_part out[PARTS_MAX])
{
	unsigned kept = 0, taken = 0;

	for (unsigned i = 0; i < a->part_count; i++) {
		if (a->parts[i].job == job)
			out[taken++] = a->parts[i].part;
		else
			a->parts[kept++] = a->parts[i];
	}
	a->part_count = kept;
	return taken;
}

static struct agent_reply
deliver(struct slice target, struct slice header,
    const struct maildir_part *parts, unsigned count)
{
	char path[PATH_SIZE];
	struct log_text quoted;
	struct why why;
	int rc;

	if (!slice_take_prefix(&target, "maildir:"))
		return (struct agent_reply){ 450,
			"450 4.3.5 This kind of mailbox is not available yet" };
	if (!slice_to_cstr(target, path, sizeof(path)) || path[0] != '/')
		return (struct agent_reply){ 450,
			"450 4.3.5 The mailbox has no usable path" };
	rc = maildir_deliver(path, header, parts, count, &why);
	if (rc != 0)
		log_error("agent failed error=%s",
		    log_text(slice_of(why.text), &quoted));
	return agent_reply_for(rc);
}

static void
on_deliver(void *owner, struct channel *c, const void *msg)
{
	struct agent *a = owner;
	const struct msg_agent_deliver *m = msg;
	struct maildir_part parts[PARTS_MAX] = { { 0 } };
	unsigned count = take_parts(a, m->job, parts);
	struct agent_reply reply = deliver(m->target, m->header, parts, count);

	for (unsigned i = 0; i < count; i++)
		(void)close(parts[i].fd);
	channel_send_agent_delivered(c,
	    &(struct msg_agent_delivered){ .job = m->job,
		.smtp_code = reply.code,
		.reply = slice_of(reply.text) });
	timer_set(a->idle, IDLE_MS);
}

static void
on_closed(void *owner, struct channel *c, int rc)
{
	struct agent *a = owner;

	(void)c;
	a->channel = NULL;
	if (rc != 0)
		log_error("agent lost-deliverer error=\"%s\"", err_text(rc));
	loop_stop(a->loop);
}

static void
on_idle(void *arg)
{
	struct agent *a = arg;

	loop_stop(a->loop);
}

static const struct channel_handlers handlers = {
	.on = {
	    [MSG_agent_part] = on_part,
	    [MSG_agent_deliver] = on_deliver,
	},
	.closed = on_closed,
};

int
agent_main(void)
{
	static struct agent a;

	log_open("agent", log_get_level(), LOG_FORM_TEXT, NULL, NULL);
	(void)prctl(PR_SET_NAME, "mtad agent");
	worker_process_init();
	if (fcntl(WORKER_MASTER_FD, F_SETFD, FD_CLOEXEC) == -1) {
		log_error("agent failed error=\"it is started by mtad alone\"");
		return 1;
	}
	a.loop = loop_new();
	a.idle = timer_new(a.loop, on_idle, &a);
	a.channel = channel_new(a.loop, WORKER_MASTER_FD, &handlers, &a);
	timer_set(a.idle, IDLE_MS);
	loop_run(a.loop);
	for (unsigned i = 0; i < a.part_count; i++)
		(void)close(a.parts[i].part.fd);
	channel_free(&a.channel);
	timer_free(&a.idle);
	loop_free(&a.loop);
	return 0;
}

/*
 * deliver/agents.c - requests wait for their user's agent, are sent to it, and
 * answered in order. One that an agent took with it when it ended is asked of
 * the next one, once: a second copy in a mailbox is better than none.
 */
#include "deliver/agents.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "io/files.h"

enum { AT_ONCE_MAX = 16 }; /* sent to one agent and not answered */

struct request {
	TAILQ_ENTRY(request) link;
	uint64_t id;
	bool sent;
	bool was_lost;
	const struct queue_message *message; /* borrowed; NULL: forgotten */
	char *target;                        /* owned */
	char *header;                        /* owned */
	agent_answer_fn *fn;                 /* NULL: nobody asks any more */
	void *arg;                           /* borrowed */
};
TAILQ_HEAD(request_list, request);

struct agent {
	LIST_ENTRY(agent) link;
	struct agents *agents;        /* borrowed */
	char *user;                   /* owned */
	uint64_t cookie;              /* of the opening under way; 0: none */
	struct channel *channel;      /* owned; NULL when not open */
	struct request_list requests; /* owned; those sent come first */
	size_t sent;
};

struct agents {
	struct loop *loop;      /* borrowed */
	struct channel *master; /* borrowed */
	LIST_HEAD(, agent) list;
	uint64_t last_id;
};

static void
request_free(struct agent *a, struct request *r)
{
	TAILQ_REMOVE(&a->requests, r, link);
	if (r->sent)
		a->sent--;
	mem_free(r->target);
	mem_free(r->header);
	mem_free(r);
}

static void
answer(struct agent *a, struct request *r, uint32_t code, struct slice reply)
{
	agent_answer_fn *fn = r->fn;
	void *arg = r->arg;

	request_free(a, r);
	if (fn != NULL)
		fn(code, reply, arg);
}

static void
answer_all(struct agent *a, uint32_t code, struct slice reply)
{
	while (!TAILQ_EMPTY(&a->requests))
		answer(a, TAILQ_FIRST(&a->requests), code, reply);
}

static void
send_part(struct agent *a, const struct request *r,
    const struct queue_part *part)
{
	channel_send_agent_part(a->channel,
	    &(struct msg_agent_part){ .job = r->id,
		.offset = part->offset,
		.length = part->length,
		.file = part->fd });
}

/* 0, or -errno. */
static int
send_copy(struct agent *a, const struct request *r,
    const struct queue_part *part)
{
	struct queue_part copy = { .length = part->length };
	size_t n = (size_t)part->length;
	char *bytes = mem_new(n);
	ssize_t got = pread(part->fd, bytes, n, (off_t)part->offset);

	copy.fd = got == (ssize_t)n ? file_sealed("mail", slice_from(bytes, n))
	    : got == -1             ? -errno
				    : ERR_CORRUPT;
	mem_free(bytes);
	if (copy.fd < 0)
		return copy.fd;
	send_part(a, r, &copy);
	(void)close(copy.fd);
	return 0;
}

/*
 * A segment holds everybody's mail, and a user may look into a process of
 * his own: his agent gets a copy of what is his. The part in large/ is a file
 * of this message alone.
 */
static int
send_first_part(struct agent *a, const struct request *r)
{
	if (a->user[0] != '\0')
		return send_copy(a, r, &r->message->parts[0]);
	send_part(a, r, &r->message->parts[0]);
	return 0;
}

static void
send_request(struct agent *a, struct request *r)
{
	int rc = send_first_part(a, r);

	if (rc != 0) {
		log_error("deliver agent-copy-failed user=%s error=\"%s\"",
		    a->user, err_text(rc));
		answer(a, r, 451,
		    SLICE("451 4.3.0 Could not read the message"));
		return;
	}
	if (r->message->part_count > 1)
		send_part(a, r, &r->message->parts[1]);
	channel_send_agent_deliver(a->channel,
	    &(struct msg_agent_deliver){ .job = r->id,
		.target = slice_of(r->target),
		.header = slice_of(r->header) });
	r->sent = true;
	a->sent++;
}

static void
send_waiting(struct agent *a)
{
	struct request *r, *next;

	TAILQ_FOREACH_SAFE (r, &a->requests, link, next) {
		if (a->sent >= AT_ONCE_MAX)
			return;
		if (!r->sent && r->message == NULL)
			request_free(a, r);
		else if (!r->sent)
			send_request(a, r);
	}
}

static void
on_send(void *arg)
{
	struct agent *a = arg;

	if (a->channel != NULL)
		send_waiting(a);
}

static void
open_agent(struct agent *a)
{
	if (a->cookie != 0)
		return;
	a->cookie = ++a->agents->last_id;
	channel_send_agent_open(a->agents->master,
	    &(struct msg_agent_open){ .cookie = a->cookie,
		.user = slice_of(a->user) });
}

static void
on_delivered(void *owner, struct channel *channel, const void *msg)
{
	const struct msg_agent_delivered *m = msg;
	struct agent *a = owner;
	struct request *r;

	(void)channel;
	TAILQ_FOREACH (r, &a->requests, link)
		if (r->sent && r->id == m->job)
			break;
	if (r == NULL)
		return;
	answer(a, r, m->smtp_code, m->reply);
	send_waiting(a);
}

static void
agent_free(struct agent *a)
{
	while (!TAILQ_EMPTY(&a->requests))
		request_free(a, TAILQ_FIRST(&a->requests));
	LIST_REMOVE(a, link);
	loop_unpost(a->agents->loop, a);
	if (a->channel != NULL)
		channel_free(&a->channel);
	mem_free(a->user);
	mem_free(a);
}

/* What it had taken is asked again, or was asked twice already. */
static void
on_closed(void *owner, struct channel *channel, int rc)
{
	struct agent *a = owner;
	struct request *r, *next;

	(void)channel;
	a->channel = NULL;
	if (rc != 0)
		log_warning("deliver lost-agent user=%s why=\"%s\"", a->user,
		    err_text(rc));
	TAILQ_FOREACH_SAFE (r, &a->requests, link, next) {
		if (!r->sent)
			continue;
		r->sent = false;
		a->sent--;
		if (r->was_lost || r->message == NULL)
			answer(a, r, 451,
			    SLICE("451 4.3.0 The delivery agent has ended"));
		else
			r->was_lost = true;
	}
	if (!TAILQ_EMPTY(&a->requests))
		open_agent(a);
	else
		agent_free(a);
}

static const struct channel_handlers handlers = {
	.on = { [MSG_agent_delivered] = on_delivered },
	.closed = on_closed,
};

struct agents *
agents_new(struct loop *loop, struct channel *master)
{
	struct agents *as = mem_zero(sizeof(*as));

	as->loop = loop;
	as->master = master;
	LIST_INIT(&as->list);
	return as;
}

void
agents_free(struct agents **agents)
{
	if (*agents == NULL)
		return;
	while (!LIST_EMPTY(&(*agents)->list))
		agent_free(LIST_FIRST(&(*agents)->list));
	mem_free(*agents);
	*agents = NULL;
}

static struct agent *
agent_of(struct agents *as, struct slice user)
{
	struct agent *a;

	LIST_FOREACH (a, &as->list, link)
		if (slice_is(user, a->user))
			return a;
	a = mem_zero(sizeof(*a));
	a->agents = as;
	a->user = mem_cstr(user);
	TAILQ_INIT(&a->requests);
	LIST_INSERT_HEAD(&as->list, a, link);
	return a;
}

static struct agent *
agent_by_cookie(struct agents *as, uint64_t cookie)
{
	struct agent *a;

	LIST_FOREACH (a, &as->list, link)
		if (a->cookie == cookie)
			return a;
	return NULL;
}

void
agents_deliver(struct agents *as, const struct agent_request *request,
    agent_answer_fn *fn, void *arg)
{
	struct agent *a = agent_of(as, request->user);
	struct request *r = mem_zero(sizeof(*r));

	r->id = ++as->last_id;
	r->target = mem_cstr(request->target);
	r->header = mem_cstr(request->header);
	r->message = request->message;
	r->fn = fn;
	r->arg = arg;
	TAILQ_INSERT_TAIL(&a->requests, r, link);
	/* Posted: the answer may be there at once, if it can't be read. */
	if (a->channel != NULL)
		loop_post(as->loop, on_send, a);
	else
		open_agent(a);
}

void
agents_forget(struct agents *as, const void *arg)
{
	struct agent *a;
	struct request *r;

	LIST_FOREACH (a, &as->list, link)
		TAILQ_FOREACH (r, &a->requests, link) {
			if (r->arg != arg)
				continue;
			r->fn = NULL;
			r->message = NULL;
		}
}

void
agents_opened(struct agents *as, const struct msg_agent_opened *m)
{
	struct agent *a = agent_by_cookie(as, m->cookie);

	/* An end of file tells the agent that nobody waits for it. */
	if (a == NULL) {
		(void)close(m->channel);
		return;
	}
	a->cookie = 0;
	a->channel = channel_new(as->loop, m->channel, &handlers, a);
	send_waiting(a);
}

void
agents_refused(struct agents *as, const struct msg_agent_refused *m)
{
	struct agent *a = agent_by_cookie(as, m->cookie);
	struct buf reply;

	if (a == NULL)
		return;
	a->cookie = 0;
	buf_init(&reply, 512);
	buf_addf(&reply, "%s: ",
	    m->permanent != 0 ? "550 5.2.1 The mailbox has no user any more"
			      : "451 4.3.0 The delivery agent does not start");
	buf_add(&reply, slice_head(m->reason, 256));
	answer_all(a, m->permanent != 0 ? 550 : 451, buf_slice(&reply));
	buf_done(&reply);
}

/*
 * mtad/children.c - see children.h. What the configuration says is not looked
 * at here, but for how many of each there are.
 */
#include "mtad/children.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "mtad/backoff.h"
#include "mtad/spawn.h"
#include "worker/worker.h"

enum {
	NAME_SIZE = 32,
	LEAVE_MS = 5 * SECOND, /* from closing the channel to the exit */
};

enum state { DOWN, STARTING, READY, STOPPING };

struct child {
	enum role role;
	unsigned number;
	char name[NAME_SIZE]; /* "receiver 0" */
	struct children *all; /* borrowed */
	enum state state;
	pid_t pid;               /* 0: none */
	struct channel *channel; /* owned; NULL: none */
	uint32_t ready;          /* the generation it is ready with */
	int64_t started_ms;      /* wall */
	int64_t started_mono_ms;
	unsigned restarts;
	struct backoff backoff;
	struct timer *again; /* owned: starts it, or ends it if it hangs */
};

struct children {
	struct loop *loop;             /* borrowed */
	const struct handout *handout; /* borrowed: the master */
	const struct children_events *events;
	void *arg;
	struct child *v; /* owned */
	size_t n;
	bool was_ready; /* once, all of them */
	bool stopping;
	int64_t stop_end_ms; /* monotonic */
};

/* What each role is given. */
/* clang-format off */
static const struct duty {
	unsigned secrets;	/* enum conf_secrets */
	unsigned peers;		/* bits of enum role: both directions stand here */
	bool listeners, control, shared, users;
	bool stops_first;
} duties[ROLE_COUNT] = {
	[ROLE_RECEIVER] = {
		.secrets = CONF_SECRET_TLS | CONF_SECRET_DKIM |
		    CONF_SECRET_SRS,
		.peers = 1u << ROLE_SCHEDULER | 1u << ROLE_AUTHENTICATOR,
		.listeners = true, .shared = true, .stops_first = true },
	[ROLE_SCHEDULER] = {
		.secrets = CONF_SECRET_DKIM | CONF_SECRET_SRS,
		.peers = 1u << ROLE_RECEIVER | 1u << ROLE_DELIVERER,
		.control = true },
	[ROLE_DELIVERER] = {
		.secrets = CONF_SECRET_ROUTES,
		.peers = 1u << ROLE_SCHEDULER,
		.stops_first = true },
	[ROLE_AUTHENTICATOR] = {
		.secrets = CONF_SECRET_USERS,
		.peers = 1u << ROLE_RECEIVER,
		.users = true },
};
/* clang-format on */

static const char *const state_names[] = { "waiting", "starting", "ready",
	"stopping" };

/* --- handing out
 * --------------------------------------------------------------- */

static bool
may_have(const struct child *child, const struct conf_table *table)
{
	return table->table != NULL &&
	    (!table->secret || duties[child->role].users);
}

static void
send_table(struct child *child, uint32_t index)
{
	const struct conf *conf = child->all->handout->conf;

	channel_send_master_table(child->channel,
	    &(struct msg_master_table){ index,
		table_image(conf->tables[index].table) });
}

static void
send_conf(struct child *child)
{
	const struct conf *conf = child->all->handout->conf;
	int bundle = conf_pack(conf, duties[child->role].secrets);
	uint32_t count = 0;

	if (bundle < 0) {
		log_error("master conf-not-packed error=\"%s\"",
		    err_text(bundle));
		return;
	}
	for (size_t i = 0; i < conf->table_count; i++)
		count += may_have(child, &conf->tables[i]);
	channel_send_master_conf(child->channel,
	    &(struct msg_master_conf){ count, bundle });
	(void)close(bundle);
	for (size_t i = 0; i < conf->table_count; i++)
		if (may_have(child, &conf->tables[i]))
			send_table(child, (uint32_t)i);
}

static void
send_file(struct child *child, const char *name, int fd)
{
	if (fd != -1)
		channel_send_master_file(child->channel,
		    &(struct msg_master_file){ slice_of(name), fd });
}

static bool
is_for(const struct child *child, const struct bound *b)
{
	const struct duty *duty = &duties[child->role];

	return b->is_schedulers ? duty->control : duty->listeners;
}

static void
send_listener(struct child *child, const struct bound *b)
{
	channel_send_master_listener(child->channel,
	    &(struct msg_master_listener){ slice_of(b->name), b->fd });
}

static void
send_go(struct child *child)
{
	channel_send_master_go(child->channel,
	    &(struct msg_master_go){ child->all->handout->generation });
}

/* A channel between the two; each is told of the other. */
static void
introduce(struct child *a, struct child *b)
{
	int fds[2];
	int rc;

	if (a->channel == NULL || b->channel == NULL)
		return;
	if ((rc = channel_pair(fds)) != 0) {
		log_error("master no-channel error=\"%s\"", err_text(rc));
		return;
	}
	channel_send_master_peer(a->channel,
	    &(struct msg_master_peer){ b->role, b->number, fds[0] });
	channel_send_master_peer(b->channel,
	    &(struct msg_master_peer){ a->role, a->number, fds[1] });
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void
introduce_to_all(struct child *child)
{
	for (size_t i = 0; i < child->all->n; i++) {
		struct child *other = &child->all->v[i];

		if ((duties[child->role].peers & 1u << other->role) != 0)
			introduce(child, other);
	}
}

/* Listeners come last, when those that mail needs are known. */
static void
hand_out(struct child *child)
{
	const struct handout *h = child->all->handout;

	send_conf(child);
	send_file(child, "log", h->log);
	send_file(child, "events", h->events);
	if (duties[child->role].shared)
		channel_send_master_shared(child->channel,
		    &(struct msg_master_shared){ h->shared });
	introduce_to_all(child);
	for (size_t i = 0; i < h->sockets->n; i++)
		if (is_for(child, &h->sockets->v[i]))
			send_listener(child, &h->sockets->v[i]);
	send_go(child);
}

/* --- life and death
 * ------------------------------------------------------------- */

static void
on_worker_ready(void *owner, struct channel *c, const void *msg)
{
	struct child *child = owner;
	struct children *all = child->all;
	const struct msg_worker_ready *m = msg;

	(void)c;
	child->ready = m->generation;
	if (child->state == STARTING)
		child->state = READY;
	all->events->changed(all->arg);
	if (children_are_ready(all)) {
		all->was_ready = true;
		all->events->all_ready(all->arg);
	}
}

static void
on_control_ask(void *owner, struct channel *c, const void *msg)
{
	struct child *child = owner;

	child->all->events->control_ask(child->all->arg, c, msg);
}

static void
on_agent_open(void *owner, struct channel *c, const void *msg)
{
	struct child *child = owner;

	child->all->events->agent_open(child->all->arg, c, msg);
}

/*
 * It is about to end, or has gone mad: in both cases its end will be heard of.
 * One that does not come to its end is helped.
 */
static void
on_closed(void *owner, struct channel *c, int rc)
{
	struct child *child = owner;

	(void)c;
	child->channel = NULL;
	if (rc != 0)
		log_error("process malformed-message process=\"%s\" "
			  "error=\"%s\"",
		    child->name, err_text(rc));
	if (child->pid == 0 || child->state == STOPPING)
		return;
	if (rc != 0)
		(void)kill(child->pid, SIGKILL);
	else
		timer_set(child->again, LEAVE_MS);
}

static const struct channel_handlers worker_handlers = {
	.on = { [MSG_worker_ready] = on_worker_ready },
	.closed = on_closed,
};
static const struct channel_handlers scheduler_handlers = {
	.on = { [MSG_worker_ready] = on_worker_ready,
	    [MSG_control_ask] = on_control_ask },
	.closed = on_closed,
};
static const struct channel_handlers deliverer_handlers = {
	.on = { [MSG_worker_ready] = on_worker_ready,
	    [MSG_agent_open] = on_agent_open },
	.closed = on_closed,
};

static const struct channel_handlers *
handlers_for(enum role role)
{
	if (role == ROLE_SCHEDULER)
		return &scheduler_handlers;
	return role == ROLE_DELIVERER ? &deliverer_handlers : &worker_handlers;
}

static void
come_again(struct child *child, int64_t lived_ms)
{
	int64_t delay = backoff_next(&child->backoff, lived_ms);

	log_info("process waits process=\"%s\" seconds=%lld.%03lld",
	    child->name, (long long)(delay / 1000), (long long)(delay % 1000));
	timer_set(child->again, delay);
}

/* False: nothing was started, and it will be tried again. */
static bool
start(struct child *child)
{
	struct children *all = child->all;
	int fds[2];
	int rc = channel_pair(fds);
	pid_t pid = -1;

	if (rc == 0) {
		rc = spawn_role(child->name, fds[1], all->handout->lock, NULL,
		    &pid);
		(void)close(fds[1]);
		if (rc != 0)
			(void)close(fds[0]);
	}
	if (rc != 0) {
		log_error("process not-started process=\"%s\" error=\"%s\"",
		    child->name, err_text(rc));
		come_again(child, 0);
		return false;
	}
	child->pid = pid;
	child->state = STARTING;
	child->ready = 0;
	child->started_ms = time_wall_ms();
	child->started_mono_ms = time_mono_ms();
	child->channel =
	    channel_new(all->loop, fds[0], handlers_for(child->role), child);
	channel_set_tag(child->channel, child);
	log_debug("process started process=\"%s\" pid=%ld", child->name,
	    (long)pid);
	return true;
}

static void
on_again(void *arg)
{
	struct child *child = arg;

	if (child->pid != 0) {
		(void)kill(child->pid, SIGKILL);
		return;
	}
	child->restarts++;
	if (!child->all->stopping && start(child))
		hand_out(child);
	child->all->events->changed(child->all->arg);
}

static void
log_end(const struct child *child, int status)
{
	const char *how = WIFSIGNALED(status) ? "signal" : "status";
	int code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);

	if (status == 0)
		log_debug("process ended process=\"%s\" pid=%ld", child->name,
		    (long)child->pid);
	else
		log_error("process died process=\"%s\" pid=%ld %s=%d",
		    child->name, (long)child->pid, how, code);
}

static void stop_next(struct children *);

bool
children_reap(struct children *all, pid_t pid, int status)
{
	struct child *child = NULL;

	for (size_t i = 0; i < all->n && child == NULL; i++)
		if (all->v[i].pid == pid)
			child = &all->v[i];
	if (child == NULL)
		return false;
	log_end(child, status);
	channel_free(&child->channel);
	timer_cancel(child->again);
	child->pid = 0;
	child->state = DOWN;
	if (all->stopping)
		stop_next(all);
	else if (!all->was_ready && WIFEXITED(status) &&
	    WEXITSTATUS(status) != 0)
		all->events->failed_early(all->arg);
	else
		come_again(child, time_mono_ms() - child->started_mono_ms);
	all->events->changed(all->arg);
	return true;
}

/* --- all of them
 * ------------------------------------------------------------------ */

static void
add(struct children *all, enum role role, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct child *child = &all->v[all->n++];

		child->role = role;
		child->number = i;
		child->all = all;
		(void)snprintf(child->name, sizeof(child->name), "%s %u",
		    role_name(role), i);
		child->again = timer_new(all->loop, on_again, child);
	}
}

struct children *
children_new(struct loop *loop, const struct handout *handout,
    const struct children_events *events, void *arg)
{
	struct children *all = mem_zero(sizeof(*all));
	const struct conf *conf = handout->conf;

	all->loop = loop;
	all->handout = handout;
	all->events = events;
	all->arg = arg;
	all->v =
	    mem_array(conf->receivers + conf->deliverers + 2, sizeof(*all->v));
	add(all, ROLE_SCHEDULER, 1);
	add(all, ROLE_AUTHENTICATOR, 1);
	add(all, ROLE_DELIVERER, conf->deliverers);
	add(all, ROLE_RECEIVER, conf->receivers);
	return all;
}

void
children_free(struct children **c)
{
	struct children *all = *c;

	if (all == NULL)
		return;
	for (size_t i = 0; i < all->n; i++) {
		channel_free(&all->v[i].channel);
		timer_free(&all->v[i].again);
	}
	mem_free(all->v);
	mem_free(all);
	*c = NULL;
}

/* Each is handed out to after the next is started, so all pairs are made. */
void
children_start(struct children *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (start(&all->v[i]))
			hand_out(&all->v[i]);
}

bool
children_are_ready(const struct children *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].ready != all->handout->generation ||
		    all->v[i].state != READY)
			return false;
	return true;
}

/* Before `sockets` of that name are sent anew, the old ones go. */
static void
send_changed_listeners(struct child *child, const struct sockets *old)
{
	const struct sockets *new = child->all->handout->sockets;

	for (size_t i = 0; i < old->n; i++) {
		const struct bound *b = &old->v[i];
		bool first = i == 0 || strcmp(old->v[i - 1].name, b->name) != 0;

		if (first && is_for(child, b) &&
		    !sockets_are_same(old, new, b->name))
			channel_send_master_listener_gone(child->channel,
			    &(struct msg_master_listener_gone){
				slice_of(b->name) });
	}
	for (size_t i = 0; i < new->n; i++) {
		const struct bound *b = &new->v[i];

		if (is_for(child, b) && !sockets_are_same(old, new, b->name))
			send_listener(child, b);
	}
}

void
children_reconfigure(struct children *all, const struct sockets *old)
{
	for (size_t i = 0; i < all->n; i++) {
		struct child *child = &all->v[i];

		if (child->channel == NULL)
			continue;
		send_conf(child);
		send_changed_listeners(child, old);
		send_go(child);
	}
}

void
children_send_table(struct children *all, uint32_t index)
{
	const struct conf *conf = all->handout->conf;

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].channel != NULL &&
		    may_have(&all->v[i], &conf->tables[index]))
			send_table(&all->v[i], index);
}

void
children_send_level(struct children *all, enum log_level level)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].channel != NULL)
			channel_send_master_level(all->v[i].channel,
			    &(struct msg_master_level){ (uint32_t)level });
}

void
children_send_file(struct children *all, const char *name, int fd)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].channel != NULL)
			send_file(&all->v[i], name, fd);
}

/* --- the end
 * ------------------------------------------------------------------------ */

static bool
stop_those(struct children *all, bool first)
{
	int64_t grace = all->stop_end_ms - time_mono_ms();
	bool some = false;

	if (grace < 0)
		grace = 0;
	/* The scheduler needs a moment after the last of the others. */
	if (first)
		grace = grace * 4 / 5;
	for (size_t i = 0; i < all->n; i++) {
		struct child *child = &all->v[i];

		if (child->pid == 0 || duties[child->role].stops_first != first)
			continue;
		some = true;
		if (child->state == STOPPING)
			continue;
		child->state = STOPPING;
		if (child->channel != NULL)
			channel_send_master_stop(child->channel,
			    &(struct msg_master_stop){ (uint32_t)grace });
	}
	return some;
}

/* What mail comes in and goes out through stops before what keeps count. */
static void
stop_next(struct children *all)
{
	if (!stop_those(all, true) && !stop_those(all, false))
		all->events->all_gone(all->arg);
}

void
children_stop(struct children *all, int64_t grace_ms)
{
	all->stopping = true;
	all->stop_end_ms = time_mono_ms() + grace_ms;
	for (size_t i = 0; i < all->n; i++)
		timer_cancel(all->v[i].again);
	stop_next(all);
}

void
children_kill(struct children *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].pid != 0) {
			log_warning("process killed process=\"%s\" pid=%ld",
			    all->v[i].name, (long)all->v[i].pid);
			(void)kill(all->v[i].pid, SIGKILL);
		}
}

/* --- looking
 * ------------------------------------------------------------------------- */

size_t
children_count(const struct children *all)
{
	return all->n;
}

void
children_view(const struct children *all, size_t i, struct child_view *out)
{
	const struct child *child = &all->v[i];

	*out = (struct child_view){ .role = child->role,
		.number = child->number,
		.pid = child->pid,
		.state = state_names[child->state],
		.started_ms = child->started_ms,
		.restarts = child->restarts };
}

struct channel *
children_scheduler(const struct children *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].role == ROLE_SCHEDULER)
			return all->v[i].channel;
	return NULL;
}

const char *
children_name(const struct channel *c)
{
	const struct child *child = channel_tag(c);

	return child->name;
}

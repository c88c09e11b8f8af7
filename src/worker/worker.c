/*
 * worker/worker.c - from a bare process to a locked-in worker, in the order
 * of the contract; then the master's messages are handed on. What the worker
 * works on is not known here.
 */
#include "worker/worker.h"

#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "worker/identity.h"
#include "worker/log_target.h"
#include "worker/sandbox.h"

enum { NAME_SIZE = 64 };

/* What came before the MASTER_GO that it belongs to. */
struct held {
	STAILQ_ENTRY(held) link;
	void (*hand_on)(struct worker *, const struct held *);
	char *name; /* owned, or NULL */
	int fd;     /* -1: none */
	enum role role;
	unsigned number;
};

struct worker {
	struct loop *loop;       /* owned */
	struct channel *master;  /* owned */
	struct conf *conf;       /* owned; NULL before the first MASTER_GO */
	struct conf *next;       /* owned; what the next MASTER_GO swaps in */
	unsigned tables_to_come; /* of `next` */
	STAILQ_HEAD(, held) held;
	const struct worker_events *events; /* borrowed: the role */
	void *arg;                          /* borrowed: the role */
	struct channel_handlers handlers;
	struct timer *grace; /* owned */
	struct identity identity;
	enum role role;
	unsigned number;
	enum worker_jail jail;
	int spool;
	int code;
	bool stopping;
	char name[NAME_SIZE];
};

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_MASTER] = "master",
	[ROLE_RECEIVER] = "receiver",
	[ROLE_SCHEDULER] = "scheduler",
	[ROLE_DELIVERER] = "deliverer",
	[ROLE_AUTHENTICATOR] = "authenticator",
	[ROLE_AGENT] = "agent",
};

const char *
role_name(enum role role)
{
	return role_names[role];
}

/* Something that can't go on: the master logs the exit and restarts us. */
static void
die(struct worker *w, const char *doing, int rc)
{
	log_error("worker failed doing=\"%s\" error=\"%s\"", doing,
	    err_text(rc));
	worker_exit(w, 1);
}

/* --- locking in --------------------------------------------------------- */

static int
open_spool(struct worker *w)
{
	w->spool = open(w->conf->spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return w->spool == -1 ? -errno : 0;
}

/*
 * With sanitizers /proc has to stay in reach, and the process readable to
 * itself: else LeakSanitizer fails at the end. Never in a build for use.
 */
#ifdef MTAD_ASAN
enum { WITH_SANITIZERS = 1 };
#else
enum { WITH_SANITIZERS = 0 };
#endif

static int
lock_in(struct worker *w)
{
	int rc;

	if (w->jail == JAIL_NONE)
		return 0;
	if (w->jail == JAIL_CHROOT && identity_can_change() &&
	    WITH_SANITIZERS == 0 &&
	    (fchdir(w->spool) == -1 || chroot(".") == -1))
		return -errno;
	if ((rc = identity_become(&w->identity)) != 0)
		return rc;
	if (WITH_SANITIZERS != 0)
		(void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
	return sandbox_enter();
}

/* The first conf is there: open, start, lock in. */
static bool
start(struct worker *w)
{
	struct why why;
	int rc;

	log_target_use(&w->conf->log, w->name);
	time_warm();
	if (identity_find(w->conf->user, &w->identity, &why) != 0) {
		log_error("worker failed error=\"%s\"", why.text);
		worker_exit(w, 1);
		return false;
	}
	if ((rc = identity_borrow(&w->identity)) != 0) {
		die(w, "taking the user's rights", rc);
		return false;
	}
	if ((rc = open_spool(w)) != 0) {
		die(w, "opening the spool", rc);
		return false;
	}
	rc =
	    w->events->start == NULL ? 0 : w->events->start(w, w->conf, w->arg);
	if (rc != 0) {
		die(w, "starting", rc);
		return false;
	}
	if ((rc = identity_return()) != 0 || (rc = lock_in(w)) != 0) {
		die(w, "giving up rights", rc);
		return false;
	}
	return true;
}

/* --- what the master hands out ------------------------------------------ */

static void
hand_on_listener(struct worker *w, const struct held *h)
{
	if (w->events->listener != NULL)
		w->events->listener(h->name, h->fd, w->arg);
	else
		(void)close(h->fd);
}

static void
hand_on_listener_gone(struct worker *w, const struct held *h)
{
	if (w->events->listener_gone != NULL)
		w->events->listener_gone(h->name, w->arg);
}

static void
hand_on_peer(struct worker *w, const struct held *h)
{
	if (w->events->peer != NULL)
		w->events->peer(h->role, h->number, h->fd, w->arg);
	else
		(void)close(h->fd);
}

static void
hand_on_shared(struct worker *w, const struct held *h)
{
	if (w->events->shared != NULL)
		w->events->shared(h->fd, w->arg);
	else
		(void)close(h->fd);
}

static void
hand_on_file(struct worker *w, const struct held *h)
{
	if (strcmp(h->name, "log") == 0)
		log_target_file(h->fd);
	else if (w->events->file != NULL)
		w->events->file(h->name, h->fd, w->arg);
	else
		(void)close(h->fd);
}

/* Now, or at the MASTER_GO of the conf that it belongs to. */
static void
hand_on(struct worker *w, struct held h, struct slice name)
{
	struct held *kept;

	h.name = mem_cstr(name);
	if (w->conf != NULL && w->next == NULL) {
		h.hand_on(w, &h);
		mem_free(h.name);
		return;
	}
	kept = mem_new(sizeof(*kept));
	*kept = h;
	STAILQ_INSERT_TAIL(&w->held, kept, link);
}

static void
hand_on_held(struct worker *w, bool drop)
{
	struct held *h;

	while ((h = STAILQ_FIRST(&w->held)) != NULL) {
		STAILQ_REMOVE_HEAD(&w->held, link);
		if (!drop)
			h->hand_on(w, h);
		else if (h->fd != -1)
			(void)close(h->fd);
		mem_free(h->name);
		mem_free(h);
	}
}

static void
on_conf(void *owner, struct channel *c, const void *msg)
{
	struct worker *w = owner;
	const struct msg_master_conf *m = msg;

	(void)c;
	conf_unref(&w->next);
	w->next = conf_unpack(m->bundle);
	w->tables_to_come = m->table_count;
	if (w->next == NULL)
		die(w, "reading the configuration", ERR_PROTOCOL);
}

struct placing {
	unsigned at;
	unsigned index;
	struct table *table; /* owned until it is placed */
};

static void
place_table(struct table **place, void *arg)
{
	struct placing *placing = arg;

	if (placing->at++ != placing->index)
		return;
	table_free(place);
	*place = placing->table;
	placing->table = NULL;
}

static void
on_table(void *owner, struct channel *c, const void *msg)
{
	struct worker *w = owner;
	const struct msg_master_table *m = msg;
	struct conf *conf = w->next != NULL ? w->next : w->conf;
	struct placing placing = { .index = m->index };

	(void)c;
	if (w->next != NULL && w->tables_to_come > 0)
		w->tables_to_come--;
	placing.table = table_from_image(m->image, "master");
	if (placing.table != NULL && conf != NULL)
		conf_each_table(conf, place_table, &placing);
	if (placing.table != NULL || conf == NULL)
		log_error("worker misplaced-table index=%u", m->index);
	table_free(&placing.table);
}

static void
on_listener(void *owner, struct channel *c, const void *msg)
{
	const struct msg_master_listener *m = msg;

	(void)c;
	hand_on(owner,
	    (struct held){ .hand_on = hand_on_listener, .fd = m->socket },
	    m->name);
}

static void
on_listener_gone(void *owner, struct channel *c, const void *msg)
{
	const struct msg_master_listener_gone *m = msg;

	(void)c;
	hand_on(owner,
	    (struct held){ .hand_on = hand_on_listener_gone, .fd = -1 },
	    m->name);
}

static void
on_peer(void *owner, struct channel *c, const void *msg)
{
	const struct msg_master_peer *m = msg;

	(void)c;
	must(m->role < ROLE_COUNT);
	hand_on(owner,
	    (struct held){ .hand_on = hand_on_peer,
		.fd = m->channel,
		.role = (enum role)m->role,
		.number = m->number },
	    SLICE_NONE);
}

static void
on_shared(void *owner, struct channel *c, const void *msg)
{
	const struct msg_master_shared *m = msg;

	(void)c;
	hand_on(owner,
	    (struct held){ .hand_on = hand_on_shared, .fd = m->memory },
	    SLICE_NONE);
}

static void
on_file(void *owner, struct channel *c, const void *msg)
{
	const struct msg_master_file *m = msg;

	(void)c;
	hand_on(owner, (struct held){ .hand_on = hand_on_file, .fd = m->file },
	    m->name);
}

static void
on_level(void *owner, struct channel *c, const void *msg)
{
	const struct msg_master_level *m = msg;

	(void)owner;
	(void)c;
	must(m->level <= LEVEL_DEBUG);
	log_set_level((enum log_level)m->level);
}

static void
on_go(void *owner, struct channel *c, const void *msg)
{
	struct worker *w = owner;
	const struct msg_master_go *m = msg;
	struct conf *old = w->conf;

	if (w->stopping || w->next == NULL)
		return;
	if (w->tables_to_come > 0)
		log_error("worker tables-missing count=%u", w->tables_to_come);
	w->conf = w->next;
	w->next = NULL;
	if (old == NULL) {
		if (!start(w))
			return;
	} else {
		log_target_use(&w->conf->log, w->name);
		if (w->events->reconfigured != NULL)
			w->events->reconfigured(w, w->conf, w->arg);
		conf_unref(&old);
	}
	hand_on_held(w, false);
	channel_send_worker_ready(c,
	    &(struct msg_worker_ready){ .generation = m->generation });
	log_debug("worker ready generation=%u", m->generation);
}

static void
on_grace_over(void *arg)
{
	struct worker *w = arg;

	log_warning("worker cut-off reason=\"the time to stop is over\"");
	worker_exit(w, 0);
}

static void
on_stop(void *owner, struct channel *c, const void *msg)
{
	struct worker *w = owner;
	const struct msg_master_stop *m = msg;

	(void)c;
	if (w->stopping)
		return;
	w->stopping = true;
	if (w->conf == NULL || w->events->stop == NULL) {
		worker_exit(w, 0);
		return;
	}
	timer_set(w->grace, m->grace_ms);
	w->events->stop(m->grace_ms, w->arg);
}

/* Without a master there is no order, no lock on the spool: nothing to do. */
static void
on_closed(void *owner, struct channel *c, int rc)
{
	struct worker *w = owner;

	(void)c;
	w->master = NULL;
	if (rc != 0)
		log_error("worker lost-master error=\"%s\"", err_text(rc));
	worker_exit(w, 1);
}

/* Messages that the role asked for go on to it, with its own argument. */
#define FORWARD(name, FIELDS)                                      \
	static void forward_##name(void *owner, struct channel *c, \
	    const void *msg)                                       \
	{                                                          \
		struct worker *w = owner;                          \
		w->events->more->on[MSG_##name](w->arg, c, msg);   \
	}
IPC_MESSAGES(FORWARD)
#define FORWARD_ROW(name, FIELDS) [MSG_##name] = forward_##name,
static channel_fn *const forward[MSG_COUNT] = { IPC_MESSAGES(FORWARD_ROW) };

static const struct channel_handlers usual = {
	.on = {
	    [MSG_master_conf] = on_conf,
	    [MSG_master_table] = on_table,
	    [MSG_master_listener] = on_listener,
	    [MSG_master_listener_gone] = on_listener_gone,
	    [MSG_master_peer] = on_peer,
	    [MSG_master_shared] = on_shared,
	    [MSG_master_file] = on_file,
	    [MSG_master_level] = on_level,
	    [MSG_master_go] = on_go,
	    [MSG_master_stop] = on_stop,
	},
	.closed = on_closed,
};

static void
set_handlers(struct worker *w)
{
	w->handlers = usual;
	if (w->events->more == NULL)
		return;
	for (int i = 0; i < MSG_COUNT; i++)
		if (w->events->more->on[i] != NULL) {
			must(usual.on[i] == NULL);
			w->handlers.on[i] = forward[i];
		}
}

/* --- the process --------------------------------------------------------- */

void
worker_process_init(void)
{
	static const int ignored[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1,
		SIGUSR2, SIGPIPE };

	/* A terminal sends these to all of us; what is to be done the
	 * master says by its channel. */
	for (size_t i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)umask(077);
}

int
worker_main(enum role role, unsigned number, enum worker_jail jail,
    const struct worker_events *events, void *arg)
{
	struct worker w = { .role = role,
		.number = number,
		.jail = jail,
		.events = events,
		.arg = arg,
		.spool = -1 };

	(void)snprintf(w.name, sizeof(w.name), "%s %u", role_name(role),
	    number);
	log_open(w.name, LEVEL_INFO, LOG_FORM_TEXT, NULL, NULL);
	(void)prctl(PR_SET_NAME, w.name);
	worker_process_init();
	if (fcntl(WORKER_MASTER_FD, F_SETFD, FD_CLOEXEC) == -1) {
		log_error(
		    "worker failed error=\"it is started by mtad alone\"");
		return 1;
	}
	STAILQ_INIT(&w.held);
	set_handlers(&w);
	w.loop = loop_new();
	w.grace = timer_new(w.loop, on_grace_over, &w);
	w.master = channel_new(w.loop, WORKER_MASTER_FD, &w.handlers, &w);
	loop_run(w.loop);
	log_debug("worker ends code=%d", w.code);
	if (w.events->end != NULL)
		w.events->end(w.arg);
	channel_free(&w.master);
	timer_free(&w.grace);
	hand_on_held(&w, true);
	loop_free(&w.loop);
	conf_unref(&w.next);
	conf_unref(&w.conf);
	if (w.spool != -1)
		(void)close(w.spool);
	return w.code;
}

void
worker_set_jail(struct worker *w, enum worker_jail jail)
{
	w->jail = jail;
}

struct loop *
worker_loop(struct worker *w)
{
	return w->loop;
}

struct channel *
worker_master(struct worker *w)
{
	return w->master;
}

struct conf *
worker_conf(struct worker *w)
{
	return w->conf;
}

unsigned
worker_number(const struct worker *w)
{
	return w->number;
}

int
worker_spool(const struct worker *w)
{
	return w->spool;
}

void
worker_exit(struct worker *w, int code)
{
	w->code = code;
	loop_stop(w->loop);
}

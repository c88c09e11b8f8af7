/*
 * receive/receive.c - the receiver process: what its sessions stand on, and
 * the messages of master, scheduler and authenticator. It knows no SMTP.
 */
#include "receive/receive.h"

#include <sys/queue.h>
#include <sys/resource.h>

#include <errno.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "queue/spool.h"
#include "receive/session.h"
#include "worker/worker.h"

enum {
	STATS_EVERY = 5 * SECOND,
	OUT_MAX = 4 << 20,
	ENVELOPE_MAX = 4 << 20,
	BACKLOG_HIGH =
	    4 << 20,       /* of messages that the scheduler has not read */
	WRITERS_MAX = 250, /* beyond are the scheduler's */
};

/* One listening socket. */
struct entrance {
	LIST_ENTRY(entrance) link;
	struct receive *receive;
	struct listener *listener; /* owned */
	char *name;                /* owned: the section's title */
};

struct receive {
	struct worker *worker; /* borrowed */
	unsigned number;
	struct ground *ground; /* owned: for new sessions */
	struct vfs *vfs;       /* owned */
	struct timer *stats;   /* owned */
	bool measures;         /* turns of the loop, once it has started */
	LIST_HEAD(, entrance) entrances;
	struct services services;
};

/* --- messages on their way --- */

static void
on_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice envelope, void *arg)
{
	(void)id;
	(void)arg;
	session_on_written(who, rc, place, envelope);
}

static void
on_segment_closed(uint64_t segment, void *arg)
{
	struct receive *r = arg;

	if (r->services.scheduler != NULL)
		channel_send_segment_closed(r->services.scheduler,
		    &(struct msg_segment_closed){ .segment = segment });
}

/* A scheduler that is far behind slows us down; one that is away does not. */
static bool
is_held(void *arg)
{
	struct receive *r = arg;

	return r->services.scheduler != NULL &&
	    channel_backlog(r->services.scheduler) > BACKLOG_HIGH;
}

static void
finish_if_done(struct receive *r)
{
	if (r->services.stopping && LIST_EMPTY(&r->services.sessions))
		worker_exit(r->worker, 0);
}

static void
on_session_ended(void *arg)
{
	finish_if_done(arg);
}

/* --- messages of the scheduler and the authenticator --- */

static void
on_segment_free(void *owner, struct channel *c, const void *msg)
{
	struct receive *r = owner;
	const struct msg_segment_free *m = msg;

	(void)c;
	queue_writer_recycle(commit_writer(r->services.commit), m->segment);
}

static void
on_scheduler_closed(void *owner, struct channel *c, int rc)
{
	struct receive *r = owner;

	if (c != r->services.scheduler)
		return;
	r->services.scheduler = NULL;
	log_info("receive scheduler-away error=\"%s\"", err_text(rc));
}

static const struct channel_handlers scheduler_handlers = {
	.on = { [MSG_segment_free] = on_segment_free },
	.closed = on_scheduler_closed,
};

static void
on_auth_challenge(void *owner, struct channel *c, const void *msg)
{
	(void)c;
	session_on_challenge(&((struct receive *)owner)->services, msg);
}

static void
on_auth_done(void *owner, struct channel *c, const void *msg)
{
	(void)c;
	session_on_auth_done(&((struct receive *)owner)->services, msg);
}

static void
on_authenticator_closed(void *owner, struct channel *c, int rc)
{
	struct receive *r = owner;

	if (c != r->services.authenticator)
		return;
	r->services.authenticator = NULL;
	log_info("receive authenticator-away error=\"%s\"", err_text(rc));
	session_on_authenticator_gone(&r->services);
}

static const struct channel_handlers authenticator_handlers = {
	.on = { [MSG_auth_challenge] = on_auth_challenge,
	    [MSG_auth_done] = on_auth_done },
	.closed = on_authenticator_closed,
};

static void
on_peer(enum role role, unsigned number, int fd, void *arg)
{
	struct receive *r = arg;
	struct services *v = &r->services;

	(void)number;
	if (role == ROLE_SCHEDULER) {
		channel_free(&v->scheduler);
		v->scheduler = channel_new(v->loop, fd, &scheduler_handlers, r);
	} else if (role == ROLE_AUTHENTICATOR) {
		channel_free(&v->authenticator);
		session_on_authenticator_gone(v);
		v->authenticator =
		    channel_new(v->loop, fd, &authenticator_handlers, r);
	} else {
		(void)close(fd);
	}
}

static void
on_stats(void *arg)
{
	struct receive *r = arg;
	struct services *v = &r->services;
	/* The first one tells of the start, in which nobody waited yet. */
	struct turn longest = loop_longest_turn(v->loop, !r->measures);

	if (r->measures) {
		v->stats.longest_turn_us = (uint64_t)longest.wall_us;
		v->stats.longest_turn_cpu_us = (uint64_t)longest.cpu_us;
	}
	r->measures = true;
	timer_set(r->stats, STATS_EVERY);
	if (v->scheduler != NULL)
		channel_send_receiver_stats(v->scheduler, &v->stats);
}

/* --- listening --- */

static void
on_accept(int fd, const struct conn_address *peer, void *arg)
{
	struct entrance *e = arg;
	struct receive *r = e->receive;
	const struct listener_conf *conf =
	    ground_listener(r->ground, slice_of(e->name));

	if (conf == NULL) { /* its LISTENER_GONE is under way */
		(void)close(fd);
		return;
	}
	session_begin(&r->services, r->ground, conf, fd, peer);
}

static void
entrance_close(struct entrance *e)
{
	LIST_REMOVE(e, link);
	listener_free(&e->listener);
	mem_free(e->name);
	mem_free(e);
}

static void
on_listener(const char *name, int fd, void *arg)
{
	struct receive *r = arg;
	struct entrance *e;

	if (r->services.stopping) {
		(void)close(fd);
		return;
	}
	e = mem_zero(sizeof(*e));
	e->receive = r;
	e->name = mem_cstr(slice_of(name));
	e->listener = listener_new(r->services.loop, fd, on_accept, e);
	LIST_INSERT_HEAD(&r->entrances, e, link);
}

static void
close_entrances(struct receive *r, const char *name)
{
	struct entrance *next;

	for (struct entrance *e = LIST_FIRST(&r->entrances); e != NULL;
	     e = next) {
		next = LIST_NEXT(e, link);
		if (name == NULL || slice_is(slice_of(e->name), name))
			entrance_close(e);
	}
}

static void
on_listener_gone(const char *name, void *arg)
{
	close_entrances(arg, name);
}

/* --- life --- */

/* A session is a descriptor: take as many as we are allowed. */
static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warning("receive few-descriptors error=\"%s\"",
		    err_text(-errno));
}

static int
open_queue(struct receive *r)
{
	struct commit_events events = { .written = on_written,
		.closed = on_segment_closed,
		.is_held = is_held,
		.arg = r };
	struct queue_writer *writer;
	int rc;

	r->vfs = vfs_disk_new(worker_spool(r->worker));
	rc = queue_spool_create(r->vfs);
	if (rc == 0)
		rc = queue_writer_open(r->vfs,
		    (uint8_t)(r->number % WRITERS_MAX), &writer);
	if (rc != 0)
		return rc;
	r->services.commit = commit_new(r->services.loop, writer, &events);
	return 0;
}

static int
start(struct worker *w, struct conf *conf, void *arg)
{
	struct receive *r = arg;
	struct services *v = &r->services;
	struct why why;
	int rc;

	r->worker = w;
	v->loop = worker_loop(w);
	raise_descriptor_limit();
	r->ground = ground_new(conf, &why);
	if (r->ground == NULL) {
		log_error("receive no-ground reason=\"%s\"", why.text);
		return -EINVAL;
	}
	v->inspector = inspector_new(v->loop, conf, &why);
	if (v->inspector == NULL) {
		log_error("receive no-checks reason=\"%s\"", why.text);
		return -EINVAL;
	}
	rc = counters_open(-1, r->number, conf->receivers, &v->counters);
	if (rc == 0)
		rc = open_queue(r);
	if (rc != 0)
		return rc;
	v->report = report_new(v->loop);
	r->stats = timer_new(v->loop, on_stats, r);
	timer_set(r->stats, STATS_EVERY);
	return 0;
}

static void
on_reconfigured(struct worker *w, struct conf *conf, void *arg)
{
	struct receive *r = arg;
	struct ground *ground;
	struct why why;

	(void)w;
	ground = ground_new(conf, &why);
	if (ground == NULL) {
		/* The master has checked it; so this is no reason to stop. */
		log_error("receive reload-refused reason=\"%s\"", why.text);
		return;
	}
	ground_unref(&r->ground);
	r->ground = ground;
}

static void
on_shared(int fd, void *arg)
{
	struct receive *r = arg;
	struct counters *shared;
	int rc = counters_open(fd, r->number, worker_conf(r->worker)->receivers,
	    &shared);

	if (rc != 0) {
		log_error("receive no-shared-counters error=\"%s\"",
		    err_text(rc));
		return;
	}
	counters_close(&r->services.counters);
	r->services.counters = shared;
}

static void
on_file(const char *name, int fd, void *arg)
{
	struct receive *r = arg;

	if (slice_is(slice_of(name), "events"))
		report_set_file(r->services.report, fd);
	else
		(void)close(fd);
}

static void
on_stop(int64_t grace_ms, void *arg)
{
	struct receive *r = arg;

	(void)grace_ms;
	close_entrances(r, NULL);
	r->services.stopping = true;
	session_stop_all(&r->services);
	finish_if_done(r);
}

/* What was not answered yet is on disk or not; the client does not know. */
static void
on_end(void *arg)
{
	struct receive *r = arg;
	struct services *v = &r->services;

	close_entrances(r, NULL);
	v->stopping = false;
	session_free_all(v);
	channel_free(&v->scheduler);
	channel_free(&v->authenticator);
	commit_free(&v->commit);
	inspector_free(&v->inspector);
	report_free(&v->report);
	counters_close(&v->counters);
	timer_free(&r->stats);
	vfs_disk_free(&r->vfs);
	ground_unref(&r->ground);
	buf_done(&v->out);
	buf_done(&v->envelope);
}

int
receive_main(unsigned number)
{
	static const struct worker_events worker_events = {
		.start = start,
		.reconfigured = on_reconfigured,
		.listener = on_listener,
		.listener_gone = on_listener_gone,
		.peer = on_peer,
		.shared = on_shared,
		.file = on_file,
		.stop = on_stop,
		.end = on_end,
	};
	struct receive r = { .number = number };

	LIST_INIT(&r.entrances);
	LIST_INIT(&r.services.sessions);
	buf_init(&r.services.out, OUT_MAX);
	buf_init(&r.services.envelope, ENVELOPE_MAX);
	r.services.session_ids.number = (uint8_t)number;
	r.services.session_ended = on_session_ended;
	r.services.arg = &r;
	return worker_main(ROLE_RECEIVER, number, JAIL_CHROOT, &worker_events,
	    &r);
}

/*
 * schedule/schedule.c - the scheduler's main function: what the master gives
 * goes to its part.
 */
#include "schedule/schedule.h"

#include <string.h>
#include <unistd.h>

#include "admin/api.h"
#include "base/log.h"
#include "base/time.h"
#include "schedule/desk.h"
#include "schedule/dispatch.h"
#include "schedule/reporter.h"
#include "state/state.h"
#include "worker/worker.h"

enum { STATE_CHECKPOINT_EVERY = 5 * MINUTE };

struct scheduler {
	struct worker *worker;
	struct state *state;       /* owned; NULL: do without */
	struct timer *tidy;        /* owned */
	struct dispatch *dispatch; /* owned */
	struct reporter *reporter; /* owned */
	struct desk *desk;         /* owned */
	struct admin *admin;       /* owned */
};

static void
on_tidy(void *arg)
{
	struct scheduler *s = arg;

	state_checkpoint(s->state);
	timer_set(s->tidy, STATE_CHECKPOINT_EVERY);
}

/* Mail does not depend on it: without it, caches begin empty at each start. */
static void
open_state(struct scheduler *s, const char *folder)
{
	struct why why = { "" };

	if (state_open(folder, &s->state, &why) != 0) {
		log_error("schedule no-state reason=\"%s\"", why.text);
		return;
	}
	s->tidy = timer_new(worker_loop(s->worker), on_tidy, s);
	timer_set(s->tidy, STATE_CHECKPOINT_EVERY);
}

static int
on_start(struct worker *w, struct conf *conf, void *arg)
{
	struct scheduler *s = arg;
	int rc;

	s->worker = w;
	open_state(s, conf->state);
	rc = dispatch_new(worker_loop(w), worker_spool(w), conf, &s->dispatch);
	if (rc != 0)
		return rc;
	crew_set_state(dispatch_crew(s->dispatch), s->state);
	s->reporter = reporter_new(worker_loop(w), s->dispatch, s->state);
	s->desk = desk_new(worker_loop(w), s->dispatch, worker_master(w));
	s->admin = admin_new(worker_loop(w), desk_ops(), s->desk);
	return 0;
}

static void
on_reconfigured(struct worker *w, struct conf *conf, void *arg)
{
	struct scheduler *s = arg;

	(void)w;
	dispatch_configure(s->dispatch, conf);
}

static void
on_listener(const char *name, int fd, void *arg)
{
	struct scheduler *s = arg;

	if (strcmp(name, "control") == 0)
		admin_listen(s->admin, fd);
	else
		(void)close(fd);
}

static void
on_listener_gone(const char *name, void *arg)
{
	struct scheduler *s = arg;

	if (strcmp(name, "control") == 0)
		admin_listen_no_more(s->admin);
}

static void
on_peer(enum role role, unsigned number, int fd, void *arg)
{
	struct scheduler *s = arg;

	crew_peer(dispatch_crew(s->dispatch), role, number, fd);
}

static void
on_file(const char *name, int fd, void *arg)
{
	struct scheduler *s = arg;

	if (strcmp(name, "events") == 0)
		events_set_file(dispatch_events(s->dispatch), fd);
	else
		(void)close(fd);
}

static void
on_quiet(void *arg)
{
	struct scheduler *s = arg;

	worker_exit(s->worker, 0);
}

static void
on_stop(int64_t grace_ms, void *arg)
{
	struct scheduler *s = arg;

	(void)grace_ms; /* the worker sees to it */
	dispatch_stop(s->dispatch, on_quiet, s);
}

static void
on_end(void *arg)
{
	struct scheduler *s = arg;

	admin_free(&s->admin);
	desk_free(&s->desk);
	reporter_free(&s->reporter);
	dispatch_free(&s->dispatch);
	timer_free(&s->tidy);
	state_close(&s->state);
}

static void
on_control_answer(void *owner, struct channel *channel, const void *msg)
{
	struct scheduler *s = owner;
	const struct msg_control_answer *m = msg;

	(void)channel;
	admin_answered(s->admin, m->cookie, m->done != 0, m->errors);
}

static void
on_control_status(void *owner, struct channel *channel, const void *msg)
{
	struct scheduler *s = owner;
	const struct msg_control_status *m = msg;

	(void)channel;
	desk_master_status(s->desk, m->json);
}

static const struct channel_handlers from_master = {
	.on = {
	    [MSG_control_answer] = on_control_answer,
	    [MSG_control_status] = on_control_status,
	},
};

int
schedule_main(unsigned number)
{
	static const struct worker_events events = {
		.start = on_start,
		.reconfigured = on_reconfigured,
		.listener = on_listener,
		.listener_gone = on_listener_gone,
		.peer = on_peer,
		.file = on_file,
		.stop = on_stop,
		.end = on_end,
		.more = &from_master,
	};
	struct scheduler s = { 0 };

	return worker_main(ROLE_SCHEDULER, number, JAIL_USER, &events, &s);
}

/*
 * mtad/master.c - see master.h. The life of the house: start, reload, the
 * orders of mtactl and signals, the end. Each part has its own file.
 */
#include "mtad/master.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

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
#include "mtad/agent_pool.h"
#include "mtad/children.h"
#include "mtad/inherited.h"
#include "mtad/notify.h"
#include "mtad/places.h"
#include "mtad/rights.h"
#include "mtad/self_signed.h"
#include "mtad/settings.h"
#include "mtad/sockets.h"
#include "mtad/status.h"
#include "worker/identity.h"
#include "worker/log_target.h"

enum {
	STOP_MS = 10 * SECOND,
	KILL_AFTER_MS = STOP_MS + SECOND / 2,
	LOOK_AT_TABLES_MS = SECOND,
	RELOAD_PATIENCE_MS = 15 * SECOND,
	SHARED_SIZE = 16 << 20, /* the receivers' counters; pages come by use */
	STATUS_MAX = 60 << 10,
};

struct master {
	const char *path; /* borrowed: argv */
	bool verbose;
	struct loop *loop;
	struct identity user;
	struct inherited inherited;
	struct sockets sockets;
	struct handout handout;
	struct children *children;
	struct agent_pool *agents;
	struct notify *notify;
	struct timer *tables;   /* looks whether one has changed */
	struct timer *patience; /* for a reload to take effect, or the end */
	bool *tables_broken;    /* owned: one a table; its error was told */
	int64_t started_ms;
	uint64_t asked; /* cookie of the reload that waits to be answered */
	bool is_asked;
	bool stopping;
	int code;
};

/* --- files
 * ---------------------------------------------------------------------- */

static int
open_for_appending(const char *path)
{
	int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	if (fd == -1)
		log_error("master not-opened path=%s error=\"%s\"", path,
		    err_text(-errno));
	return fd;
}

static void
reopen(int *fd, const char *path)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = path == NULL || path[0] == '\0' ? -1 : open_for_appending(path);
}

static void
open_logs(struct master *m)
{
	struct handout *h = &m->handout;

	reopen(&h->log, log_target_path(&h->conf->log));
	reopen(&h->events, h->conf->log.events);
	log_target_use(&h->conf->log, "mtad");
	log_target_file(h->log == -1 ? -1 : fcntl(h->log, F_DUPFD_CLOEXEC, 0));
}

static void
send_logs(struct master *m)
{
	children_send_file(m->children, "log", m->handout.log);
	children_send_file(m->children, "events", m->handout.events);
}

static void
on_reopen(void *arg)
{
	struct master *m = arg;

	open_logs(m);
	send_logs(m);
	log_info("master logs-reopened");
}

static int
make_shared(void)
{
	int fd = memfd_create("mtad counters", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd == -1 || ftruncate(fd, SHARED_SIZE) == -1 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ==
		-1) {
		int rc = -errno;

		if (fd != -1)
			(void)close(fd);
		return rc;
	}
	return fd;
}

/* --- telling
 * ---------------------------------------------------------------------- */

static void
log_listeners(const struct sockets *now, const struct sockets *before)
{
	for (size_t i = 0; i < now->n; i++)
		if (!sockets_are_same(before, now, now->v[i].name))
			log_info("listener ready name=%s address=%s%s",
			    now->v[i].name, now->v[i].text,
			    now->v[i].is_inherited ? " inherited=yes" : "");
	for (size_t i = 0; i < before->n; i++)
		if (!sockets_have(now, before->v[i].name))
			log_info("listener gone name=%s address=%s",
			    before->v[i].name, before->v[i].text);
}

/* Mail would wait in it for ever: a name that is misspelt somewhere. */
static void
log_strays(const struct inherited *in, const struct sockets *now)
{
	for (size_t i = 0; i < in->n; i++)
		if (!sockets_have(now, in->v[i].name))
			log_warning("listener unused-socket name=%s "
				    "reason=\"systemd handed it over, but no "
				    "listener has that name\"",
			    in->v[i].name);
}

static void
on_changed(void *arg)
{
	struct master *m = arg;
	struct channel *scheduler = children_scheduler(m->children);
	struct buf json;

	if (scheduler == NULL)
		return;
	buf_init(&json, STATUS_MAX);
	status_write(&m->handout, m->children, m->started_ms, &json);
	if (!buf_failed(&json))
		channel_send_control_status(scheduler,
		    &(struct msg_control_status){ buf_slice(&json) });
	buf_done(&json);
}

static void
answer(struct master *m, struct channel *c, uint64_t cookie, bool done,
    struct slice errors)
{
	(void)m;
	if (c != NULL)
		channel_send_control_answer(c,
		    &(struct msg_control_answer){ cookie, done, errors });
}

/* Who asked for a reload hears of its end; the channel may be a new one. */
static void
answer_reload(struct master *m, bool done, struct slice errors)
{
	if (m->is_asked)
		answer(m, children_scheduler(m->children), m->asked, done,
		    errors);
	m->is_asked = false;
}

static void
on_all_ready(void *arg)
{
	struct master *m = arg;

	if (m->stopping)
		return;
	timer_cancel(m->patience);
	notify_ready("Running");
	log_info("master ready generation=%u processes=%zu",
	    m->handout.generation, children_count(m->children));
	answer_reload(m, true, SLICE_NONE);
}

/* --- the end
 * ------------------------------------------------------------------------ */

static void
on_all_gone(void *arg)
{
	struct master *m = arg;

	loop_stop(m->loop);
}

static void
stop(struct master *m, const char *why)
{
	if (m->stopping)
		return;
	m->stopping = true;
	log_info("master stops reason=\"%s\"", why);
	notify_stopping();
	answer_reload(m, false, slice_of("mtad stops\n"));
	timer_cancel(m->tables);
	timer_set(m->patience, KILL_AFTER_MS);
	children_stop(m->children, STOP_MS);
}

static void
on_terminate(void *arg)
{
	stop(arg, "signal");
}

static void
on_failed_early(void *arg)
{
	struct master *m = arg;

	log_error("master gives-up reason=\"a process could not start\"");
	m->code = 1;
	stop(m, "a process could not start");
}

/* --- reload
 * ------------------------------------------------------------------------- */

/* Swaps to a conf that has been checked whole. */
static void
take(struct master *m, struct conf *conf, struct sockets *sockets)
{
	struct sockets old = m->sockets;
	struct conf *before = m->handout.conf;

	if (m->verbose)
		conf->log.level = LEVEL_DEBUG;
	m->sockets = *sockets;
	m->handout.conf = conf;
	m->handout.generation++;
	mem_free(m->tables_broken);
	m->tables_broken = mem_array(conf->table_count + 1, sizeof(bool));
	open_logs(m);
	settings_log_warnings(conf);
	log_listeners(&m->sockets, &old);
	log_strays(&m->inherited, &m->sockets);
	send_logs(m);
	children_reconfigure(m->children, &old);
	sockets_done(&old);
	conf_unref(&before);
	on_changed(m);
}

/* Nothing changes unless all is good. */
static bool
reload(struct master *m, struct buf *errors)
{
	struct identity user;
	struct sockets sockets;
	struct why why;
	struct conf *conf = settings_load(m->path, &user, errors);

	if (conf != NULL)
		settings_check_fixed(m->handout.conf, conf, errors);
	if (conf != NULL && errors->n == 0 &&
	    (self_signed_add(conf, &m->user, &why) != 0 ||
		sockets_open(conf, &m->inherited, &m->sockets, &sockets,
		    &why) != 0))
		buf_addf(errors, "%s\n", why.text);
	if (conf != NULL && errors->n == 0) {
		take(m, conf, &sockets);
		return true;
	}
	conf_unref(&conf);
	return false;
}

static void
log_errors(const struct buf *errors)
{
	struct slice rest = buf_slice(errors), line;
	struct log_text quoted;

	while (slice_take_line(&rest, &line))
		log_error("master reload-refused error=%s",
		    log_text(line, &quoted));
}

static void
start_reload(struct master *m, bool is_asked, uint64_t cookie)
{
	struct buf errors;

	if (m->stopping)
		return;
	/* The one before is overtaken: it hears the outcome of this one. */
	answer_reload(m, false, slice_of("another reload came between\n"));
	m->is_asked = is_asked;
	m->asked = cookie;
	notify_reloading();
	buf_init(&errors, SETTINGS_ERRORS_MAX);
	if (reload(m, &errors)) {
		log_info("master reloads path=%s generation=%u", m->path,
		    m->handout.generation);
		timer_set(m->patience, RELOAD_PATIENCE_MS);
	} else {
		log_errors(&errors);
		notify_ready("Running; the last reload was refused");
		answer_reload(m, false, buf_slice(&errors));
	}
	buf_done(&errors);
}

static void
on_hangup(void *arg)
{
	start_reload(arg, false, 0);
}

/* A worker does not get ready, or does not end. */
static void
on_patience_over(void *arg)
{
	struct master *m = arg;

	if (m->stopping) {
		children_kill(m->children);
		return;
	}
	log_warning("master reload-slow reason=\"not every process is ready "
		    "yet\"");
	answer_reload(m, false,
	    slice_of("not every process has taken the configuration yet\n"));
}

/* --- tables
 * ---------------------------------------------------------------------------
 */

struct placing {
	uint32_t at;
	uint32_t index;
	struct table *table;
};

static void
place(struct table **where, void *arg)
{
	struct placing *p = arg;

	if (p->at++ != p->index)
		return;
	table_free(where);
	*where = p->table;
}

static void
read_again(struct master *m, uint32_t index)
{
	struct conf *conf = m->handout.conf;
	const char *where = conf->tables[index].where;
	struct placing p = { .index = index };
	struct log_text quoted;
	struct why why;

	p.table = table_load(where, &why);
	if (p.table == NULL) {
		/* The old one serves on; it is told once, not each second. */
		if (!m->tables_broken[index])
			log_error("table not-read error=%s",
			    log_text(slice_of(why.text), &quoted));
		m->tables_broken[index] = true;
		return;
	}
	m->tables_broken[index] = false;
	conf_each_table(conf, place, &p);
	children_send_table(m->children, index);
	log_info("table read where=%s entries=%llu", where,
	    (unsigned long long)table_count(conf->tables[index].table));
}

static void
on_look_at_tables(void *arg)
{
	struct master *m = arg;
	const struct conf *conf = m->handout.conf;

	for (uint32_t i = 0; i < conf->table_count; i++)
		if (table_is_stale(conf->tables[i].table))
			read_again(m, i);
	timer_set(m->tables, LOOK_AT_TABLES_MS);
}

/* --- orders
 * -----------------------------------------------------------------------------
 */

static void
set_level(struct master *m, struct channel *c, uint64_t cookie,
    struct slice name)
{
	enum log_level level;

	if (!log_level_parse(name, &level)) {
		answer(m, c, cookie, false,
		    slice_of("a level is error, warning, info or debug\n"));
		return;
	}
	m->handout.conf->log.level = level;
	log_set_level(level);
	children_send_level(m->children, level);
	on_changed(m);
	answer(m, c, cookie, true, SLICE_NONE);
}

static void
on_control_ask(void *owner, struct channel *c, const void *msg)
{
	struct master *m = owner;
	const struct msg_control_ask *ask = msg;

	if (slice_is(ask->verb, "reload")) {
		start_reload(m, true, ask->cookie);
	} else if (slice_is(ask->verb, "stop")) {
		answer(m, c, ask->cookie, true, SLICE_NONE);
		stop(m, "mtactl");
	} else if (slice_is(ask->verb, "log-level")) {
		set_level(m, c, ask->cookie, ask->argument);
	} else {
		answer(m, c, ask->cookie, false,
		    slice_of("the master knows no such verb\n"));
	}
}

static void
on_agent_open(void *owner, struct channel *c, const void *msg)
{
	struct master *m = owner;

	agent_pool_open(m->agents, c, msg, m->handout.conf, &m->user);
}

static void
on_child(void *arg)
{
	struct master *m = arg;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!children_reap(m->children, pid, status))
			(void)agent_pool_reap(m->agents, pid, status);
}

/* --- the start
 * ---------------------------------------------------------------------------
 */

static const struct children_events children_events = {
	.all_ready = on_all_ready,
	.changed = on_changed,
	.all_gone = on_all_gone,
	.failed_early = on_failed_early,
	.control_ask = on_control_ask,
	.agent_open = on_agent_open,
};

/* All that may fail before there is any process. 0, or -errno and why. */
static int
prepare(struct master *m, struct why *why)
{
	struct handout *h = &m->handout;
	const struct sockets none = { NULL, 0 };
	int rc;

	if ((rc = places_make(h->conf, &m->user, why)) != 0)
		return rc;
	if ((h->lock = places_lock(h->conf, &m->user, why)) < 0)
		return h->lock;
	if ((rc = self_signed_add(h->conf, &m->user, why)) != 0)
		return rc;
	if ((rc = sockets_open(h->conf, &m->inherited, &none, &m->sockets,
		 why)) != 0)
		return rc;
	h->sockets = &m->sockets;
	if ((h->shared = make_shared()) < 0) {
		why_set(why, "shared memory: %s", err_text(h->shared));
		return h->shared;
	}
	log_listeners(&m->sockets, &none);
	log_strays(&m->inherited, &m->sockets);
	return 0;
}

static void
run(struct master *m)
{
	m->loop = loop_new();
	loop_on_signal(m->loop, SIGCHLD, on_child, m);
	loop_on_signal(m->loop, SIGTERM, on_terminate, m);
	loop_on_signal(m->loop, SIGINT, on_terminate, m);
	loop_on_signal(m->loop, SIGHUP, on_hangup, m);
	loop_on_signal(m->loop, SIGUSR1, on_reopen, m);
	m->notify = notify_new(m->loop);
	m->agents = agent_pool_new();
	m->tables = timer_new(m->loop, on_look_at_tables, m);
	m->patience = timer_new(m->loop, on_patience_over, m);
	m->tables_broken =
	    mem_array(m->handout.conf->table_count + 1, sizeof(bool));
	m->children = children_new(m->loop, &m->handout, &children_events, m);
	children_start(m->children);
	timer_set(m->tables, LOOK_AT_TABLES_MS);
	loop_run(m->loop);
	log_info("master ends code=%d", m->code);
	children_free(&m->children);
	timer_free(&m->tables);
	timer_free(&m->patience);
	agent_pool_free(&m->agents);
	notify_free(&m->notify);
	mem_free(m->tables_broken);
	loop_free(&m->loop);
}

static void
close_all(struct master *m)
{
	const int fds[] = { m->handout.lock, m->handout.shared, m->handout.log,
		m->handout.events };
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/control.sock",
	    m->handout.conf->runtime);
	if (m->sockets.n > 0)
		(void)unlink(path);
	sockets_done(&m->sockets);
	inherited_done(&m->inherited);
	log_target_file(-1);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	conf_unref(&m->handout.conf);
}

int
master_run(const char *path, bool verbose)
{
	struct master m = { .path = path,
		.verbose = verbose,
		.handout = { .generation = 1,
		    .shared = -1,
		    .log = -1,
		    .events = -1,
		    .lock = -1 } };
	struct buf errors;
	struct why why;

	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
	buf_init(&errors, SETTINGS_ERRORS_MAX);
	inherited_take(&m.inherited);
	m.started_ms = time_wall_ms();
	m.handout.conf = settings_load(path, &m.user, &errors);
	settings_print_errors(&errors);
	buf_done(&errors);
	if (m.handout.conf == NULL) {
		inherited_done(&m.inherited);
		return 1;
	}
	if (verbose)
		m.handout.conf->log.level = LEVEL_DEBUG;
	open_logs(&m);
	settings_log_warnings(m.handout.conf);
	rights_reduce();
	if (prepare(&m, &why) != 0) {
		(void)fprintf(stderr, "mtad: %s\n", why.text);
		m.code = 1;
	} else {
		run(&m);
	}
	close_all(&m);
	return m.code;
}

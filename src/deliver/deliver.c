/*
 * deliver/deliver.c - the deliverer's process: jobs in, fates out. It keeps no
 * mail: what is not answered when it ends, the scheduler gives out again.
 */
#include "deliver/deliver.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"
#include "deliver/agents.h"
#include "deliver/courier.h"
#include "deliver/job.h"
#include "deliver/local.h"
#include "deliver/oauth.h"
#include "deliver/pool.h"
#include "deliver/rua.h"
#include "deliver/self.h"
#include "deliver/session.h"
#include "worker/worker.h"

enum {
	MEMORIES_MAX = 20000,
	FATES_BUF_MAX = 64 * 1024,
	STS_KEPT_MAX = 60 * 1024, /* of a record, so that it fits a message */
	STATS_EVERY = 5 * SECOND,
	RESTART_GRACE = 10 * SECOND,
};

struct deliver {
	struct worker *worker;     /* borrowed */
	struct tools tools;        /* what it points to is owned */
	struct vfs *vfs;           /* owned */
	struct agents *agents;     /* owned */
	struct rua_senders *rua;   /* owned */
	struct channel *scheduler; /* owned; NULL when it is gone */
	LIST_HEAD(, job) jobs;     /* owned; under way */
	struct buf fates;
	struct timer *stats;   /* owned */
	struct timer *restart; /* owned */
	struct msg_deliverer_stats told;
	bool sees_files; /* not in a chroot, for Unix sockets */
	bool leaving;
};

/* --- leaving --- */

static void
leave_when_idle(struct deliver *d)
{
	if (d->leaving && LIST_EMPTY(&d->jobs))
		worker_exit(d->worker, 0);
}

static void
leave(struct deliver *d)
{
	d->leaving = true;
	pool_close_all(d->tools.pool);
	leave_when_idle(d);
}

static void
on_stop(int64_t grace_ms, void *arg)
{
	(void)grace_ms;
	leave(arg);
}

static void
on_restart_due(void *arg)
{
	struct deliver *d = arg;

	worker_exit(d->worker, 0);
}

/* What can't be changed in the sandbox: the master starts us again. */
static void
restart(struct deliver *d, const char *why)
{
	log_info("deliver restarts why=\"%s\"", why);
	timer_set(d->restart, RESTART_GRACE);
	leave(d);
}

/* --- jobs --- */

static bool
is_local(const struct job *j)
{
	return j->target.kind == TARGET_MAILDIR ||
	    j->target.kind == TARGET_MBOX || j->target.kind == TARGET_PIPE;
}

static void
drop_job(struct deliver *d, struct job *j)
{
	(void)d;
	LIST_REMOVE(j, in_list);
	if (j->work != NULL && is_local(j))
		local_abandon(j);
	else
		courier_abandon(j);
	job_free(&j);
}

/* The scheduler that asked is gone; a new one will ask again. */
static void
drop_all_jobs(struct deliver *d)
{
	while (!LIST_EMPTY(&d->jobs))
		drop_job(d, LIST_FIRST(&d->jobs));
}

static void
on_job_done(struct job *j, void *arg)
{
	struct deliver *d = arg;
	struct msg_job_done answer = job_answer(j, &d->fates);

	channel_send_job_done(d->scheduler, &answer);
	drop_job(d, j);
	leave_when_idle(d);
}

static void
on_job_ready(struct job *j, void *arg)
{
	struct deliver *d = arg;

	if (job_is_settled(j)) {
		job_done(j);
	} else if (is_local(j)) {
		local_start(j, d->agents);
	} else if (j->target.kind == TARGET_DISCARD) {
		job_settle_ours(j, FATE_DELIVERED, 0, 0, "250 2.0.0 Discarded");
		job_done(j);
	} else if (j->target.kind == TARGET_ERROR) {
		struct fate fate =
		    fate_from_reply(j->target.smtp_code, j->target.reply);

		fate.ours = true;
		job_settle(j, &fate);
		job_done(j);
	} else {
		courier_start(j);
	}
}

static void
on_deliver_job(void *owner, struct channel *channel, const void *msg)
{
	struct deliver *d = owner;
	struct job *j;

	(void)channel;
	/* Not answered: the scheduler gives it to our successor. */
	if (d->leaving)
		return;
	j = job_new(&d->tools, msg, on_job_done, d);
	LIST_INSERT_HEAD(&d->jobs, j, in_list);
	job_prove(j, on_job_ready);
}

static void
on_site_close(void *owner, struct channel *channel, const void *msg)
{
	const struct msg_site_close *m = msg;
	struct deliver *d = owner;

	(void)channel;
	pool_close_site(d->tools.pool, m->site);
}

/* --- what the scheduler keeps --- */

static void
ask_keeper(struct deliver *d, enum kept_kind kind, struct slice key)
{
	const struct msg_kept_ask m = { (uint32_t)kind, key };

	if (d->scheduler != NULL)
		channel_send_kept_ask(d->scheduler, &m);
}

static void
keep(struct deliver *d, enum kept_kind kind, struct slice key,
    struct slice value)
{
	const struct msg_kept_put m = { (uint32_t)kind, key, value };

	if (d->scheduler != NULL)
		channel_send_kept_put(d->scheduler, &m);
}

static void
ask_for_policy(const char *domain, void *arg)
{
	ask_keeper(arg, KEPT_STS, slice_of(domain));
}

static void
keep_policy(const char *domain, struct slice record, void *arg)
{
	/* One so large is fetched anew after a restart. */
	if (record.n <= STS_KEPT_MAX)
		keep(arg, KEPT_STS, slice_of(domain), record);
}

static void
ask_for_token(struct slice client, void *arg)
{
	ask_keeper(arg, KEPT_OAUTH, client);
}

static void
keep_token(struct slice client, struct slice token, void *arg)
{
	keep(arg, KEPT_OAUTH, client, token);
}

static void
on_kept_told(void *owner, struct channel *channel, const void *msg)
{
	const struct msg_kept_told *m = msg;
	struct deliver *d = owner;

	(void)channel;
	if (m->kind == KEPT_STS)
		sts_told(d->tools.sts, m->key, m->value);
	else if (m->kind == KEPT_OAUTH)
		oauth_told(d->tools.oauth, m->key, m->value);
}

/* --- reports --- */

static void
report_tls(const struct msg_tls_result *m, void *arg)
{
	struct deliver *d = arg;

	if (d->scheduler != NULL)
		channel_send_tls_result(d->scheduler, m);
}

static void
mail_report(struct slice domain, struct slice recipient, void *arg)
{
	struct deliver *d = arg;
	const struct msg_tls_report_mail m = { domain, recipient };

	if (d->scheduler != NULL)
		channel_send_tls_report_mail(d->scheduler, &m);
}

static void
on_tls_report(void *owner, struct channel *channel, const void *msg)
{
	const struct msg_tls_report *m = msg;
	struct deliver *d = owner;

	(void)channel;
	rua_send(d->rua, m->domain, m->report);
}

static void
on_scheduler_closed(void *owner, struct channel *channel, int rc)
{
	struct deliver *d = owner;

	(void)channel;
	(void)rc;
	d->scheduler = NULL;
	drop_all_jobs(d);
	leave_when_idle(d);
}

static const struct channel_handlers scheduler_handlers = {
	.on = {
	    [MSG_deliver_job] = on_deliver_job,
	    [MSG_site_close] = on_site_close,
	    [MSG_kept_told] = on_kept_told,
	    [MSG_tls_report] = on_tls_report,
	},
	.closed = on_scheduler_closed,
};

static void
on_peer(enum role role, unsigned number, int fd, void *arg)
{
	struct deliver *d = arg;

	(void)number;
	if (role != ROLE_SCHEDULER) {
		log_warning("deliver unknown-peer role=%s", role_name(role));
		(void)close(fd);
		return;
	}
	drop_all_jobs(d);
	if (d->scheduler != NULL)
		channel_free(&d->scheduler);
	d->scheduler = channel_new(d->tools.loop, fd, &scheduler_handlers, d);
	sts_store_is_new(d->tools.sts);
	oauth_keeper_is_new(d->tools.oauth);
}

static void
on_agent_opened(void *owner, struct channel *channel, const void *msg)
{
	struct deliver *d = owner;

	(void)channel;
	agents_opened(d->agents, msg);
}

static void
on_agent_refused(void *owner, struct channel *channel, const void *msg)
{
	struct deliver *d = owner;

	(void)channel;
	agents_refused(d->agents, msg);
}

static void
on_stats(void *arg)
{
	struct deliver *d = arg;
	struct msg_deliverer_stats now = { .connections = d->tools.connections,
		.attempts = d->tools.attempts };

	timer_set(d->stats, STATS_EVERY);
	if (d->scheduler == NULL ||
	    (now.connections == d->told.connections &&
		now.attempts == d->told.attempts))
		return;
	d->told = now;
	channel_send_deliverer_stats(d->scheduler, &now);
}

/* --- configuration --- */

static bool
is_unix_target(const char *text)
{
	struct target target;

	return target_parse(slice_of(text), &target, NULL) &&
	    target.kind == TARGET_LMTP_UNIX;
}

/* Unix sockets lie outside of the spool, where a chroot can't see them. */
static bool
needs_files(const struct conf *conf)
{
	for (size_t i = 0; i < conf->domain_count; i++)
		if (is_unix_target(conf->domains[i].deliver))
			return true;
	for (size_t i = 0; i < conf->route_count; i++)
		for (size_t j = 0; j < conf->routes[i].via.n; j++)
			if (is_unix_target(conf->routes[i].via.v[j]))
				return true;
	return false;
}

static bool
dns_differs(const struct dns_conf *a, const struct dns_conf *b)
{
	if (a->timeout_ms != b->timeout_ms || a->servers.n != b->servers.n ||
	    strcmp(a->trust_anchor, b->trust_anchor) != 0)
		return true;
	for (size_t i = 0; i < a->servers.n; i++)
		if (strcmp(a->servers.v[i], b->servers.v[i]) != 0)
			return true;
	return false;
}

static int
open_resolver(struct deliver *d, const struct conf *conf)
{
	struct resolver_options options = {
		.servers = (const char *const *)conf->dns.servers.v,
		.server_count = conf->dns.servers.n,
		.trust_anchor = conf->dns.trust_anchor,
		.timeout_ms = conf->dns.timeout_ms,
	};
	struct why why;

	d->tools.resolver = resolver_new(d->tools.loop, &options, &why);
	if (d->tools.resolver != NULL)
		return 0;
	log_error("deliver no-resolver why=\"%s\"", why.text);
	return -EINVAL;
}

static struct sts_options
sts_options_of(struct deliver *d)
{
	const struct delivery_conf *c = &d->tools.conf->delivery;

	return (struct sts_options){ .port = c->sts_port,
		.ipv4 = c->ipv4,
		.ipv6 = c->ipv6,
		.store = { .ask = ask_for_policy,
		    .keep = keep_policy,
		    .arg = d } };
}

static void
on_reconfigured(struct worker *worker, struct conf *conf, void *arg)
{
	struct deliver *d = arg;
	bool dns_is_new = dns_differs(&d->tools.conf->dns, &conf->dns);
	struct sts_options sts;

	(void)worker;
	conf_unref(&d->tools.conf);
	d->tools.conf = conf_ref(conf);
	self_update(d->tools.self, conf);
	sts = sts_options_of(d);
	sts_set_options(d->tools.sts, &sts);
	oauth_configure(d->tools.oauth, conf);
	pool_close_all(d->tools.pool);
	if (dns_is_new)
		restart(d, "the dns section has changed");
	else if (needs_files(conf) && !d->sees_files)
		restart(d, "there are Unix sockets now");
}

static void
open_sts(struct deliver *d)
{
	struct sts_options options = sts_options_of(d);
	struct tools *t = &d->tools;

	t->sts = sts_new(t->loop, t->resolver, t->https, &options);
}

static int
on_start(struct worker *worker, struct conf *conf, void *arg)
{
	struct deliver *d = arg;
	struct tools *t = &d->tools;
	struct why why;
	int rc;

	d->worker = worker;
	t->loop = worker_loop(worker);
	t->conf = conf_ref(conf);
	if ((rc = open_resolver(d, conf)) != 0)
		return rc;
	t->tls = tls_client_new(&why);
	if (t->tls == NULL) {
		log_error("deliver no-tls why=\"%s\"", why.text);
		return -EINVAL;
	}
	d->rua = rua_senders_new(t, mail_report, d);
	t->report = report_tls;
	t->report_arg = d;
	t->https = https_new(t->loop, t->tls);
	open_sts(d);
	d->vfs = vfs_disk_new(worker_spool(worker));
	t->reader = queue_reader_new(d->vfs);
	t->logins = login_library_new();
	t->oauth = oauth_new(t,
	    &(struct oauth_keeper){ ask_for_token, keep_token, d });
	t->pool = pool_new(t->loop);
	t->self = self_new(conf);
	t->broken_tls = memory_new(MEMORIES_MAX);
	t->dead_addresses = memory_new(MEMORIES_MAX);
	t->block = mem_new(CONTENT_BLOCK);
	d->agents = agents_new(t->loop, worker_master(worker));
	d->restart = timer_new(t->loop, on_restart_due, d);
	d->stats = timer_new(t->loop, on_stats, d);
	timer_set(d->stats, STATS_EVERY);
	d->sees_files = needs_files(conf);
	if (d->sees_files)
		worker_set_jail(worker, JAIL_USER);
	return 0;
}

static void
on_end(void *arg)
{
	struct deliver *d = arg;
	struct tools *t = &d->tools;

	drop_all_jobs(d);
	if (d->scheduler != NULL)
		channel_free(&d->scheduler);
	agents_free(&d->agents);
	pool_free(&t->pool);
	session_drop_all(t);
	timer_free(&d->stats);
	timer_free(&d->restart);
	rua_senders_free(&d->rua);
	sts_free(&t->sts);
	oauth_free(&t->oauth);
	https_free(&t->https);
	resolver_free(&t->resolver);
	tls_client_free(&t->tls);
	queue_reader_free(&t->reader);
	vfs_disk_free(&d->vfs);
	login_library_free(&t->logins);
	self_free(&t->self);
	memory_free(&t->broken_tls);
	memory_free(&t->dead_addresses);
	mem_free(t->block);
	conf_unref(&t->conf);
	buf_done(&d->fates);
}

static const struct channel_handlers master_handlers = {
	.on = {
	    [MSG_agent_opened] = on_agent_opened,
	    [MSG_agent_refused] = on_agent_refused,
	},
};

int
deliver_main(unsigned number)
{
	static const struct worker_events events = {
		.start = on_start,
		.reconfigured = on_reconfigured,
		.peer = on_peer,
		.stop = on_stop,
		.end = on_end,
		.more = &master_handlers,
	};
	struct deliver d = { 0 };

	LIST_INIT(&d.jobs);
	LIST_INIT(&d.tools.sessions);
	buf_init(&d.fates, FATES_BUF_MAX);
	return worker_main(ROLE_DELIVERER, number, JAIL_CHROOT, &events, &d);
}

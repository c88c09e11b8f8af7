/*
 * mtad/agent_pool.c - see agents.h. What agents deliver is not known here; they
 * end by themselves when their deliverer is gone or has no work.
 */
#include "mtad/agent_pool.h"

#include <sys/wait.h>

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "mtad/spawn.h"

enum { AGENTS_MAX = 200 };

struct agent_pool {
	pid_t pids[AGENTS_MAX];
	size_t n;
};

struct agent_pool *
agent_pool_new(void)
{
	return mem_zero(sizeof(struct agent_pool));
}

void
agent_pool_free(struct agent_pool **a)
{
	mem_free(*a);
	*a = NULL;
}

static bool
has_system_mailboxes(const struct conf *conf)
{
	for (size_t i = 0; i < conf->domain_count; i++)
		if (conf->domains[i].mailboxes_are_system)
			return true;
	return false;
}

/* A login name, or the number of a user: what system mailboxes carry. */
static const char *
login_of(const char *user)
{
	const struct passwd *pw;
	uint32_t uid;

	if (!slice_to_u32(slice_of(user), UINT32_MAX - 1, &uid))
		return user;
	pw = getpwuid(uid);
	return pw == NULL ? user : pw->pw_name;
}

/* 0; -ENOENT: for good; another -errno: not now. */
static int
find_user(struct slice user, const struct conf *conf,
    const struct identity *own, struct identity *out, struct why *why)
{
	char name[sizeof(out->name)];
	int rc;

	if (user.n == 0) {
		*out = *own;
		return 0;
	}
	if (!slice_to_cstr(user, name, sizeof(name))) {
		why_set(why, "the user's name is too long");
		return -ENOENT;
	}
	if (!has_system_mailboxes(conf)) {
		why_set(why, "no domain has system mailboxes");
		return -EACCES;
	}
	if ((rc = identity_find(login_of(name), out, why)) != 0)
		return rc;
	if (!identity_can_change()) {
		const struct passwd *pw = getpwnam(login_of(name));

		if (pw == NULL || pw->pw_uid != geteuid()) {
			why_set(why,
			    "mtad does not run as root, and can't "
			    "become %s",
			    name);
			return -EPERM;
		}
	}
	return 0;
}

static int
start(struct agent_pool *a, const struct identity *user, int *channel,
    struct why *why)
{
	char name[96];
	int fds[2];
	int rc;

	if (a->n == AGENTS_MAX) {
		why_set(why, "too many local delivery agents");
		return -EAGAIN;
	}
	if ((rc = channel_pair(fds)) == 0) {
		(void)snprintf(name, sizeof(name), "agent %s", user->name);
		rc = spawn_role(name, fds[1], -1, user, &a->pids[a->n]);
		(void)close(fds[1]);
		if (rc != 0)
			(void)close(fds[0]);
	}
	if (rc != 0) {
		why_set(why, "no local delivery agent: %s", err_text(rc));
		return rc;
	}
	log_debug("agent started user=%s pid=%ld", user->name,
	    (long)a->pids[a->n]);
	a->n++;
	*channel = fds[0];
	return 0;
}

void
agent_pool_open(struct agent_pool *a, struct channel *deliverer,
    const struct msg_agent_open *m, const struct conf *conf,
    const struct identity *own)
{
	struct identity user;
	struct log_text quoted;
	struct why why = { "" };
	int channel = -1;
	int rc = find_user(m->user, conf, own, &user, &why);

	if (rc == 0)
		rc = start(a, &user, &channel, &why);
	if (rc == 0) {
		channel_send_agent_opened(deliverer,
		    &(struct msg_agent_opened){ m->cookie, channel });
		(void)close(channel);
		return;
	}
	log_error("agent refused user=%s error=\"%s\"",
	    log_text(m->user, &quoted), why.text);
	channel_send_agent_refused(deliverer,
	    &(struct msg_agent_refused){ m->cookie, rc == -ENOENT,
		slice_of(why.text) });
}

bool
agent_pool_reap(struct agent_pool *a, pid_t pid, int status)
{
	for (size_t i = 0; i < a->n; i++) {
		if (a->pids[i] != pid)
			continue;
		a->pids[i] = a->pids[--a->n];
		if (status != 0)
			log_error("agent died pid=%ld %s=%d", (long)pid,
			    WIFSIGNALED(status) ? "signal" : "status",
			    WIFSIGNALED(status) ? WTERMSIG(status)
						: WEXITSTATUS(status));
		return true;
	}
	return false;
}

/*
 * worker/worker.h - what every worker process does before and beside its work.
 *
 * The master re-executes the binary with descriptor 3 as the channel. A worker
 * takes its configuration, tables, listeners and peers from there; at the
 * first MASTER_GO it starts, locks itself in (chroot to the spool, user,
 * NO_NEW_PRIVS, seccomp) and runs its loop. Later it hands on what changes.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>

#include "conf/conf.h"
#include "io/loop.h"
#include "ipc/channel.h"

struct worker;

/* Every function may be NULL. Descriptors are given: the callee owns them. */
struct worker_events {
	/*
	 * The first conf; all that must be opened before the sandbox is opened
	 * here (resolver, CA store, spool directory). Listeners, peers and
	 * files follow after it. Not 0: the process exits with the text logged.
	 */
	int (*start)(struct worker *, struct conf *, void *arg);
	/* A later conf; the old one is unref'd after this returns. */
	void (*reconfigured)(struct worker *, struct conf *, void *arg);
	void (*listener)(const char *name, int fd, void *arg);
	void (*listener_gone)(const char *name, void *arg);
	void (*peer)(enum role, unsigned number, int fd, void *arg);
	void (*shared)(int fd, void *arg);
	/* "events": the event log, opened for appending. */
	void (*file)(const char *name, int fd, void *arg);
	/* Finish; call worker_exit() when done. After grace_ms we exit anyway.
	 */
	void (*stop)(int64_t grace_ms, void *arg);
	/* Messages of the master's channel beyond the usual ones, or NULL. */
	const struct channel_handlers *more;
};

enum worker_jail {
	JAIL_NONE,   /* keeps rights and files (authenticator) */
	JAIL_USER,   /* the mtad user, files visible (scheduler) */
	JAIL_CHROOT, /* the mtad user, chroot to the spool, seccomp */
};

/* Runs until stopped; returns the exit code of the process. */
int worker_main(enum role, unsigned number, enum worker_jail,
    const struct worker_events *, void *arg) MUST_USE;

struct loop *worker_loop(struct worker *);
struct channel *worker_master(struct worker *);
/* The conf in force. Keep with conf_ref() what outlives a reload. */
struct conf *worker_conf(struct worker *);
unsigned worker_number(const struct worker *);
/*
 * The spool as a directory descriptor, opened before the sandbox. Names under
 * it work the same inside and outside of the chroot.
 */
int worker_spool(const struct worker *);
void worker_exit(struct worker *, int code);

#endif

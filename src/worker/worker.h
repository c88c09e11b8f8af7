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
	 * here (resolver, CA store, spool directory). It runs with the rights
	 * of the mtad user, so what it makes is that user's. Listeners, peers
	 * and files follow after it. Not 0: the process exits, -errno logged.
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
	/* The loop has ended and is still there: free what you made. */
	void (*end)(void *arg);
	/*
	 * Messages of the master's channel beyond the usual ones, or NULL.
	 * Their owner is `arg` too; `closed` is not used.
	 */
	const struct channel_handlers *more;
};

enum worker_jail {
	JAIL_NONE,   /* keeps rights and files (authenticator with PAM) */
	JAIL_USER,   /* the mtad user, files visible, seccomp (scheduler) */
	JAIL_CHROOT, /* the mtad user, chroot to the spool, seccomp */
};

enum {
	WORKER_MASTER_FD = 3, /* the channel to the master, in every worker */
};

/* "receiver" ...; never NULL. */
const char *role_name(enum role);
/* Signals and umask as every child of the master has them. */
void worker_process_init(void);

/* Runs until stopped; returns the exit code of the process. */
int worker_main(enum role, unsigned number, enum worker_jail,
    const struct worker_events *, void *arg) MUST_USE;

/* Another jail than worker_main() was given: from start() alone. */
void worker_set_jail(struct worker *, enum worker_jail);
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
/* Call it when stop()'s work is done; the process ends with that code. */
void worker_exit(struct worker *, int code);

#endif

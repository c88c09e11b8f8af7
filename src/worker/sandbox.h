/*
 * worker/sandbox.h - NO_NEW_PRIVS and the seccomp filter of a worker.
 *
 * Three kinds of system calls: what workers need is allowed; what no worker
 * could ever mean (execve, ptrace, mount ...) kills the process; the rest fails
 * with EPERM and leaves a line in the kernel's audit log, since a call that
 * this list has missed must cost a feature, not the service.
 */
#ifndef WORKER_SANDBOX_H
#define WORKER_SANDBOX_H

#include "base/must.h"

/* For all threads of the process, for good. 0 or -errno. */
int sandbox_enter(void) MUST_USE;

#endif

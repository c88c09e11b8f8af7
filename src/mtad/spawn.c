/*
 * mtad/spawn.c - see spawn.h. Every other descriptor is close-on-exec.
 */
#include "mtad/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "worker/worker.h"

enum { NAME_SIZE = 96, CANNOT_EXEC = 127, KEPT_FD = WORKER_MASTER_FD + 1 };

/*
 * In the child, before exec: system calls alone. Both descriptors are first
 * moved out of the way of the numbers that they will get.
 */
static void
become(char *title, int channel, int kept, const struct identity *user)
{
	char *argv[] = { title, NULL };
	char *none[] = { NULL };
	sigset_t signals;

	channel = fcntl(channel, F_DUPFD_CLOEXEC, KEPT_FD + 1);
	if (kept != -1)
		kept = fcntl(kept, F_DUPFD_CLOEXEC, KEPT_FD + 1);
	if (channel == -1 || dup2(channel, WORKER_MASTER_FD) == -1)
		return;
	if (kept == -1)
		(void)close(KEPT_FD);
	else if (dup2(kept, KEPT_FD) == -1)
		return;
	(void)sigemptyset(&signals);
	(void)sigprocmask(SIG_SETMASK, &signals, NULL);
	if (user != NULL && identity_become(user) != 0)
		return;
	/* An agent gets nothing of our environment. */
	if (user != NULL)
		(void)execve("/proc/self/exe", argv, none);
	else
		(void)execv("/proc/self/exe", argv);
}

int
spawn_role(const char *name, int channel, int kept, const struct identity *user,
    pid_t *out)
{
	char title[NAME_SIZE];
	pid_t pid;

	(void)snprintf(title, sizeof(title), "mtad: %s", name);
	pid = fork();
	if (pid == -1)
		return -errno;
	if (pid == 0) {
		become(title, channel, kept, user);
		_exit(CANNOT_EXEC);
	}
	*out = pid;
	return 0;
}

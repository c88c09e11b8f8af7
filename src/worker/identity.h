/*
 * worker/identity.h - the unprivileged user that mtad's processes become.
 *
 * When we do not run as root there is nothing to become: all of this succeeds
 * and changes nothing.
 */
#ifndef WORKER_IDENTITY_H
#define WORKER_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/must.h"
#include "base/why.h"

enum { IDENTITY_GROUPS_MAX = 64 };

struct identity {
	char name[64];
	uid_t uid;
	gid_t gid;
	gid_t groups[IDENTITY_GROUPS_MAX]; /* of the user, gid among them */
	int group_count;
};

/* Were we started as root (and have not become another for good)? */
bool identity_can_change(void);
/* 0; -ENOENT and `why` if there is no such user, -EPERM if it is root. */
int identity_find(const char *user, struct identity *, struct why *) MUST_USE;
/* Files are made and opened as that user until identity_return(). 0 or -errno.
 */
int identity_borrow(const struct identity *) MUST_USE;
int identity_return(void) MUST_USE;
/*
 * For good: user, group and the groups that the user is in. Needs no file, so
 * it works in a chroot. 0 or -errno.
 */
int identity_become(const struct identity *) MUST_USE;

#endif

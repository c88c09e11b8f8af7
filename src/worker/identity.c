/*
 * worker/identity.c - see identity.h. Which process becomes whom is not
 * decided here.
 */
#include "worker/identity.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/slice.h"

bool
identity_can_change(void)
{
	return getuid() == 0;
}

int
identity_find(const char *user, struct identity *out, struct why *why)
{
	struct identity identity = { .uid = geteuid(), .gid = getegid() };
	const struct passwd *pw;

	if (!slice_to_cstr(slice_of(user), identity.name,
		sizeof(identity.name))) {
		why_set(why, "the name of user \"%s\" is too long", user);
		return -ENOENT;
	}
	if (identity_can_change()) {
		errno = 0;
		pw = getpwnam(user);
		if (pw == NULL) {
			why_set(why, "there is no user \"%s\"%s%s", user,
			    errno == 0 ? "" : ": ",
			    errno == 0 ? "" : err_text(-errno));
			return -ENOENT;
		}
		identity.uid = pw->pw_uid;
		identity.gid = pw->pw_gid;
		identity.group_count = IDENTITY_GROUPS_MAX;
		if (getgrouplist(user, pw->pw_gid, identity.groups,
			&identity.group_count) == -1)
			identity.group_count = IDENTITY_GROUPS_MAX;
		if (identity.uid == 0) {
			why_set(why, "user \"%s\" has the rights of root",
			    user);
			return -EPERM;
		}
	}
	*out = identity;
	return 0;
}

static int
set_groups(const struct identity *identity)
{
	return setgroups((size_t)identity->group_count, identity->groups);
}

int
identity_borrow(const struct identity *identity)
{
	if (!identity_can_change())
		return 0;
	if (set_groups(identity) == -1 || setegid(identity->gid) == -1)
		return -errno;
	if (seteuid(identity->uid) == -1) {
		int rc = -errno;

		must(identity_return() == 0);
		return rc;
	}
	return 0;
}

int
identity_return(void)
{
	if (!identity_can_change())
		return 0;
	if (seteuid(0) == -1 || setegid(getgid()) == -1 ||
	    setgroups(0, NULL) == -1)
		return -errno;
	return 0;
}

int
identity_become(const struct identity *identity)
{
	const uid_t uid = identity->uid;
	const gid_t gid = identity->gid;

	if (!identity_can_change())
		return 0;
	if (set_groups(identity) == -1 || setresgid(gid, gid, gid) == -1 ||
	    setresuid(uid, uid, uid) == -1)
		return -errno;
	/* It has to be impossible to go back. */
	must(uid != 0 && setuid(0) == -1 && seteuid(0) == -1);
	return 0;
}

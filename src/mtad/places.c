/*
 * mtad/places.c - see places.h. What lies in the spool's folders is the
 * queue's.
 */
#include "mtad/places.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"
#include "queue/spool.h"

enum {
	PRIVATE = 0700,
	PUBLIC = 0755,
	LEFTOVER_WAIT_MS = 5 * SECOND, /* workers without a master */
	LOOK_AGAIN_MS = 20,
};

/* Umask 077 is for what workers make; these modes are meant. */
static int
make_one(const char *path, mode_t mode)
{
	if (mkdir(path, mode) == 0)
		return chmod(path, mode) == -1 ? -errno : 1;
	return errno == EEXIST ? 0 : -errno;
}

/* 1: made; 0: it was there; or -errno. */
static int
make_path(const char *path, mode_t mode)
{
	char part[PATH_MAX];

	if (!slice_to_cstr(slice_of(path), part, sizeof(part)))
		return -ENAMETOOLONG;
	for (char *p = part + 1; *p != '\0'; p++) {
		int rc;

		if (*p != '/')
			continue;
		*p = '\0';
		if ((rc = make_one(part, PUBLIC)) < 0)
			return rc;
		*p = '/';
	}
	return make_one(part, mode);
}

/*
 * A directory that root made (we, a package, systemd) is given to `user`,
 * unless NULL; one that belongs to somebody else is left to him.
 */
static int
make_place(const char *path, mode_t mode, const struct identity *user,
    struct why *why)
{
	struct stat st;
	int rc = make_path(path, mode);

	if (rc >= 0 && stat(path, &st) == -1)
		rc = -errno;
	else if (rc >= 0 && !S_ISDIR(st.st_mode))
		rc = -ENOTDIR;
	else if (rc >= 0 && user != NULL && identity_can_change() &&
	    st.st_uid == 0 && chown(path, user->uid, user->gid) == -1)
		rc = -errno;
	if (rc < 0)
		why_set(why, "%s: %s", path, err_text(rc));
	return rc < 0 ? rc : 0;
}

/* The queue's own folders: before its users start, all at once. */
static int
make_queue(const char *spool, const struct identity *user, struct why *why)
{
	struct vfs *vfs;
	int fd, rc;

	if ((rc = identity_borrow(user)) == 0) {
		fd = open(spool, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = fd == -1 ? -errno : 0;
		if (rc == 0) {
			vfs = vfs_disk_new(fd);
			rc = queue_spool_create(vfs);
			vfs_disk_free(&vfs);
			(void)close(fd);
		}
		must(identity_return() == 0);
	}
	if (rc != 0)
		why_set(why, "%s: %s", spool, err_text(rc));
	return rc;
}

int
places_make(const struct conf *conf, const struct identity *user,
    struct why *why)
{
	int rc = make_place(conf->spool, PRIVATE, user, why);

	if (rc == 0)
		rc = make_queue(conf->spool, user, why);
	if (rc == 0)
		rc = make_place(conf->state, PRIVATE, user, why);
	/* We bind and chown(2) in it as root, so nobody else may write there.
	 */
	if (rc == 0)
		rc = make_place(conf->runtime, PUBLIC, NULL, why);
	return rc;
}

/* The process that wrote its number into the lock, or 0. */
static pid_t
holder_of(int fd)
{
	char text[32] = "";
	uint32_t pid;

	if (pread(fd, text, sizeof(text) - 1, 0) <= 0 ||
	    !slice_to_u32(slice_trim(slice_of(text)), INT32_MAX, &pid))
		return 0;
	return (pid_t)pid;
}

static int
write_holder(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == -1 ||
	    pwrite(fd, text, (size_t)n, 0) != (ssize_t)n)
		return -errno;
	return 0;
}

static int
wait_for_lock(int fd)
{
	const int64_t end = time_mono_ms() + LEFTOVER_WAIT_MS;
	const struct timespec pause = { 0, LOOK_AGAIN_MS * 1000000L };

	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		pid_t holder = holder_of(fd);

		if (errno != EWOULDBLOCK)
			return -errno;
		/* Only what a dead master left behind is waited for. */
		if (holder == 0 || kill(holder, 0) == 0 || errno == EPERM ||
		    time_mono_ms() >= end)
			return -EWOULDBLOCK;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

int
places_lock(const struct conf *conf, const struct identity *user,
    struct why *why)
{
	char path[PATH_MAX];
	int fd, rc;

	(void)snprintf(path, sizeof(path), "%s/lock", conf->spool);
	/* With the user's rights: the directory is the user's. */
	if ((rc = identity_borrow(user)) != 0)
		return rc;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	rc = fd == -1 ? -errno : 0;
	must(identity_return() == 0);
	if (rc == 0 && (rc = wait_for_lock(fd)) == 0 &&
	    (rc = write_holder(fd)) == 0)
		return fd;
	if (rc == -EWOULDBLOCK)
		why_set(why, "another mtad (pid %ld) runs on this spool, %s",
		    (long)holder_of(fd), conf->spool);
	else
		why_set(why, "%s: %s", path, err_text(rc));
	if (fd != -1)
		(void)close(fd);
	return rc;
}

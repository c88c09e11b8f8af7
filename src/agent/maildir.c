/*
 * agent/maildir.c - see maildir.h. It decides on no reply and knows no user.
 *
 * Every directory is opened in the one above it; below the maildir itself no
 * symbolic link is followed, as another may write there. Above it links are
 * the administrator's.
 */
#include "agent/maildir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/time.h"

enum {
	COPY_SIZE = 64 << 10,
	NAME_SIZE = 256,
	HOST_SIZE = 128,
	NAME_TRIES = 8,
};

struct maildir {
	int top;
	int tmp;
	int new;
};

/* mkdir -p of `path`, each step synced into the one above. */
static int
make_parents(const char *path)
{
	char part[PATH_MAX];

	if (!slice_to_cstr(slice_of(path), part, sizeof(part)))
		return -ENAMETOOLONG;
	for (char *p = part + 1; *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(part, 0700) == -1 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(part, 0700) == -1 && errno != EEXIST ? -errno : 0;
}

static int
open_below(int dir, const char *name, int *out)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

	*out = openat(dir, name, flags);
	if (*out == -1 && errno == ENOENT) {
		if (mkdirat(dir, name, 0700) == -1 && errno != EEXIST)
			return -errno;
		*out = openat(dir, name, flags);
	}
	return *out == -1 ? -errno : 0;
}

static void
maildir_close(struct maildir *m)
{
	if (m->new != -1)
		(void)close(m->new);
	if (m->tmp != -1)
		(void)close(m->tmp);
	if (m->top != -1)
		(void)close(m->top);
	*m = (struct maildir){ -1, -1, -1 };
}

static int
maildir_open(const char *path, struct maildir *m)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
	int cur = -1;
	int rc = 0;

	*m = (struct maildir){ -1, -1, -1 };
	m->top = open(path, flags);
	if (m->top == -1 && errno == ENOENT) {
		if ((rc = make_parents(path)) != 0)
			return rc;
		m->top = open(path, flags);
	}
	if (m->top == -1)
		return -errno;
	/* The same three everywhere, so that readers take it for a maildir. */
	if ((rc = open_below(m->top, "tmp", &m->tmp)) != 0 ||
	    (rc = open_below(m->top, "new", &m->new)) != 0 ||
	    (rc = open_below(m->top, "cur", &cur)) != 0)
		maildir_close(m);
	if (cur != -1)
		(void)close(cur);
	return rc;
}

/* Slashes and colons of a host name would have a meaning in the name. */
static void
host_for_name(char out[HOST_SIZE])
{
	if (gethostname(out, HOST_SIZE) == -1 || out[0] == '\0')
		(void)slice_to_cstr(slice_of("localhost"), out, HOST_SIZE);
	out[HOST_SIZE - 1] = '\0';
	for (char *p = out; *p != '\0'; p++)
		if (*p == '/' || *p == ':' || *p == ',')
			*p = '_';
}

/* Unique on this host: time, process, and a count within the process. */
static void
make_name(char out[NAME_SIZE])
{
	static unsigned count;
	char host[HOST_SIZE];
	int64_t now = time_wall_ms();

	host_for_name(host);
	(void)snprintf(out, NAME_SIZE, "%lld.M%lldP%ldQ%u.%s",
	    (long long)(now / 1000), (long long)(now % 1000 * 1000),
	    (long)getpid(), count++, host);
}

static int
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, p, n);

		if (done == -1 && errno == EINTR)
			continue;
		if (done == -1)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

static int
copy_by_hand(int to, int from, uint64_t offset, uint64_t length)
{
	char bytes[COPY_SIZE];
	int rc = 0;

	while (length > 0 && rc == 0) {
		size_t want =
		    length < sizeof(bytes) ? (size_t)length : sizeof(bytes);
		ssize_t n = pread(from, bytes, want, (off_t)offset);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -errno;
		if (n == 0)
			return ERR_CORRUPT; /* it is shorter than was said */
		rc = write_all(to, bytes, (size_t)n);
		offset += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return rc;
}

static int
copy_part(int to, const struct maildir_part *part)
{
	off_t at = (off_t)part->offset;
	uint64_t left = part->length;

	while (left > 0) {
		ssize_t n = copy_file_range(part->fd, &at, to, NULL,
		    left < SSIZE_MAX ? (size_t)left : SSIZE_MAX, 0);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) /* another file system, or a kind without it */
			return copy_by_hand(to, part->fd, (uint64_t)at, left);
		left -= (uint64_t)n;
	}
	return 0;
}

static int
write_message(int fd, struct slice header, const struct maildir_part *parts,
    unsigned part_count)
{
	int rc = write_all(fd, header.p, header.n);

	for (unsigned i = 0; i < part_count && rc == 0; i++)
		rc = copy_part(fd, &parts[i]);
	if (rc == 0 && fsync(fd) == -1)
		rc = -errno;
	return rc;
}

static int
create(int dir, char name[NAME_SIZE])
{
	for (int i = 0; i < NAME_TRIES; i++) {
		int fd;

		make_name(name);
		fd = openat(dir, name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd != -1 || errno != EEXIST)
			return fd == -1 ? -errno : fd;
	}
	return -EEXIST;
}

/* In new/ the name also tells the size, so that quotas need no stat(2). */
static int
publish(const struct maildir *m, const char *name, uint64_t size)
{
	char final[NAME_SIZE + 32];

	(void)snprintf(final, sizeof(final), "%s,S=%llu", name,
	    (unsigned long long)size);
	/* link(2) refuses to replace; some file systems have no links. */
	if (linkat(m->tmp, name, m->new, final, 0) == 0) {
		(void)unlinkat(m->tmp, name, 0);
	} else if (errno == EEXIST ||
	    renameat(m->tmp, name, m->new, final) == -1) {
		return -errno;
	}
	if (fsync(m->new) == -1) {
		int rc = -errno;

		(void)unlinkat(m->new, final, 0);
		return rc;
	}
	return 0;
}

int
maildir_deliver(const char *path, struct slice header,
    const struct maildir_part *parts, unsigned part_count, struct why *why)
{
	char name[NAME_SIZE];
	struct maildir m;
	uint64_t size = header.n;
	int rc = maildir_open(path, &m);
	int fd = -1;

	for (unsigned i = 0; i < part_count; i++)
		size += parts[i].length;
	if (rc == 0 && (fd = create(m.tmp, name)) < 0)
		rc = fd;
	if (rc == 0) {
		rc = write_message(fd, header, parts, part_count);
		if (close(fd) == -1 && rc == 0)
			rc = -errno; /* NFS and quotas tell it only here */
		if (rc == 0)
			rc = publish(&m, name, size);
		if (rc != 0)
			(void)unlinkat(m.tmp, name, 0);
	}
	if (rc != 0)
		why_set(why, "%s: %s", path, err_text(rc));
	if (m.top != -1)
		maildir_close(&m);
	return rc;
}

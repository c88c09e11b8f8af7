/*
 * io/files.c - the few things that are done with whole files. The queue does
 * not use it: that has a file layer of its own, which tests can break.
 */
#include "io/files.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	READ_SIZE = 64 << 10,
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
};

int
file_write_all(int fd, struct slice s)
{
	ssize_t n;

	while (s.n > 0) {
		n = write(fd, s.p, s.n);
		if (n == -1 && errno != EINTR)
			return -errno;
		if (n > 0)
			s = slice_skip(s, (size_t)n);
	}
	return 0;
}

int
file_read_rest(int fd, struct buf *b)
{
	char piece[READ_SIZE];
	ssize_t n;

	do {
		n = read(fd, piece, sizeof(piece));
		if (n > 0)
			buf_add(b, slice_from(piece, (size_t)n));
		if (buf_failed(b))
			return -EFBIG;
	} while (n > 0 || (n == -1 && errno == EINTR));
	return n == -1 ? -errno : 0;
}

int
file_read(const char *path, struct buf *b)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd == -1)
		return -errno;
	rc = file_read_rest(fd, b);
	(void)close(fd);
	return rc;
}

static int
sync_folder_of(const char *path)
{
	char folder[PATH_MAX];
	size_t slash = slice_find_last(slice_of(path), '/');
	int fd, rc = 0;

	if (slash == strlen(path))
		(void)snprintf(folder, sizeof(folder), ".");
	else
		(void)snprintf(folder, sizeof(folder), "%.*s/", (int)slash,
		    path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -errno;
	if (fsync(fd) == -1)
		rc = -errno;
	(void)close(fd);
	return rc;
}

static int
write_new(const char *path, unsigned mode, struct slice content)
{
	int fd, rc;

	/* What a crash may have left is not to be read by others meanwhile. */
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd == -1)
		return -errno;
	rc = file_write_all(fd, content);
	if (rc == 0 && fchmod(fd, mode) == -1)
		rc = -errno;
	if (rc == 0 && fsync(fd) == -1)
		rc = -errno;
	if (close(fd) == -1 && rc == 0)
		rc = -errno;
	return rc;
}

int
file_replace(const char *path, unsigned mode, struct slice content)
{
	char beside[PATH_MAX];
	int n = snprintf(beside, sizeof(beside), "%s.new", path);
	int rc;

	if (n < 0 || (size_t)n >= sizeof(beside))
		return -ENAMETOOLONG;
	rc = write_new(beside, mode, content);
	if (rc == 0 && rename(beside, path) == -1)
		rc = -errno;
	if (rc != 0) {
		(void)unlink(beside);
		return rc;
	}
	return sync_folder_of(path);
}

int
file_sealed(const char *name, struct slice content)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc;

	if (fd == -1)
		return -errno;
	rc = file_write_all(fd, content);
	if (rc == 0 &&
	    (lseek(fd, 0, SEEK_SET) == -1 ||
		fcntl(fd, F_ADD_SEALS, SEALS) == -1))
		rc = -errno;
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

bool
file_is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals != -1 && (seals & SEALS) == SEALS;
}

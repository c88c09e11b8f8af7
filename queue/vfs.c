/*
 * queue/vfs.c - the calls through struct vfs, with whole reads and writes.
 */
#include "queue/vfs.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>

enum {
	IOV_AT_ONCE = 1024, /* what every system takes */
	READ_TRIES = 3,
};

/* What a disk fails to read once it may well read the next time. */
static bool
once_more(int64_t rc, unsigned *tries)
{
	return rc == -EIO && ++*tries < READ_TRIES;
}

int
vfs_open(struct vfs *v, const char *name, enum vfs_how how)
{
	unsigned tries = 0;
	int rc;

	do
		rc = v->ops->open(v, name, how);
	while (how != VFS_CREATE && once_more(rc, &tries));
	return rc;
}

void
vfs_close(struct vfs *v, int *file)
{
	if (*file != -1)
		v->ops->close(v, *file);
	*file = -1;
}

int64_t
vfs_pread(struct vfs *v, int file, void *to, size_t n, uint64_t at)
{
	size_t done = 0;
	unsigned tries = 0;

	while (done < n) {
		int64_t got = v->ops->pread(v, file, (char *)to + done,
		    n - done, at + done);

		if (got == -EINTR || once_more(got, &tries))
			continue;
		if (got < 0)
			return got;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (int64_t)done;
}

/* What is left of the run after n bytes were written. */
static void
advance(struct iovec **iov, int *count, size_t n)
{
	while (*count > 0 && n >= (*iov)->iov_len) {
		n -= (*iov)->iov_len;
		(*iov)++;
		(*count)--;
	}
	if (*count > 0) {
		(*iov)->iov_base = (char *)(*iov)->iov_base + n;
		(*iov)->iov_len -= n;
	}
}

int
vfs_pwritev(struct vfs *v, int file, struct iovec *iov, int count, uint64_t at)
{
	advance(&iov, &count, 0);
	while (count > 0) {
		int64_t put = v->ops->pwritev(v, file, iov,
		    count < IOV_AT_ONCE ? count : IOV_AT_ONCE, at);

		if (put == -EINTR)
			continue;
		if (put < 0)
			return (int)put;
		if (put == 0)
			return -EIO;
		at += (uint64_t)put;
		advance(&iov, &count, (size_t)put);
	}
	return 0;
}

int
vfs_pwrite(struct vfs *v, int file, const void *bytes, size_t n, uint64_t at)
{
	union {
		const void *in;
		void *out;
	} u = { bytes };
	struct iovec iov = { u.out, n };

	return vfs_pwritev(v, file, &iov, 1, at);
}

int
vfs_allocate(struct vfs *v, int file, uint64_t at, uint64_t n)
{
	return v->ops->allocate(v, file, at, n);
}

int
vfs_truncate(struct vfs *v, int file, uint64_t size)
{
	return v->ops->truncate(v, file, size);
}

int64_t
vfs_size(struct vfs *v, int file)
{
	unsigned tries = 0;
	int64_t rc;

	do
		rc = v->ops->size(v, file);
	while (once_more(rc, &tries));
	return rc;
}

void
vfs_start_sync(struct vfs *v, int file, uint64_t at, uint64_t n)
{
	if (v->ops->start_sync != NULL)
		v->ops->start_sync(v, file, at, n);
}

int
vfs_sync(struct vfs *v, int file)
{
	return v->ops->sync(v, file);
}

int
vfs_sync_folder(struct vfs *v, const char *folder)
{
	return v->ops->sync_folder(v, folder);
}

int
vfs_rename(struct vfs *v, const char *from, const char *to)
{
	return v->ops->rename(v, from, to);
}

int
vfs_unlink(struct vfs *v, const char *name)
{
	return v->ops->unlink(v, name);
}

int
vfs_mkdir(struct vfs *v, const char *name)
{
	int rc = v->ops->mkdir(v, name);

	return rc == -EEXIST ? 0 : rc;
}

int
vfs_list(struct vfs *v, const char *folder, vfs_name_fn *each, void *arg)
{
	return v->ops->list(v, folder, each, arg);
}

int
vfs_room(struct vfs *v, uint64_t *free_r, uint64_t *total_r)
{
	return v->ops->room(v, free_r, total_r);
}

uint64_t
vfs_random(struct vfs *v)
{
	return v->ops->random(v);
}

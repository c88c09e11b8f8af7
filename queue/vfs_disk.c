/*
 * queue/vfs_disk.c - struct vfs on the real disk, below a descriptor.
 *
 * Holds no state but the descriptor, so every thread may use it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "queue/vfs.h"

struct disk {
	struct vfs vfs;
	int folder; /* borrowed */
};

static int
folder_of(struct vfs *v)
{
	return ((struct disk *)v)->folder;
}

static int
result(int rc)
{
	return rc == -1 ? -errno : rc;
}

static int
disk_open(struct vfs *v, const char *name, enum vfs_how how)
{
	int flags = how == VFS_READ ? O_RDONLY : O_RDWR;

	if (how == VFS_CREATE)
		flags |= O_CREAT | O_EXCL;
	return result(
	    openat(folder_of(v), name, flags | O_CLOEXEC | O_NOFOLLOW, 0600));
}

static void
disk_close(struct vfs *v, int file)
{
	(void)v;
	(void)close(file);
}

static int64_t
disk_pread(struct vfs *v, int file, void *to, size_t n, uint64_t at)
{
	ssize_t got = pread(file, to, n, (off_t)at);

	(void)v;
	return got == -1 ? -errno : got;
}

static int64_t
disk_pwritev(struct vfs *v, int file, const struct iovec *iov, int count,
    uint64_t at)
{
	ssize_t put = pwritev(file, iov, count, (off_t)at);

	(void)v;
	return put == -1 ? -errno : put;
}

static int
disk_allocate(struct vfs *v, int file, uint64_t at, uint64_t n)
{
	(void)v;
	return -posix_fallocate(file, (off_t)at, (off_t)n);
}

static int
disk_truncate(struct vfs *v, int file, uint64_t size)
{
	(void)v;
	return result(ftruncate(file, (off_t)size));
}

static int64_t
disk_size(struct vfs *v, int file)
{
	struct stat st;

	(void)v;
	return fstat(file, &st) == -1 ? -errno : st.st_size;
}

static void
disk_start_sync(struct vfs *v, int file, uint64_t at, uint64_t n)
{
	(void)v;
	(void)sync_file_range(file, (off_t)at, (off_t)n, SYNC_FILE_RANGE_WRITE);
}

static int
disk_sync(struct vfs *v, int file)
{
	(void)v;
	return result(fdatasync(file));
}

static int
disk_sync_folder(struct vfs *v, const char *folder)
{
	int rc;
	int fd =
	    openat(folder_of(v), folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return -errno;
	rc = result(fsync(fd));
	(void)close(fd);
	return rc;
}

static int
disk_rename(struct vfs *v, const char *from, const char *to)
{
	return result(renameat(folder_of(v), from, folder_of(v), to));
}

static int
disk_unlink(struct vfs *v, const char *name)
{
	return result(unlinkat(folder_of(v), name, 0));
}

static int
disk_mkdir(struct vfs *v, const char *name)
{
	return result(mkdirat(folder_of(v), name, 0700));
}

static int
disk_list(struct vfs *v, const char *folder, vfs_name_fn *each, void *arg)
{
	struct dirent *entry;
	DIR *dir;
	int rc;
	int fd =
	    openat(folder_of(v), folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd == -1)
		return -errno;
	dir = fdopendir(fd);
	if (dir == NULL) {
		rc = -errno;
		(void)close(fd);
		return rc;
	}
	for (errno = 0; (entry = readdir(dir)) != NULL; errno = 0)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			each(entry->d_name, arg);
	rc = -errno;
	(void)closedir(dir);
	return rc;
}

static int
disk_room(struct vfs *v, uint64_t *free_r, uint64_t *total_r)
{
	struct statvfs st;

	if (fstatvfs(folder_of(v), &st) == -1)
		return -errno;
	*free_r = (uint64_t)st.f_bavail * st.f_frsize;
	*total_r = (uint64_t)st.f_blocks * st.f_frsize;
	return 0;
}

static uint64_t
disk_random(struct vfs *v)
{
	uint64_t value = 0;

	(void)v;
	must(getrandom(&value, sizeof(value), 0) == (ssize_t)sizeof(value));
	return value;
}

static const struct vfs_ops disk_ops = {
	.open = disk_open,
	.close = disk_close,
	.pread = disk_pread,
	.pwritev = disk_pwritev,
	.allocate = disk_allocate,
	.truncate = disk_truncate,
	.size = disk_size,
	.start_sync = disk_start_sync,
	.sync = disk_sync,
	.sync_folder = disk_sync_folder,
	.rename = disk_rename,
	.unlink = disk_unlink,
	.mkdir = disk_mkdir,
	.list = disk_list,
	.room = disk_room,
	.random = disk_random,
	.has_descriptors = true,
};

struct vfs *
vfs_disk_new(int folder)
{
	struct disk *d = mem_zero(sizeof(*d));

	d->vfs.ops = &disk_ops;
	d->folder = folder;
	return &d->vfs;
}

void
vfs_disk_free(struct vfs **v)
{
	mem_free(*v);
	*v = NULL;
}

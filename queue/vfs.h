/*
 * queue/vfs.h - the few file operations that the queue needs, on one folder.
 *
 * The real one (vfs_disk_new) stands on a descriptor of the spool, so it works
 * in a chroot; the tests put a simulated disk here. Names are relative, at most
 * one folder deep. Everything returns 0 (or a count) or -errno. An open file is
 * a number; on the real disk it is the descriptor.
 */
#ifndef QUEUE_VFS_H
#define QUEUE_VFS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/must.h"

enum { VFS_NAME_MAX = 64 };
enum vfs_how {
	VFS_READ,   /* there already, to be read */
	VFS_WRITE,  /* there already, to be read and written */
	VFS_CREATE, /* not there yet (else -EEXIST), to be read and written */
};

struct vfs;
typedef void vfs_name_fn(const char *name, void *arg);

struct vfs_ops {
	int (*open)(struct vfs *, const char *name, enum vfs_how);
	void (*close)(struct vfs *, int file);
	int64_t (*pread)(struct vfs *, int file, void *, size_t, uint64_t at);
	int64_t (*pwritev)(struct vfs *, int file, const struct iovec *,
	    int count, uint64_t at);
	int (*allocate)(struct vfs *, int file, uint64_t at, uint64_t n);
	int (*truncate)(struct vfs *, int file, uint64_t size);
	int64_t (*size)(struct vfs *, int file);
	/* NULL: all is left to sync. */
	void (*start_sync)(struct vfs *, int file, uint64_t at, uint64_t n);
	int (*sync)(struct vfs *, int file);
	int (*sync_folder)(struct vfs *, const char *folder);
	int (*rename)(struct vfs *, const char *from, const char *to);
	int (*unlink)(struct vfs *, const char *name);
	int (*mkdir)(struct vfs *, const char *name);
	int (*list)(struct vfs *, const char *folder, vfs_name_fn *, void *arg);
	int (*room)(struct vfs *, uint64_t *free_r, uint64_t *total_r);
	uint64_t (*random)(struct vfs *);
	bool has_descriptors; /* an open file's number is a descriptor */
};

/* The first member of whatever implements it. */
struct vfs {
	const struct vfs_ops *ops;
};

/* Borrows the descriptor of the spool folder. May be used by any thread. */
struct vfs *vfs_disk_new(int folder) MUST_USE;
void vfs_disk_free(struct vfs **);

int vfs_open(struct vfs *, const char *name, enum vfs_how) MUST_USE;
void vfs_close(struct vfs *, int *file); /* sets it to -1 */
/* May be short at the end of the file only. */
int64_t vfs_pread(struct vfs *, int file, void *, size_t, uint64_t at) MUST_USE;
/* All of it or -errno; how much was written then is unknown. */
int vfs_pwritev(struct vfs *, int file, struct iovec *, int count,
    uint64_t at) MUST_USE;
int vfs_pwrite(struct vfs *, int file, const void *, size_t,
    uint64_t at) MUST_USE;
/* Room for n bytes at `at`, which read as zeros; the size grows. */
int vfs_allocate(struct vfs *, int file, uint64_t at, uint64_t n) MUST_USE;
int vfs_truncate(struct vfs *, int file, uint64_t size) MUST_USE;
int64_t vfs_size(struct vfs *, int file) MUST_USE;
/* A hint, and no promise: those bytes are to be synced soon. */
void vfs_start_sync(struct vfs *, int file, uint64_t at, uint64_t n);
/* fdatasync. After a failure nothing is known of what was not synced before. */
int vfs_sync(struct vfs *, int file) MUST_USE;
/* Creations, renames and removals in the folder are on disk. */
int vfs_sync_folder(struct vfs *, const char *folder) MUST_USE;
int vfs_rename(struct vfs *, const char *from, const char *to) MUST_USE;
int vfs_unlink(struct vfs *, const char *name);
int vfs_mkdir(struct vfs *, const char *name) MUST_USE; /* -EEXIST is 0 */
/* Every name but "." and "..", in any order. */
int vfs_list(struct vfs *, const char *folder, vfs_name_fn *,
    void *arg) MUST_USE;
/* Bytes that an ordinary user may still write, and all there are. */
int vfs_room(struct vfs *, uint64_t *free_r, uint64_t *total_r) MUST_USE;
uint64_t vfs_random(struct vfs *);

#endif

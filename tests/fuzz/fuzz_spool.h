/*
 * fuzz/fuzz_spool.h - a spool in memory whose one interesting file is the
 * fuzzer's. Nothing can be written but by the fuzz target before it begins.
 */
#ifndef FUZZ_FUZZ_SPOOL_H
#define FUZZ_FUZZ_SPOOL_H

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "queue/journal.h"
#include "queue/vfs.h"

struct fuzz_spool {
	struct vfs vfs;
	const char *name;
	const uint8_t *bytes; /* borrowed */
	size_t n;
};

static inline int
fuzz_open(struct vfs *v, const char *name, enum vfs_how how)
{
	if (how == VFS_CREATE)
		return -EROFS;
	return strcmp(name, ((struct fuzz_spool *)v)->name) == 0 ? 1 : -ENOENT;
}

static inline void
fuzz_close(struct vfs *v, int file)
{
	(void)v;
	must(file == 1);
}

static inline int64_t
fuzz_pread(struct vfs *v, int file, void *to, size_t n, uint64_t at)
{
	const struct fuzz_spool *s = (struct fuzz_spool *)v;

	must(file == 1);
	if (at >= s->n)
		return 0;
	if (n > s->n - at)
		n = (size_t)(s->n - at);
	memcpy(to, s->bytes + at, n);
	return (int64_t)n;
}

static inline int64_t
fuzz_size(struct vfs *v, int file)
{
	(void)file;
	return (int64_t)((struct fuzz_spool *)v)->n;
}

static inline int
fuzz_list(struct vfs *v, const char *folder, vfs_name_fn *each, void *arg)
{
	const char *name = ((struct fuzz_spool *)v)->name;
	size_t n = strlen(folder);

	if (strncmp(name, folder, n) == 0 && name[n] == '/')
		each(name + n + 1, arg);
	return 0;
}

static const struct vfs_ops fuzz_ops = {
	.open = fuzz_open,
	.close = fuzz_close,
	.pread = fuzz_pread,
	.size = fuzz_size,
	.list = fuzz_list,
};

/*
 * A copy, with the checksums made good where a record could be: else hardly an
 * input would come past them. Inputs of odd length stay as they are.
 */
static inline uint8_t *
fuzz_sealed(const uint8_t *bytes, size_t n)
{
	uint8_t *copy = mem_new(n);
	struct journal_header header;
	struct change_frame f;
	struct buf record = { 0 };
	size_t at = JOURNAL_FIRST;

	if (n > 0)
		memcpy(copy, bytes, n);
	if (n < JOURNAL_FIRST || n % 2 != 0 ||
	    !journal_header_get(copy, &header))
		return copy;
	while (n - at >= CHANGE_HEADER_SIZE) {
		if (!change_frame_get(copy + at, &f) || f.length > n - at) {
			at += 8;
			if (at > n)
				break;
			continue;
		}
		record.p = (char *)copy + at;
		record.n = f.length;
		change_seal(&record, header.salt);
		at += f.length;
	}
	return copy;
}

static inline struct fuzz_spool
fuzz_spool(const char *name, const uint8_t *bytes, size_t n)
{
	return (struct fuzz_spool){ { &fuzz_ops }, name, bytes, n };
}

#endif

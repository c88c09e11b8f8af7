/*
 * queue/segment_file.c - appending to a segment so that a sync costs little.
 *
 * A sync of bytes that overwrite others is twice as fast as one that grows the
 * file, so small batches write zeros ahead of themselves, and used segments
 * are taken over as they are.
 */
#include "queue/segment_file.h"

#include <errno.h>

#include "base/err.h"
#include "queue/spool.h"

enum {
	AHEAD = 1 << 20,
	/* A batch this big pays for the growth by itself. */
	SMALL_BATCH = 128 << 10,
	ZEROS = 64 << 10,
};

static const char zeros[ZEROS];

void
segment_file_init(struct segment_file *f, struct vfs *vfs)
{
	*f = (struct segment_file){ .vfs = vfs, .file = -1 };
}

void
segment_file_close(struct segment_file *f)
{
	vfs_close(f->vfs, &f->file);
}

static int
take_over(struct vfs *vfs, uint64_t old, const char *name)
{
	char old_name[VFS_NAME_MAX];
	int rc;

	spool_name("segments", old, old_name);
	rc = vfs_rename(vfs, old_name, name);
	return rc != 0 ? rc : vfs_open(vfs, name, VFS_WRITE);
}

int
segment_file_create(struct segment_file *f, const struct segment_header *header,
    uint64_t old)
{
	char name[VFS_NAME_MAX];
	int64_t size = 0;
	int file = -1;
	int rc;

	must(f->file == -1);
	spool_name("segments", header->number, name);
	if (old != 0)
		file = take_over(f->vfs, old, name);
	if (file < 0)
		file = vfs_open(f->vfs, name, VFS_CREATE);
	else
		size = vfs_size(f->vfs, file);
	if (file < 0)
		return file;
	rc = size < 0 ? (int)size : vfs_sync_folder(f->vfs, "segments");
	if (rc != 0) {
		vfs_close(f->vfs, &file);
		(void)vfs_unlink(f->vfs, name);
		return rc;
	}
	f->header = *header;
	f->file = file;
	f->end = SEGMENT_HEADER_SIZE;
	f->written = (uint64_t)size;
	f->begun = false;
	return 0;
}

bool
segment_file_has_room(const struct segment_file *f, uint32_t length)
{
	return f->file != -1 && length <= SEGMENT_SIZE - f->end;
}

static int
begin(struct segment_file *f)
{
	unsigned char bytes[SEGMENT_HEADER_SIZE];

	if (f->begun)
		return 0;
	segment_header_put(&f->header, bytes);
	return vfs_pwrite(f->vfs, f->file, bytes, sizeof(bytes), 0);
}

/* Zeros from `from` on, so that the next batches only overwrite. */
static int
write_ahead(struct segment_file *f, uint64_t from)
{
	uint64_t to = from + AHEAD;
	int rc = 0;

	if (to > SEGMENT_SIZE)
		to = SEGMENT_SIZE;
	while (rc == 0 && from < to) {
		size_t n = to - from < ZEROS ? (size_t)(to - from) : ZEROS;

		rc = vfs_pwrite(f->vfs, f->file, zeros, n, from);
		from += n;
	}
	if (rc == 0)
		f->written = to;
	return rc;
}

/* On disk, or a crash brings back the length, and what was there. */
static int
cut_off(struct segment_file *f)
{
	int rc = vfs_truncate(f->vfs, f->file, f->begun ? f->end : 0);

	return rc != 0 ? rc : vfs_sync(f->vfs, f->file);
}

/*
 * What was written of the batch must never be found, for its senders are told
 * that it failed: cut it off. A full disk leaves the segment as good as it
 * was; after any other failure nobody knows what the file holds, and it is
 * given up. If it can't be cut, nobody can promise that.
 */
static int
take_back(struct segment_file *f, int rc)
{
	bool is_cut = cut_off(f) == 0;

	f->written = f->begun ? f->end : 0;
	if (!is_cut || (rc != -ENOSPC && rc != -EDQUOT))
		segment_file_close(f);
	return is_cut ? rc : ERR_LIMBO;
}

int
segment_file_append(struct segment_file *f, struct iovec *iov, int count,
    uint32_t n)
{
	uint64_t end = (uint64_t)f->end + n;
	bool was_written = end <= f->written;
	int rc;

	must(segment_file_has_room(f, n));
	rc = begin(f);
	if (rc == 0)
		rc = vfs_pwritev(f->vfs, f->file, iov, count, f->end);
	if (rc == 0 && !was_written) {
		f->written = end;
		/* Lack of room for zeros is no reason to refuse mail. */
		if (n < SMALL_BATCH)
			(void)write_ahead(f, end);
	}
	if (rc == 0 && (rc = vfs_sync(f->vfs, f->file)) != 0)
		rc = rc == -ENOSPC || rc == -EDQUOT ? -EIO : rc;
	if (rc != 0)
		return take_back(f, rc);
	f->begun = true;
	f->end = (uint32_t)end;
	return 0;
}

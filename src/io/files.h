/*
 * io/files.h - whole files: read with a bound, replaced at once, in memory.
 *
 * All return 0 (or a descriptor) or -errno.
 */
#ifndef IO_FILES_H
#define IO_FILES_H

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

/* Until all is written, whatever write(2) takes at once. */
int file_write_all(int fd, struct slice) MUST_USE;
/* From the current position to the end; -EFBIG past the buf's maximum. */
int file_read_rest(int fd, struct buf *) MUST_USE;
int file_read(const char *path, struct buf *) MUST_USE;
/*
 * The file holds the old content or the new, never a part, also after a crash:
 * written beside it, synced, renamed, and the folder synced.
 */
int file_replace(const char *path, unsigned mode, struct slice) MUST_USE;
/* A memory file of that content, which nobody can change any more. */
int file_sealed(const char *name, struct slice) MUST_USE;
/* Is it sealed like that, so that mapping it is safe? */
bool file_is_sealed(int fd);

#endif

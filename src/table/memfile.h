/*
 * table/memfile.h - bytes in a sealed memory file, to be handed to a worker.
 *
 * Sealed: nobody can write, grow or shrink it, so whoever maps it may trust
 * what he has checked once.
 */
#ifndef TABLE_MEMFILE_H
#define TABLE_MEMFILE_H

#include "base/must.h"
#include "base/slice.h"

/* The descriptor, or -errno. `name` is for /proc alone. */
int memfile_new(const char *name, struct slice bytes) MUST_USE;
/*
 * Maps it read-only, whole: 0, -errno, or ERR_CORRUPT if it is not sealed.
 * The descriptor stays the caller's. memfile_unmap() is owed.
 */
int memfile_map(int fd, struct slice *out) MUST_USE;
void memfile_unmap(struct slice *);

#endif

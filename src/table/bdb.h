/*
 * table/bdb.h - Berkeley DB files (hash or btree) as a source of tables.
 *
 * A file is never changed in place: it is written beside and renamed, so that
 * whoever has it open reads on in the old one.
 */
#ifndef TABLE_BDB_H
#define TABLE_BDB_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

typedef int bdb_entry_fn(struct slice key, struct slice value, struct why *,
    void *arg);

/*
 * Calls for each entry. Keys that end with a NUL (other mail systems write
 * such) come without it, values likewise. 0, -errno or what `each` returned.
 */
int bdb_read(const char *path, bdb_entry_fn *each, void *arg,
    struct why *) MUST_USE;

/* Makes `path` anew as a hash from the text form in `text_path`. */
int bdb_build(const char *text_path, const char *path, uint64_t *count,
    struct why *) MUST_USE;

#endif

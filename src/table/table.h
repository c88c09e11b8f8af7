/*
 * table/table.h - a lookup table: "file:PATH", "db:PATH" or "system".
 *
 * The master (or mtactl) loads a table from its source into an image, a sealed
 * memory file. Workers map the same image: it costs them no memory of their
 * own, needs no file access in their chroot, and a lookup never blocks. When
 * the source changes the master sends a new image.
 */
#ifndef TABLE_TABLE_H
#define TABLE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

struct table;

/*
 * Reads the source whole. `where` is "file:PATH", "db:PATH" or "system" (the
 * passwd database: login -> "UID:GID:HOME"). On failure NULL, and `why` says
 * "FILE:LINE: ..." where there is a line.
 */
struct table *table_load(const char *where, struct why *why) MUST_USE;
void table_free(struct table **);
/* The descriptor of the image, borrowed: to be sent to a worker. */
int table_image(const struct table *);
/* Maps an image that came from another process; takes the descriptor. */
struct table *table_from_image(int fd, const char *where) MUST_USE;
const char *table_where(const struct table *);
uint64_t table_count(const struct table *);
/* Has the source changed since it was loaded (mtime, size, inode)? */
bool table_is_stale(const struct table *);

/* One exact key, ASCII case ignored. The value points into the image. */
bool table_get(const struct table *, struct slice key, struct slice *value);
/*
 * An address, from the most exact key on: local@domain, then without the
 * subaddress behind `separator` (NUL: none), then the local part alone, with
 * and without it, then "@domain". `local` is without quotes.
 */
bool table_get_address(const struct table *, struct slice local,
    struct slice domain, char separator, struct slice *value);

/* Calls for each entry, in the order of the image. */
void table_each(const struct table *,
    void (*each)(struct slice key, struct slice value, void *arg), void *arg);

#endif

/*
 * table/image.h - a hash table in one run of bytes, without pointers.
 *
 *	head	magic, total size, entries, slots (a power of two), first entry
 *	slots	each: hash tag, offset of its entry / 8 (0: free)
 *	entries	each: key length, value length, key, value, padded to 8
 *
 * In the machine's byte order, since it never leaves the machine. Keys are
 * kept in lower case (ASCII). Entries stay in the order they were added.
 */
#ifndef TABLE_IMAGE_H
#define TABLE_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

enum {
	TABLE_KEY_MAX = 1024,
	TABLE_VALUE_MAX = 1 << 20,
};

/* A checked image; borrows the bytes. */
struct image {
	struct slice bytes;
	uint64_t count;
	uint64_t slots;
	uint64_t entries; /* offset of the first one */
};

/* False if anything in it points outside. After it no look-up can go wrong. */
bool image_open(struct slice bytes, struct image *out) MUST_USE;
bool image_get(const struct image *, struct slice key, struct slice *value);
/* Walks the entries: *at is 0 at first. False at the end. */
bool image_next(const struct image *, uint64_t *at, struct slice *key,
    struct slice *value);

/* Gathers entries and makes an image of them. */
struct image_maker;
struct image_maker *image_maker_new(void) MUST_USE;
void image_maker_free(struct image_maker **);
/* -EINVAL (and why) when the key or value is too long, or all is. */
int image_maker_add(struct image_maker *, struct slice key, struct slice value,
    uint32_t line, struct why *) MUST_USE;
/*
 * Appends the image to `out`. A key given twice with the same value counts
 * once; with two values it is an error: -EEXIST, *line is the second one's.
 */
int image_maker_finish(struct image_maker *, struct buf *out, uint32_t *line,
    struct why *) MUST_USE;

#endif

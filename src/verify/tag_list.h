/*
 * verify/tag_list.h - "a=b; c=d" (RFC 6376, 3.2), strictly: of signatures,
 * seals and keys. Slices point into what was parsed.
 */
#ifndef VERIFY_TAG_LIST_H
#define VERIFY_TAG_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum { TAG_LIST_MAX = 32 };

struct tag_list {
	size_t count;
	struct tag {
		struct slice name;
		struct slice value; /* folds inside it are kept */
	} tags[TAG_LIST_MAX];
};

/* False: malformed, a tag that is there twice, or more than the maximum. */
bool tag_list_parse(struct slice, struct tag_list *out) MUST_USE;
/* NULL when it is not there. Names have their case. */
const struct slice *tag_list_find(const struct tag_list *, const char *name);
/* The value or the empty slice. */
struct slice tag_list_get(const struct tag_list *, const char *name);
/* Base64 with white space in it; false when malformed or empty. */
bool tag_list_decode(struct slice value, struct buf *out) MUST_USE;

#endif

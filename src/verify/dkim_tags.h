/*
 * verify/dkim_tags.h - a list of tags, as DKIM and ARC write it (RFC
 * 6376, 3.2).
 *
 * "v=1; a=rsa-sha256; ..." in signatures, seals and key records. Strict: a name
 * that comes twice, an octet that may not stand there or an empty tag spoil the
 * whole list. Copies nothing: names and values point into the text.
 */
#ifndef VERIFY_DKIM_TAGS_H
#define VERIFY_DKIM_TAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum { DKIM_TAGS_MAX = 32 };

struct dkim_tag {
	struct slice name;
	struct slice value; /* trimmed; folds may stand inside */
};

struct dkim_tags {
	size_t count;
	struct dkim_tag tag[DKIM_TAGS_MAX];
};

/* False: no such list, or more than DKIM_TAGS_MAX; *out is then unset. */
bool dkim_tags_parse(struct slice text, struct dkim_tags *out) MUST_USE;
/* True and its value, if the tag is there. Names know case. */
bool dkim_tags_get(const struct dkim_tags *, const char *name,
    struct slice *value);
/* The value, or the empty slice. */
struct slice dkim_tags_value(const struct dkim_tags *, const char *name);

/* The value without white space, and a NUL behind it; false: too long. */
bool dkim_value_compact(struct slice value, char *out, size_t size) MUST_USE;
/* The next item of a list with colons, trimmed; false: there is no more. */
bool dkim_value_next(struct slice *list, struct slice *item);
/* Does the list with colons have that item, case ignored? */
bool dkim_value_has(struct slice list, const char *item);
/* Base64 with white space anywhere, not empty. */
bool dkim_value_is_base64(struct slice value);
/* Decodes it; false: it is none, or does not fit. */
bool dkim_value_decode(struct slice value, struct buf *out) MUST_USE;

#endif

/*
 * admin/value.h - our things as JSON values.
 *
 * Foreign bytes that are no UTF-8 become U+FFFD, one for each.
 */
#ifndef ADMIN_VALUE_H
#define ADMIN_VALUE_H

#include <jansson.h>

#include "admin/ops.h"
#include "base/buf.h"
#include "base/slice.h"

json_t *value_text(struct slice);
json_t *value_id(uint64_t id);
/* RFC 3339; null for 0 and for never (INT64_MAX). */
json_t *value_time(int64_t wall_ms);
/* An element of `queue list`; all that `queue show` says if `whole`. */
json_t *value_message(const struct admin_message *, bool whole);
/* Adds its text. Takes the reference. */
void value_write(json_t *, struct buf *);

#endif

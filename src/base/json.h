/*
 * base/json.h - writes JSON objects (RFC 8259), for the event log.
 *
 * Keys are ours and written as they are. Texts may hold any bytes: what is not
 * UTF-8 becomes U+FFFD, so that the line is always good JSON.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

/* One object under way; `out` is borrowed and may hold something before it. */
struct json {
	struct buf *out;
	bool more; /* a comma is due */
};

void json_begin(struct json *, struct buf *out); /* { */
void json_end(struct json *);                    /* } */
void json_text(struct json *, const char *key, struct slice);
void json_cstr(struct json *, const char *key, const char *);
void json_int(struct json *, const char *key, int64_t);
void json_bool(struct json *, const char *key, bool);
/* Seconds with three decimals, from milliseconds. */
void json_seconds(struct json *, const char *key, int64_t ms);
/* "key":[ ... ]; between them json_item() alone. */
void json_list(struct json *, const char *key);
void json_item(struct json *, struct slice);
void json_list_end(struct json *);

/* The string alone, with its quotes. */
void json_write_string(struct slice, struct buf *out);

#endif

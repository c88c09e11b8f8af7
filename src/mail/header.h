/*
 * mail/header.h - the header section of a message (RFC 5322, 2.2).
 *
 * Works on bytes that lie in memory as a whole (limits.header_size bounds
 * them). Field bodies come raw: folded, with their line breaks.
 */
#ifndef MAIL_HEADER_H
#define MAIL_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

struct header_field {
	struct slice name;
	struct slice body; /* behind the colon, up to before the last CRLF */
	struct slice raw;  /* the whole field with its CRLF */
};

/*
 * Takes the next field off *in. False at the empty line, at the end, or at a
 * line that is no field (then the header section ends there).
 */
bool header_take(struct slice *in, struct header_field *out);
/* The first field of that name, case ignored. */
bool header_find(struct slice header, const char *name,
    struct header_field *out);
size_t header_count(struct slice header, const char *name);
/*
 * Length of the header section with the empty line behind it; when there is
 * no empty line yet, 0.
 */
size_t header_length(struct slice content);
/* The body with folds undone: each CRLF before white space goes. */
void header_unfold(struct slice body, struct buf *out);
/* True if any byte is over 127. */
bool header_needs_utf8(struct slice header);

#endif

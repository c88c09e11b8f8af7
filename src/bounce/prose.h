/*
 * bounce/prose.h - paragraphs for people, wrapped at 72 columns.
 */
#ifndef BOUNCE_PROSE_H
#define BOUNCE_PROSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/slice.h"

enum { PROSE_COLUMNS = 72 };

/*
 * Adds the words of `text`, each line with `indent` spaces before it. What is
 * no printable text becomes "?" (also what is not ASCII, unless `utf8`). Words
 * without end are cut into pieces.
 */
void prose_add(struct buf *, size_t indent, struct slice text, bool utf8);
/* ASCII alone. */
void prose_addf(struct buf *, size_t indent, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

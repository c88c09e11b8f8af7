/*
 * mail/header_writer.h - writes one field, word by word, folded at 78 columns.
 *
 * Words may come from strangers: whatever bytes they hold, the field stays one
 * field. Control characters become "?", and so does what is not UTF-8, or all
 * that is not ASCII unless `utf8`.
 */
#ifndef MAIL_HEADER_WRITER_H
#define MAIL_HEADER_WRITER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

enum { HEADER_COLUMNS = 78 };

struct header_writer {
	struct buf *out; /* borrowed */
	size_t column;
	bool utf8;
};

/* "Name:" */
void header_begin(struct header_writer *, struct buf *, const char *name,
    bool utf8);
/* A space, or a fold where it would be too long; then the word, unbroken. */
void header_word(struct header_writer *, struct slice);
void header_wordf(struct header_writer *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Each word of a text, so that it folds between them. Words without end are cut
 * into pieces, for the sake of the 998 octets of a line.
 */
void header_text(struct header_writer *, struct slice);
/* The next word begins a line. */
void header_fold(struct header_writer *);
void header_end(struct header_writer *);

/* The sanitising alone, for other text of strangers. No CR or LF comes out. */
void header_add_safe(struct buf *, struct slice, bool utf8);

#endif

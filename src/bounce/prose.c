/*
 * bounce/prose.c - wrapping.
 */
#include "bounce/prose.h"

#include <stdarg.h>

#include "mail/header_writer.h"

enum { PIECE_MAX = 500, FORMATTED_MAX = 8192 };

static void
begin_line(struct buf *out, size_t indent)
{
	for (size_t i = 0; i < indent; i++)
		buf_add_char(out, ' ');
}

void
prose_add(struct buf *out, size_t indent, struct slice text, bool utf8)
{
	size_t column = 0; /* 0: no word stands on the line yet */
	struct slice word;

	while ((word = slice_take_word(&text)).n > 0) {
		while (word.n > 0) {
			struct slice piece = slice_head(word, PIECE_MAX);

			if (column > 0 &&
			    column + 1 + piece.n > PROSE_COLUMNS) {
				buf_add_cstr(out, "\r\n");
				column = 0;
			}
			if (column == 0) {
				begin_line(out, indent);
				column = indent;
			} else {
				buf_add_char(out, ' ');
				column++;
			}
			header_add_safe(out, piece, utf8);
			column += piece.n;
			word = slice_skip(word, piece.n);
		}
	}
	if (column > 0)
		buf_add_cstr(out, "\r\n");
}

void
prose_addf(struct buf *out, size_t indent, const char *format, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, FORMATTED_MAX);
	va_start(args, format);
	buf_addv(&text, format, args);
	va_end(args);
	prose_add(out, indent, buf_slice(&text), false);
	buf_done(&text);
}

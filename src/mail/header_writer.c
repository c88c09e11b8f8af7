/*
 * mail/header_writer.c - fields that are safe to stand in a header.
 */
#include "mail/header_writer.h"

#include "base/ascii.h"
#include "mail/utf8.h"

enum { WORD_MAX = 1000, PIECE_MAX = 500 };

static size_t
printable_length(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= ' ' && s.p[n] <= '~')
		n++;
	return n;
}

void
header_add_safe(struct buf *out, struct slice s, bool utf8)
{
	while (s.n > 0) {
		size_t n = printable_length(s);
		bool safe = n > 0;

		if (!safe) {
			n = utf8_length(s);
			safe = utf8 && n > 1;
		}
		if (n == 0)
			n = 1;
		buf_add(out, safe ? slice_head(s, n) : SLICE("?"));
		s = slice_skip(s, n);
	}
}

void
header_begin(struct header_writer *w, struct buf *out, const char *name,
    bool utf8)
{
	size_t before = out->n;

	w->out = out;
	w->utf8 = utf8;
	buf_add_cstr(out, name);
	buf_add_char(out, ':');
	w->column = out->n - before;
}

void
header_word(struct header_writer *w, struct slice word)
{
	size_t before;

	/* The column is 1 behind a fold: there the tab is the space. */
	if (w->column > 1) {
		if (w->column >= HEADER_COLUMNS ||
		    word.n >= HEADER_COLUMNS - w->column) {
			header_fold(w);
		} else {
			buf_add_char(w->out, ' ');
			w->column++;
		}
	}
	before = w->out->n;
	header_add_safe(w->out, word, w->utf8);
	w->column += w->out->n - before;
}

void
header_wordf(struct header_writer *w, const char *format, ...)
{
	struct buf word;
	va_list args;

	buf_init(&word, WORD_MAX);
	va_start(args, format);
	buf_addv(&word, format, args);
	va_end(args);
	header_word(w, buf_slice(&word));
	buf_done(&word);
}

void
header_text(struct header_writer *w, struct slice text)
{
	struct slice word;

	while ((word = slice_take_word(&text)).n > 0) {
		for (; word.n > PIECE_MAX; word = slice_skip(word, PIECE_MAX))
			header_word(w, slice_head(word, PIECE_MAX));
		header_word(w, word);
	}
}

void
header_fold(struct header_writer *w)
{
	if (w->column == 1)
		return;
	buf_add_cstr(w->out, "\r\n\t");
	w->column = 1;
}

void
header_end(struct header_writer *w)
{
	buf_add_cstr(w->out, "\r\n");
	w->column = 0;
}

/*
 * verify/dkim_length.c - see dkim_length.h.
 */
#include "verify/dkim_length.h"

enum { CRLF = 2 };

static void
count(struct dkim_form *form, uint64_t octets)
{
	form->octets += form->lines * CRLF + octets;
	form->lines = 0;
}

static void
add_octet(struct dkim_length *l, char c)
{
	count(&l->simple, 1);
	if (c == ' ' || c == '\t') {
		l->blank = true;
		return;
	}
	count(&l->relaxed, l->blank ? 2 : 1);
	l->blank = false;
}

static void
add_line_end(struct dkim_length *l)
{
	l->blank = false;
	l->simple.lines++;
	l->relaxed.lines++;
}

void
dkim_length_add(struct dkim_length *l, struct slice run)
{
	for (size_t i = 0; i < run.n; i++) {
		char c = run.p[i];
		bool had_cr = l->cr;

		l->cr = c == '\r';
		if (had_cr && c == '\n') {
			add_line_end(l);
			continue;
		}
		if (had_cr)
			add_octet(l, '\r');
		if (!l->cr)
			add_octet(l, c);
	}
}

/* An empty body is one line end in the simple form (RFC 6376, 3.4.3). */
uint64_t
dkim_length_simple(const struct dkim_length *l)
{
	return l->simple.octets + CRLF;
}

uint64_t
dkim_length_relaxed(const struct dkim_length *l)
{
	return l->relaxed.octets > 0 ? l->relaxed.octets + CRLF : 0;
}

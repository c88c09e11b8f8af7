/*
 * fuzz/fuzz_dovecot_line.c - any line, into auth/dovecot_line.c: what it
 * finds lies inside of the line, and unescaping undoes escaping.
 */
#include <stdint.h>

#include "auth/dovecot_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
is_inside(struct slice part, struct slice whole)
{
	return part.n == 0 ||
	    (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct dovecot_line line;
	struct buf escaped, again;

	dovecot_line_parse(in, &line);
	must(is_inside(line.user, in) && is_inside(line.resp, in));
	must(!slice_has(line.user, '\t') && !slice_has(line.resp, '\t'));

	buf_init(&escaped, 2 * size);
	buf_init(&again, size);
	dovecot_escape(in, &escaped);
	must(!slice_has(buf_slice(&escaped), '\t'));
	dovecot_unescape(buf_slice(&escaped), &again);
	must(slice_eq(in, buf_slice(&again)));
	buf_done(&escaped);
	buf_done(&again);
	return 0;
}

/*
 * fuzz/fuzz_header.c - any bytes at all, into mail/header.c:
 * fields lie in order, none is lost, and unfolding only takes away.
 */
#include <stdint.h>

#include "mail/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice all = slice_from(data, size);
	struct slice rest = all;
	struct header_field field;
	size_t length = header_length(all);
	struct buf flat;

	must(length <= size);
	if (length > 0)
		must(slice_ends_nocase(slice_head(all, length), "\r\n"));
	buf_init(&flat, size);
	while (header_take(&rest, &field)) {
		struct header_field first;
		char name[64];

		must(field.name.n > 0 && field.name.p == field.raw.p);
		must(field.raw.p + field.raw.n == rest.p);
		must(field.raw.n > field.name.n + field.body.n);
		/* An empty line ends the header: no field has it in it. */
		must(slice_find_str(field.raw, SLICE("\r\n\r\n")) ==
		    field.raw.n);
		buf_reset(&flat);
		header_unfold(field.body, &flat);
		must(!buf_failed(&flat) && flat.n <= field.body.n);
		must(
		    slice_find_str(buf_slice(&flat), SLICE("\r\n ")) == flat.n);
		if (slice_to_cstr(field.name, name, sizeof(name))) {
			must(header_find(all, name, &first));
			must(first.raw.p <= field.raw.p);
			must(header_count(all, name) > 0);
		}
	}
	buf_done(&flat);
	return 0;
}

/*
 * fuzz/fuzz_expand.c - any bytes at all, into mail/expand.c:
 * no address leads out of the folder that the path names.
 */
#include <stdint.h>

#include "mail/expand.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_inside(struct slice path, unsigned slashes)
{
	unsigned seen = 0;

	must(slice_find_str(path, SLICE("/../")) == path.n);
	must(!slice_ends_nocase(path, "/.."));
	must(!slice_has(path, '\0') && !slice_has(path, '\n'));
	for (size_t i = 0; i < path.n; i++)
		seen += path.p[i] == '/';
	must(seen == slashes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct expand_values values = { .subaddress = SLICE("+") };
	struct slice in = slice_from(data, size);
	struct why why = { "" };
	struct buf out;

	buf_init(&out, 4096);
	values.home = SLICE("/home/a");
	if (address_parse(in, true, &values.address) == PARSE_OK) {
		if (expand_path(SLICE("/v/%{domain}/%{local}/%{user}"), &values,
			&out, &why))
			check_inside(buf_slice(&out), 4);
		else
			must(out.n == 0 && why.text[0] != '\0');
		buf_reset(&out);
		if (expand_path(SLICE("/%{address}"), &values, &out, NULL))
			check_inside(buf_slice(&out), 1);
	}
	/* And any bytes as the path. */
	values.address = (struct address){ SLICE("a"), SLICE("b") };
	buf_reset(&out);
	if (!expand_is_valid(in, NULL))
		must(!expand_path(in, &values, &out, NULL) && out.n == 0);
	else if (!expand_path(in, &values, &out, NULL))
		must(size > 4096 / 16);
	buf_done(&out);
	return 0;
}

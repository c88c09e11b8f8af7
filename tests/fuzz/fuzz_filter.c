/*
 * fuzz/fuzz_filter.c - lines of NAME=VALUE into admin/filter.c, then the rest
 * as an address, a site and a response to be matched.
 */
#include <stdint.h>

#include "admin/filter.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = { (const char *)data, size };
	struct filter f = { 0 };
	struct slice line;
	int64_t ms;

	while (slice_take_line(&in, &line) && line.n > 0) {
		struct filter before = f;
		struct slice name = slice_take_until(&line, '=');
		struct why why = { "" };

		if (filter_set(&f, name, line, &why)) {
			must(!filter_is_empty(&f));
			must(why.text[0] == '\0');
		} else {
			must(why.text[0] != '\0');
			must(f.state == before.state);
		}
		if (duration_parse(line, &ms))
			must(ms >= 0);
	}
	/* What is asked for and found is found when nothing else is asked. */
	if (filter_has_recipient(&f, in, in, in)) {
		struct filter to = { .to = f.to };

		must(filter_has_recipient(&to, in, SLICE_NONE, SLICE_NONE));
		must(f.response.n == 0 || filter_text_has(in, f.response));
	}
	if (filter_is_empty(&f))
		must(filter_has_sender(&f, in) &&
		    filter_has_recipient(&f, in, in, in) &&
		    filter_has_age(&f, 0));
	if (filter_has_sender(&f, in) && f.from.n > 0)
		must(in.n > 0 || slice_is(f.from, "<>"));
	return 0;
}

/*
 * fuzz/fuzz_table_text.c - any bytes at all, into table/text.c: what it takes
 * for keys can be written quoted and read again as the same.
 */
#include <stdint.h>

#include "base/buf.h"
#include "table/image.h"
#include "table/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
same(struct slice key, struct slice value, uint32_t line, struct why *why,
    void *arg)
{
	struct slice *want = arg;

	(void)why;
	must(line == 1);
	must(slice_eq(key, want[0]));
	must(slice_eq(value, want[1]));
	want[2].n = 1;
	return 0;
}

static int
check(struct slice key, struct slice value, uint32_t line, struct why *why,
    void *arg)
{
	struct slice want[3] = { key, value, SLICE_NONE };
	struct buf again;
	uint32_t at = 0;

	(void)arg;
	must(line > 0);
	must(key.n > 0 && key.n <= TABLE_KEY_MAX);
	if (slice_has(key, '\n') || slice_has(value, '\n'))
		return 0;
	buf_init(&again, SIZE_MAX / 2);
	buf_add_char(&again, '"');
	for (size_t i = 0; i < key.n; i++) {
		buf_add_char(&again, '\\');
		buf_add_char(&again, key.p[i]);
	}
	buf_add_cstr(&again, "\": ");
	buf_add(&again, value);
	must(text_parse(buf_slice(&again), same, want, &at, why) == 0);
	must(want[2].n == 1);
	buf_done(&again);
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct why why;
	uint32_t line = 0;

	if (text_parse(slice_from(data, size), check, NULL, &line, &why) != 0)
		must(line > 0);
	return 0;
}

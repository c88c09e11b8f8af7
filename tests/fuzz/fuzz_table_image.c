/*
 * fuzz/fuzz_table_image.c - any bytes at all, as a table's image: when it is
 * taken, every walk and look-up stays inside.
 */
#include <stdint.h>

#include "table/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
must_be_inside(struct slice part, struct slice whole)
{
	must(part.p >= whole.p && part.n <= whole.n);
	must((size_t)(part.p - whole.p) <= whole.n - part.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = slice_from(data, size);
	struct slice key, value, found;
	struct image image;
	uint64_t at = 0, count = 0;

	if (!image_open(bytes, &image))
		return 0;
	while (image_next(&image, &at, &key, &value)) {
		must_be_inside(key, bytes);
		must_be_inside(value, bytes);
		if (image_get(&image, key, &found))
			must_be_inside(found, bytes);
		count++;
	}
	must(count == image.count);
	(void)image_get(&image, SLICE("no such key"), &found);
	return 0;
}

/*
 * fuzz/fuzz_base64.c - any bytes at all, into base/base64.c: what decodes,
 * encodes to the very same text.
 */
#include <stdint.h>

#include "base/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct buf decoded, again;

	buf_init(&decoded, size);
	buf_init(&again, size);
	if (base64_decode(in, &decoded)) {
		base64_encode(buf_slice(&decoded), &again);
		must(slice_eq(in, buf_slice(&again)));
	} else {
		must(decoded.n == 0);
	}
	buf_done(&decoded);
	buf_done(&again);
	return 0;
}

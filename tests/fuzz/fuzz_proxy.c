/*
 * fuzz/fuzz_proxy.c - any bytes at all, into receive/proxy.c: a header that is
 * whole is whole in its own length, and in nothing shorter.
 */
#include <stdint.h>

#include "receive/proxy.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct proxy_header h, again;

	if (proxy_parse(in, &h) != PROXY_WHOLE)
		return 0;
	must(h.length > 0 && h.length <= size && h.length <= PROXY_HEADER_MAX);
	must(!h.has_client || h.client.version == 4 || h.client.version == 6);
	must(proxy_parse(slice_head(in, h.length), &again) == PROXY_WHOLE);
	must(again.length == h.length);
	must(proxy_parse(slice_head(in, h.length - 1), &again) != PROXY_WHOLE);
	return 0;
}

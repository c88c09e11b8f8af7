/*
 * fuzz/fuzz_fates.c - any bytes at all, into mail/fate.c:
 * a list that decodes, encodes to the very same bytes; any text is a reply.
 */
#include <stdint.h>

#include "base/err.h"
#include "mail/fate.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { ARENA_MAX = 1 << 20 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct slice in = slice_from(data, size);
	struct status_code code;
	struct fate *fates, judged;
	struct buf packed;
	size_t n;
	int rc = fates_decode(in, arena, &fates, &n);

	must(rc == 0 || rc == ERR_CORRUPT || rc == ERR_LIMIT);
	if (rc == 0) {
		buf_init(&packed, size);
		fates_encode(fates, n, &packed);
		must(slice_eq(buf_slice(&packed), in));
		buf_done(&packed);
	}
	judged = fate_from_reply(550, in);
	must(judged.kind == FATE_FAILED && judged.code.class == 5);
	must(judged.code.subject <= 999 && judged.code.detail <= 999);
	if (status_code_take(&in, &code))
		must(in.n + 5 <= size);
	arena_free(&arena);
	return 0;
}

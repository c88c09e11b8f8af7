/*
 * fuzz/fuzz_envelope.c - any bytes at all, into mail/envelope.c:
 * what decodes, encodes and decodes to the same envelope.
 */
#include <stdint.h>

#include "base/err.h"
#include "mail/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { ARENA_MAX = 1 << 20 };

static void
check_same(const struct envelope *a, const struct envelope *b)
{
	must(a->id == b->id && a->arrived_ms == b->arrived_ms);
	must(a->size == b->size && a->ret == b->ret && a->body == b->body);
	must(a->smtputf8 == b->smtputf8 && a->require_tls == b->require_tls);
	must(slice_eq(a->sender, b->sender) && slice_eq(a->envid, b->envid));
	must(slice_eq(a->service, b->service) && slice_eq(a->helo, b->helo));
	must(slice_eq(a->client, b->client) && slice_eq(a->login, b->login));
	must(slice_eq(a->tls, b->tls) && slice_eq(a->verdicts, b->verdicts));
	must(a->recipient_count == b->recipient_count);
	for (uint32_t i = 0; i < a->recipient_count; i++) {
		const struct recipient *x = &a->recipients[i];
		const struct recipient *y = &b->recipients[i];

		must(slice_eq(x->address, y->address));
		must(slice_eq(x->orcpt, y->orcpt) && x->notify == y->notify);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(ARENA_MAX);
	struct envelope e, again;
	struct buf packed;
	int rc = envelope_decode(slice_from(data, size), arena, &e);

	must(rc == 0 || rc == ERR_CORRUPT || rc == ERR_LIMIT);
	if (rc == 0) {
		must(e.recipient_count <= size / 2);
		buf_init(&packed, size + 64);
		envelope_encode(&e, &packed);
		must(!buf_failed(&packed) && packed.n <= size);
		rc = envelope_decode(buf_slice(&packed), arena, &again);
		if (rc == 0)
			check_same(&e, &again);
		else
			must(rc == ERR_LIMIT);
		buf_done(&packed);
	}
	arena_free(&arena);
	return 0;
}

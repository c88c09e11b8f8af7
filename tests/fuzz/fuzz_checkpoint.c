/*
 * fuzz/fuzz_checkpoint.c - any bytes at all as the checkpoint: recovery ends
 * in a state that holds together.
 */
#include <stdint.h>

#include "queue/recover.h"
#include "tests/fuzz/fuzz_spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sealed = fuzz_sealed(data, size);
	struct fuzz_spool spool =
	    fuzz_spool("journal/checkpoint", sealed, size);
	struct queue_reader *reader = queue_reader_new(&spool.vfs);
	struct damage damage = { 0 };
	struct recovery *recovery;
	struct queue_entry *e;
	struct state state;
	uint64_t cursor = 0;
	uint64_t held = 0;
	uint64_t messages = 0;

	state_init(&state);
	must(recovery_new(&spool.vfs, &state, &damage, reader, &recovery) == 0);
	while (recovery_step(recovery))
		;
	recovery_free(&recovery);
	while ((e = live_each(state.live, &cursor)) != NULL) {
		must(e->state < QUEUE_STATE_COUNT);
		must(e->open_count <= e->recipient_count);
		must(state_place(&state, e).segment != 0);
		messages++;
	}
	for (uint32_t i = 0; i < segments_slots(state.segments); i++)
		held += segments_at(state.segments, i)->live;
	must(held == messages);
	state_done(&state);
	queue_reader_free(&reader);
	mem_free(sealed);
	return 0;
}

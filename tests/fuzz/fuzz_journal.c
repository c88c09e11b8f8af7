/*
 * fuzz/fuzz_journal.c - any bytes at all as a journal: reading ends, each
 * record encodes to what it was, and applying it keeps the counts right.
 */
#include <stdint.h>

#include "queue/journal.h"
#include "queue/state.h"
#include "tests/fuzz/fuzz_spool.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_counts(const struct state *s)
{
	struct live_counts counts;
	struct queue_entry *e;
	uint64_t messages = 0;
	uint64_t open = 0;
	uint64_t held = 0;
	uint64_t cursor = 0;

	live_count(s->live, &counts);
	while ((e = live_each(s->live, &cursor)) != NULL) {
		messages++;
		open += e->open_count;
		must(live_find(s->live, e->id) == e);
	}
	for (uint32_t i = 0; i < segments_slots(s->segments); i++)
		held += segments_at(s->segments, i)->live;
	must(counts.recipients == open);
	must(counts.messages[0] + counts.messages[1] + counts.messages[2] ==
	    messages);
	must(held == messages);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sealed = fuzz_sealed(data, size);
	struct fuzz_spool spool =
	    fuzz_spool("journal/0000000000001", sealed, size);
	struct journal_reader *reader;
	enum journal_step step;
	struct state state;
	uint64_t last = 0;
	struct buf again;

	if (journal_reader_open(&spool.vfs, spool.name, JOURNAL_CHANGES,
		&reader) != 0) {
		mem_free(sealed);
		return 0;
	}
	state_init(&state);
	buf_init(&again, CHANGE_SIZE_MAX);
	while ((step = journal_reader_next(reader)) != JOURNAL_EOF) {
		const struct change *c = journal_reader_change(reader);

		must(step != JOURNAL_FAILED);
		if (step != JOURNAL_RECORD)
			continue;
		must(journal_reader_from(reader) >= last);
		last = journal_reader_to(reader);
		buf_reset(&again);
		change_encode(c, &again);
		must(again.n <= last - journal_reader_from(reader));
		(void)state_apply(&state, c, 1);
		(void)state_apply(&state, c, 2);
	}
	check_counts(&state);
	buf_done(&again);
	state_done(&state);
	journal_reader_free(&reader);
	mem_free(sealed);
	return 0;
}

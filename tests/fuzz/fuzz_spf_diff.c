/*
 * fuzz/fuzz_spf_diff.c - any bytes at all choose a world of SPF records, over
 * which our engine and libspf2, in its child, give the same verdict, but where
 * it is known why they differ.
 */
#include <stdint.h>
#include <stdio.h>

#include "tests/unit/spf_duel.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { WORLD_BYTES_MAX = 8192 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf world;
	struct spf_duel d;

	buf_init(&world, WORLD_BYTES_MAX);
	spf_duel_fight(slice_from(data, size), &world, &d);
	if (!d.agree && d.known == NULL)
		(void)fprintf(stderr, "we say %s (%s), they %s (%s)\n%s",
		    spf_result_name(d.ours.result), d.ours.reason,
		    spf_result_name(d.theirs.result), d.theirs.reason,
		    buf_cstr(&world));
	must(d.agree || d.known != NULL);
	buf_done(&world);
	return 0;
}

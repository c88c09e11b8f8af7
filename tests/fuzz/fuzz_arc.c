/*
 * fuzz/fuzz_arc.c - any bytes at all as a message, into verify/arc.c: without
 * any key no chain passes, and there is always a verdict.
 */
#include <stdint.h>

#include "base/must.h"
#include "verify/arc.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct dns_answer none = { .outcome = DNS_NO_NAME };
	struct answers *answers = answers_new(100, 1 << 20);
	struct arc *arc = arc_new();
	struct arc_verdict v;
	struct slice name;
	enum dns_type type;

	arc_header(arc, in);
	arc_body(arc, in);
	arc_body_end(arc);
	for (arc_evaluate(arc, answers, &v); v.result == ARC_AGAIN;
	     arc_evaluate(arc, answers, &v))
		while (answers_missing(answers, 0, &name, &type))
			answers_put(answers, name, type, &none);
	must(v.result == ARC_NONE || v.result == ARC_FAIL);
	must(v.instances <= ARC_INSTANCES_MAX);
	arc_free(&arc);
	answers_free(&answers);
	return 0;
}

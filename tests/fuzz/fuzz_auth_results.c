/*
 * fuzz/fuzz_auth_results.c - any bytes at all, as the texts of our field (one
 * field comes out), as others' fields, and as encoded verdicts.
 */
#include <stdint.h>

#include "base/must.h"
#include "verify/auth_results.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct slice rest = in;
	struct header_field field = { SLICE("Authentication-Results"), in, in };
	struct verdicts v = { .dkim_count = 0 };
	struct buf out;

	(void)auth_results_claims(&field, SLICE("mx.example.org"));
	(void)auth_results_has(in, "dmarc", "pass");
	(void)auth_results_take_instance(&rest, &(struct slice){ 0 });
	if (!verdicts_decode(in, &v)) {
		v.spf = (struct verdict_spf){ VERDICT_PASS, in, in };
		v.login = in;
	}
	buf_init(&out, 1 << 20);
	auth_results_write(&v, SLICE("mx.example.org"), false, &out);
	must(!buf_failed(&out));
	rest = buf_slice(&out);
	must(header_take(&rest, &field) && rest.n == 0);
	must(auth_results_claims(&field, SLICE("mx.example.org")));
	if (v.dmarc.result == VERDICT_ABSENT)
		must(!auth_results_has(field.body, "dmarc", "pass"));
	buf_reset(&out);
	verdicts_encode(&v, &out);
	must(out.n <= VERDICTS_SIZE_MAX);
	must(verdicts_decode(buf_slice(&out), &v));
	buf_done(&out);
	return 0;
}

/*
 * fuzz/fuzz_dmarc_record.c - any bytes at all, into verify/dmarc_record.c: a
 * usable record has a policy, and report addresses are addresses.
 */
#include <stdint.h>

#include "base/must.h"
#include "verify/dmarc_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct dmarc_record r;
	struct dmarc_uri uri;

	if (dmarc_record_parse(in, &r)) {
		must(r.is_unusable == (r.p == DMARC_POLICY_UNSET));
		in = r.rua;
		must(!r.is_unusable || !dmarc_uri_take(&in, &uri));
	}
	while (dmarc_uri_take(&in, &uri)) {
		struct address a;
		struct slice text = slice_of(uri.address);

		must(!uri.is_mailto ||
		    (address_parse(text, false, &a) == PARSE_OK &&
			a.domain.n > 0));
	}
	return 0;
}

/*
 * fuzz/fuzz_from_header.c - any bytes at all, into mail/from_header.c: what
 * comes out is bounded, each domain once, and a good field has one.
 */
#include <stdint.h>

#include "base/must.h"
#include "mail/from_header.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct from_header f;

	from_header_parse(slice_from(data, size), &f);
	must(f.domain_count <= FROM_DOMAINS_MAX);
	must(!f.has_more || f.domain_count == FROM_DOMAINS_MAX);
	must(f.result != FROM_GOOD || f.domain_count > 0);
	must((f.result == FROM_EMPTY) <= (f.domain_count == 0));
	for (size_t i = 0; i < f.domain_count; i++) {
		struct slice domain = slice_of(f.domain[i]);

		must(domain.n > 0 && domain.n <= DOMAIN_MAX);
		must(domain.p[0] == '[' || domain_is_valid(domain, true));
		for (size_t j = 0; j < i; j++)
			must(!slice_is(domain, f.domain[j]));
	}
	from_header_read(slice_from(data, size), &f);
	must((f.field_count == 0) == (f.result == FROM_MISSING));
	return 0;
}

/*
 * fuzz/fuzz_address.c - any bytes at all, into mail/address.c:
 * what parses is bounded, and writes itself to the same bytes; what does not
 * leaves all alone.
 */
#include <stdint.h>

#include "mail/address.h"
#include "mail/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_parsed(const struct address *a, bool utf8)
{
	struct address again;
	struct buf text, meaning;

	must(a->local.n + (a->domain.n > 0) + a->domain.n <= ADDRESS_MAX);
	must(a->local.n > 0 || a->domain.n == 0);
	must(utf8_is_valid(a->local) && utf8_is_valid(a->domain));
	must(utf8 || address_is_ascii(a));
	must(address_is_literal(a) || a->domain.n == 0 ||
	    domain_is_valid(a->domain, utf8));
	must(address_eq(a, a));
	buf_init(&text, ADDRESS_MAX);
	buf_init(&meaning, ADDRESS_MAX);
	address_write(a, &text);
	address_local_unquote(a, &meaning);
	must(!buf_failed(&text) && meaning.n <= a->local.n);
	must(address_parse(buf_slice(&text), utf8, &again) == PARSE_OK);
	must(slice_eq(again.local, a->local));
	must(slice_eq(again.domain, a->domain));
	buf_done(&text);
	buf_done(&meaning);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int utf8 = 0; utf8 < 2; utf8++) {
		struct slice all = slice_from(data, size);
		struct slice in = all;
		struct address a;
		bool routed;

		if (path_take(&in, utf8, &a, &routed) == PARSE_OK) {
			must(in.n < size && all.p[size - in.n - 1] == '>');
			check_parsed(&a, utf8);
		} else {
			must(in.p == all.p && in.n == all.n);
		}
		if (address_parse(all, utf8, &a) == PARSE_OK)
			check_parsed(&a, utf8);
		if (domain_is_valid(all, utf8))
			must(size > 0 && size <= DOMAIN_MAX);
	}
	return 0;
}

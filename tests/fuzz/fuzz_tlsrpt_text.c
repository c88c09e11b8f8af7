/* fuzz/fuzz_tlsrpt_text.c - any bytes as a TXT record of TLSRPT. */
#include <stdint.h>
#include <string.h>

#include "policy/tlsrpt_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct rua rua;

	if (!tlsrpt_parse(in, &rua))
		return 0;
	must(tlsrpt_is_ours(in));
	if (rua.kind == RUA_MAIL) {
		/* It goes into a header and a command as it is. */
		must(slice_find(rua.address, '\n') == rua.address.n);
		must(slice_find(rua.address, '>') == rua.address.n);
		must(slice_has(rua.address, '@'));
	} else {
		must(rua.port != 0 && rua.path[0] == '/');
		must(dns_name_is_valid(slice_of(rua.host)));
		must(strchr(rua.path, ' ') == NULL);
	}
	return 0;
}

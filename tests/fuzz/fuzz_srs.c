/*
 * fuzz/fuzz_srs.c - any bytes at all, into mail/srs.c: as a sender they lead
 * back to themselves, as a recipient they lead nowhere.
 */
#include <string.h>

#include "mail/address.h"
#include "mail/srs.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
hash(struct slice secret, struct slice text, unsigned char out[SRS_DIGEST_SIZE])
{
	uint64_t h = 14695981039346656037u + secret.n;

	for (size_t i = 0; i < text.n; i++)
		h = (h ^ (unsigned char)text.p[i]) * 1099511628211u;
	memset(out, 0, SRS_DIGEST_SIZE);
	memcpy(out, &h, sizeof(h));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct srs srs = { SLICE("o.test"), SLICE("s\n"), hash };
	struct slice in = slice_from(data, size);
	struct address a;
	struct buf there, back;

	buf_init(&there, 2048);
	buf_init(&back, 2048);
	if (srs_reverse(&srs, in, 0, &back) == SRS_GOOD)
		must(address_parse(buf_slice(&back), true, &a) == PARSE_OK);
	buf_reset(&back);
	if (address_parse(in, true, &a) == PARSE_OK &&
	    srs_forward(&srs, in, 0, &there)) {
		must(address_parse(buf_slice(&there), true, &a) == PARSE_OK);
		must(srs_reverse(&srs, buf_slice(&there), 0, &back) ==
			SRS_GOOD ||
		    slice_starts_nocase(in, "SRS1") ||
		    slice_starts_nocase(in, "\"SRS1") ||
		    slice_starts_nocase(in, "\"SRS0"));
	}
	buf_done(&there);
	buf_done(&back);
	return 0;
}

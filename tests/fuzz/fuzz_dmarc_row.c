/* fuzz/fuzz_dmarc_row.c - any bytes as a row and as a policy of the database.
 */
#include <stdint.h>

#include "verify/dmarc_row.h"
#include "verify/dmarc_rua.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
published(struct slice in)
{
	struct dmarc_published p;
	struct buf out;

	if (!dmarc_published_read(in, &p))
		return;
	buf_init(&out, DMARC_PUBLISHED_TEXT_MAX);
	dmarc_published_write(&p, &out);
	must(slice_eq(buf_slice(&out), in));
	buf_done(&out);
}

static void
addresses(struct slice in)
{
	struct dmarc_rua rua, again;
	struct buf out;

	if (!dmarc_rua_read(in, &rua))
		return;
	must(rua.count <= DMARC_RUA_MAX);
	buf_init(&out, DMARC_RUA_TEXT_MAX);
	dmarc_rua_write(&rua, &out);
	must(!buf_failed(&out));
	must(dmarc_rua_read(buf_slice(&out), &again));
	must(again.count == rua.count);
	/* Each goes into a header and a command as it is. */
	for (size_t i = 0; i < rua.count; i++)
		must(slice_find(slice_of(rua.uri[i].address), '\n') ==
		    slice_of(rua.uri[i].address).n);
	buf_done(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct dmarc_row row, again;
	struct buf out;

	published(in);
	addresses(in);
	if (!dmarc_row_read(in, &row))
		return 0;
	must(row.dkim_count <= VERDICTS_DKIM_MAX);
	buf_init(&out, DMARC_ROW_TEXT_MAX);
	dmarc_row_write(&row, &out);
	must(!buf_failed(&out));
	must(dmarc_row_read(buf_slice(&out), &again));
	must(again.dkim_count <= row.dkim_count);
	must(again.spf == row.spf && again.override == row.override);
	buf_done(&out);
	return 0;
}

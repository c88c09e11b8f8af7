/*
 * fuzz/fuzz_sts_text.c - any bytes as TXT record, as policy, as kept record.
 */
#include <stdint.h>

#include "policy/sts_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void
check_record(struct slice in)
{
	struct sts_record record, again;
	struct buf text;

	if (!sts_record_parse(in, &record))
		return;
	must(record.id.n > 0 && record.id.n <= STS_ID_MAX);
	buf_init(&text, STS_RECORD_MAX);
	sts_record_write(&record, &text);
	must(sts_record_parse(buf_slice(&text), &again));
	must(slice_eq(again.id, record.id));
	must(again.policy.mode == record.policy.mode);
	must(sts_record_end(&again) == sts_record_end(&record));
	buf_done(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size), id;
	struct sts_policy policy;
	struct why why = { "" };

	if (sts_txt_parse(in, &id)) {
		must(sts_txt_is_ours(in));
		must(id.n > 0 && id.n <= STS_ID_MAX);
	}
	if (sts_policy_parse(in, &policy, &why)) {
		must(policy.max_age <= STS_AGE_MAX);
		must(policy.mode != STS_UNKNOWN);
		(void)sts_policy_lists(&policy, slice_head(in, 64));
	} else {
		must(why.text[0] != '\0');
	}
	check_record(in);
	return 0;
}

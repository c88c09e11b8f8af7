/*
 * fuzz/fuzz_spf.c - any bytes at all as the records of every domain. Whatever
 * they say, the evaluation ends, and within its limits.
 */
#include <stdint.h>

#include "verify/spf.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { QUESTIONS_MAX = 4000 };

/* Records are separated by NUL; the name chooses which one it has. */
static struct slice
record_for(struct slice input, struct slice name)
{
	struct slice record = input;

	for (size_t skip = name.n % 7; skip > 0 && input.n > 0; skip--)
		(void)slice_take_until(&input, '\0');
	if (input.n > 0)
		record = input;
	return slice_head(record, slice_find(record, '\0'));
}

static void
answer(struct answers *answers, struct slice input, struct slice name,
    enum dns_type type)
{
	struct dns_record records[2] = { { 0 } };
	struct dns_answer a = { .outcome = DNS_FOUND,
		.count = 1,
		.records = records };

	records[0].data = record_for(input, name);
	if (type == DNS_A || type == DNS_AAAA)
		records[0].ip = (struct ip){ .version = type == DNS_A ? 4 : 6,
			.bytes = { 192, 0, 2, (uint8_t)name.n } };
	if ((type == DNS_MX || type == DNS_PTR) &&
	    !dns_name_is_valid(records[0].data))
		records[0].data = SLICE("host.test");
	if (name.n % 5 == 4)
		a.outcome = DNS_NO_NAME;
	if (a.outcome != DNS_FOUND)
		a.count = 0;
	answers_put(answers, name, type, &a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = slice_from(data, size), name;
	struct answers *answers = answers_new(QUESTIONS_MAX, 16 << 20);
	struct spf_query q = { .client = { 4, { 192, 0, 2, 7 } },
		.local = SLICE("me+tag"),
		.domain = SLICE("from.test"),
		.helo = SLICE("client.test"),
		.receiver = SLICE("mx.test") };
	struct spf_outcome out;
	enum dns_type type;
	int rounds = 0, questions = 0;

	if (size > 0 && data[0] % 2 == 1)
		q.client.version = 6;
	for (;;) {
		spf_check(&q, answers, &out);
		if (out.result != SPF_AGAIN)
			break;
		must(answers_missing(answers, 0, &name, &type));
		while (answers_missing(answers, 0, &name, &type)) {
			answer(answers, input, name, type);
			questions++;
		}
		must(++rounds < 64);
	}
	/* Ten terms, ten hosts each, the client's names, records, exp. */
	must(questions < 400);
	for (const char *p = out.explanation; *p != '\0'; p++)
		must(*p >= ' ' && *p <= '~');
	must(out.result == SPF_FAIL || out.explanation[0] == '\0');
	answers_free(&answers);
	return 0;
}

/*
 * fuzz/fuzz_dkim_verify.c - any message, with any key records, into
 * verify/dkim_verify.c. The first octet says how long the runs of the body are;
 * up to the first NUL goes the text of the key record, then comes the message.
 */
#include <stdint.h>

#include "mail/header.h"
#include "verify/dkim_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { ANSWERS_BYTES = 1 << 20, QUESTIONS = 16 };

static void
answer_all(struct answers *answers, struct slice text)
{
	struct dns_record record = { .data = text };
	struct dns_answer answer = { .outcome = DNS_FOUND,
		.count = 1,
		.records = &record };
	enum dns_type type;
	struct slice name;

	while (answers_missing(answers, 0, &name, &type)) {
		must(type == DNS_TXT);
		must(dns_name_is_valid(name));
		answers_put(answers, name, type, &answer);
	}
}

static void
check(const struct dkim_signature *s)
{
	must(s->field.result != DKIM_RESULT_NONE);
	must(s->field.reason != NULL && s->field.reason[0] != '\0');
	must(dkim_result_name(s->field.result) != NULL);
	if (s->field.result != DKIM_RESULT_PASS)
		return;
	must(s->field.domain[0] != '\0' && s->field.selector[0] != '\0');
	must(s->bits == 256 || s->bits >= DKIM_RSA_BITS_MIN);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dkim_library *library;
	struct slice message = slice_from(data, size), record, header;
	struct answers *answers;
	struct dkim_verify *v;
	size_t run;

	if (size < 2)
		return 0;
	if (library == NULL)
		must((library = dkim_library_new()) != NULL);
	run = 1 + data[0] % 64;
	message = slice_skip(message, 1);
	record = slice_take_until(&message, '\0');
	header = slice_head(message, header_length(message));
	message = slice_skip(message, header.n);
	answers = answers_new(QUESTIONS, ANSWERS_BYTES);
	v = dkim_verify_new(library);
	dkim_verify_header(v, header);
	(void)dkim_verify_ask(v, answers);
	for (; message.n > 0; message = slice_skip(message, run))
		dkim_verify_body(v, slice_head(message, run));
	dkim_verify_end(v);
	answer_all(answers, record);
	must(dkim_verify_judge(v, answers));
	must(dkim_verify_count(v) <= DKIM_SIGNATURES_MAX);
	for (size_t i = 0; i < dkim_verify_count(v); i++)
		check(dkim_verify_signature(v, i));
	dkim_verify_free(&v);
	answers_free(&answers);
	return 0;
}

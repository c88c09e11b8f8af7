/*
 * fuzz/fuzz_dkim_sign.c - any message is signed so that the field stays one
 * field, in runs of any size alike, and verifies by its own key. Fields whose
 * names begin with DKIM-Signature, and octets that the library takes for ends
 * of text (NUL, bare CR) or for white space (VT, FF), are left to the other
 * target.
 */
#include <stdint.h>
#include <string.h>

#include "mail/header.h"
#include "verify/dkim_sign.h"
#include "verify/dkim_verify.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { BYTES = 1 << 20 };
/* The library takes a time in the first five minutes of 1970 for the future. */
#define WHEN_MS INT64_C(1700000000000)

static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";
static const char text[] =
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

/* What SMTP would have let in: every line ends with CRLF, and is not endless.
 */
static bool
is_clean(struct slice s)
{
	size_t column = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool after_cr = i > 0 && s.p[i - 1] == '\r';

		if (s.p[i] == '\0' || s.p[i] == '\v' || s.p[i] == '\f' ||
		    (s.p[i] == '\n') != after_cr)
			return false;
		column = s.p[i] == '\n' ? 0 : column + 1;
		if (column > 2000)
			return false;
	}
	return s.n > 0 && s.p[s.n - 1] == '\n';
}

static void
sign(const struct dkim_signer *signer, struct slice header, struct slice body,
    size_t run, struct buf *out)
{
	struct dkim_sign *s = dkim_sign_new(signer, header);

	for (; body.n > 0; body = slice_skip(body, run))
		dkim_sign_body(s, slice_head(body, run));
	must(dkim_sign_end(s, WHEN_MS, out) == 0 || out->n == 0);
	dkim_sign_free(&s);
}

static void
verify(struct slice field, struct slice header, struct slice body)
{
	struct dns_record record = { .data = SLICE(text) };
	struct dns_answer answer = { .outcome = DNS_FOUND,
		.count = 1,
		.records = &record };
	static struct dkim_library *library;
	struct answers *answers = answers_new(1, BYTES);
	struct dkim_verify *v;
	struct buf whole;

	if (library == NULL)
		must((library = dkim_library_new()) != NULL);
	buf_init(&whole, BYTES);
	buf_add(&whole, field);
	buf_add(&whole, header);
	v = dkim_verify_new(library);
	dkim_verify_header(v, buf_slice(&whole));
	dkim_verify_body(v, body);
	dkim_verify_end(v);
	answers_put(answers, SLICE("s._domainkey.b.example"), DNS_TXT, &answer);
	must(dkim_verify_judge(v, answers));
	must(dkim_verify_count(v) == 1);
	must(dkim_verify_signature(v, 0)->field.result == DKIM_RESULT_PASS);
	dkim_verify_free(&v);
	answers_free(&answers);
	buf_done(&whole);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct dkim_signers *signers;
	const struct dkim_signer *signer;
	struct slice message = slice_from(data, size), header, body, rest;
	struct header_field field;
	struct buf one, two;

	if (signers == NULL) {
		signers = dkim_signers_new();
		must(dkim_signers_add(signers, SLICE("b.example"), SLICE("s"),
		    SLICE(pem), NULL));
	}
	header = slice_head(message, header_length(message));
	body = slice_skip(message, header.n);
	(void)dkim_signers_of_header(signers, header);
	signer = dkim_signers_of_domain(signers, SLICE("b.example"));
	buf_init(&one, BYTES);
	buf_init(&two, BYTES);
	sign(signer, header, body, 1, &one);
	sign(signer, header, body, 4096, &two);
	must(slice_eq(buf_slice(&one), buf_slice(&two)));
	rest = buf_slice(&one);
	must(rest.n == 0 || (header_take(&rest, &field) && rest.n == 0));
	/* A header section of fields alone; else the engines stop early. */
	for (rest = header; header_take(&rest, &field);)
		if (slice_starts_nocase(field.name, "DKIM-Signature") ||
		    slice_has(field.name, ';') ||
		    field.raw.p[field.name.n] != ':')
			size = 0;
	if (size > 0 && one.n > 0 && slice_is(rest, "\r\n") &&
	    is_clean(header) && (body.n == 0 || is_clean(body)))
		verify(buf_slice(&one), header, body);
	buf_done(&one);
	buf_done(&two);
	return 0;
}

/*
 * fuzz/fuzz_spf_record.c - any bytes at all, into verify/spf_record.c: what is
 * found good as a whole is good term by term, and says the same.
 */
#include <stdint.h>

#include "verify/spf_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static bool
is_within(struct slice part, struct slice whole)
{
	return part.n == 0 ||
	    (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void
check_term(const struct spf_term *t, struct slice text)
{
	must(t->text.n > 0 && is_within(t->text, text));
	must(!slice_has(t->text, ' '));
	must(is_within(t->domain, t->text));
	must(t->bits4 <= 32 && t->bits6 <= 128);
	if (t->kind <= SPF_EXISTS)
		must(slice_has(SLICE("+-?~"), t->qualifier));
	if (t->kind == SPF_IP4)
		must(t->net.ip.version == 4 && t->net.bits <= 32);
	if (t->kind == SPF_IP6)
		must(t->net.ip.version == 6 && t->net.bits <= 128);
	if (t->kind == SPF_INCLUDE || t->kind == SPF_EXISTS ||
	    t->kind == SPF_REDIRECT || t->kind == SPF_EXP)
		must(t->domain.n > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = slice_from(data, size), bad = SLICE_NONE;
	bool has_all = false, has_redirect = false, has_exp = false;
	struct spf_record r;
	struct spf_term term;

	if (!spf_record_is(text))
		return 0;
	if (!spf_record_check(text, &r, &bad)) {
		must(bad.n > 0 && is_within(bad, text));
		return 0;
	}
	while (spf_record_take(&r.terms, &term)) {
		check_term(&term, text);
		has_all = has_all || term.kind == SPF_ALL;
		has_redirect = has_redirect || term.kind == SPF_REDIRECT;
		has_exp = has_exp || term.kind == SPF_EXP;
	}
	must(r.terms.n == 0);
	must(has_all == r.has_all);
	must(has_redirect == (r.redirect.n > 0));
	must(has_exp == (r.exp.n > 0));
	return 0;
}

/*
 * verify/dmarc_row.c - words with a space between: the address, six letters,
 * the author's domain, SPF's domain, then three words for each signature. It
 * counts nothing.
 */
#include "verify/dmarc_row.h"

#include <string.h>

#include "base/ascii.h"

enum {
	FLAGS = 6,
	SELECTOR_MAX = 63, /* a longer one is cut: it is a label, mostly */
};

/* A letter each, in the order of the enum. */
static const char dispositions[] = "npqr";
static const char overrides[] = "-aot";
static const char results[] = "-opfsnyte";
static const char policies[] = "-nqr";

_Static_assert(sizeof(dispositions) == DMARC_DISPOSITIONS + 1, "a letter each");
_Static_assert(sizeof(overrides) == DMARC_OVERRIDES + 1, "a letter each");
_Static_assert(sizeof(results) == VERDICTS + 1, "a letter each");

static void
add_word(struct buf *out, struct slice text, size_t max)
{
	text = slice_head(text, max);
	buf_add_char(out, ' ');
	if (text.n == 0)
		buf_add_char(out, '-');
	for (size_t i = 0; i < text.n; i++)
		buf_add_char(out,
		    ascii_is_control(text.p[i]) || text.p[i] == ' '
			? '?'
			: text.p[i]);
}

static void
add_signature(const struct dmarc_row_dkim *d, struct buf *out)
{
	buf_add_char(out, ' ');
	buf_add_char(out, results[d->result]);
	add_word(out, d->domain, DNS_NAME_MAX);
	add_word(out, d->selector, SELECTOR_MAX);
}

void
dmarc_row_write(const struct dmarc_row *row, struct buf *out)
{
	char ip[IP_TEXT_SIZE];
	size_t begin = out->n;

	ip_text(&row->source, ip);
	buf_addf(out, "%s %c%c%c%c%c%c", ip, dispositions[row->disposition],
	    overrides[row->override], row->dkim_aligned ? '+' : '-',
	    row->spf_aligned ? '+' : '-', row->is_null_sender ? 'h' : 'm',
	    results[row->spf]);
	add_word(out, row->header_from, DNS_NAME_MAX);
	add_word(out, row->spf_domain, DNS_NAME_MAX);
	for (size_t i = 0; i < row->dkim_count; i++) {
		struct buf one;

		buf_init(&one, DMARC_ROW_TEXT_MAX);
		add_signature(&row->dkim[i], &one);
		if (out->n - begin + one.n <= DMARC_ROW_TEXT_MAX)
			buf_add(out, buf_slice(&one));
		buf_done(&one);
	}
}

static bool
is_printable(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (ascii_is_control(s.p[i]))
			return false;
	return true;
}

static bool
take_word(struct slice *rest, struct slice *out)
{
	*out = slice_take_until(rest, ' ');
	if (out->n == 0)
		return false;
	if (slice_is(*out, "-"))
		*out = SLICE_NONE;
	return true;
}

/* The place of `letter` in `letters`; false: it is none of them. */
static bool
index_of(const char *letters, char letter, int *out)
{
	const char *found = letter == '\0' ? NULL : strchr(letters, letter);

	if (found == NULL)
		return false;
	*out = (int)(found - letters);
	return true;
}

static bool
read_flags(struct slice flags, struct dmarc_row *out)
{
	int disposition, override, dkim, spf, sender, result;

	if (flags.n != FLAGS ||
	    !index_of(dispositions, flags.p[0], &disposition) ||
	    !index_of(overrides, flags.p[1], &override) ||
	    !index_of("-+", flags.p[2], &dkim) ||
	    !index_of("-+", flags.p[3], &spf) ||
	    !index_of("mh", flags.p[4], &sender) ||
	    !index_of(results, flags.p[5], &result))
		return false;
	out->disposition = (enum dmarc_disposition)disposition;
	out->override = (enum dmarc_override) override;
	out->dkim_aligned = dkim == 1;
	out->spf_aligned = spf == 1;
	out->is_null_sender = sender == 1;
	out->spf = (enum verdict)result;
	return true;
}

static bool
read_signature(struct slice *rest, struct dmarc_row_dkim *out)
{
	struct slice letter = slice_take_until(rest, ' ');
	int result;

	if (letter.n != 1 || !index_of(results, letter.p[0], &result))
		return false;
	out->result = (enum verdict)result;
	return take_word(rest, &out->domain) && take_word(rest, &out->selector);
}

bool
dmarc_row_read(struct slice text, struct dmarc_row *out)
{
	struct dmarc_row row = { .dkim_count = 0 };

	if (text.n > DMARC_ROW_TEXT_MAX || !is_printable(text) ||
	    slice_ends_nocase(text, " ") ||
	    !ip_parse(slice_take_until(&text, ' '), &row.source) ||
	    !read_flags(slice_take_until(&text, ' '), &row) ||
	    !take_word(&text, &row.header_from) ||
	    !take_word(&text, &row.spf_domain))
		return false;
	while (text.n > 0)
		if (row.dkim_count == VERDICTS_DKIM_MAX ||
		    !read_signature(&text, &row.dkim[row.dkim_count++]))
			return false;
	*out = row;
	return true;
}

void
dmarc_published_write(const struct dmarc_published *p, struct buf *out)
{
	buf_addf(out, "%c%c%c%c%c%c", policies[p->p], policies[p->sp],
	    policies[p->np], p->adkim_strict ? 's' : 'r',
	    p->aspf_strict ? 's' : 'r', p->testing ? 'y' : 'n');
}

bool
dmarc_published_read(struct slice text, struct dmarc_published *out)
{
	int p, sp, np, adkim, aspf, testing;

	if (text.n != DMARC_PUBLISHED_TEXT_MAX ||
	    !index_of(policies, text.p[0], &p) ||
	    !index_of(policies, text.p[1], &sp) ||
	    !index_of(policies, text.p[2], &np) ||
	    !index_of("rs", text.p[3], &adkim) ||
	    !index_of("rs", text.p[4], &aspf) ||
	    !index_of("ny", text.p[5], &testing))
		return false;
	*out = (struct dmarc_published){ .p = (enum dmarc_policy)p,
		.sp = (enum dmarc_policy)sp,
		.np = (enum dmarc_policy)np,
		.testing = testing == 1,
		.adkim_strict = adkim == 1,
		.aspf_strict = aspf == 1 };
	return true;
}

/*
 * verify/dmarc_record.c - tags and their values. What the policy means for a
 * message is dmarc.c's matter.
 */
#include "verify/dmarc_record.h"

#include "base/ascii.h"

enum { SIZE_DIGITS_MAX = 9 };

/*
 * dmarc-record  = "v" equals %s"DMARC1" *(dmarc-sep dmarc-tag) [dmarc-sep]
 * dmarc-tag     = 1*ALPHA equals 1*dmarc-value
 * dmarc-value   = %x20-3A / %x3C-7E
 * dmarc-sep     = *WSP ";" *WSP
 * equals        = *WSP "=" *WSP
 */
enum tag {
	TAG_P,
	TAG_SP,
	TAG_NP,
	TAG_PSD,
	TAG_T,
	TAG_ADKIM,
	TAG_ASPF,
	TAG_RUA,
	TAG_RUF,
	TAG_FO,
	TAGS
};

static const char *const tag_names[TAGS] = { "p", "sp", "np", "psd", "t",
	"adkim", "aspf", "rua", "ruf", "fo" };

struct word {
	const char *text;
	int value;
};

static const struct word policies[] = { { "none", DMARC_POLICY_NONE },
	{ "quarantine", DMARC_POLICY_QUARANTINE },
	{ "reject", DMARC_POLICY_REJECT }, { NULL, 0 } };
static const struct word psds[] = { { "y", DMARC_PSD_YES },
	{ "n", DMARC_PSD_NO }, { "u", DMARC_PSD_UNKNOWN }, { NULL, 0 } };
static const struct word flags[] = { { "y", 1 }, { "n", 0 }, { NULL, 0 } };
static const struct word modes[] = { { "r", 0 }, { "s", 1 }, { NULL, 0 } };

/* Values as they stand; `count` tells what is there twice, so meaningless. */
struct tags {
	struct slice value[TAGS];
	unsigned count[TAGS];
};

static bool
is_value(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7e)
			return false;
	return s.n > 0;
}

/* Spaces and tabs only: a line end is not white space in a record. */
static struct slice
trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_skip(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

static bool
is_version(struct slice tag)
{
	size_t equals = slice_find(tag, '=');

	return equals < tag.n && tag.n > 0 && ascii_lower(tag.p[0]) == 'v' &&
	    trim(slice_head(tag, equals)).n == 1 &&
	    slice_is(trim(slice_skip(tag, equals + 1)), "DMARC1");
}

static void
read_tag(struct slice tag, struct tags *tags)
{
	size_t equals = slice_find(tag, '=');
	struct slice name = trim(slice_head(tag, equals));

	if (equals == tag.n)
		return;
	for (int i = 0; i < TAGS; i++) {
		if (!slice_is_nocase(name, tag_names[i]))
			continue;
		tags->value[i] = trim(slice_skip(tag, equals + 1));
		tags->count[i]++;
	}
}

/* False: it is there, but malformed, or there twice (RFC 6376, 3.2). */
static bool
choose(const struct tags *tags, enum tag tag, const struct word *words,
    int fallback, int *out)
{
	*out = fallback;
	if (tags->count[tag] == 0)
		return true;
	if (tags->count[tag] > 1)
		return false;
	for (; words->text != NULL; words++)
		if (slice_is_nocase(tags->value[tag], words->text)) {
			*out = words->value;
			return true;
		}
	return false;
}

static struct slice
list_of(const struct tags *tags, enum tag tag)
{
	if (tags->count[tag] != 1 || !is_value(tags->value[tag]))
		return SLICE_NONE;
	return tags->value[tag];
}

static bool
is_fo(struct slice s)
{
	static const char *const valid[] = { "0", "1", "d", "s", "d:s", "s:d" };

	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++)
		if (slice_is_nocase(s, valid[i]))
			return true;
	return false;
}

static bool
has_uri(struct slice list)
{
	struct dmarc_uri uri;

	return dmarc_uri_take(&list, &uri);
}

static void
read_policies(const struct tags *tags, struct dmarc_record *out)
{
	int p;
	int sp;
	int np;
	bool good = choose(tags, TAG_P, policies, DMARC_POLICY_UNSET, &p);

	good = good && p != DMARC_POLICY_UNSET;
	good = choose(tags, TAG_SP, policies, DMARC_POLICY_UNSET, &sp) && good;
	good = choose(tags, TAG_NP, policies, DMARC_POLICY_UNSET, &np) && good;
	if (good) {
		out->p = (enum dmarc_policy)p;
		out->sp = (enum dmarc_policy)sp;
		out->np = (enum dmarc_policy)np;
	} else if (has_uri(out->rua)) {
		out->p = DMARC_POLICY_NONE;
	} else {
		out->is_unusable = true;
	}
}

bool
dmarc_record_parse(struct slice txt, struct dmarc_record *out)
{
	struct tags tags = { .count = { 0 } };
	struct dmarc_record r = { .p = DMARC_POLICY_UNSET };
	int value;

	if (!is_version(slice_take_until(&txt, ';')))
		return false;
	while (txt.n > 0)
		read_tag(slice_take_until(&txt, ';'), &tags);
	r.rua = list_of(&tags, TAG_RUA);
	r.ruf = list_of(&tags, TAG_RUF);
	r.fo = list_of(&tags, TAG_FO);
	if (!is_fo(r.fo))
		r.fo = SLICE("0");
	(void)choose(&tags, TAG_PSD, psds, DMARC_PSD_UNKNOWN, &value);
	r.psd = (enum dmarc_psd)value;
	(void)choose(&tags, TAG_T, flags, 0, &value);
	r.testing = value != 0;
	(void)choose(&tags, TAG_ADKIM, modes, 0, &value);
	r.adkim_strict = value != 0;
	(void)choose(&tags, TAG_ASPF, modes, 0, &value);
	r.aspf_strict = value != 0;
	read_policies(&tags, &r);
	*out = r;
	return true;
}

/* ALPHA *(ALPHA / DIGIT / "+" / "-" / ".") ":" (RFC 3986, 3.1) */
static bool
has_scheme(struct slice uri)
{
	size_t colon = slice_find(uri, ':');

	if (colon == 0 || colon + 1 >= uri.n || !ascii_is_alpha(uri.p[0]))
		return false;
	for (size_t i = 0; i < colon; i++)
		if (!ascii_is_alnum(uri.p[i]) &&
		    !slice_has(SLICE("+-."), uri.p[i]))
			return false;
	for (size_t i = colon; i < uri.n; i++)
		if (!ascii_is_graphic(uri.p[i]))
			return false;
	return true;
}

/* "!" 1*DIGIT ["k" / "m" / "g" / "t"], cut off the end. */
static bool
take_size(struct slice *uri, uint64_t *out)
{
	size_t mark = slice_find(*uri, '!');
	struct slice digits = slice_skip(*uri, mark + 1);
	unsigned shift = 0;

	*out = 0;
	if (mark == uri->n)
		return true;
	if (digits.n > 0 && !ascii_is_digit(digits.p[digits.n - 1])) {
		size_t unit = slice_find(SLICE("kmgt"),
		    ascii_lower(digits.p[digits.n - 1]));

		if (unit == 4)
			return false;
		shift = (unsigned)(unit + 1) * 10;
		digits.n--;
	}
	if (digits.n > SIZE_DIGITS_MAX ||
	    !slice_to_u64(digits, UINT32_MAX, out))
		return false;
	*out <<= shift;
	uri->n = mark;
	return true;
}

/* Without %XX, and without "?subject=..." behind it. */
static bool
decode_address(struct slice s, char out[ADDRESS_MAX + 1])
{
	struct address address;
	size_t n = 0;

	s = slice_head(s, slice_find(s, '?'));
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c == '%') {
			int high =
			    i + 2 < s.n ? ascii_hex_value(s.p[i + 1]) : -1;
			int low =
			    i + 2 < s.n ? ascii_hex_value(s.p[i + 2]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			i += 2;
		}
		if (n == ADDRESS_MAX || !ascii_is_graphic(c))
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return address_parse(slice_from(out, n), false, &address) == PARSE_OK &&
	    address.domain.n > 0;
}

bool
dmarc_uri_take(struct slice *list, struct dmarc_uri *out)
{
	while (list->n > 0) {
		struct slice uri = trim(slice_take_until(list, ','));
		struct dmarc_uri u = { .is_mailto = false };

		if (!take_size(&uri, &u.size_max) || !has_scheme(uri))
			continue;
		u.is_mailto = slice_take_prefix_nocase(&uri, "mailto:");
		if (u.is_mailto && !decode_address(uri, u.address))
			continue;
		*out = u;
		return true;
	}
	return false;
}

const char *
dmarc_policy_name(enum dmarc_policy policy)
{
	static const char *const names[] = { "", "none", "quarantine",
		"reject" };

	return names[policy];
}

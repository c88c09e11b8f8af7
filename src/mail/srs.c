/*
 * mail/srs.c - making and taking apart the local parts of SRS.
 *
 * The hash is over the letters in lower case, since relays fold local parts. It
 * is forty bits, in base32: unlike base64 that outlives the folding, too.
 */
#include "mail/srs.h"

#include <string.h>

#include "base/ascii.h"
#include "base/time.h"
#include "mail/address.h"

enum {
	HASH_LENGTH = 8,
	STAMP_LENGTH = 2,
	DAYS = 1024, /* what two letters can tell apart */
	TEXT_MAX = 2048,
};

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

static int
letter_value(char c)
{
	const char *at = c == '\0' ? NULL : strchr(letters, ascii_lower(c));

	return at == NULL ? -1 : (int)(at - letters);
}

/* --- proofs --- */

static void
make_hash(const struct srs *srs, struct slice secret, const char *kind,
    struct slice rest, char out[HASH_LENGTH])
{
	unsigned char digest[SRS_DIGEST_SIZE];
	struct buf text;
	uint64_t bits = 0;

	buf_init(&text, TEXT_MAX);
	buf_add_cstr(&text, kind);
	for (size_t i = 0; i < rest.n; i++)
		buf_add_char(&text, ascii_lower(rest.p[i]));
	srs->hash(secret, buf_slice(&text), digest);
	for (size_t i = 0; i < 5; i++)
		bits = bits << 8 | digest[i];
	for (size_t i = HASH_LENGTH; i-- > 0; bits >>= 5)
		out[i] = letters[bits & 31];
	buf_done(&text);
}

static struct slice
next_secret(struct slice *secrets)
{
	struct slice line = SLICE_NONE;

	while (secrets->n > 0 && line.n == 0)
		line = slice_trim(slice_take_until(secrets, '\n'));
	return line;
}

/* In the same time, however much of it is right. */
static bool
hash_is(struct slice given, const char hash[HASH_LENGTH])
{
	unsigned differs = given.n != HASH_LENGTH;

	for (size_t i = 0; i < HASH_LENGTH && i < given.n; i++)
		differs |= (unsigned char)(ascii_lower(given.p[i]) ^ hash[i]);
	return differs == 0;
}

static bool
is_ours(const struct srs *srs, struct slice given, const char *kind,
    struct slice rest)
{
	struct slice secrets = srs->secrets;
	struct slice secret;
	char hash[HASH_LENGTH];
	bool good = false;

	while ((secret = next_secret(&secrets)).n > 0) {
		make_hash(srs, secret, kind, rest, hash);
		good |= hash_is(given, hash);
	}
	return good;
}

/* --- parts --- */

/* "a b"@x: the quotes are taken off, and put around the whole. */
static bool
take_quotes(struct slice *local)
{
	if (local->n < 2 || local->p[0] != '"')
		return false;
	*local = slice_head(slice_skip(*local, 1), local->n - 2);
	return true;
}

/* SRS0 or SRS1, then = - or +, which other forwarders may use. */
static bool
take_kind(struct slice *local, const char *kind)
{
	struct slice s = *local;

	if (!slice_take_prefix_nocase(&s, kind) || s.n == 0 ||
	    !slice_has(SLICE("=-+"), s.p[0]))
		return false;
	*local = s;
	return true;
}

/* If it is one, that is, and short enough. Ends `text`. */
static bool
add_address(struct buf *text, struct buf *out)
{
	struct address check;
	bool good = !buf_failed(text) &&
	    address_parse(buf_slice(text), true, &check) == PARSE_OK;

	if (good)
		buf_add(out, buf_slice(text));
	buf_done(text);
	return good;
}

/* Adds "KIND=HASH=rest" in quotes where they are needed, and the domain. */
static bool
add_whole(const struct srs *srs, const char *kind, bool quoted,
    struct slice rest, struct buf *out)
{
	struct slice secrets = srs->secrets;
	struct slice secret = next_secret(&secrets);
	char hash[HASH_LENGTH];
	const char *quote = quoted ? "\"" : "";
	struct buf whole;

	if (secret.n == 0)
		return false;
	make_hash(srs, secret, kind, rest, hash);
	buf_init(&whole, TEXT_MAX);
	buf_addf(&whole, "%s%s=%.*s=%.*s%s@%.*s", quote, kind, HASH_LENGTH,
	    hash, SLICE_ARGS(rest), quote, SLICE_ARGS(srs->domain));
	return add_address(&whole, out);
}

static int64_t
day_of(int64_t wall_ms)
{
	return wall_ms / DAY % DAYS;
}

bool
srs_forward(const struct srs *srs, struct slice sender, int64_t wall_ms,
    struct buf *out)
{
	size_t at = slice_find_last(sender, '@');
	struct slice local = slice_head(sender, at);
	struct slice domain = slice_skip(sender, at < sender.n ? at + 1 : at);
	struct slice rest = local;
	bool quoted = take_quotes(&rest);
	const char *kind = "SRS1";
	struct buf text;
	bool good;

	if (domain.n == 0 || domain.p[0] == '[')
		return false;
	buf_init(&text, TEXT_MAX);
	if (take_kind(&rest, "SRS0")) {
		buf_add(&text, domain);
		buf_add_char(&text, '=');
		buf_add(&text, rest);
	} else if (take_kind(&rest, "SRS1")) {
		/* Their proof is worth nothing to us; the first host stays. */
		rest = slice_skip(rest, 1);
		(void)slice_take_until(&rest, '=');
		buf_add(&text, rest);
	} else {
		kind = "SRS0";
		buf_addf(&text, "%c%c=%.*s=%.*s", letters[day_of(wall_ms) >> 5],
		    letters[day_of(wall_ms) & 31], SLICE_ARGS(domain),
		    SLICE_ARGS(rest));
	}
	good = !buf_failed(&text) &&
	    add_whole(srs, kind, quoted, buf_slice(&text), out);
	buf_done(&text);
	return good;
}

/* --- back --- */

static bool
is_fresh(struct slice stamp, int64_t wall_ms)
{
	int high = stamp.n == STAMP_LENGTH ? letter_value(stamp.p[0]) : -1;
	int low = stamp.n == STAMP_LENGTH ? letter_value(stamp.p[1]) : -1;

	return high >= 0 && low >= 0 &&
	    (day_of(wall_ms) + DAYS - (high * 32 + low)) % DAYS <= SRS_DAYS_MAX;
}

static bool
add_back(struct slice prefix, struct slice local, bool quoted,
    struct slice domain, struct buf *out)
{
	const char *quote = quoted ? "\"" : "";
	struct buf whole;

	buf_init(&whole, TEXT_MAX);
	buf_addf(&whole, "%s%.*s%.*s%s@%.*s", quote, SLICE_ARGS(prefix),
	    SLICE_ARGS(local), quote, SLICE_ARGS(domain));
	return add_address(&whole, out);
}

enum srs_verdict
srs_reverse(const struct srs *srs, struct slice recipient, int64_t wall_ms,
    struct buf *out)
{
	size_t at = slice_find_last(recipient, '@');
	struct slice rest = slice_head(recipient, at);
	bool quoted = take_quotes(&rest);
	bool is_first = take_kind(&rest, "SRS0");
	const char *kind = is_first ? "SRS0" : "SRS1";
	struct slice hash, stamp, host;
	struct slice prefix = is_first ? SLICE_NONE : SLICE("SRS0");

	if (at == recipient.n ||
	    !slice_eq_nocase(slice_skip(recipient, at + 1), srs->domain) ||
	    (!is_first && !take_kind(&rest, "SRS1")))
		return SRS_OTHER;
	rest = slice_skip(rest, 1);
	hash = slice_take_until(&rest, '=');
	if (!is_ours(srs, hash, kind, rest))
		return SRS_FORGED;
	stamp = is_first ? slice_take_until(&rest, '=') : SLICE_NONE;
	host = slice_take_until(&rest, '=');
	if (is_first && !is_fresh(stamp, wall_ms))
		return SRS_EXPIRED;
	return add_back(prefix, rest, quoted, host, out) ? SRS_GOOD
							 : SRS_FORGED;
}

/*
 * verify/dkim_sign.c - see dkim_sign.h. The arithmetic is OpenSSL's
 * (dkim_key.c): libopendkim would parse the key's PEM anew for each message.
 */
#include "verify/dkim_sign.h"

#include "base/alloc.h"
#include "base/base64.h"
#include "base/err.h"
#include "base/time.h"
#include "mail/header_writer.h"

enum {
	NAMES_MAX = 5 * 1024,
	PIECE_MAX = 60,
	BASE64_COLUMNS = 72,
	BASE64_MAX = 1024,
};

/*
 * What is signed (RFC 6376, 5.4.1). Over-signed is named once more than it is
 * there, so that none can be added. Date and Message-ID, when missing, are what
 * relays add with good reason; Sender and List- fields belong to mailing lists,
 * which also add them. Received, Return-Path, Authentication-Results and their
 * like change on every way.
 */
enum how { IF_THERE, OVER_IF_THERE, OVER };

/* clang-format off */
static const struct row {
	struct slice name;
	enum how how;
} rows[] = {
	{ { "From", 4 },			OVER },
	{ { "To", 2 },				OVER },
	{ { "Cc", 2 },				OVER },
	{ { "Subject", 7 },			OVER },
	{ { "Date", 4 },			OVER_IF_THERE },
	{ { "Message-ID", 10 },			OVER_IF_THERE },
	{ { "Reply-To", 8 },			OVER },
	{ { "In-Reply-To", 11 },		OVER },
	{ { "References", 10 },			OVER },
	{ { "MIME-Version", 12 },		OVER },
	{ { "Content-Type", 12 },		OVER },
	{ { "Content-Transfer-Encoding", 25 },	OVER },
	{ { "Content-Disposition", 19 },	IF_THERE },
	{ { "Content-ID", 10 },			IF_THERE },
	{ { "Sender", 6 },			IF_THERE },
	{ { "List-ID", 7 },			IF_THERE },
	{ { "List-Help", 9 },			IF_THERE },
	{ { "List-Unsubscribe", 16 },		IF_THERE },
	{ { "List-Unsubscribe-Post", 21 },	IF_THERE }, /* RFC 8058, 4 */
	{ { "List-Subscribe", 14 },		IF_THERE },
	{ { "List-Post", 9 },			IF_THERE },
	{ { "List-Owner", 10 },			IF_THERE },
	{ { "List-Archive", 12 },		IF_THERE },
};
/* clang-format on */
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

struct found {
	size_t row;
	struct header_field field;
};

struct dkim_sign {
	const struct dkim_signer *signer; /* borrowed */
	struct dkim_hash *header;         /* owned: of the fields in names */
	struct dkim_hash *body;           /* owned */
	struct buf names;                 /* "From:From:To" */
	bool too_many;
};

/* --- the header section --- */

static size_t
row_of(struct slice name)
{
	size_t i = 0;

	while (i < ROWS && !slice_eq_nocase(rows[i].name, name))
		i++;
	return i;
}

/* The fields that are to be signed, in the order of the header section. */
static size_t
find_fields(struct dkim_sign *s, struct slice header,
    struct found found[DKIM_SIGNED_FIELDS_MAX])
{
	struct header_field field;
	size_t n = 0;

	while (header_take(&header, &field)) {
		size_t row = row_of(field.name);

		if (row == ROWS)
			continue;
		if (n == DKIM_SIGNED_FIELDS_MAX) {
			s->too_many = true;
			break;
		}
		found[n++] = (struct found){ row, field };
	}
	return n;
}

static void
add_name(struct dkim_sign *s, struct slice name)
{
	if (s->names.n > 0)
		buf_add_char(&s->names, ':');
	buf_add(&s->names, name);
}

/* Fields of one name are taken from the last one upwards (RFC 6376, 5.4.2). */
static void
sign_row(struct dkim_sign *s, size_t row, const struct found *found, size_t n)
{
	bool is_there = false;

	while (n-- > 0) {
		if (found[n].row != row)
			continue;
		is_there = true;
		add_name(s, rows[row].name);
		dkim_hash_field(s->header, &found[n].field);
		dkim_hash_text(s->header, SLICE("\r\n"));
	}
	if (rows[row].how == OVER ||
	    (rows[row].how == OVER_IF_THERE && is_there))
		add_name(s, rows[row].name);
}

struct dkim_sign *
dkim_sign_new(const struct dkim_signer *signer, struct slice header)
{
	struct dkim_sign *s = mem_zero(sizeof(*s));
	struct found found[DKIM_SIGNED_FIELDS_MAX];
	size_t n;

	s->signer = signer;
	s->header = dkim_hash_new();
	s->body = dkim_hash_new();
	buf_init(&s->names, NAMES_MAX);
	n = find_fields(s, header, found);
	for (size_t row = 0; row < ROWS; row++)
		sign_row(s, row, found, n);
	return s;
}

void
dkim_sign_free(struct dkim_sign **s)
{
	if (*s == NULL)
		return;
	dkim_hash_free(&(*s)->header);
	dkim_hash_free(&(*s)->body);
	buf_done(&(*s)->names);
	mem_free(*s);
	*s = NULL;
}

/* --- the body --- */

void
dkim_sign_body(struct dkim_sign *s, struct slice run)
{
	dkim_hash_body(s->body, run);
}

/* --- the fields --- */

/* As many names on a line as fit, folded behind a colon. */
static void
write_names(struct header_writer *w, struct slice names)
{
	struct slice piece = { names.p, 0 };
	const char *prefix = "h=";

	while (names.n > 0) {
		size_t n = slice_find(names, ':') + 1;

		n = n > names.n ? names.n : n;
		if (piece.n > 0 && piece.n + n > PIECE_MAX) {
			header_wordf(w, "%s%.*s", prefix, SLICE_ARGS(piece));
			prefix = "";
			piece = (struct slice){ names.p, 0 };
		}
		piece.n += n;
		names = slice_skip(names, n);
	}
	header_wordf(w, "%s%.*s;", prefix, SLICE_ARGS(piece));
}

/* Up to "b=", all of which is signed. */
static void
write_tags(const struct dkim_sign *s, const struct dkim_signer_key *key,
    struct slice body_hash, int64_t wall_ms, struct header_writer *w)
{
	header_word(w, SLICE("v=1;"));
	header_wordf(w, "a=%s;", dkim_key_algorithm(key->key));
	header_word(w, SLICE("c=relaxed/relaxed;"));
	header_wordf(w, "d=%s;", dkim_signer_domain(s->signer));
	header_wordf(w, "s=%s;", key->selector);
	header_wordf(w, "t=%lld;", (long long)(wall_ms / SECOND));
	write_names(w, buf_slice(&s->names));
	header_wordf(w, "bh=%.*s;", SLICE_ARGS(body_hash));
	header_fold(w);
	header_word(w, SLICE("b="));
}

/* The signature field itself is the last that is signed, without b= and CRLF.
 */
static void
hash_own_field(struct dkim_sign *s, struct slice text,
    unsigned char out[DKIM_HASH_SIZE])
{
	struct dkim_hash *hash = dkim_hash_copy(s->header);
	struct header_field field = { .body = text };

	field.name = slice_take_until(&field.body, ':');
	dkim_hash_field(hash, &field);
	dkim_hash_end(hash, out);
	dkim_hash_free(&hash);
}

static void
write_base64(struct header_writer *w, struct slice text)
{
	buf_add(w->out, slice_head(text, BASE64_COLUMNS));
	for (text = slice_skip(text, BASE64_COLUMNS); text.n > 0;
	     text = slice_skip(text, BASE64_COLUMNS)) {
		header_fold(w);
		header_word(w, slice_head(text, BASE64_COLUMNS));
	}
}

static void
write_field(struct dkim_sign *s, const struct dkim_signer_key *key,
    struct slice body_hash, int64_t wall_ms, struct buf *out)
{
	unsigned char hash[DKIM_HASH_SIZE];
	size_t start = out->n;
	struct header_writer w;
	struct buf signature;

	header_begin(&w, out, "DKIM-Signature", false);
	write_tags(s, key, body_hash, wall_ms, &w);
	if (buf_failed(out))
		return;
	hash_own_field(s, slice_skip(buf_slice(out), start), hash);
	buf_init(&signature, BASE64_MAX);
	dkim_key_sign(key->key, hash, &signature);
	write_base64(&w, buf_slice(&signature));
	header_end(&w);
	buf_done(&signature);
}

int
dkim_sign_end(struct dkim_sign *s, int64_t wall_ms, struct buf *out)
{
	unsigned char hash[DKIM_HASH_SIZE];
	size_t before = out->n;
	struct buf body_hash;

	if (s->too_many || buf_failed(&s->names) || buf_failed(out))
		return ERR_LIMIT;
	dkim_hash_end(s->body, hash);
	buf_init(&body_hash, BASE64_MAX);
	base64_encode(slice_from(hash, sizeof(hash)), &body_hash);
	for (size_t i = 0; i < dkim_signer_count(s->signer); i++)
		write_field(s, dkim_signer_key(s->signer, i),
		    buf_slice(&body_hash), wall_ms, out);
	buf_done(&body_hash);
	if (!buf_failed(out))
		return 0;
	out->n = before;
	out->failed = false;
	return ERR_LIMIT;
}

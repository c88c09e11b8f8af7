/*
 * mail/received.c - the clauses of Received.
 */
#include "mail/received.h"

#include "base/ascii.h"
#include "base/id.h"
#include "base/time.h"
#include "mail/header_writer.h"
#include "mail/utf8.h"

/* Indexed by what was used: TLS is 1, AUTH is 2. */
static const char *const ascii_protocols[] = { "ESMTP", "ESMTPS", "ESMTPA",
	"ESMTPSA" };
static const char *const utf8_protocols[] = { "UTF8SMTP", "UTF8SMTPS",
	"UTF8SMTPA", "UTF8SMTPSA" };

const char *
received_protocol(const struct received *r)
{
	unsigned used = (r->tls.n > 0 ? 1u : 0) | (r->authenticated ? 2u : 0);

	if (!r->esmtp)
		return "SMTP";
	return r->smtputf8 ? utf8_protocols[used] : ascii_protocols[used];
}

/*
 * A name in a clause is a word: of a stranger's name, what could begin a
 * comment, a quote or another clause becomes "?".
 */
static void
add_name(struct buf *out, struct slice name)
{
	name = slice_head(name, 255);
	if (name.n == 0)
		buf_add_cstr(out, "unknown");
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool plain = ascii_is_alnum(c) || (unsigned char)c > 127 ||
		    (c != '\0' && slice_has(SLICE("-._:[]"), c));

		buf_add_char(out, plain ? c : '?');
	}
}

static void
add_client(struct header_writer *w, const struct received *r)
{
	char ip[IP_TEXT_SIZE];
	struct buf word;

	buf_init(&word, 1024);
	add_name(&word, r->helo);
	header_word(w, SLICE("from"));
	header_word(w, buf_slice(&word));
	if (r->client.version != 0) {
		ip_text(&r->client, ip);
		buf_reset(&word);
		buf_add_char(&word, '(');
		add_name(&word, r->client_name);
		header_word(w, buf_slice(&word));
		header_wordf(w, "[%s%s])",
		    r->client.version == 6 ? "IPv6:" : "", ip);
	}
	buf_done(&word);
}

/* "TLSv1.3 CIPHER" as a comment, in the words of other MTAs. */
static void
add_tls(struct header_writer *w, struct slice tls)
{
	struct slice version = slice_take_word(&tls);
	struct slice cipher = slice_take_word(&tls);

	header_fold(w);
	header_word(w, SLICE("(using"));
	header_word(w, version);
	header_word(w, SLICE("with cipher"));
	header_wordf(w, "%.*s)", SLICE_ARGS(cipher));
}

/* id, for and PRIORITY; a semicolon behind the last of them. */
static void
add_details(struct header_writer *w, const struct received *r)
{
	bool has_for = r->recipient.n > 0;
	bool has_priority = r->priority != 0;
	char id[ID_TEXT_SIZE];

	id_text(r->id, id);
	header_wordf(w, "id %s%s", id, has_for || has_priority ? "" : ";");
	header_fold(w);
	if (has_for) {
		header_word(w, SLICE("for"));
		header_wordf(w, "<%.*s>%s", SLICE_ARGS(r->recipient),
		    has_priority ? "" : ";");
	}
	if (has_priority)
		header_wordf(w, "PRIORITY %d;", r->priority);
}

void
received_write(const struct received *r, struct buf *out)
{
	struct header_writer w;
	char date[TIME_RFC5322_SIZE];

	time_rfc5322(r->wall_ms, date);
	header_begin(&w, out, "Received", r->smtputf8);
	add_client(&w, r);
	if (r->tls.n > 0)
		add_tls(&w, r->tls);
	header_fold(&w);
	header_word(&w, SLICE("by"));
	header_word(&w, r->hostname);
	header_wordf(&w, "with %s", received_protocol(r));
	add_details(&w, r);
	header_text(&w, slice_of(date));
	header_end(&w);
}

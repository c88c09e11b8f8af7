/*
 * bounce/report.c - writing a report: the words for people, the fields for
 * programs, and what comes back of the original, as multipart/report (RFC
 * 6522).
 */
#include <stdio.h>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/id.h"
#include "base/time.h"
#include "bounce/advice.h"
#include "bounce/bounce.h"
#include "bounce/original.h"
#include "bounce/prose.h"
#include "bounce/show.h"
#include "bounce/status.h"
#include "mail/header.h"
#include "mail/header_writer.h"
#include "mail/utf8.h"

enum {
	OUT_MAX = 1 << 20, /* between two flushes: far more than is written */
	SHOWN_MAX = 20,    /* recipients in the words; the fields have all */
	REPLY_SHOWN_MAX = 1000,
	SUBJECT_MAX = 200,
	MESSAGE_ID_MAX = 250,
	TEXT_MAX = 8192,
	BOUNDARY_SIZE = ID_TEXT_SIZE + 32,
	BASE64_LINE = 57, /* bytes that make 76 characters */
};

struct writer {
	const struct bounce *b;
	struct original original;
	struct buf out;
	bounce_sink_fn *sink;
	void *arg;
	bool utf8; /* the report is internationalised, as its recipient is */
	char id[ID_TEXT_SIZE];
	char boundary[BOUNDARY_SIZE];
};

static void
flush(struct writer *w)
{
	must(!buf_failed(&w->out));
	if (w->out.n > 0)
		w->sink(buf_slice(&w->out), w->arg);
	buf_reset(&w->out);
}

static struct slice
report_to(const struct bounce *b)
{
	return b->kind == BOUNCE_DOUBLE ? b->postmaster : b->envelope->sender;
}

/* How the header and the first sentence put it. */
struct wording {
	const char *subject, *verdict;
};

static const struct wording *
wording_of(const struct bounce *b)
{
	/* clang-format off */
	static const struct wording wordings[] = {
		[BOUNCE_FAILURE] = { "Undelivered: your message to",
		    "could not be delivered" },
		[BOUNCE_DOUBLE]	 = { "Undelivered and unreturnable: a message to",
		    "could not be delivered" },
		[BOUNCE_DELAY]	 = { "Delayed: your message to",
		    "has not been delivered yet" },
		[BOUNCE_SUCCESS] = { "Delivered: your message to",
		    "has been delivered" },
	};
	/* clang-format on */
	static const struct wording sent_on = { "Sent on: your message to",
		"has been sent on" };

	for (size_t i = 0; i < b->count; i++)
		if (b->kind == BOUNCE_SUCCESS &&
		    b->recipients[i].fate.kind != FATE_DELIVERED)
			return &sent_on;
	return &wordings[b->kind];
}

/* --- the header --- */

static void
add_subject(struct writer *w)
{
	struct header_writer h;
	struct buf address;

	buf_init(&address, TEXT_MAX);
	show_address(&address, w->b->recipients[0].recipient->address, w->utf8);
	header_begin(&h, &w->out, "Subject", w->utf8);
	header_text(&h, slice_of(wording_of(w->b)->subject));
	header_word(&h, buf_slice(&address));
	if (w->b->count == 2)
		header_text(&h, SLICE("and one other"));
	else if (w->b->count > 2)
		header_wordf(&h, "and %zu others", w->b->count - 1);
	header_end(&h);
	buf_done(&address);
}

/* So that mail programs show the report beside the message it is about. */
static void
add_references(struct writer *w)
{
	struct header_field field;
	struct header_writer h;
	struct slice id;

	if (!header_find(w->original.header, "Message-ID", &field))
		return;
	id = slice_trim(field.body);
	if (id.n < 3 || id.n > MESSAGE_ID_MAX || id.p[0] != '<' ||
	    id.p[id.n - 1] != '>')
		return;
	for (size_t i = 0; i < id.n; i++)
		if (!ascii_is_graphic(id.p[i]))
			return;
	header_begin(&h, &w->out, "In-Reply-To", false);
	header_word(&h, id);
	header_end(&h);
	header_begin(&h, &w->out, "References", false);
	header_word(&h, id);
	header_end(&h);
}

/* An address in "From" or "To". */
static void
add_mailbox(struct writer *w, const char *name, const char *display,
    struct slice address)
{
	struct header_writer h;
	struct buf word;

	buf_init(&word, TEXT_MAX);
	buf_add_char(&word, '<');
	show_address(&word, address, w->utf8);
	buf_add_char(&word, '>');
	header_begin(&h, &w->out, name, w->utf8);
	header_text(&h, slice_of(display));
	header_word(&h, buf_slice(&word));
	header_end(&h);
	buf_done(&word);
}

static void
add_header(struct writer *w, bool eight_bit)
{
	struct buf *out = &w->out;

	show_date_field(out, "Date", w->b->now_ms);
	add_mailbox(w, "From", "Mail Delivery System", w->b->postmaster);
	add_mailbox(w, "To", "", report_to(w->b));
	add_subject(w);
	buf_addf(out, "Message-ID: <%s@%.*s>\r\n", w->id,
	    SLICE_ARGS(w->b->hostname));
	add_references(w);
	buf_add_cstr(out,
	    "Auto-Submitted: auto-replied\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n");
	buf_addf(out, "\tboundary=\"%s\"\r\n", w->boundary);
	if (eight_bit)
		buf_add_cstr(out, "Content-Transfer-Encoding: 8bit\r\n");
	buf_add_cstr(out, "\r\nThis is a delivery report in MIME format.\r\n");
}

static void
begin_part(struct writer *w, const char *type, const char *encoding,
    const char *description)
{
	buf_addf(&w->out, "\r\n--%s\r\nContent-Type: %s\r\n", w->boundary,
	    type);
	if (encoding != NULL)
		buf_addf(&w->out, "Content-Transfer-Encoding: %s\r\n",
		    encoding);
	buf_addf(&w->out, "Content-Description: %s\r\n\r\n", description);
}

/* --- the words --- */

/* The original's subject, when it can be read without decoding. */
static void
add_original_subject(struct writer *w)
{
	struct header_field field;
	struct slice subject;
	struct buf plain;

	if (!header_find(w->original.header, "Subject", &field))
		return;
	buf_init(&plain, TEXT_MAX);
	header_unfold(slice_head(field.body, TEXT_MAX), &plain);
	subject = slice_head(slice_trim(buf_slice(&plain)), SUBJECT_MAX);
	if (subject.n > 0 && utf8_is_ascii(subject) &&
	    slice_find_str(subject, SLICE("=?")) == subject.n) {
		buf_add_cstr(&w->out, "\r\n    Subject: ");
		header_add_safe(&w->out, subject, false);
		buf_add_cstr(&w->out, "\r\n");
	}
	buf_done(&plain);
}

static void
add_opening(struct writer *w)
{
	const struct bounce *b = w->b;
	const char *verdict = wording_of(b)->verdict;
	char date[TIME_RFC5322_SIZE];

	time_rfc5322(b->envelope->arrived_ms, date);
	prose_addf(&w->out, 0, "This is the mail system at %.*s.",
	    SLICE_ARGS(b->hostname));
	buf_add_cstr(&w->out, "\r\n");
	if (b->count == 1)
		prose_addf(&w->out, 0,
		    "%s message that came here on %s %s to the recipient "
		    "named below.",
		    b->kind == BOUNCE_DOUBLE ? "A" : "Your", date, verdict);
	else
		prose_addf(&w->out, 0,
		    "%s message that came here on %s %s to the %zu "
		    "recipients named below.",
		    b->kind == BOUNCE_DOUBLE ? "A" : "Your", date, verdict,
		    b->count);
	add_original_subject(w);
	buf_add_cstr(&w->out, "\r\n");
}

/* What the sender has to do about the message as a whole, or has not. */
static void
add_consequence(struct writer *w)
{
	const struct bounce *b = w->b;
	char date[TIME_RFC5322_SIZE];

	switch (b->kind) {
	case BOUNCE_FAILURE:
		prose_add(&w->out, 0,
		    SLICE("Nothing more will be tried: when the cause below is "
			  "mended, please send it again. Other recipients, if "
			  "there are any, are not affected by this."),
		    false);
		break;
	case BOUNCE_DOUBLE:
		prose_add(&w->out, 0,
		    SLICE("The message has no sender to whom it could be "
			  "returned (it may be a report itself), so this "
			  "report comes to you as the postmaster. Nothing more "
			  "will be tried."),
		    false);
		break;
	case BOUNCE_DELAY:
		time_rfc5322(b->expires_ms, date);
		prose_addf(&w->out, 0,
		    "There is nothing you need to do, and no need to send it "
		    "again: we go on trying until %s. If it cannot be "
		    "delivered by then, you get another report.",
		    date);
		break;
	case BOUNCE_SUCCESS:
		prose_add(&w->out, 0,
		    SLICE("You get this report because you asked for it."),
		    false);
		break;
	case BOUNCE_NOTHING:
		break;
	}
}

static void
add_reply(struct writer *w, const struct bounce_recipient *r)
{
	struct slice reply = slice_head(r->fate.reply, REPLY_SHOWN_MAX);

	if (reply.n == 0)
		return;
	prose_addf(&w->out, 4, "In the words of %s%s%.*s:",
	    r->fate.ours ? "our system" : "the server",
	    r->host.n == 0     ? ""
		: r->fate.ours ? ", about the server "
			       : " ",
	    SLICE_ARGS(r->host));
	prose_add(&w->out, 6, reply, w->utf8);
}

static void
add_success(struct writer *w, const struct bounce_recipient *r)
{
	if (r->fate.kind == FATE_RELAYED && r->host.n > 0)
		prose_addf(&w->out, 4,
		    "It was handed to the server %.*s, which does not promise "
		    "reports: you may hear no more of it, unless it fails.",
		    SLICE_ARGS(r->host));
	else if (r->fate.kind == FATE_RELAYED)
		prose_add(&w->out, 4,
		    SLICE("It was handed to a server which does not promise "
			  "reports: you may hear no more of it, unless it "
			  "fails."),
		    false);
	else if (r->fate.kind == FATE_EXPANDED)
		prose_add(&w->out, 4,
		    SLICE("The address stands for others, to which it has been "
			  "sent on."),
		    false);
	else
		prose_add(&w->out, 4, SLICE("It is in the mailbox."), false);
}

static void
add_recipient_words(struct writer *w, const struct bounce_recipient *r)
{
	buf_add_cstr(&w->out, "\r\n<");
	show_address(&w->out, r->recipient->address, w->utf8);
	buf_add_cstr(&w->out, ">\r\n");
	if (w->b->kind == BOUNCE_SUCCESS) {
		add_success(w, r);
		return;
	}
	if (r->expired) {
		struct buf tried;

		buf_init(&tried, 100);
		show_duration(&tried,
		    w->b->now_ms - w->b->envelope->arrived_ms);
		prose_addf(&w->out, 4,
		    "We have tried for %s and give up now. The last trouble "
		    "was:",
		    buf_cstr(&tried));
		buf_done(&tried);
	}
	prose_add(&w->out, 4, slice_of(advice_for(&r->fate)), false);
	add_reply(w, r);
}

static void
add_words(struct writer *w)
{
	const struct bounce *b = w->b;
	struct buf *out = &w->out;

	begin_part(w,
	    w->utf8 ? "text/plain; charset=utf-8"
		    : "text/plain; charset=us-ascii",
	    w->utf8 ? "8bit" : NULL, "Notification");
	add_opening(w);
	add_consequence(w);
	for (size_t i = 0; i < b->count && i < SHOWN_MAX; i++) {
		add_recipient_words(w, &b->recipients[i]);
		flush(w);
	}
	if (b->count > SHOWN_MAX) {
		buf_add_cstr(out, "\r\n");
		prose_addf(out, 0,
		    "And %zu more, all named in the second part of this "
		    "report.",
		    b->count - SHOWN_MAX);
	}
	if (b->kind == BOUNCE_FAILURE || b->kind == BOUNCE_DELAY) {
		buf_add_cstr(out, "\r\n");
		prose_add(out, 0,
		    SLICE("If you need help, forward this whole report to your "
			  "postmaster:"),
		    false);
		buf_add_cstr(out, "<");
		show_address(out, b->postmaster, w->utf8);
		buf_add_cstr(out, ">\r\n");
	}
}

/* --- the fields and the original --- */

static void
add_status(struct writer *w)
{
	begin_part(w,
	    w->utf8 ? "message/global-delivery-status"
		    : "message/delivery-status",
	    w->utf8 ? "8bit" : NULL, "Delivery report");
	status_of_message(w->b, &w->out, w->utf8);
	for (size_t i = 0; i < w->b->count; i++) {
		status_of_recipient(w->b, &w->b->recipients[i], &w->out,
		    w->utf8);
		flush(w);
	}
}

static void
add_base64(struct writer *w, struct slice bytes)
{
	while (bytes.n > 0) {
		base64_encode(slice_head(bytes, BASE64_LINE), &w->out);
		buf_add_cstr(&w->out, "\r\n");
		bytes = slice_skip(bytes, BASE64_LINE);
		if (w->out.n > OUT_MAX / 2)
			flush(w);
	}
}

/*
 * An internationalised header goes into a plain report as base64 (RFC 6533,
 * 4): the way back need not offer SMTPUTF8.
 */
static bool
is_encoded(const struct writer *w)
{
	return w->original.utf8_header && !w->utf8;
}

static void
add_original(struct writer *w)
{
	const struct original *o = &w->original;
	const char *type;

	if (o->utf8_header)
		type = o->whole ? "message/global" : "message/global-headers";
	else
		type = o->whole ? "message/rfc822" : "text/rfc822-headers";
	begin_part(w, type,
	    is_encoded(w)      ? "base64"
		: o->eight_bit ? "8bit"
			       : NULL,
	    o->whole ? "Undelivered message" : "Header of the message");
	if (is_encoded(w)) {
		add_base64(w, o->given);
		return;
	}
	flush(w);
	if (o->given.n > 0)
		w->sink(o->given, w->arg);
	if (!slice_ends_nocase(o->given, "\r\n"))
		buf_add_cstr(&w->out, "\r\n");
}

/* One that stands nowhere in the original. */
static void
make_boundary(struct writer *w)
{
	unsigned count = 0;

	do {
		(void)snprintf(w->boundary, sizeof(w->boundary), "report-%s-%u",
		    w->id, count++);
	} while (slice_find_str(w->original.given, slice_of(w->boundary)) <
	    w->original.given.n);
}

int
bounce_write(const struct bounce *b, bounce_sink_fn *sink, void *arg,
    struct bounce_envelope *out)
{
	struct writer w = { .b = b, .sink = sink, .arg = arg };
	bool eight_bit;
	int rc;

	must(b->kind != BOUNCE_NOTHING && b->count > 0);
	rc = original_read(&w.original, b);
	if (rc != 0)
		goto out;
	buf_init(&w.out, OUT_MAX);
	id_text(b->id, w.id);
	make_boundary(&w);
	w.utf8 = !utf8_is_ascii(report_to(b));
	eight_bit = w.utf8 || (w.original.eight_bit && !is_encoded(&w));
	add_header(&w, eight_bit);
	add_words(&w);
	add_status(&w);
	add_original(&w);
	buf_addf(&w.out, "\r\n--%s--\r\n", w.boundary);
	flush(&w);
	*out = (struct bounce_envelope){
		.recipient = report_to(b),
		.body = eight_bit ? BODY_8BITMIME : BODY_7BIT,
		.smtputf8 = w.utf8,
	};
out:
	original_done(&w.original);
	buf_done(&w.out);
	return rc;
}

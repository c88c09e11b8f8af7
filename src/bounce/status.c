/*
 * bounce/status.c - one group a message, one a recipient.
 */
#include "bounce/status.h"

#include "bounce/show.h"
#include "mail/header_writer.h"
#include "mail/utf8.h"
#include "smtp/command.h"

enum { DIAGNOSTIC_MAX = 1000 };

/* The decoded form; what is no xtext (UTF-8 in ORCPT) stands as it is. */
static void
add_decoded(struct buf *out, struct slice xtext, bool utf8)
{
	struct buf plain;

	buf_init(&plain, xtext.n);
	if (xtext_decode(xtext, &plain))
		show_address(out, buf_slice(&plain), utf8);
	else
		show_address(out, xtext, utf8);
	buf_done(&plain);
}

void
status_of_message(const struct bounce *b, struct buf *out, bool utf8)
{
	struct header_writer w;

	header_begin(&w, out, "Reporting-MTA", utf8);
	header_word(&w, SLICE("dns;"));
	header_word(&w, b->hostname);
	header_end(&w);
	if (b->envelope->envid.n > 0) {
		buf_add_cstr(out, "Original-Envelope-Id: ");
		add_decoded(out, b->envelope->envid, utf8);
		buf_add_cstr(out, "\r\n");
	}
	show_date_field(out, "Arrival-Date", b->envelope->arrived_ms);
	/* RFC 2852, 6. */
	if (b->envelope->by != BY_NONE)
		show_date_field(out, "Deliver-By-Date", b->envelope->by_ms);
}

/* ORCPT: addr-type ";" address. */
static void
add_original_recipient(struct buf *out, struct slice orcpt, bool utf8)
{
	struct slice type = slice_take_until(&orcpt, ';');

	buf_add_cstr(out, "Original-Recipient: ");
	header_add_safe(out, type, false);
	buf_add_char(out, ';');
	add_decoded(out, orcpt, utf8);
	buf_add_cstr(out, "\r\n");
}

static const char *
action_of(enum fate_kind kind)
{
	switch (kind) {
	case FATE_DELIVERED:
		return "delivered";
	case FATE_RELAYED:
	case FATE_PASSED:
		return "relayed";
	case FATE_EXPANDED:
		return "expanded";
	case FATE_DEFERRED:
	case FATE_NONE:
		return "delayed";
	case FATE_FAILED:
		break;
	}
	return "failed";
}

/*
 * When time ran out the code is 4.4.7: with a failure, class 4 says that
 * sending it again may succeed (RFC 3463, 2).
 */
static void
add_status(struct buf *out, const struct bounce_recipient *r)
{
	struct status_code code = r->fate.code;

	if (r->expired)
		code = (struct status_code){ 4, 4, 7 };
	else if (code.class == 0)
		code.class = r->fate.kind == FATE_FAILED ? 5 : 4;
	buf_addf(out, "Status: %u.%u.%u\r\n", code.class, code.subject,
	    code.detail);
}

static void
add_diagnostic(struct buf *out, const struct fate *fate, bool utf8)
{
	struct header_writer w;

	if (fate->reply.n == 0)
		return;
	header_begin(&w, out, "Diagnostic-Code", utf8);
	header_word(&w, fate->ours ? SLICE("x-mtad;") : SLICE("smtp;"));
	header_text(&w, slice_head(fate->reply, DIAGNOSTIC_MAX));
	header_end(&w);
}

void
status_of_recipient(const struct bounce *b, const struct bounce_recipient *r,
    struct buf *out, bool utf8)
{
	struct slice address = r->recipient->address;
	struct header_writer w;

	buf_add_cstr(out, "\r\n");
	if (r->recipient->orcpt.n > 0)
		add_original_recipient(out, r->recipient->orcpt, utf8);
	buf_add_cstr(out,
	    utf8_is_ascii(address) ? "Final-Recipient: rfc822; "
				   : "Final-Recipient: utf-8; ");
	show_address(out, address, utf8);
	buf_addf(out, "\r\nAction: %s\r\n", action_of(r->fate.kind));
	add_status(out, r);
	if (r->host.n > 0) {
		header_begin(&w, out, "Remote-MTA", utf8);
		header_word(&w, SLICE("dns;"));
		header_word(&w, r->host);
		header_end(&w);
	}
	add_diagnostic(out, &r->fate, utf8);
	if (r->last_attempt_ms != 0)
		show_date_field(out, "Last-Attempt-Date", r->last_attempt_ms);
	if (b->kind == BOUNCE_DELAY)
		show_date_field(out, "Will-Retry-Until", b->expires_ms);
}

/*
 * deliver/client_fates.c - what a reply, or its absence, means for each
 * recipient of the SMTP client's message, and for the session.
 */
#include "deliver/smtp_client_inside.h"

#include <string.h>

/*
 * What is said again and again is kept once. Behind the limit a reply is cut
 * to its code: its status was read before.
 */
static struct slice
keep_text(struct smtp_client *c, struct slice text)
{
	struct slice kept;

	if (text.n > 0 && slice_eq(text, c->last_kept))
		return c->last_kept;
	if (text.n > c->replies_left)
		text = slice_head(text, 3);
	kept = arena_copy(c->message.arena, text);
	if (kept.p == NULL)
		return slice_of("(the reply is lost)");
	c->replies_left -= text.n < c->replies_left ? text.n : c->replies_left;
	c->last_kept = kept;
	return kept;
}

bool
client_is_success(int code)
{
	return code >= 200 && code <= 299;
}

/* The fate that the reply just read stands for; kept as long as the message. */
struct fate
client_judge(struct smtp_client *c)
{
	struct fate fate = fate_from_reply(c->reply.code, client_reply_text(c));

	fate.reply = keep_text(c, fate.reply);
	if (fate.kind == FATE_DELIVERED && !c->options.lmtp)
		fate.kind = hop_ends_reports(&c->hop, c->message.envelope)
		    ? FATE_RELAYED
		    : FATE_PASSED;
	return fate;
}

/* Those that are named or accepted, and have no fate. */
void
client_settle(struct smtp_client *c, enum rcpt_state which, struct fate fate)
{
	for (size_t i = 0; i < c->message.envelope->recipient_count; i++)
		if (c->rcpts[i] == (uint8_t)which &&
		    c->message.fates[i].kind == FATE_NONE)
			c->message.fates[i] = fate;
}

/*
 * The message is with the server, but what it thinks of it is not known. What
 * went in the flight of MAIL and RCPT is there before their replies come.
 */
bool
client_is_undecided(const struct smtp_client *c)
{
	if (c->message.envelope == NULL || c->wants_content)
		return false;
	if (c->state == ST_BODY)
		return c->accepted > 0;
	return c->in_flight && c->form == CONTENT_BDAT && !c->mail_refused &&
	    (c->state == ST_RSET || c->state == ST_MAIL || c->state == ST_RCPT);
}

/*
 * Whoever may have the message is put off, and not tried elsewhere: that would
 * be a second copy of it for sure (RFC 1047).
 */
static void
settle_undecided(struct smtp_client *c, struct fate fate)
{
	if (!client_is_undecided(c))
		return;
	fate.reply = keep_text(c, fate.reply);
	client_settle(c, RCPT_NAMED, fate);
	client_settle(c, RCPT_ACCEPTED, fate);
}

/*
 * A reply that was begun but not ended: its code is that of all its lines, so
 * that who heard "250-" knows that the message was taken.
 */
void
client_settle_half_said(struct smtp_client *c)
{
	size_t i;

	if (c->state != ST_BODY || !client_is_undecided(c) ||
	    c->reply.lines == 0 || !client_is_success(c->reply.code))
		return;
	if (!c->options.lmtp) {
		client_settle(c, RCPT_ACCEPTED, client_judge(c));
		return;
	}
	i = client_next_rcpt(c, 0, RCPT_ACCEPTED);
	c->message.fates[i] = client_judge(c);
	c->rcpts[i] = RCPT_OUT;
}

/* The session is over; whoever has no fate yet may be tried elsewhere. */
enum step
client_fail(struct smtp_client *c, enum job_trouble trouble, unsigned subject,
    unsigned detail, struct slice text)
{
	struct slice kept;

	text = slice_head(text, sizeof(c->failure_text));
	memcpy(c->failure_text, text.p, text.n);
	kept = slice_from(c->failure_text, text.n);
	c->failed = true;
	c->failure.trouble = trouble;
	c->failure.fate = fate_ours(FATE_DEFERRED, subject, detail, kept);
	settle_undecided(c, c->failure.fate);
	dialogue_add(&c->dialogue, "* ", kept);
	return client_enter(c, ST_OVER);
}

enum step
client_fail_while_waiting(struct smtp_client *c, const char *what)
{
	struct buf text;
	enum step step;

	buf_init(&text, CLIENT_REPLY_KEPT);
	c->broke_tls = c->state == ST_TLS;
	buf_addf(&text, "451 %s %s while waiting for %s",
	    c->broke_tls ? "4.7.5" : "4.4.2", what, client_waits_for(c));
	step = c->broke_tls
	    ? client_fail(c, TROUBLE_SITE, 7, 5, buf_slice(&text))
	    : client_fail(c, TROUBLE_CONNECTION, 4, 2, buf_slice(&text));
	buf_done(&text);
	return step;
}

/*
 * The server's reply ends the session. Even a 5yz is no verdict on a
 * recipient: it was said before anyone was named, or without reason.
 */
enum step
client_fail_by_reply(struct smtp_client *c, enum job_trouble trouble)
{
	struct fate fate = fate_from_reply(c->reply.code, client_reply_text(c));
	enum step step;

	if (c->reply.code < 400)
		return client_fail_while_waiting(c,
		    "A reply out of place came");
	step = client_fail(c, trouble, fate.code.subject, fate.code.detail,
	    fate.reply);
	c->failure.fate.smtp_code = fate.smtp_code;
	c->failure.fate.ours = false;
	return step;
}

/*
 * deliver/client_transaction.c - the SMTP client's message on its way: MAIL,
 * RCPT, content by DATA or BDAT, and the answers; with PIPELINING in one
 * flight.
 */
#include "deliver/smtp_client_inside.h"

#include <stdio.h>

enum {
	REPLIES_KEPT = 4 * 1024, /* of all of a message's together */
	/*
	 * A message of up to this goes along with MAIL and RCPT: what is lost
	 * when all recipients are refused is less than a round trip's worth.
	 */
	SAME_FLIGHT_MAX = 64 * 1024,
};

static void
send_mail(struct smtp_client *c)
{
	size_t at = c->out.n;

	hop_write_mail(&c->hop, &c->needs, &c->out);
	client_end_command(c, at);
}

static void
send_rcpt(struct smtp_client *c, size_t i)
{
	size_t at = c->out.n;

	hop_write_rcpt(&c->hop, &c->message.envelope->recipients[i], &c->out);
	client_end_command(c, at);
}

static void
open_content(struct smtp_client *c, enum content_form form)
{
	c->form = form;
	c->wants_content = true;
	c->content_left = c->message.size;
}

static void
send_bdat(struct smtp_client *c)
{
	size_t at = client_begin_command(c, "BDAT ");

	buf_addf(&c->out, "%llu LAST", (unsigned long long)c->message.size);
	client_end_command(c, at);
	open_content(c, CONTENT_BDAT);
}

static enum step
transaction_done(struct smtp_client *c)
{
	c->message = (struct smtp_message){ 0 };
	c->rcpts = NULL;
	c->wants_content = false;
	c->form = CONTENT_NONE;
	c->transactions++;
	/* RFC 9422: so many a session. */
	if (c->hop.ehlo.mail_max > 0 && c->transactions >= c->hop.ehlo.mail_max)
		return smtp_client_quit(c);
	return client_enter(c, ST_READY);
}

/* The index of the next one in that state, from `from` on; or the count. */
size_t
client_next_rcpt(const struct smtp_client *c, size_t from,
    enum rcpt_state state)
{
	size_t n = c->message.envelope->recipient_count;

	while (from < n && c->rcpts[from] != (uint8_t)state)
		from++;
	return from;
}

static bool
has_rcpt(const struct smtp_client *c)
{
	return c->rcpt < c->message.envelope->recipient_count;
}

static enum step
begin_mail(struct smtp_client *c)
{
	if (!c->in_flight)
		send_mail(c);
	return client_enter(c, ST_MAIL);
}

enum step
got_rset(struct smtp_client *c)
{
	c->stale = false;
	return begin_mail(c);
}

static enum step
begin_rcpt(struct smtp_client *c)
{
	if (!c->in_flight)
		send_rcpt(c, c->rcpt);
	return client_enter(c, ST_RCPT);
}

enum step
got_mail(struct smtp_client *c)
{
	if (!client_is_success(c->reply.code)) {
		client_settle(c, RCPT_NAMED, client_judge(c));
		if (!c->in_flight)
			return transaction_done(c);
		c->mail_refused = true;
		c->stale = true;
	}
	/* In flight, the replies to RCPT come in any case. */
	return begin_rcpt(c);
}

/*
 * All recipients are answered. In flight the server is at DATA or BDAT
 * already; else the message is offered if anybody takes it.
 */
static enum step
begin_data(struct smtp_client *c)
{
	if (c->in_flight && c->form == CONTENT_BDAT)
		return client_enter(c, ST_BODY);
	if (c->in_flight && !hop_takes_bdat(&c->hop))
		return client_enter(c, ST_DATA);
	/* A large message waits until somebody is known to take it. */
	if (c->accepted == 0) {
		c->stale = true;
		return transaction_done(c);
	}
	if (hop_takes_bdat(&c->hop)) {
		send_bdat(c);
		return client_enter(c, ST_BODY);
	}
	client_command(c, "DATA");
	return client_enter(c, ST_DATA);
}

/*
 * RFC 5321, 4.5.3.1.10: 452 (or, of old, 552) to one of many recipients says
 * that there were too many for one transaction. The next one takes the rest.
 */
static bool
says_enough(const struct smtp_client *c)
{
	struct status_code s = c->reply.status;

	return c->accepted > 0 &&
	    (c->reply.code == 452 || c->reply.code == 552) &&
	    (s.class == 0 || (s.subject == 5 && s.detail == 3));
}

enum step
got_rcpt(struct smtp_client *c)
{
	bool accepted = !c->mail_refused && client_is_success(c->reply.code);

	must(c->rcpts[c->rcpt] == RCPT_NAMED);
	if (!accepted && !c->mail_refused && !says_enough(c))
		c->message.fates[c->rcpt] = client_judge(c);
	c->rcpts[c->rcpt] = accepted ? RCPT_ACCEPTED : RCPT_OUT;
	c->accepted += accepted ? 1 : 0;
	c->rcpt = client_next_rcpt(c, c->rcpt + 1, RCPT_NAMED);
	return has_rcpt(c) ? begin_rcpt(c) : begin_data(c);
}

enum step
got_data(struct smtp_client *c)
{
	int code = c->reply.code;

	if (client_is_success(code) || (code / 100 == 3 && code != 354))
		return client_fail_by_reply(c, TROUBLE_CONNECTION);
	if (code != 354) {
		client_settle(c, RCPT_ACCEPTED, client_judge(c));
		c->stale = true;
		return transaction_done(c);
	}
	if (c->accepted > 0) {
		data_encoder_init(&c->encoder);
		open_content(c, CONTENT_DATA);
		return client_enter(c, ST_BODY);
	}
	/*
	 * RFC 2920, 3.1: a server that takes DATA without recipients gets an
	 * empty message, whose reply counts for nobody. In LMTP there would be
	 * no reply: one comes for each recipient (RFC 2033, 4.2).
	 */
	if (c->options.lmtp)
		return smtp_client_quit(c);
	client_command(c, ".");
	return client_enter(c, ST_BODY);
}

/*
 * The server did not wait for the end of the message. If it says no, so be it,
 * but the rest of the message can't be unsaid: the connection is lost.
 */
static enum step
got_early_reply(struct smtp_client *c)
{
	if (c->reply.code < 400)
		return client_fail_by_reply(c, TROUBLE_CONNECTION);
	client_settle(c, RCPT_ACCEPTED, client_judge(c));
	return client_enter(c, ST_OVER);
}

enum step
got_body(struct smtp_client *c)
{
	if (c->wants_content)
		return got_early_reply(c);
	if (c->form == CONTENT_BDAT && !client_is_success(c->reply.code))
		c->stale = true;
	if (c->accepted == 0)
		return transaction_done(c);
	if (c->options.lmtp) {
		size_t i = client_next_rcpt(c, 0, RCPT_ACCEPTED);

		c->message.fates[i] = client_judge(c);
		c->rcpts[i] = RCPT_OUT;
		if (client_next_rcpt(c, i + 1, RCPT_ACCEPTED) <
		    c->message.envelope->recipient_count)
			return client_enter(c, ST_BODY);
	} else {
		client_settle(c, RCPT_ACCEPTED, client_judge(c));
	}
	return transaction_done(c);
}

/* Names as many as one transaction takes; returns how many. */
static size_t
name_recipients(struct smtp_client *c)
{
	const struct smtp_message *m = &c->message;
	const struct envelope *e = m->envelope;
	size_t named = 0, most = c->hop.ehlo.rcpt_max;
	struct fate why;
	bool refused;

	c->needs = (struct hop_message){ .envelope = e,
		.size = m->size,
		.wall_ms = m->wall_ms,
		.utf8_header = m->utf8_header,
		.utf8 = m->utf8_header || !hop_is_ascii(e->sender) };
	refused = hop_refuses_message(&c->hop, &c->needs, &why);
	for (size_t i = 0; i < e->recipient_count; i++) {
		struct slice address = e->recipients[i].address;

		if (m->fates[i].kind != FATE_NONE ||
		    (most > 0 && named == most))
			continue;
		if (refused || hop_refuses_recipient(&c->hop, address, &why)) {
			m->fates[i] = why;
			continue;
		}
		c->needs.utf8 = c->needs.utf8 || !hop_is_ascii(address);
		c->rcpts[i] = RCPT_NAMED;
		named++;
	}
	return named;
}

/* RFC 2920: the whole transaction, as far as it goes without an answer. */
static void
send_flight(struct smtp_client *c)
{
	if (c->stale)
		client_command(c, "RSET");
	send_mail(c);
	for (size_t i = 0; i < c->message.envelope->recipient_count; i++)
		if (c->rcpts[i] == RCPT_NAMED)
			send_rcpt(c, i);
	if (!hop_takes_bdat(&c->hop))
		client_command(c, "DATA");
	else if (c->message.size <= SAME_FLIGHT_MAX)
		send_bdat(c);
}

enum step
smtp_client_send(struct smtp_client *c, const struct smtp_message *message)
{
	must(c->state == ST_READY);
	c->message = *message;
	c->accepted = 0;
	c->busy = false;
	c->mail_refused = false;
	c->replies_left = REPLIES_KEPT;
	c->last_kept = SLICE_NONE;
	c->rcpts = arena_alloc(message->arena,
	    message->envelope->recipient_count, sizeof(*c->rcpts));
	if (c->rcpts == NULL)
		return client_fail(c, TROUBLE_LOCAL, 3, 0,
		    slice_of("451 4.3.0 Too many recipients in one job"));
	if (name_recipients(c) == 0) {
		c->message = (struct smtp_message){ 0 };
		c->rcpts = NULL;
		return STEP_WAIT;
	}
	c->rcpt = client_next_rcpt(c, 0, RCPT_NAMED);
	c->in_flight = client_offers(c, EHLO_PIPELINING);
	c->form = CONTENT_NONE;
	if (c->in_flight)
		send_flight(c);
	if (!c->stale)
		return begin_mail(c);
	if (!c->in_flight)
		client_command(c, "RSET");
	return client_enter(c, ST_RSET);
}

bool
smtp_client_wants_content(const struct smtp_client *c, uint64_t *left)
{
	*left = c->content_left;
	return c->wants_content && c->state != ST_OVER;
}

bool
smtp_client_takes_raw(const struct smtp_client *c)
{
	return c->form == CONTENT_BDAT;
}

void
smtp_client_content_went(struct smtp_client *c, uint64_t octets)
{
	char text[64];
	struct slice said;

	must(c->wants_content && octets <= c->content_left);
	c->content_left -= octets;
	c->fresh_wait = true;
	if (c->content_left > 0)
		return;
	c->wants_content = false;
	(void)snprintf(text, sizeof(text), "(%llu octets)",
	    (unsigned long long)c->message.size);
	said = slice_of(text);
	dialogue_add(&c->dialogue, "> ", said);
}

void
smtp_client_content(struct smtp_client *c, struct slice piece,
    data_sink_fn *sink, void *arg)
{
	must(c->wants_content && piece.n <= c->content_left);
	if (c->form == CONTENT_DATA)
		data_encoder_feed(&c->encoder, piece, sink, arg);
	else if (piece.n > 0)
		sink(piece, arg);
	if (c->form == CONTENT_DATA && piece.n == c->content_left)
		data_encoder_end(&c->encoder, sink, arg);
	smtp_client_content_went(c, piece.n);
}

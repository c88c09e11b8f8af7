/*
 * receive/trace.c - what a receiver adds to a message. It takes nothing away.
 */
#include "receive/trace.h"

#include "base/id.h"
#include "base/time.h"
#include "mail/received.h"

static void
add_missing_fields(const struct smtp_server *s, struct buf *out)
{
	const struct transaction *t = s->transaction;
	char date[TIME_RFC5322_SIZE], id[ID_TEXT_SIZE];

	if (!t->content.head.has_date) {
		time_rfc5322(t->envelope.arrived_ms, date);
		buf_addf(out, "Date: %s\r\n", date);
	}
	if (!t->content.head.has_message_id) {
		id_text(t->envelope.id, id);
		buf_addf(out, "Message-ID: <%s@%s>\r\n", id,
		    s->terms->hostname);
	}
}

void
trace_write(const struct smtp_server *s, struct buf *out)
{
	const struct envelope *e = &s->transaction->envelope;
	struct received r = {
		.helo = slice_of(s->helo),
		.client = s->terms->client,
		.hostname = slice_of(s->terms->hostname),
		.id = e->id,
		.wall_ms = e->arrived_ms,
		.esmtp = s->is_esmtp,
		.smtputf8 = e->smtputf8,
		.authenticated = s->login != NULL,
		.tls = slice_of(s->tls),
	};

	if (e->recipient_count == 1)
		r.recipient = e->recipients[0].address;
	received_write(&r, out);
	if (s->terms->is_submission)
		add_missing_fields(s, out);
}

/*
 * receive/trace.c - what a receiver adds to a message. It takes nothing away.
 */
#include "receive/trace.h"

#include "base/id.h"
#include "base/time.h"
#include "mail/received.h"

void
trace_missing_fields(const struct head *head, const char *hostname, uint64_t id,
    int64_t arrived_ms, struct buf *out)
{
	char date[TIME_RFC5322_SIZE], text[ID_TEXT_SIZE];

	if (!head->has_date) {
		time_rfc5322(arrived_ms, date);
		buf_addf(out, "Date: %s\r\n", date);
	}
	if (!head->has_message_id) {
		id_text(id, text);
		buf_addf(out, "Message-ID: <%s@%s>\r\n", text, hostname);
	}
}

void
trace_write(const struct smtp_server *s, const struct smtp_findings *findings,
    struct buf *out)
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
		.priority = e->priority,
	};

	if (e->recipient_count == 1)
		r.recipient = e->recipients[0].address;
	buf_add(out, findings->above);
	received_write(&r, out);
	buf_add(out, findings->below);
	buf_add(out, buf_slice(&s->transaction->content.added));
}

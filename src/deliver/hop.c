/*
 * deliver/hop.c - one server's abilities against one message's needs.
 */
#include "deliver/hop.h"

#include "base/ascii.h"
#include "base/time.h"
#include "smtp/timing.h"

bool
hop_offers(const struct hop *h, enum ehlo_extension extension)
{
	return ehlo_offers(&h->ehlo, extension);
}

bool
hop_passes_dsn(const struct hop *h)
{
	return !h->lmtp && hop_offers(h, EHLO_DSN);
}

/* RFC 2852: that goes for a deadline, too, of which the hop knows nothing. */
bool
hop_ends_reports(const struct hop *h, const struct envelope *e)
{
	return !hop_passes_dsn(h) ||
	    (e->by == BY_NOTIFY && !hop_offers(h, EHLO_DELIVERBY));
}

bool
hop_takes_bdat(const struct hop *h)
{
	return !h->lmtp && hop_offers(h, EHLO_CHUNKING);
}

/* Nothing that could end the command line, or the path, early. */
static bool
is_sendable(struct slice address)
{
	for (size_t i = 0; i < address.n; i++)
		if (ascii_is_control(address.p[i]))
			return false;
	return true;
}

bool
hop_is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] > 127)
			return false;
	return true;
}

struct fate
hop_without_tls(void)
{
	return fate_ours(FATE_FAILED, 7, 30,
	    SLICE("550 5.7.30 The sender requires TLS all the way, which the "
		  "next hop does not offer"));
}

bool
hop_keeps_tls(const struct hop *h)
{
	return h->lmtp ||
	    (h->secured && h->verified && hop_offers(h, EHLO_REQUIRETLS));
}

/*
 * RFC 2852: mail with BY=...;R goes to servers alone that keep to it, in the
 * time that is left. A mailbox is where it should arrive.
 */
static bool
misses_deadline(const struct hop *h, const struct hop_message *m,
    struct fate *why)
{
	const struct envelope *e = m->envelope;
	int64_t left = e->by_ms - m->wall_ms;

	if (e->by != BY_RETURN)
		return false;
	/* Whole seconds are left for the next hop, at least one. */
	if (left <= 0 ||
	    (!h->lmtp &&
		(left < SECOND || left < (int64_t)h->ehlo.by_least * SECOND)))
		*why = fate_ours(FATE_FAILED, 4, 7,
		    slice_of("554 5.4.7 The message can't be delivered in "
			     "the time that its sender set"));
	else if (!h->lmtp && !hop_offers(h, EHLO_DELIVERBY))
		*why = fate_ours(FATE_FAILED, 4, 7,
		    slice_of("554 5.4.7 The sender set a time, to which the "
			     "next hop does not offer to keep"));
	else
		return false;
	return true;
}

bool
hop_refuses_message(const struct hop *h, const struct hop_message *m,
    struct fate *why)
{
	const struct envelope *e = m->envelope;

	if (h->ehlo.size > 0 && m->size > h->ehlo.size)
		*why = fate_ours(FATE_FAILED, 3, 4,
		    slice_of("552 5.3.4 The message is larger than the next "
			     "hop takes"));
	else if (!hop_offers(h, EHLO_SMTPUTF8) &&
	    (m->utf8_header || !hop_is_ascii(e->sender)))
		*why = fate_ours(FATE_FAILED, 6, 7,
		    slice_of("550 5.6.7 The message needs SMTPUTF8, which "
			     "the next hop does not offer"));
	else if (e->body == BODY_BINARYMIME &&
	    !(hop_takes_bdat(h) && hop_offers(h, EHLO_BINARYMIME)))
		*why = fate_ours(FATE_FAILED, 6, 3,
		    slice_of("554 5.6.3 The message is binary, which the "
			     "next hop does not take"));
	else if (e->require_tls && !hop_keeps_tls(h))
		*why = hop_without_tls();
	else if (!is_sendable(e->sender))
		*why = fate_ours(FATE_FAILED, 1, 7,
		    slice_of("501 5.1.7 The sender's address is malformed"));
	else
		return misses_deadline(h, m, why);
	return true;
}

bool
hop_refuses_recipient(const struct hop *h, struct slice address,
    struct fate *why)
{
	if (!is_sendable(address) || address.n == 0)
		*why = fate_ours(FATE_FAILED, 1, 3,
		    slice_of("501 5.1.3 The recipient's address is malformed"));
	else if (!hop_offers(h, EHLO_SMTPUTF8) && !hop_is_ascii(address))
		*why = fate_ours(FATE_FAILED, 6, 7,
		    slice_of("553 5.6.7 The address needs SMTPUTF8, which the "
			     "next hop does not offer"));
	else
		return false;
	return true;
}

void
hop_write_mail(const struct hop *h, const struct hop_message *m,
    struct buf *out)
{
	const struct envelope *e = m->envelope;

	buf_add_cstr(out, "MAIL FROM:<");
	buf_add(out, e->sender);
	buf_add_char(out, '>');
	if (hop_offers(h, EHLO_SIZE))
		buf_addf(out, " SIZE=%llu", (unsigned long long)m->size);
	/* Without 8BITMIME the message is sent as it is. */
	if (e->body == BODY_8BITMIME && hop_offers(h, EHLO_8BITMIME))
		buf_add_cstr(out, " BODY=8BITMIME");
	else if (e->body == BODY_BINARYMIME)
		buf_add_cstr(out, " BODY=BINARYMIME");
	if (m->utf8)
		buf_add_cstr(out, " SMTPUTF8");
	if (e->require_tls && hop_offers(h, EHLO_REQUIRETLS))
		buf_add_cstr(out, " REQUIRETLS");
	if (e->by != BY_NONE && hop_offers(h, EHLO_DELIVERBY) && !h->lmtp) {
		buf_add_char(out, ' ');
		timing_write_by(e, m->wall_ms, out);
	}
	if (e->priority != 0 && hop_offers(h, EHLO_PRIORITY))
		buf_addf(out, " MT-PRIORITY=%d", e->priority);
	if (hop_passes_dsn(h) && e->ret != RET_NONE)
		buf_add_cstr(out,
		    e->ret == RET_FULL ? " RET=FULL" : " RET=HDRS");
	if (hop_passes_dsn(h) && e->envid.n > 0) {
		buf_add_cstr(out, " ENVID=");
		buf_add(out, e->envid);
	}
}

static void
add_notify(struct buf *out, unsigned notify)
{
	static const struct {
		unsigned bit;
		const char *word;
	} words[] = {
		{ NOTIFY_NEVER, "NEVER" },
		{ NOTIFY_SUCCESS, "SUCCESS" },
		{ NOTIFY_FAILURE, "FAILURE" },
		{ NOTIFY_DELAY, "DELAY" },
	};
	const char *before = " NOTIFY=";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if ((notify & words[i].bit) == 0)
			continue;
		buf_add_cstr(out, before);
		buf_add_cstr(out, words[i].word);
		before = ",";
	}
}

void
hop_write_rcpt(const struct hop *h, const struct recipient *r, struct buf *out)
{
	buf_add_cstr(out, "RCPT TO:<");
	buf_add(out, r->address);
	buf_add_char(out, '>');
	if (!hop_passes_dsn(h))
		return;
	add_notify(out, r->notify);
	if (r->orcpt.n > 0) {
		buf_add_cstr(out, " ORCPT=");
		buf_add(out, r->orcpt);
	}
}

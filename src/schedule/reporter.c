/*
 * schedule/reporter.c - a report is marked when it is handed out, or when it is
 * asked who may have it: one that is lost on its way is not sent again, so that
 * none is sent twice.
 */
#include "schedule/reporter.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "io/gzip.h"
#include "schedule/crew.h"
#include "schedule/dmarcrpt.h"
#include "schedule/tlsrpt.h"
#include "verify/dmarc_rua.h"

enum {
	FIRST_AFTER = 3 * SECOND,
	EVERY = MINUTE,
	AT_ONCE = 10, /* of each kind */
	JSON_MAX = 4 << 20,
	TLS_MESSAGE_MAX = 256 << 10,
	DMARC_MESSAGE_MAX = DMARCRPT_GZIP_MAX / 2 * 3 + (16 << 10),
	DOMAIN_SIZE = 256,
};

struct reporter {
	struct dispatch *dispatch; /* borrowed */
	struct state *state;       /* borrowed */
	struct timer *timer;       /* owned */
};

static struct report_sender
sender_of(const struct reporter *r, const char *contact)
{
	return (struct report_sender){
		slice_of(dispatch_conf(r->dispatch)->hostname),
		slice_of(contact)
	};
}

/* --- TLS --- */

static struct report_sender
tls_sender(const struct reporter *r)
{
	return sender_of(r, dispatch_conf(r->dispatch)->delivery.tls_reports);
}

/* 0 and the packed report; buf_done() in any case. */
static int
make_tls(const struct reporter *r, struct slice domain, struct buf *gzip)
{
	const struct report_sender sender = tls_sender(r);
	struct buf json;
	int rc;

	buf_init(gzip, TLSRPT_REPORT_MAX);
	buf_init(&json, JSON_MAX);
	rc = tlsrpt_json(r->state, &sender, domain, time_wall_ms(), &json);
	if (rc == 0)
		rc = gzip_pack(buf_slice(&json), gzip);
	buf_done(&json);
	if (rc != 0)
		log_warning("schedule tlsrpt-failed domain=%.*s why=\"%s\"",
		    SLICE_ARGS(domain), err_text(rc));
	return rc;
}

static void
start_tls(struct reporter *r)
{
	struct crew *crew = dispatch_crew(r->dispatch);
	struct buf domain, gzip;

	if (tls_sender(r).contact.n == 0 || crew_deliverers(crew) == 0)
		return;
	buf_init(&domain, DOMAIN_SIZE);
	for (int i = 0; i < AT_ONCE; i++) {
		if (!tlsrpt_next(r->state, tls_sender(r).organization,
			time_wall_ms(), &domain))
			break;
		if (make_tls(r, buf_slice(&domain), &gzip) == 0)
			crew_send_tls_report(crew, buf_slice(&domain),
			    buf_slice(&gzip));
		buf_done(&gzip);
	}
	buf_done(&domain);
}

static void
on_tls_mail(const struct msg_tls_report_mail *m, void *arg)
{
	struct reporter *r = arg;
	const struct report_sender sender = tls_sender(r);
	struct buf gzip, message;

	if (sender.contact.n == 0)
		return;
	buf_init(&message, TLS_MESSAGE_MAX);
	if (make_tls(r, m->domain, &gzip) == 0) {
		tlsrpt_mail(&sender, m->domain, m->recipient, buf_slice(&gzip),
		    time_wall_ms(), &message);
		must(!buf_failed(&message));
		dispatch_mail(r->dispatch, sender.contact, m->recipient,
		    buf_slice(&message));
		log_info("schedule tlsrpt-mailed domain=%.*s",
		    SLICE_ARGS(m->domain));
	}
	buf_done(&gzip);
	buf_done(&message);
}

/* --- DMARC --- */

static struct report_sender
dmarc_sender(const struct reporter *r)
{
	return sender_of(r, dispatch_conf(r->dispatch)->checks.dmarc_reports);
}

static void
start_dmarc(struct reporter *r)
{
	struct crew *crew = dispatch_crew(r->dispatch);
	struct buf domain;

	if (dmarc_sender(r).contact.n == 0 || crew_receivers(crew) == 0)
		return;
	buf_init(&domain, DOMAIN_SIZE);
	for (int i = 0; i < AT_ONCE; i++) {
		int64_t now = time_wall_ms();

		if (!dmarcrpt_next(r->state, dmarc_sender(r).organization, now,
			&domain))
			break;
		crew_ask_dmarc_rua(crew, buf_slice(&domain), now);
	}
	buf_done(&domain);
}

static int
make_dmarc(const struct reporter *r, struct slice domain, int64_t asked_ms,
    struct buf *gzip)
{
	const struct report_sender sender = dmarc_sender(r);
	struct buf xml;
	int rc;

	buf_init(&xml, DMARCRPT_XML_MAX);
	rc = dmarcrpt_xml(r->state, &sender, domain, asked_ms, &xml);
	if (rc == 0)
		rc = gzip_pack(buf_slice(&xml), gzip);
	buf_done(&xml);
	if (rc != 0)
		log_warning("schedule dmarc-report-failed domain=%.*s "
			    "why=\"%s\"",
		    SLICE_ARGS(domain), err_text(rc));
	return rc;
}

static void
mail_dmarc(const struct reporter *r, struct slice domain,
    const struct dmarc_uri *uri, struct slice gzip, int64_t asked_ms)
{
	const struct report_sender sender = dmarc_sender(r);
	struct slice recipient = slice_of(uri->address);
	struct buf message;

	buf_init(&message, DMARC_MESSAGE_MAX);
	dmarcrpt_mail(&sender, domain, recipient, gzip, asked_ms, &message);
	must(!buf_failed(&message));
	if (uri->size_max != 0 && message.n > uri->size_max) {
		log_info("schedule dmarc-report-unwanted domain=%.*s "
			 "size=%zu",
		    SLICE_ARGS(domain), message.n);
	} else {
		dispatch_mail(r->dispatch, sender.contact, recipient,
		    buf_slice(&message));
		log_info("schedule dmarc-report-mailed domain=%.*s",
		    SLICE_ARGS(domain));
	}
	buf_done(&message);
}

static void
on_dmarc_rua(const struct msg_dmarc_rua_told *m, void *arg)
{
	const struct reporter *r = arg;
	struct dmarc_rua rua;
	struct buf gzip;
	int64_t asked_ms;

	if (dmarc_sender(r).contact.n == 0)
		return;
	if (m->again != 0) {
		log_info("schedule dmarc-report-put-off domain=%.*s",
		    SLICE_ARGS(m->domain));
		dmarcrpt_again(r->state, m->domain, m->asked_ms,
		    time_wall_ms());
		return;
	}
	if (!dmarc_rua_read(m->addresses, &rua) ||
	    !dmarcrpt_may_go(r->state, m->domain, m->asked_ms, time_wall_ms()))
		return;
	if (rua.count == 0) {
		log_info("schedule dmarc-report-for-nobody domain=%.*s",
		    SLICE_ARGS(m->domain));
		return;
	}
	asked_ms = (int64_t)m->asked_ms;
	buf_init(&gzip, DMARCRPT_GZIP_MAX);
	if (make_dmarc(r, m->domain, asked_ms, &gzip) == 0)
		for (size_t i = 0; i < rua.count; i++)
			mail_dmarc(r, m->domain, &rua.uri[i], buf_slice(&gzip),
			    asked_ms);
	buf_done(&gzip);
}

/* --- the reporter --- */

static void
on_tick(void *arg)
{
	struct reporter *r = arg;

	timer_set(r->timer, EVERY);
	/* Also what was counted before somebody turned the reports off. */
	tlsrpt_purge(r->state, time_wall_ms());
	dmarcrpt_purge(r->state, time_wall_ms());
	start_tls(r);
	start_dmarc(r);
}

struct reporter *
reporter_new(struct loop *loop, struct dispatch *dispatch, struct state *state)
{
	static const struct crew_report_events events = {
		.tls_mail = on_tls_mail,
		.dmarc_rua = on_dmarc_rua,
	};
	struct reporter *r = mem_zero(sizeof(*r));

	r->dispatch = dispatch;
	r->state = state;
	r->timer = timer_new(loop, on_tick, r);
	timer_set(r->timer, FIRST_AFTER);
	crew_on_reports(dispatch_crew(dispatch), &events, r);
	return r;
}

void
reporter_free(struct reporter **reporter)
{
	struct reporter *r = *reporter;

	if (r == NULL)
		return;
	crew_on_reports(dispatch_crew(r->dispatch), NULL, NULL);
	timer_free(&r->timer);
	mem_free(r);
	*reporter = NULL;
}

/*
 * schedule/reporter.c - a report is marked when it is handed out: one that is
 * lost on its way is not sent again, so that none is sent twice.
 */
#include "schedule/reporter.h"

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"
#include "io/gzip.h"
#include "schedule/crew.h"
#include "schedule/tlsrpt.h"

enum {
	FIRST_AFTER = 10 * SECOND,
	EVERY = MINUTE,
	AT_ONCE = 10,
	JSON_MAX = 4 << 20,
	MESSAGE_MAX = 256 << 10,
	DOMAIN_MAX = 256,
};

struct reporter {
	struct dispatch *dispatch; /* borrowed */
	struct state *state;       /* borrowed */
	struct timer *timer;       /* owned */
};

static struct report_sender
sender_of(const struct reporter *r)
{
	const struct conf *conf = dispatch_conf(r->dispatch);

	return (struct report_sender){ slice_of(conf->hostname),
		slice_of(conf->delivery.tls_reports) };
}

/* 0 and the packed report; buf_done() in any case. */
static int
make_report(const struct reporter *r, struct slice domain, struct buf *gzip)
{
	const struct report_sender sender = sender_of(r);
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
on_tick(void *arg)
{
	struct reporter *r = arg;
	struct crew *crew = dispatch_crew(r->dispatch);
	struct buf domain, gzip;

	timer_set(r->timer, EVERY);
	if (sender_of(r).contact.n == 0 || crew_deliverers(crew) == 0)
		return;
	buf_init(&domain, DOMAIN_MAX);
	for (int i = 0; i < AT_ONCE; i++) {
		if (!tlsrpt_next(r->state, time_wall_ms(), &domain))
			break;
		if (make_report(r, buf_slice(&domain), &gzip) == 0)
			crew_send_tls_report(crew, buf_slice(&domain),
			    buf_slice(&gzip));
		buf_done(&gzip);
	}
	buf_done(&domain);
}

static void
on_wants_mail(const struct msg_tls_report_mail *m, void *arg)
{
	struct reporter *r = arg;
	const struct report_sender sender = sender_of(r);
	struct buf gzip, message;

	buf_init(&message, MESSAGE_MAX);
	if (sender.contact.n > 0 && make_report(r, m->domain, &gzip) == 0) {
		tlsrpt_mail(&sender, m->domain, m->recipient, buf_slice(&gzip),
		    time_wall_ms(), &message);
		must(!buf_failed(&message));
		dispatch_mail(r->dispatch, sender.contact, m->recipient,
		    buf_slice(&message));
		log_info("schedule tlsrpt-mailed domain=%.*s",
		    SLICE_ARGS(m->domain));
	}
	if (sender.contact.n > 0)
		buf_done(&gzip);
	buf_done(&message);
}

struct reporter *
reporter_new(struct loop *loop, struct dispatch *dispatch, struct state *state)
{
	struct reporter *r = mem_zero(sizeof(*r));

	r->dispatch = dispatch;
	r->state = state;
	r->timer = timer_new(loop, on_tick, r);
	timer_set(r->timer, FIRST_AFTER);
	crew_on_report_mail(dispatch_crew(dispatch), on_wants_mail, r);
	return r;
}

void
reporter_free(struct reporter **reporter)
{
	struct reporter *r = *reporter;

	if (r == NULL)
		return;
	crew_on_report_mail(dispatch_crew(r->dispatch), NULL, NULL);
	timer_free(&r->timer);
	mem_free(r);
	*reporter = NULL;
}

/*
 * receive/report.c - the stations of a message on its way in, told once each.
 */
#include "receive/report.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/json.h"
#include "base/log.h"
#include "base/time.h"
#include "verify/verdicts.h"

enum { EVENTS_MAX = 8 << 20, CHECKS_TEXT_MAX = 4096 };

struct report {
	struct loop *loop;
	int fd; /* owned; -1: no event log */
	struct buf lines;
	bool failed; /* the last write did, and was logged */
};

static void
on_turn_end(void *arg)
{
	struct report *r = arg;
	ssize_t n;

	if (r->lines.n == 0)
		return;
	n = write(r->fd, r->lines.p, r->lines.n);
	if (n != (ssize_t)r->lines.n && !r->failed)
		log_warning("receive events-lost reason=\"short write\"");
	r->failed = n != (ssize_t)r->lines.n;
	buf_reset(&r->lines);
}

struct report *
report_new(struct loop *loop)
{
	struct report *r = mem_zero(sizeof(*r));

	r->loop = loop;
	r->fd = -1;
	buf_init(&r->lines, EVENTS_MAX);
	loop_at_turn_end(loop, on_turn_end, r);
	return r;
}

void
report_free(struct report **report)
{
	struct report *r = *report;

	if (r == NULL)
		return;
	loop_unpost(r->loop, r);
	report_set_file(r, -1);
	buf_done(&r->lines);
	mem_free(r);
	*report = NULL;
}

void
report_set_file(struct report *r, int fd)
{
	on_turn_end(r);
	if (r->fd != -1)
		(void)close(r->fd);
	r->fd = fd;
	r->failed = false;
}

/* --- events --- */

static void
begin(struct report *r, struct json *j, const char *event,
    const struct report_session *s)
{
	char now[TIME_RFC3339_SIZE];

	time_rfc3339(time_wall_ms(), now);
	json_begin(j, &r->lines);
	json_cstr(j, "time", now);
	json_cstr(j, "event", event);
	json_cstr(j, "session", s->id);
	json_cstr(j, "client", s->client);
}

static void
end(struct report *r, struct json *j)
{
	json_end(j);
	buf_add_char(&r->lines, '\n');
}

/* The best of several signatures stands for all, as it does for DMARC. */
static enum verdict
best_dkim(const struct verdicts *v)
{
	for (size_t i = 0; i < v->dkim_count; i++)
		if (v->dkim[i].result == VERDICT_PASS)
			return VERDICT_PASS;
	return v->dkim_count > 0 ? v->dkim[0].result : VERDICT_ABSENT;
}

static void
add_verdicts(struct json *j, struct slice encoded)
{
	struct verdicts v = { 0 };

	if (encoded.n > 0 && !verdicts_decode(encoded, &v))
		return;
	json_cstr(j, "spf",
	    verdict_name(
		v.spf.result != VERDICT_ABSENT ? v.spf.result : v.helo.result));
	json_cstr(j, "dkim", verdict_name(best_dkim(&v)));
	json_cstr(j, "dmarc", verdict_name(v.dmarc.result));
}

static void
add_received(struct report *r, const struct report_session *s,
    const struct envelope *e, struct slice message_id, int64_t took_ms)
{
	char id[ID_TEXT_SIZE];
	struct json j;

	id_text(e->id, id);
	begin(r, &j, "received", s);
	json_cstr(&j, "id", id);
	json_text(&j, "service", e->service);
	json_text(&j, "helo", e->helo);
	json_text(&j, "tls", e->tls);
	json_text(&j, "auth", e->login);
	json_text(&j, "sender", e->sender);
	json_list(&j, "recipients");
	for (uint32_t i = 0; i < e->recipient_count; i++)
		json_item(&j, e->recipients[i].address);
	json_list_end(&j);
	json_int(&j, "size", (int64_t)e->size);
	add_verdicts(&j, e->verdicts);
	json_text(&j, "message_id", message_id);
	json_seconds(&j, "seconds", took_ms);
	end(r, &j);
}

void
report_received(struct report *r, const struct report_session *s,
    const struct envelope *e, struct slice message_id, int64_t took_ms)
{
	struct log_text from, message, login, helo, checks;
	char id[ID_TEXT_SIZE];
	struct verdicts v;
	struct buf text;

	if (r->fd != -1)
		add_received(r, s, e, message_id, took_ms);
	if (log_get_level() < LEVEL_INFO)
		return;
	id_text(e->id, id);
	buf_init(&text, CHECKS_TEXT_MAX);
	if (e->verdicts.n > 0 && verdicts_decode(e->verdicts, &v))
		verdicts_text(&v, &text);
	log_info("receive accepted session=%s queue=%s from=%s size=%llu "
		 "rcpts=%u client=%s helo=%s login=%s tls=\"%s\" "
		 "message-id=%s checks=%s",
	    s->id, id, log_text(e->sender, &from), (unsigned long long)e->size,
	    e->recipient_count, s->client, log_text(s->helo, &helo),
	    log_text(e->login, &login), s->tls, log_text(message_id, &message),
	    log_text(buf_slice(&text), &checks));
	buf_done(&text);
}

void
report_rejected(struct report *r, const struct report_session *s,
    const struct smtp_rejection *no)
{
	struct log_text reply, from, to;
	struct json j;

	if (r->fd != -1) {
		begin(r, &j, "rejected", s);
		json_cstr(&j, "stage", no->stage);
		json_text(&j, "reply", no->reply);
		json_text(&j, "sender", no->sender);
		json_text(&j, "recipient", no->recipient);
		end(r, &j);
	}
	log_info("receive rejected session=%s client=%s stage=%s reply=%s "
		 "from=%s to=%s",
	    s->id, s->client, no->stage, log_text(no->reply, &reply),
	    log_text(no->sender, &from), log_text(no->recipient, &to));
}

void
report_auth_failed(struct report *r, const struct report_session *s,
    struct slice login)
{
	struct log_text name;
	struct json j;

	if (r->fd != -1) {
		begin(r, &j, "auth_failed", s);
		json_text(&j, "login", login);
		end(r, &j);
	}
	log_info("receive auth-failed session=%s client=%s login=%s", s->id,
	    s->client, log_text(login, &name));
}

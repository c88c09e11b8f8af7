/*
 * mtactl/probe.c - banner, EHLO, STARTTLS, the handshake, EHLO, QUIT.
 */
#include "mtactl/probe.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "io/conn.h"
#include "smtp/reply.h"

enum { INPUT_MAX = 16 << 10, CHAIN_MAX = 16 << 10 };

enum probe_step { AT_BANNER, AT_EHLO, AT_STARTTLS, AT_EHLO_AGAIN, AT_END };

struct probe {
	struct loop *loop; /* borrowed */
	struct tls_client *tls;
	const struct probe_target *target;
	struct conn *conn; /* owned; NULL when over */
	enum probe_step step;
	struct reply reply;
	bool offers_starttls;
	json_t *extensions; /* borrowed: of the result */
	json_t *result;     /* the caller's */
};

static void
put(json_t *object, const char *name, struct slice value)
{
	json_t *text = json_stringn(value.p, value.n);

	(void)json_object_set_new(object, name,
	    text == NULL ? json_string("?") : text);
}

static void
finish(struct probe *p, const char *trouble)
{
	if (trouble != NULL)
		put(p->result, "trouble", slice_of(trouble));
	if (p->conn != NULL)
		conn_close_later(p->conn);
	p->conn = NULL;
	p->step = AT_END;
	loop_stop(p->loop);
}

static void
say(struct probe *p, const char *verb, const char *argument)
{
	conn_write(p->conn, slice_of(verb));
	conn_write(p->conn, slice_of(argument));
	conn_write(p->conn, SLICE("\r\n"));
}

/* --- TLS --- */

static void
start_tls(struct probe *p)
{
	const struct host_policy *h = p->target->policy;
	struct tls_client_policy policy = { .server_name = p->target->host,
		.verify = h->policy.verify,
		.looks_only = true };

	if (policy.verify == TLS_VERIFY_DANE) {
		policy.server_name = h->dane.base;
		policy.tlsa = h->dane.tlsa;
		policy.tlsa_count = h->dane.tlsa_count;
		policy.other_names = (const char *const *)h->other_names;
		policy.other_name_count = h->other_name_count;
	}
	conn_start_tls_client(p->conn, p->tls, &policy);
}

static void
add_chain(struct probe *p)
{
	json_t *list = json_array();
	struct slice rest, line;
	struct buf chain;

	buf_init(&chain, CHAIN_MAX);
	conn_tls_chain(p->conn, &chain);
	rest = buf_slice(&chain);
	while (slice_take_line(&rest, &line))
		(void)json_array_append_new(list, json_stringn(line.p, line.n));
	(void)json_object_set_new(p->result, "chain", list);
	buf_done(&chain);
}

static void
on_secured(struct conn *conn, int rc, void *arg)
{
	struct probe *p = arg;
	enum tls_verify verify = p->target->policy->policy.verify;
	struct tls_facts facts;
	struct buf text;

	if (rc != 0) {
		put(p->result, "tls", SLICE("the handshake fails"));
		finish(p, conn_tls_error(conn));
		return;
	}
	must(conn_tls_facts(conn, &facts));
	buf_init(&text, 512);
	buf_addf(&text, "%s %s", facts.version, facts.cipher);
	put(p->result, "tls", buf_slice(&text));
	buf_reset(&text);
	if (facts.verified)
		buf_addf(&text, "authenticated by %s",
		    verify == TLS_VERIFY_DANE ? "DANE" : "name and CA");
	else
		buf_addf(&text, "not authenticated (%s), %s",
		    facts.verify_error,
		    verify == TLS_VERIFY_NOTHING
			? "which the policy does not ask for"
			: "as the policy demands: no mail goes there");
	put(p->result, "verdict", buf_slice(&text));
	buf_done(&text);
	add_chain(p);
	if (p->step == AT_STARTTLS) {
		p->step = AT_EHLO_AGAIN;
		say(p, "EHLO ", p->target->helo);
	}
	conn_resume(conn);
}

/* --- SMTP --- */

static void
no_tls(struct probe *p)
{
	bool must_have = p->target->policy->policy.need == TLS_NEED_ALWAYS;

	put(p->result, "tls", SLICE("not offered"));
	put(p->result, "verdict",
	    must_have ? SLICE("the policy demands TLS: no mail goes there")
		      : SLICE("mail goes there in plain text"));
	say(p, "QUIT", "");
	finish(p, NULL);
}

static void
got_reply(struct probe *p)
{
	switch (p->step) {
	case AT_BANNER:
		put(p->result, "greeting", buf_slice(&p->reply.text));
		p->step = p->target->from_the_start ? AT_EHLO_AGAIN : AT_EHLO;
		say(p, "EHLO ", p->target->helo);
		break;
	case AT_EHLO:
		if (!p->offers_starttls) {
			no_tls(p);
			break;
		}
		p->step = AT_STARTTLS;
		say(p, "STARTTLS", "");
		break;
	case AT_STARTTLS:
		if (p->reply.code == 220)
			start_tls(p);
		else
			finish(p, "STARTTLS is offered and refused");
		break;
	case AT_EHLO_AGAIN:
		say(p, "QUIT", "");
		finish(p, NULL);
		break;
	case AT_END:
		break;
	}
}

static void
got_line(struct probe *p, struct slice line)
{
	bool in_list = (p->step == AT_EHLO || p->step == AT_EHLO_AGAIN) &&
	    p->reply.lines > 0;
	struct reply_line parsed;
	enum reply_progress progress;

	if (in_list && reply_line_parse(line, &parsed)) {
		p->offers_starttls = p->offers_starttls ||
		    slice_is_nocase(parsed.text, "STARTTLS");
		(void)json_array_append_new(p->extensions,
		    json_stringn(parsed.text.p, parsed.text.n));
	}
	progress = reply_add_line(&p->reply, line);
	if (progress == REPLY_MORE)
		return;
	if (progress == REPLY_MALFORMED || p->reply.code >= 400)
		finish(p,
		    progress == REPLY_MALFORMED ? "it does not speak SMTP"
						: buf_cstr(&p->reply.text));
	else
		got_reply(p);
	reply_reset(&p->reply);
	/* What counts is what it offers under TLS. */
	if (p->step == AT_STARTTLS)
		(void)json_array_clear(p->extensions);
}

static void
on_readable(struct conn *conn, void *arg)
{
	struct probe *p = arg;
	struct slice in = conn_input(conn, INPUT_MAX);
	size_t end = slice_find(in, '\n');

	while (end < in.n && p->step != AT_END) {
		struct slice line = slice_head(in, end);

		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		conn_consume(conn, end + 1);
		got_line(p, line);
		if (p->step == AT_END)
			return;
		in = conn_input(conn, INPUT_MAX);
		end = slice_find(in, '\n');
	}
	if (in.n >= INPUT_MAX)
		finish(p, "an endless line came");
}

static void
on_connected(struct conn *conn, void *arg)
{
	struct probe *p = arg;

	conn_set_timeout(conn, p->target->timeout_ms);
	if (p->target->from_the_start)
		start_tls(p);
	else
		conn_resume(conn);
}

static void
on_ended(struct conn *conn, int rc, void *arg)
{
	struct probe *p = arg;

	(void)conn;
	finish(p, rc == 0 ? "it hung up" : err_text(rc));
}

json_t *
probe(struct loop *loop, struct tls_client *tls,
    const struct probe_target *target)
{
	static const struct conn_events events = {
		.connected = on_connected,
		.readable = on_readable,
		.secured = on_secured,
		.ended = on_ended,
	};
	const struct conn_address to = { .ip = target->ip,
		.port = target->port };
	struct probe p = { .loop = loop,
		.tls = tls,
		.target = target,
		.extensions = json_array(),
		.result = json_object() };

	put(p.result, "host", slice_of(target->host));
	reply_init(&p.reply);
	p.conn = conn_connect(loop, &to, NULL, target->timeout_ms, &events, &p);
	conn_set_input_limit(p.conn, INPUT_MAX);
	loop_run(loop);
	(void)json_object_set_new(p.result, "extensions", p.extensions);
	reply_done(&p.reply);
	return p.result;
}

/*
 * deliver/session.c - moves bytes between a connection, the protocol engine
 * and the queue. No policy is here.
 */
#include "deliver/session.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "base/time.h"

enum {
	SESSION_MAGIC = 0x73657373,
	INPUT_LIMIT = 32 * 1024,
	OUTPUT_HIGH = 128 * 1024, /* no more content while so much waits */
	OUTPUT_LOW = 64 * 1024,
	AT_ONCE = 1024 * 1024,
	FAILURE_MAX = 1024,
	TLS_TEXT_SIZE = 128,
	EXPORTER_SIZE = 32,
	HANDSHAKE_PATIENCE = 2 * MINUTE,
};

struct session {
	uint32_t magic;
	LIST_ENTRY(session) in_tools;
	struct tools *tools;        /* borrowed */
	struct conf *conf;          /* a reference */
	struct conn *conn;          /* owned; NULL when over */
	struct smtp_client *client; /* owned */
	session_fn *fn;
	void *arg;                           /* borrowed */
	const struct queue_message *message; /* borrowed; NULL: none */
	uint64_t offset; /* of the content to be read next */
	bool implicit_tls;
	const struct host_policy *policy; /* borrowed until TLS is up */
	const char *policy_name;          /* static */
	bool connected;
	bool was_ready;
	bool broke_tls;
	bool over;
	uint32_t messages;
	char *host; /* owned */
	char *path; /* owned: of a Unix socket; or NULL */
	char address[ADDRESS_TEXT_SIZE];
	char tls[TLS_TEXT_SIZE];
	bool has_failure; /* one that the client does not know */
	struct client_failure failure;
	char failure_text[FAILURE_MAX];
};

static struct session *
session_from(void *arg)
{
	struct session *s = arg;

	must(s->magic == SESSION_MAGIC);
	return s;
}

static void
destroy(struct session *s)
{
	must(s->conn == NULL);
	LIST_REMOVE(s, in_tools);
	smtp_client_free(&s->client);
	conf_unref(&s->conf);
	mem_free(s->host);
	mem_free(s->path);
	s->magic = 0;
	mem_free(s);
}

static void
on_over(void *arg)
{
	struct session *s = session_from(arg);

	if (s->fn != NULL)
		s->fn(s, SESSION_OVER, s->arg);
	destroy(s);
}

/* The end. The owner is told from the loop, and then it has no session. */
static void
end_session(struct session *s, bool politely)
{
	if (s->over)
		return;
	s->over = true;
	s->tools->connections--;
	if (politely)
		conn_close_later(s->conn);
	else
		conn_abort_later(s->conn);
	s->conn = NULL;
	loop_unpost(s->tools->loop, s);
	loop_post(s->tools->loop, on_over, s);
}

static void
note_failure(struct session *s, enum job_trouble trouble, unsigned subject,
    unsigned detail, const char *reply, const char *why)
{
	struct buf text;

	buf_init(&text, sizeof(s->failure_text));
	buf_addf(&text, "%s %s %s: ", reply, s->host, s->address);
	buf_add(&text, slice_head(slice_of(why), FAILURE_MAX / 2));
	s->has_failure = true;
	s->failure.trouble = trouble;
	if (text.n > 0)
		memcpy(s->failure_text, text.p, text.n);
	s->failure.fate = fate_ours(FATE_DEFERRED, subject, detail,
	    slice_from(s->failure_text, text.n));
	smtp_client_note(s->client, s->failure.fate.reply);
	buf_done(&text);
}

static void
on_wire(struct slice piece, void *arg)
{
	conn_write(arg, piece);
}

/*
 * By sendfile(2), where nothing has to be put in and the file stays as it is: a
 * segment may be written anew while octets of it still wait in the socket of a
 * transaction that failed. Returns what conn_send_file() does.
 */
static int64_t
send_from_file(struct session *s, uint64_t left)
{
	const struct queue_message *m = s->message;
	const struct queue_part *part;

	if (left == 0 || !smtp_client_takes_raw(s->client))
		return -ENOTSUP;
	must(m->part_count > 0);
	part = &m->parts[m->part_count - 1]; /* the only one under large/ */
	if (!part->is_constant || part->fd == -1 || left > part->length)
		return -ENOTSUP;
	return conn_send_file(s->conn, part->fd,
	    part->offset + part->length - left,
	    left < AT_ONCE ? (size_t)left : AT_ONCE);
}

/* False when the message can't be read. */
static bool
send_block(struct session *s, uint64_t left)
{
	size_t n = left < CONTENT_BLOCK ? (size_t)left : CONTENT_BLOCK;
	int64_t got = 0;

	if (n > 0)
		got = queue_message_read(s->tools->reader, s->message,
		    s->offset, s->tools->block, n);
	if (n > 0 && got <= 0) {
		note_failure(s, TROUBLE_LOCAL, 3, 0, "451 4.3.0",
		    got == 0 ? "the message is shorter than it was"
			     : err_text((int)got));
		return false;
	}
	s->offset += (uint64_t)got;
	smtp_client_content(s->client, slice_from(s->tools->block, (size_t)got),
	    on_wire, s->conn);
	return true;
}

/*
 * The next blocks of content, as many as the connection takes now. False when
 * the message can't be read: then its rest can't be unsaid, and the connection
 * has to go.
 */
static bool
send_content(struct session *s)
{
	uint64_t left;

	while (smtp_client_wants_content(s->client, &left) &&
	    conn_output_size(s->conn) < OUTPUT_HIGH) {
		int64_t went = send_from_file(s, left);

		if (went == 0)
			return true; /* `drained` or `ended` follows */
		if (went > 0) {
			s->offset += (uint64_t)went;
			smtp_client_content_went(s->client, (uint64_t)went);
		} else if (!send_block(s, left)) {
			return false;
		}
	}
	return true;
}

static int64_t
at_most_as_configured(const struct session *s, int64_t ms)
{
	int64_t most = s->conf->delivery.reply_timeout_ms;

	return ms < most ? ms : most;
}

static void
arm(struct session *s)
{
	int64_t ms;

	if (smtp_client_new_patience(s->client, &ms))
		conn_set_timeout(s->conn, at_most_as_configured(s, ms));
}

static void
start_tls(struct session *s)
{
	const struct host_policy *p = s->policy;
	struct tls_client_policy policy = {
		.server_name = s->host,
		.verify = p == NULL ? TLS_VERIFY_NOTHING : p->policy.verify,
		.session_site = s->host,
	};

	if (policy.verify == TLS_VERIFY_DANE) {
		policy.server_name = p->dane.base;
		policy.tlsa = p->dane.tlsa;
		policy.tlsa_count = p->dane.tlsa_count;
		policy.other_names = (const char *const *)p->other_names;
		policy.other_name_count = p->other_name_count;
	}

	conn_set_timeout(s->conn, at_most_as_configured(s, HANDSHAKE_PATIENCE));
	conn_start_tls_client(s->conn, s->tools->tls, &policy);
}

/* Does what the client wants. False: the session is over. */
static bool
act(struct session *s, enum step step)
{
	struct buf *out = smtp_client_output(s->client);

	if (out->n > 0)
		conn_write(s->conn, buf_slice(out));
	buf_reset(out);
	if (!send_content(s)) {
		end_session(s, false);
		return false;
	}
	arm(s);
	if (step == STEP_TLS)
		start_tls(s);
	if (step != STEP_CLOSE)
		return true;
	end_session(s, true);
	return false;
}

static void
tell_ready(void *arg)
{
	struct session *s = session_from(arg);

	s->was_ready = true;
	if (s->message != NULL)
		s->messages++;
	s->message = NULL;
	if (s->fn != NULL)
		s->fn(s, SESSION_READY, s->arg);
}

/*
 * What a server says behind its answer is out of place: the client hears it
 * before the owner learns that it is ready, and gives such a server up.
 */
static void
on_readable(struct conn *conn, void *arg)
{
	struct session *s = session_from(arg);
	bool is_done = false;
	struct slice in;

	while ((in = conn_input(conn, INPUT_LIMIT)).n > 0) {
		size_t eaten;
		enum step step = smtp_client_feed(s->client, in, &eaten);

		conn_consume(conn, eaten);
		if (!act(s, step))
			return;
		is_done = is_done || step == STEP_WAIT;
		if (eaten == 0 || step == STEP_TLS)
			break;
	}
	if (is_done)
		tell_ready(s);
}

static void
on_connected(struct conn *conn, void *arg)
{
	struct session *s = session_from(arg);

	s->connected = true;
	conn_resume(conn);
	if (s->implicit_tls)
		start_tls(s);
	else
		arm(s);
}

static void
on_drained(struct conn *conn, void *arg)
{
	(void)conn;
	(void)act(session_from(arg), STEP_MORE);
}

static void
bind_client(struct session *s)
{
	struct login_binding binding = { 0 };

	binding.is_exporter = conn_tls_exporter(s->conn, binding.octets);
	binding.n = binding.is_exporter
	    ? EXPORTER_SIZE
	    : conn_tls_unique(s->conn, binding.octets, LOGIN_BINDING_MAX);
	smtp_client_bind(s->client, &binding);
}

static void
on_secured(struct conn *conn, int rc, void *arg)
{
	struct session *s = session_from(arg);
	struct tls_facts facts;
	struct buf text;

	if (rc != 0) {
		s->broke_tls = true;
		note_failure(s, TROUBLE_SITE, 7, 5, "451 4.7.5",
		    conn_tls_error(conn));
		smtp_client_lost(s->client, rc);
		end_session(s, false);
		return;
	}
	must(conn_tls_facts(conn, &facts));
	buf_init(&text, sizeof(s->tls));
	s->policy = NULL;
	buf_addf(&text, "%s %s %s", facts.version, facts.cipher,
	    facts.verified ? "verified" : "unverified");
	(void)slice_to_cstr(buf_slice(&text), s->tls, sizeof(s->tls));
	buf_done(&text);
	smtp_client_note(s->client, slice_of(s->tls));
	bind_client(s);
	(void)act(s, smtp_client_secured(s->client, facts.verified));
}

static void
on_ended(struct conn *conn, int rc, void *arg)
{
	struct session *s = session_from(arg);

	if (!s->connected)
		note_failure(s, TROUBLE_SITE, 4, 1, "451 4.4.1", err_text(rc));
	else if (rc == ERR_TLS)
		note_failure(s, TROUBLE_CONNECTION, 7, 5, "451 4.7.5",
		    conn_tls_error(conn));
	/* Hearing nothing during a handshake is a broken handshake, too. */
	if (s->connected && s->implicit_tls && s->tls[0] == '\0')
		s->broke_tls = true;
	smtp_client_lost(s->client, rc);
	end_session(s, false);
}

static const struct conn_events events = {
	.connected = on_connected,
	.readable = on_readable,
	.drained = on_drained,
	.secured = on_secured,
	.ended = on_ended,
};

struct session *
session_new(struct tools *tools, const struct session_plan *plan,
    session_fn *fn, void *arg)
{
	struct session *s = mem_zero(sizeof(*s));
	struct conn_address to = plan->address;

	s->magic = SESSION_MAGIC;
	s->tools = tools;
	s->conf = conf_ref(plan->conf);
	s->fn = fn;
	s->arg = arg;
	s->implicit_tls = plan->implicit_tls;
	s->policy = plan->policy;
	s->policy_name = plan->policy == NULL ? "" : plan->policy->policy.name;
	s->host = mem_cstr(slice_of(plan->host));
	if (to.path != NULL)
		to.path = s->path = mem_cstr(slice_of(to.path));
	address_text(&to, s->address);
	s->client = smtp_client_new(&plan->client);
	LIST_INSERT_HEAD(&tools->sessions, s, in_tools);
	tools->connections++;
	tools->attempts++;
	s->conn = conn_connect(tools->loop, &to, plan->source,
	    plan->conf->delivery.connect_timeout_ms, &events, s);
	conn_set_input_limit(s->conn, INPUT_LIMIT);
	conn_set_low_mark(s->conn, OUTPUT_LOW);
	return s;
}

void
session_set_owner(struct session *s, session_fn *fn, void *arg)
{
	s->fn = fn;
	s->arg = arg;
}

void
session_send(struct session *s, const struct smtp_message *message,
    const struct queue_message *content)
{
	enum step step;

	if (s->over)
		return;
	s->message = content;
	s->offset = 0;
	step = smtp_client_send(s->client, message);
	if (act(s, step) && step == STEP_WAIT)
		loop_post(s->tools->loop, tell_ready, s);
}

void
session_leave(struct session **session)
{
	struct session *s = *session;
	bool politely;

	if (s == NULL)
		return;
	*session = NULL;
	s->fn = NULL;
	if (s->over)
		return;
	politely = smtp_client_is_ready(s->client) &&
	    smtp_client_quit(s->client) == STEP_CLOSE;
	if (politely)
		conn_write(s->conn, buf_slice(smtp_client_output(s->client)));
	end_session(s, politely);
}

void
session_drop_all(struct tools *tools)
{
	struct session *s;

	while ((s = LIST_FIRST(&tools->sessions)) != NULL) {
		s->fn = NULL;
		end_session(s, false);
		loop_unpost(tools->loop, s);
		destroy(s);
	}
}

const struct client_failure *
session_failure(const struct session *s)
{
	return s->has_failure ? &s->failure : smtp_client_failure(s->client);
}

bool
session_broke_tls(const struct session *s)
{
	return s->broke_tls || smtp_client_broke_tls(s->client);
}

bool
session_is_connected(const struct session *s)
{
	return s->connected;
}

bool
session_got_ready(const struct session *s)
{
	return s->was_ready;
}

uint32_t
session_messages(const struct session *s)
{
	return s->messages;
}

struct slice
session_host(const struct session *s)
{
	return slice_of(s->host);
}

struct slice
session_address(const struct session *s)
{
	return slice_of(s->path != NULL ? s->path : s->address);
}

struct slice
session_tls(const struct session *s)
{
	return slice_of(s->tls);
}

struct slice
session_policy(const struct session *s)
{
	return slice_of(s->policy_name);
}

const struct smtp_client *
session_client(const struct session *s)
{
	return s->client;
}

void
session_begin_job(struct session *s)
{
	smtp_client_clear_dialogue(s->client);
}

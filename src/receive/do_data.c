/*
 * receive/do_data.c - DATA and BDAT: the content, to its end and its reply.
 *
 *   "DATA" CRLF content CRLF "." CRLF			(RFC 5321, 4.1.1.4)
 *   "BDAT" SP chunk-size [ SP "LAST" ] CRLF chunk	(RFC 3030, 2)
 *
 * A message is answered 250 only by smtp_server_committed(). Content that is
 * refused is still eaten to its true end, so that none of it is ever read as
 * commands.
 */
#include "receive/verbs.h"

#include "base/err.h"
#include "base/id.h"
#include "receive/trace.h"

static enum step
reject_content(struct smtp_server *s, const char *reply)
{
	struct envelope *e = &s->transaction->envelope;
	struct slice recipient = SLICE_NONE;

	if (e->recipient_count == 1)
		recipient = e->recipients[0].address;
	(void)reject(s, "data", reply, e->sender, recipient);
	server_phase(s, PHASE_READY);
	server_enter(s, STATE_COMMAND);
	return STEP_MORE;
}

/* It may come in: on to the disk. */
static enum step
commit(struct smtp_server *s, const struct smtp_findings *findings)
{
	struct transaction *t = s->transaction;
	struct envelope *e = &t->envelope;

	trace_write(s, findings, &t->prefix);
	if (buf_failed(&t->prefix))
		return reject_content(s, content_trouble(ERR_LIMIT));
	e->size = t->content.kept + t->prefix.n;
	e->verdicts = findings->verdicts;
	e->hold = findings->hold;
	server_enter(s, STATE_COMMIT);
	s->host->commit(s->arg, buf_slice(&t->prefix), e);
	content_committed(&t->content);
	return STEP_WAIT;
}

static enum step
judge(struct smtp_server *s, const struct smtp_findings *findings)
{
	char reply[sizeof(((struct refusal *)0)->text)];

	if (findings->refusal.n == 0)
		return commit(s, findings);
	if (!slice_to_cstr(findings->refusal, reply, sizeof(reply)))
		return reject_content(s, content_trouble(ERR_LIMIT));
	return reject_content(s, reply);
}

/* All the content is there: what is it? */
static enum step
finish(struct smtp_server *s)
{
	struct transaction *t = s->transaction;
	struct envelope *e = &t->envelope;
	struct smtp_findings findings = { 0 };
	const char *no = content_end(&t->content);

	if (no != NULL)
		return reject_content(s, no);
	e->service = slice_of(s->terms->service);
	ip_text(&s->terms->client, s->client);
	e->client = slice_of(s->client);
	e->helo = slice_of(s->helo);
	e->login = slice_of(s->login);
	e->tls = slice_of(s->tls);
	server_enter(s, STATE_FINDINGS);
	if (!s->host->inspect(s->arg, e, &findings))
		return STEP_WAIT;
	return judge(s, &findings);
}

enum step
smtp_server_inspected(struct smtp_server *s,
    const struct smtp_findings *findings, int64_t now)
{
	must(s->state == STATE_FINDINGS);
	s->now = now;
	return judge(s, findings);
}

enum step
smtp_server_committed(struct smtp_server *s, int rc, int64_t now)
{
	char id[ID_TEXT_SIZE];

	must(s->state == STATE_COMMIT);
	s->now = now;
	if (rc != 0)
		return reject_content(s, content_trouble(rc));
	id_text(s->transaction->envelope.id, id);
	buf_addf(s->out, "250 2.0.0 Ok: queued as %s\r\n", id);
	s->idle_commands = 0;
	server_phase(s, PHASE_READY);
	server_enter(s, STATE_COMMAND);
	return STEP_MORE;
}

/* 0, or -errno of the draft. */
static int
begin(struct smtp_server *s)
{
	struct transaction *t = s->transaction;

	s->content_since = s->now;
	s->content_octets = 0;
	return content_begin(&t->content, &t->envelope.id,
	    &t->envelope.arrived_ms);
}

enum step
do_data(struct smtp_server *s, struct slice args)
{
	int rc;

	(void)args;
	if (s->phase == PHASE_SENDER) {
		const char *no = s->transaction->refused > 0
		    ? "554 5.5.1 No valid recipients"
		    : "503 5.5.1 Send RCPT first";

		/* As in dispatch(): its content is no commands. */
		return s->more ? hang_up(s, no) : fail(s, no);
	}
	rc = begin(s);
	if (rc != 0) {
		if (s->more)
			return hang_up(s, content_trouble(rc));
		return reject_content(s, content_trouble(rc));
	}
	server_enter(s, STATE_DATA);
	return say(s, "354 End data with <CR><LF>.<CR><LF>");
}

size_t
data_take(struct smtp_server *s, struct slice in, enum step *step)
{
	bool ended = false;
	size_t n;

	n = content_feed_data(&s->transaction->content, in, &ended);
	s->content_octets += n;
	if (ended)
		*step = finish(s);
	else
		server_enter(s, STATE_DATA);
	return n;
}

/* --- BDAT --- */

static bool
parse_size(struct smtp_server *s, struct slice args)
{
	struct slice size = slice_take_word(&args);
	struct slice last = slice_take_word(&args);

	s->chunk_last = slice_is_nocase(last, "LAST");
	return slice_to_u64(size, UINT64_MAX, &s->chunk_size) &&
	    (last.n == 0 || s->chunk_last) && slice_trim(args).n == 0;
}

/* The chunk is in: its reply, or the message's. */
static enum step
chunk_end(struct smtp_server *s)
{
	struct transaction *t = s->transaction;

	server_enter(s, STATE_COMMAND);
	if (s->chunk_reply != NULL) {
		const char *reply = s->chunk_reply;

		s->chunk_reply = NULL;
		return fail(s, reply);
	}
	if (s->chunk_last)
		return finish(s);
	if (t->content.verdict != NULL)
		return reject_content(s, t->content.verdict);
	buf_addf(s->out, "250 2.0.0 %llu octets received\r\n",
	    (unsigned long long)s->chunk_size);
	return STEP_MORE;
}

static enum step
chunk_begin(struct smtp_server *s)
{
	s->chunk_left = s->chunk_size;
	if (s->chunk_left == 0)
		return chunk_end(s);
	server_enter(s, STATE_CHUNK);
	return STEP_MORE;
}

/*
 * Without a size nobody knows where the chunk ends and commands go on: there
 * is no way back into step with the client.
 */
static enum step
out_of_step(struct smtp_server *s)
{
	return hang_up(s, "501 5.5.4 Syntax: BDAT size [LAST]");
}

enum step
bdat_skip(struct smtp_server *s, struct slice args, const char *reply)
{
	if (!parse_size(s, args))
		return out_of_step(s);
	s->content_since = s->now;
	s->content_octets = 0;
	s->chunk_reply = reply;
	return chunk_begin(s);
}

enum step
do_bdat(struct smtp_server *s, struct slice args)
{
	int rc;

	if (!parse_size(s, args))
		return out_of_step(s);
	if (s->phase == PHASE_SENDER)
		return bdat_skip(s, args,
		    s->transaction->refused > 0
			? "554 5.5.1 No valid recipients"
			: "503 5.5.1 Send RCPT first");
	if (s->phase == PHASE_RCPTS) {
		rc = begin(s);
		if (rc != 0) {
			server_phase(s, PHASE_READY);
			return bdat_skip(s, args, content_trouble(rc));
		}
		server_phase(s, PHASE_CHUNKS);
	}
	return chunk_begin(s);
}

size_t
chunk_take(struct smtp_server *s, struct slice in, enum step *step)
{
	struct slice run = in;

	if (run.n > s->chunk_left)
		run.n = (size_t)s->chunk_left;
	if (s->chunk_reply == NULL)
		content_feed_chunk(&s->transaction->content, run);
	s->chunk_left -= run.n;
	s->content_octets += run.n;
	if (s->chunk_left == 0)
		*step = chunk_end(s);
	else
		server_enter(s, STATE_CHUNK);
	return run.n;
}

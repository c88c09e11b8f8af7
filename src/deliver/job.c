/*
 * deliver/job.c - from a DELIVER_JOB to its JOB_DONE, which fits a message of
 * IPC whatever the peers said.
 */
#include "deliver/job.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"
#include "mail/header.h"

enum {
	JOB_ARENA_MAX = 1 << 20,
	FATES_MAX = 40 * 1024, /* encoded; the rest is for the dialogue */
	FATE_OVERHEAD = 16,
	REPLY_MAX = 1024,
	TEXT_MAX = 512,
};

struct slice
job_keep(struct job *j, struct slice s, size_t max)
{
	struct slice copy = arena_copy(j->arena, slice_head(s, max));

	return copy.p == NULL ? SLICE_NONE : copy;
}

bool
job_is_settled(const struct job *j)
{
	for (size_t i = 0; i < j->envelope.recipient_count; i++)
		if (j->fates[i].kind == FATE_NONE)
			return false;
	return true;
}

void
job_settle(struct job *j, const struct fate *fate)
{
	struct fate kept = *fate;

	kept.reply = job_keep(j, fate->reply, REPLY_MAX);
	for (size_t i = 0; i < j->envelope.recipient_count; i++)
		if (j->fates[i].kind == FATE_NONE)
			j->fates[i] = kept;
}

void
job_settle_ours(struct job *j, enum fate_kind kind, unsigned subject,
    unsigned detail, const char *reply)
{
	struct fate fate = fate_ours(kind, subject, detail, slice_of(reply));

	job_settle(j, &fate);
}

/* Something of ours is broken: later, and not the site's fault. */
static void
settle_broken(struct job *j, const char *reply, const char *why)
{
	log_error("deliver broken-job job=%llu site=%.*s why=\"%s\"",
	    (unsigned long long)j->id, SLICE_ARGS(j->site), why);
	j->trouble = TROUBLE_LOCAL;
	job_settle_ours(j, FATE_DEFERRED, 3, 0, reply);
}

static void
settle_unreadable(struct job *j, int rc)
{
	settle_broken(j, "451 4.3.0 The message can't be read from the queue",
	    err_text(rc));
}

static void
open_message(struct job *j, const struct place *place)
{
	int rc = queue_reader_open(j->tools->reader, place, &j->message);

	j->is_open = rc == 0;
	if (rc != 0)
		settle_unreadable(j, rc);
	else if (j->message.id != j->envelope.id)
		settle_broken(j,
		    "451 4.3.0 The queue holds another message there",
		    "the ids differ");
}

static void
prove_on(void *arg)
{
	struct job *j = arg;
	struct tools *t = j->tools;
	int rc;

	do
		rc = queue_message_prove(t->reader, &j->message, &j->proof,
		    t->block, CONTENT_BLOCK);
	while (rc == -EAGAIN && !loop_is_spent(t->loop));
	if (rc == -EAGAIN) {
		loop_post(t->loop, prove_on, j);
		return;
	}
	if (rc != 0)
		settle_unreadable(j, rc);
	j->ready(j, j->arg);
}

void
job_prove(struct job *j, job_fn *ready)
{
	j->ready = ready;
	if (j->is_fresh || job_is_settled(j))
		ready(j, j->arg);
	else
		prove_on(j);
}

struct job *
job_new(struct tools *tools, const struct msg_deliver_job *m, job_fn *done,
    void *arg)
{
	struct job *j = mem_zero(sizeof(*j));
	const struct place place = { m->segment, m->offset, m->length };
	struct why why;

	j->id = m->job;
	j->tools = tools;
	j->done = done;
	j->arg = arg;
	j->arena = arena_new(JOB_ARENA_MAX);
	j->is_domain = m->is_domain != 0;
	j->is_fresh = m->is_fresh != 0;
	j->messages_per_connection = m->messages_per_connection;
	j->mx = m->mx;
	j->site = job_keep(j, m->site, m->site.n);
	j->route = job_keep(j, m->route, m->route.n);
	if (envelope_decode(job_keep(j, m->envelope, m->envelope.n), j->arena,
		&j->envelope) != 0) {
		/* Without recipients there is nobody to have a fate. */
		j->envelope = (struct envelope){ 0 };
		settle_broken(j, "", "the envelope is malformed");
		return j;
	}
	j->fates = arena_alloc(j->arena, j->envelope.recipient_count,
	    sizeof(*j->fates));
	j->heeded.seen = arena_alloc(j->arena, j->envelope.recipient_count,
	    sizeof(*j->heeded.seen));
	must(j->fates != NULL && j->heeded.seen != NULL);
	j->sources = job_keep(j, m->sources, TEXT_MAX);
	j->target_text = job_keep(j, m->target, m->target.n);
	if (!target_parse(j->target_text, &j->target, &why))
		settle_broken(j, "451 4.3.5 The target is malformed", why.text);
	else
		open_message(j, &place);
	return j;
}

void
job_free(struct job **job)
{
	struct job *j = *job;

	if (j == NULL)
		return;
	must(j->work == NULL);
	loop_unpost(j->tools->loop, j);
	if (j->is_open)
		queue_message_done(j->tools->reader, &j->message);
	arena_free(&j->arena);
	mem_free(j);
	*job = NULL;
}

static void
on_done(void *arg)
{
	struct job *j = arg;

	j->done(j, j->arg);
}

void
job_done(struct job *j)
{
	must(j->work == NULL);
	loop_post(j->tools->loop, on_done, j);
}

/* As far as a block of content goes; false: it can't be read. */
static bool
read_header(struct job *j, struct slice *head)
{
	int64_t n = queue_message_read(j->tools->reader, &j->message, 0,
	    j->tools->block, CONTENT_BLOCK);

	if (n <= 0)
		return false;
	*head = slice_from(j->tools->block, (size_t)n);
	if (header_length(*head) > 0)
		*head = slice_head(*head, header_length(*head));
	return true;
}

bool
job_has_utf8_header(struct job *j)
{
	struct slice head;

	if (!j->envelope.smtputf8)
		return false;
	/* Not known: better not sent where it can't be. */
	return !read_header(j, &head) || header_needs_utf8(head);
}

bool
job_waives_tls(struct job *j)
{
	struct header_field field;
	struct slice head;

	return read_header(j, &head) &&
	    header_find(head, "TLS-Required", &field) &&
	    slice_is_nocase(slice_trim(field.body), "no");
}

static bool
is_all_success(const struct job *j)
{
	for (size_t i = 0; i < j->envelope.recipient_count; i++)
		if (j->fates[i].kind != FATE_DELIVERED &&
		    j->fates[i].kind != FATE_RELAYED &&
		    j->fates[i].kind != FATE_PASSED)
			return false;
	return true;
}

struct msg_job_done
job_answer(struct job *j, struct buf *fates)
{
	size_t n = j->envelope.recipient_count;
	size_t most = n == 0 ? REPLY_MAX : FATES_MAX / n;

	must(job_is_settled(j));
	most = most > FATE_OVERHEAD ? most - FATE_OVERHEAD : 0;
	for (size_t i = 0; i < n; i++)
		j->fates[i].reply = slice_head(j->fates[i].reply, most);
	buf_reset(fates);
	fates_encode(j->fates, n, fates);
	return (struct msg_job_done){
		.job = j->id,
		.fates = buf_slice(fates),
		.trouble = j->trouble,
		.host = slice_head(j->host, TEXT_MAX),
		.address = slice_head(j->address, TEXT_MAX),
		.tls = slice_head(j->tls, TEXT_MAX),
		.policy = slice_head(j->policy, TEXT_MAX),
		.mx = j->mx_found,
		.mx_hosts = j->mx_hosts,
		/* What went well needs no explanation. */
		.dialogue = is_all_success(j) || j->trouble == TROUBLE_MOVED
		    ? SLICE_NONE
		    : j->dialogue,
		.rule = j->heeded.rule,
		.rule_reply = slice_head(j->heeded.reply, TEXT_MAX),
		.rule_address = slice_head(j->heeded.address, TEXT_MAX),
		.pace = j->heeded.pace,
		.pace_ms = (uint64_t)j->heeded.pace_ms,
	};
}

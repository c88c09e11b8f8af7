/*
 * deliver/job.h - one message for some recipients of one site: what the
 * scheduler asked for, and what it is told in the end.
 *
 * Whoever works on a job fills in fates, then calls job_done(). A recipient
 * that was given none is put off by the job's own failure.
 */
#ifndef DELIVER_JOB_H
#define DELIVER_JOB_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/buf.h"
#include "conf/replies.h"
#include "conf/target.h"
#include "deliver/tools.h"
#include "ipc/messages.h"
#include "mail/envelope.h"
#include "mail/fate.h"

struct job;
typedef void job_fn(struct job *, void *arg);

/* What replies.conf said of the replies: the strongest of all. */
struct job_heeded {
	bool *seen;        /* one a recipient: its fate was looked at */
	struct slice rule; /* empty: none fitted */
	struct slice reply;
	struct slice address; /* of the host that said it */
	enum reply_pace pace;
	int64_t pace_ms;
};

struct job {
	uint64_t id; /* the scheduler's */
	LIST_ENTRY(job) in_list;
	struct tools *tools; /* borrowed */
	struct arena *arena; /* owned; all slices below are its, but for */
	struct queue_message message; /* owned when is_open */
	struct queue_proof proof;
	bool is_open;
	bool is_fresh; /* written a moment ago: proven */
	struct envelope envelope;
	struct fate *fates; /* one a recipient */
	struct target target;
	struct slice site, route, target_text;
	struct slice sources; /* that may be used, by blanks; empty: all */
	bool is_domain;
	uint32_t messages_per_connection;
	uint64_t mx; /* of its MX set, as the scheduler knows it */

	/* The answer. */
	enum job_trouble trouble;
	struct slice host, address, tls, policy, dialogue;
	uint64_t mx_found; /* by DNS */
	struct slice mx_hosts;
	struct job_heeded heeded;

	job_fn *ready;
	job_fn *done;
	void *arg;  /* borrowed */
	void *work; /* courier's or local's own; NULL when done */
};

/*
 * Copies what it needs and opens the message. Always makes a job: if the
 * message is no good, all fates are set already.
 */
struct job *job_new(struct tools *, const struct msg_deliver_job *,
    job_fn *done, void *arg) MUST_USE;
void job_free(struct job **);
/*
 * Reads it against its checksum, as much a turn as the loop has time for; then,
 * now or later, it is ready. What the disk has spoilt is not handed on: then
 * all fates are set.
 */
void job_prove(struct job *, job_fn *ready);
bool job_is_settled(const struct job *);
/* Copies the reply. Recipients that have a fate keep it. */
void job_settle(struct job *, const struct fate *);
/* With a reply of ours: job_settle_ours(j, FATE_FAILED, 1, 10, "556 ..."). */
void job_settle_ours(struct job *, enum fate_kind, unsigned subject,
    unsigned detail, const char *reply);
/* A copy in the arena, cut to `max`; empty when the arena is full. */
struct slice job_keep(struct job *, struct slice, size_t max);
/* Tells, from the loop, that it is done. Once. */
void job_done(struct job *);
/* Does the header hold UTF-8? Reads it if the envelope lets it. */
bool job_has_utf8_header(struct job *);
/* Does its header say "TLS-Required: no" (RFC 8689, 5)? Reads it. */
bool job_waives_tls(struct job *);
/* The message for the scheduler: points into the job and into *fates. */
struct msg_job_done job_answer(struct job *, struct buf *fates);

#endif

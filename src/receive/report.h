/*
 * receive/report.h - what a receiver tells: log lines for people, and the
 * event log's JSON lines.
 *
 * Events of one turn of the loop go out in one write. No secret comes here.
 */
#ifndef RECEIVE_REPORT_H
#define RECEIVE_REPORT_H

#include "io/loop.h"
#include "mail/envelope.h"
#include "receive/smtp_host.h"

struct report;

struct report *report_new(struct loop *) MUST_USE;
void report_free(struct report **);
/* Takes the descriptor of log.events, opened for appending; -1: none. */
void report_set_file(struct report *, int fd);

/* Who it is about. `session` and `client` are texts of ours. */
struct report_session {
	const char *id;
	const char *client;
	struct slice helo;
	struct slice login;
	const char *tls;
};

void report_received(struct report *, const struct report_session *,
    const struct envelope *, struct slice message_id, int64_t took_ms);
void report_rejected(struct report *, const struct report_session *,
    const struct smtp_rejection *);
void report_auth_failed(struct report *, const struct report_session *,
    struct slice login);

#endif

/*
 * receive/session_inside.h - a session for the files that make it up: session.c
 * leads the connection, session_host.c answers what the engine asks.
 */
#ifndef RECEIVE_SESSION_INSIDE_H
#define RECEIVE_SESSION_INSIDE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/id.h"
#include "base/ip.h"
#include "conf/conf.h"
#include "io/conn.h"
#include "receive/ground.h"
#include "receive/inspection.h"
#include "receive/report.h"
#include "receive/services.h"
#include "receive/session.h"
#include "receive/smtp_server.h"

struct session {
	unsigned magic;
	bool is_counted; /* in the counters of connections */
	bool awaits_proxy;
	bool awaits_disk; /* session_on_written() will come */
	LIST_ENTRY(session) link;
	UT_hash_handle hh; /* in services.by_id */
	bool in_exchange;
	uint64_t id;
	struct services *services;
	struct ground *ground;                /* owned: a reference */
	const struct listener_conf *listener; /* borrowed: ground */
	struct conn *conn;                    /* owned; NULL after the end */
	struct timer *timer;                  /* owned */
	struct smtp_server *engine;           /* owned */
	struct smtp_terms terms;
	struct queue_draft *draft;     /* owned; NULL: none */
	struct inspection *inspection; /* owned; NULL: nothing to do */
	int64_t mail_since;
	char client[IP_TEXT_SIZE];
};

/* The argument of every callback. */
struct session *session_from(void *arg);

/* What the log sees; it lives as long as `w`. */
struct who {
	char id[ID_TEXT_SIZE];
	struct report_session report;
};

const struct report_session *session_who(const struct session *, struct who *w);

/* An answer came, and the engine said what is next: on with the input. */
void session_resume(struct session *, enum step);
void session_free(struct session *);

/* --- session_host.c --- */

extern const struct smtp_host session_answers;

void session_on_informed(void *arg);
void session_on_inspected(void *arg);
/* The exchange of AUTH is over, and the authenticator's answers find nobody. */
void session_end_exchange(struct session *);

#endif

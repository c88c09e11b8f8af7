/*
 * deliver/session.h - one connection to one next hop, and the client on it.
 *
 * Connects, starts TLS as planned, carries the content from the queue in
 * blocks as the socket takes it. What it tells comes from the loop.
 */
#ifndef DELIVER_SESSION_H
#define DELIVER_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "deliver/egress.h"
#include "deliver/race.h"
#include "deliver/smtp_client.h"
#include "deliver/tools.h"
#include "io/conn.h"
#include "policy/search.h"

struct session;

/* One of the host's addresses, and how we go there. */
struct session_way {
	struct conn_address address;
	struct egress egress;
};

struct session_plan {
	/* The first that answers is taken (RFC 8305). */
	struct session_way ways[RACE_MAX];
	size_t way_count;
	const char *host; /* for TLS and people; copied */
	bool implicit_tls;
	/* Whom TLS has to prove; borrowed until it is up. NULL: nobody. */
	const struct host_policy *policy;
	struct conf *conf; /* kept: what `client` borrows is in it */
	struct smtp_client_options client; /* its helo: the way's */
};

enum session_event {
	SESSION_READY, /* greeted, or the message is done: send (the rest) */
	SESSION_OVER,  /* see session_failure(); the session goes after this */
};
typedef void session_fn(struct session *, enum session_event, void *arg);

struct session *session_new(struct tools *, const struct session_plan *,
    session_fn *, void *arg) MUST_USE;
void session_set_owner(struct session *, session_fn *, void *arg);
/* When ready. Both are borrowed until SESSION_READY or SESSION_OVER. */
void session_send(struct session *, const struct smtp_message *,
    const struct queue_message *);
/* Says goodbye if there is time; nothing is told any more. */
void session_leave(struct session **);

/* The process ends: all go, at once, and nobody is told. */
void session_drop_all(struct tools *);

/* Why it is over; NULL when it went as it should. */
const struct client_failure *session_failure(const struct session *);
/* It is over because of TLS. */
bool session_broke_tls(const struct session *);
bool session_is_connected(const struct session *);
/* The way that it went, or the last to fail; a bit for each that failed. */
size_t session_way(const struct session *);
unsigned session_failed_ways(const struct session *);
/* It was ready once: connected, greeted, logged in. */
bool session_got_ready(const struct session *);
uint32_t session_messages(const struct session *);
/* What was asked for and agreed: texts of the session. */
struct slice session_host(const struct session *);
struct slice session_address(const struct session *);
struct slice session_tls(const struct session *);
struct slice session_policy(const struct session *);
const struct smtp_client *session_client(const struct session *);
/* The dialogue begins anew: another job's. */
void session_begin_job(struct session *);

#endif

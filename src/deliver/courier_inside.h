/*
 * deliver/courier_inside.h - what the files of the courier share.
 */
#ifndef DELIVER_COURIER_INSIDE_H
#define DELIVER_COURIER_INSIDE_H

#include "deliver/courier.h"
#include "deliver/oauth.h"
#include "deliver/session.h"
#include "deliver/stops.h"
#include "dns/hosts.h"
#include "policy/search.h"

enum {
	COURIER_SESSIONS_MAX = 8, /* of one job, one after the other */
	COURIER_REPLY_SIZE = 1024,
};

struct courier {
	struct job *job;                /* borrowed */
	struct tools *tools;            /* borrowed */
	struct conf *conf;              /* a reference */
	const struct route_conf *route; /* the conf's; NULL: a domain's */
	enum tls_level level;
	struct slice key; /* of idle sessions that fit */
	uint16_t port;
	struct hosts_search *search;    /* owned; or NULL */
	struct policy_search *policies; /* owned; or NULL */
	struct oauth_wait *wait;        /* owned; or NULL */
	char *token;                    /* owned: of OAuth 2; or NULL */
	bool renewed_token;             /* one was refused already */
	struct host_policy unix_policy; /* of a Unix socket */
	bool waives_tls;
	bool noted_tls;          /* of the session, for TLSRPT */
	struct session *session; /* owned; or NULL */
	bool from_pool;
	bool in_plain;      /* this stop's TLS is broken: without */
	struct stop *stops; /* the arena's */
	size_t stop_count;
	size_t stop;       /* that is tried, or is next */
	size_t field;      /* how many race with it; 0: settled */
	unsigned sessions; /* opened so far */
	struct smtp_message message;
	struct fate failure; /* the latest; FATE_NONE: none yet */
	struct slice avoid;  /* an address that is to be asked last; or empty */
	enum job_trouble trouble;
	struct buf dialogue;
};

/* --- courier.c --- */
/* Nobody is left to try: what has no fate yet is put off. */
void courier_give_up(struct courier *);
void courier_give_up_ours(struct courier *, enum job_trouble, unsigned subject,
    unsigned detail, const char *reply);
void courier_on_session(struct session *, enum session_event, void *arg);

/* --- courier_hosts.c --- */
uint16_t courier_port(const struct courier *);
/* All of a job's recipients have the first one's; empty: they have none. */
struct slice courier_recipient_domain(const struct courier *);
bool courier_is_lmtp(const struct courier *);
void courier_drop_token(struct courier *);
/* What oauth_ask() told; false: without a token it is given up. */
bool courier_keep_token(struct courier *, const char *token, const char *why);
/* A fresh connection, to the first of the stops. */
void courier_connect_anew(struct courier *);

/* --- courier_way.c --- */
void courier_stop_key(const struct stop *, char key[MEMORY_KEY_SIZE]);
bool courier_is_opportunistic(const struct courier *);
void courier_next_stop(struct courier *);
/* Its session is connected, or over: who was slower, or failed? */
void courier_end_race(struct courier *, const struct session *);
void courier_note_dialogue(struct courier *, const struct session *);
void courier_note_session(struct courier *, const struct session *);
/* For TLSRPT: what this connection, or the lack of one, says of its host. */
void courier_note_tls(struct courier *, const struct session *);

#endif

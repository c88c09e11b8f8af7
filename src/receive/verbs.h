/*
 * receive/verbs.h - the inside of the protocol engine, for its verbs alone.
 *
 * smtp_server.c owns the sequence: lines, states, the table of commands. A
 * verb answers by say(), fail() or reject() and returns the step. Only
 * server_enter() assigns `state`, only server_phase() assigns `phase`.
 */
#ifndef RECEIVE_VERBS_H
#define RECEIVE_VERBS_H

#include "receive/smtp_server.h"
#include "receive/transaction.h"

/* How far the transaction is. */
enum phase {
	PHASE_HELLO,  /* no EHLO yet */
	PHASE_READY,  /* for MAIL */
	PHASE_SENDER, /* MAIL was taken, no RCPT yet */
	PHASE_RCPTS,
	PHASE_CHUNKS, /* between two BDATs */
};

/* What we are waiting for. */
enum state {
	STATE_PAUSE,      /* silence, before the banner */
	STATE_COMMAND,    /* a command line */
	STATE_AUTH_LINE,  /* the client's answer to a challenge */
	STATE_DATA,       /* content, up to the lone dot */
	STATE_CHUNK,      /* content, `chunk_left` bytes more */
	STATE_TLS,        /* the handshake */
	STATE_AUTH,       /* the authenticator */
	STATE_AUTH_DELAY, /* some seconds, before a wrong password is told */
	STATE_NEWS,       /* what a RCPT may be refused for */
	STATE_FINDINGS,   /* what the inspection of the message found */
	STATE_COMMIT,     /* the disk */
	STATE_CLOSED,
	STATE_COUNT
};

struct smtp_server {
	const struct smtp_terms *terms; /* borrowed */
	const struct smtp_host *host;   /* borrowed */
	void *arg;
	struct buf *out; /* borrowed */
	enum state state;
	enum phase phase;
	int64_t now; /* of the call under way */
	int64_t deadline;
	bool is_esmtp;
	bool more;              /* input waits behind the line under way */
	size_t discarded;       /* of a line that is too long; 0: none */
	uint32_t errors;        /* command_errors */
	uint32_t idle_commands; /* without a message among them */
	uint32_t refused;       /* recipients */
	uint32_t auth_failures;
	char client[IP_TEXT_SIZE]; /* as the envelope has it */
	char *helo;                /* owned, or NULL */
	char *login;               /* owned, or NULL */
	char *claim; /* owned: the login, until the client took our proof */
	char *tls;   /* owned, or NULL */
	struct transaction *transaction; /* owned, or NULL before any MAIL */
	int64_t content_since;
	uint64_t content_octets; /* on the wire, since then */
	uint64_t chunk_left;
	uint64_t chunk_size;
	bool chunk_last;
	const char *chunk_reply; /* the chunk is eaten, then this is said */
};

/* One line, or any number with "250-" and so on by the caller. */
enum step say(struct smtp_server *, const char *reply);
/* A mistake in the protocol: said and counted; too many end the session. */
enum step fail(struct smtp_server *, const char *reply);
/* A decision against this mail: said, logged, in the events. */
enum step reject(struct smtp_server *, const char *stage, const char *reply,
    struct slice sender, struct slice recipient);
/* Said, and the session is over. */
enum step hang_up(struct smtp_server *, const char *reply);

void server_enter(struct smtp_server *, enum state);
/* READY and HELLO forget the transaction. */
void server_phase(struct smtp_server *, enum phase);
bool server_is_secured(const struct smtp_server *);
bool server_offers_auth(const struct smtp_server *);
/* Is it among those that we offer now? */
bool server_has_mechanism(const struct smtp_server *, struct slice name);

typedef enum step verb_fn(struct smtp_server *, struct slice args);
verb_fn do_auth;
verb_fn do_bdat;
verb_fn do_data;
verb_fn do_ehlo;
verb_fn do_etrn;
verb_fn do_helo;
verb_fn do_mail;
verb_fn do_rcpt;

/* BDAT where it may not come: its chunk is eaten before `reply` is said. */
enum step bdat_skip(struct smtp_server *, struct slice args, const char *reply);
/* Input for the states of these verbs: how much was eaten. */
size_t data_take(struct smtp_server *, struct slice in, enum step *);
size_t chunk_take(struct smtp_server *, struct slice in, enum step *);
enum step auth_take_line(struct smtp_server *, struct slice line);
/* The client ends, or does not wait for, an exchange under way. */
void auth_abandon(struct smtp_server *);
enum step auth_tell_failure(struct smtp_server *);

#endif

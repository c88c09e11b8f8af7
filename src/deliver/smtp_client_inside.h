/*
 * deliver/smtp_client_inside.h - what the files of the SMTP client share: its
 * state, and the steps of the conversation.
 */
#ifndef DELIVER_SMTP_CLIENT_INSIDE_H
#define DELIVER_SMTP_CLIENT_INSIDE_H

#include "deliver/dialogue.h"
#include "deliver/hop.h"
#include "deliver/smtp_client.h"
#include "smtp/reply.h"

enum { CLIENT_REPLY_KEPT = 1024 }; /* of a reply's text, in a fate */

enum client_state {
	ST_BANNER,
	ST_EHLO,
	ST_HELO,
	ST_STARTTLS,
	ST_TLS,
	ST_AUTH,
	ST_READY,
	ST_RSET,
	ST_MAIL,
	ST_RCPT,
	ST_DATA,
	ST_BODY,
	ST_OVER,
	ST_COUNT
};

/* A recipient in the transaction under way. */
enum rcpt_state {
	RCPT_OUT,   /* not in it, or not any more */
	RCPT_NAMED, /* its reply is to come */
	RCPT_ACCEPTED,
};

enum content_form { CONTENT_NONE, CONTENT_DATA, CONTENT_BDAT };

struct smtp_client {
	struct smtp_client_options options;
	enum client_state state;
	bool logged_in;
	bool login_refused;
	struct login_binding binding;
	bool busy;
	bool stale; /* the server may still be in a transaction: RSET first */
	bool fresh_wait;
	bool broke_tls;
	struct hop hop;
	struct reply reply;
	struct login *login; /* owned; during AUTH */
	struct buf out;
	struct dialogue dialogue;
	struct client_failure failure;
	bool failed;
	char failure_text[CLIENT_REPLY_KEPT];

	/* The transaction. */
	struct smtp_message message;
	uint8_t *rcpts; /* the message's arena: enum rcpt_state */
	size_t rcpt;    /* whose reply comes next */
	size_t accepted;
	bool in_flight;           /* all commands are sent already */
	bool mail_refused;        /* and what is said to RCPT does not count */
	struct hop_message needs; /* what `message` asks of the hop */
	enum content_form form;
	bool wants_content;
	uint64_t content_left;
	size_t replies_left; /* of what may be kept of replies */
	struct slice last_kept;
	struct data_encoder encoder;
	uint32_t transactions;
};

/* --- smtp_client.c --- */
/* The only place that assigns the state. */
enum step client_enter(struct smtp_client *, enum client_state next);
const char *client_waits_for(const struct smtp_client *);
/* What is added to `out` between the two is the rest of the command. */
size_t client_begin_command(struct smtp_client *, const char *verb);
void client_end_command(struct smtp_client *, size_t at);
void client_command(struct smtp_client *, const char *verb);
bool client_offers(const struct smtp_client *, enum ehlo_extension);
struct slice client_reply_text(const struct smtp_client *);

/* --- client_fates.c --- */
bool client_is_success(int code);
/* The fate that the reply just read stands for; kept as long as the message. */
struct fate client_judge(struct smtp_client *);
/* Those in that state that have no fate. */
void client_settle(struct smtp_client *, enum rcpt_state, struct fate);
/* The message is with the server, but what it thinks of it is not known. */
bool client_is_undecided(const struct smtp_client *);
/* A reply that was begun but not ended. */
void client_settle_half_said(struct smtp_client *);
/* The session is over; whoever has no fate yet may be tried elsewhere. */
enum step client_fail(struct smtp_client *, enum job_trouble, unsigned subject,
    unsigned detail, struct slice text);
enum step client_fail_while_waiting(struct smtp_client *, const char *what);
enum step client_fail_by_reply(struct smtp_client *, enum job_trouble);

/* --- client_greeting.c --- */
enum step client_say_hello(struct smtp_client *);
enum step got_banner(struct smtp_client *);
enum step got_ehlo(struct smtp_client *);
enum step got_helo(struct smtp_client *);
enum step got_starttls(struct smtp_client *);
enum step got_auth(struct smtp_client *);

/* --- client_transaction.c --- */
/* The index of the next one in that state, from `from` on; or the count. */
size_t client_next_rcpt(const struct smtp_client *, size_t from,
    enum rcpt_state);
enum step got_rset(struct smtp_client *);
enum step got_mail(struct smtp_client *);
enum step got_rcpt(struct smtp_client *);
enum step got_data(struct smtp_client *);
enum step got_body(struct smtp_client *);

#endif

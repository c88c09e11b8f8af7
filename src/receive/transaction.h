/*
 * receive/transaction.h - one mail transaction: its envelope, its content.
 *
 * Everything that the client chooses the size of lies in an arena with a
 * maximum. A transaction is made at the session's first MAIL and used again
 * for each that follows.
 */
#ifndef RECEIVE_TRANSACTION_H
#define RECEIVE_TRANSACTION_H

#include <stdbool.h>

#include "mail/envelope.h"
#include "receive/content.h"
#include "smtp/command.h"

/* A thousand recipients with an ORCPT of 500 octets each fit in. */
enum { TRANSACTION_MAX = 1024 * 1024 };

struct transaction {
	struct arena *arena;      /* owned */
	struct envelope envelope; /* slices in the arena */
	uint32_t capacity;        /* of envelope.recipients */
	uint32_t refused;         /* RCPTs */
	struct content content;
	struct buf prefix; /* the fields that go before it */
};

struct transaction *transaction_new(const struct smtp_terms *,
    const struct smtp_host *, void *arg) MUST_USE;
void transaction_free(struct transaction **);
/* Empty again; a draft is aborted. */
void transaction_reset(struct transaction *);
/* These two say false when the arena is full. */
bool transaction_set_sender(struct transaction *,
    const struct mail_args *) MUST_USE;
/* Named twice, a recipient is kept once. */
bool transaction_add_recipient(struct transaction *,
    const struct rcpt_args *) MUST_USE;

/*
 * "local@domain" as it stands in the line that the address was parsed from;
 * "" for the null sender.
 */
struct slice transaction_text(const struct address *);

#endif

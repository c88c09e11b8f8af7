/*
 * receive/evidence.h - what the checks find of one client's mail, and what
 * follows from it.
 *
 * It feeds the engines of verify/ and runs them over and over, until the
 * answers that they ask for are there. Who fetches those, and how long anyone
 * waits for them, is the inspection's matter.
 */
#ifndef RECEIVE_EVIDENCE_H
#define RECEIVE_EVIDENCE_H

#include "base/buf.h"
#include "base/ip.h"
#include "conf/conf.h"
#include "dns/answers.h"
#include "mail/address.h"
#include "receive/dmarc_count.h"
#include "verify/dkim_verify.h"

struct evidence;

/* Borrows all. */
struct evidence *evidence_new(struct dkim_library *, const struct conf *,
    const struct ip *client) MUST_USE;
void evidence_free(struct evidence **);

/* What is asked of the client lives as long as the session. */
struct answers *evidence_client_answers(struct evidence *);
struct answers *evidence_message_answers(struct evidence *);

/* MAIL: a transaction begins, and what was known of the last one goes. */
void evidence_sender(struct evidence *, const struct address *,
    struct slice helo);
void evidence_head(struct evidence *, struct slice header);
void evidence_body(struct evidence *, struct slice run);
void evidence_end(struct evidence *);
/* The transaction is over, whatever was known. */
void evidence_forget(struct evidence *);

/* Runs all that it can; true: nothing that counts by now is missing. */
bool evidence_is_complete(struct evidence *) MUST_USE;

/* Do the checks that refuse a recipient run at all? Then: a reply, or NULL. */
bool evidence_may_refuse(const struct evidence *) MUST_USE;
const char *evidence_refusal(struct evidence *) MUST_USE;

/*
 * All is known: the fields above the message, the verdicts of its record, and
 * whether it is to be held. A reply, or NULL: it may come in.
 */
const char *evidence_conclude(struct evidence *, bool smtputf8,
    struct buf *above, struct buf *verdicts, bool *hold) MUST_USE;
/* For DMARC reports, if its domain wants them. */
void evidence_count(struct evidence *, dmarc_count_fn *, void *arg);

#endif

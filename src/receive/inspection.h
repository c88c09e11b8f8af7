/*
 * receive/inspection.h - what is checked, and signed, of one session's mail.
 *
 * It leads the engines of verify/ through a session: the client at connect, the
 * sender at MAIL, the content as it streams by, all of it at the end. Questions
 * to the DNS go out as soon as they are known, together; a message waits for
 * them no longer than dns.timeout in all. What may not come in is said here;
 * who is exempt is the session's matter.
 */
#ifndef RECEIVE_INSPECTION_H
#define RECEIVE_INSPECTION_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/why.h"
#include "io/loop.h"
#include "mail/address.h"
#include "receive/dmarc_count.h"
#include "receive/ground.h"
#include "receive/smtp_host.h"

struct inspector;
struct inspection;

/* What all inspections of a process use. Made before the sandbox. */
struct inspector *inspector_new(struct loop *, const struct conf *,
    struct why *) MUST_USE;
void inspector_free(struct inspector **);
struct resolver *inspector_resolver(struct inspector *);
/* Each message to be counted for a DMARC report, with checks.dmarc_reports. */
void inspector_count_dmarc(struct inspector *, dmarc_count_fn *, void *arg);

struct inspection_events {
	void (*informed)(void *arg);  /* after inspection_refusal() said so */
	void (*inspected)(void *arg); /* after inspection_end() said so */
	void *arg;
};

/*
 * Of a session; borrows the inspector, holds the ground. `is_exempt`: nothing
 * is checked of a client that is trusted or logs in; his mail may be signed.
 */
struct inspection *inspection_new(struct inspector *, struct ground *,
    const struct ip *client, bool is_exempt,
    const struct inspection_events *) MUST_USE;
void inspection_free(struct inspection **);

/* MAIL: a transaction begins, and what was known of the last one goes. */
void inspection_sender(struct inspection *, const struct address *,
    struct slice helo);
/*
 * Is all known that may refuse a recipient? False: `informed` will come. Then
 * a reply, or NULL: he is welcome.
 */
bool inspection_is_informed(struct inspection *);
const char *inspection_refusal(struct inspection *);

/* The content; `login` of who has authenticated, or empty. */
void inspection_head(struct inspection *, struct slice login,
    struct slice added, struct slice header);
void inspection_body(struct inspection *, struct slice run);
void inspection_abort(struct inspection *);
/*
 * All is there. True: *findings; false: `inspected` will come, then they are
 * inspection_findings(). They live until the next MAIL.
 */
bool inspection_end(struct inspection *, bool smtputf8,
    struct smtp_findings *findings);
const struct smtp_findings *inspection_findings(const struct inspection *);

#endif

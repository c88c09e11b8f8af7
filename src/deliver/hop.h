/*
 * deliver/hop.h - what the server at the other end can do, and so what we may
 * give it: the parameters of MAIL and RCPT, and what it can't be given at all.
 */
#ifndef DELIVER_HOP_H
#define DELIVER_HOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "mail/envelope.h"
#include "mail/fate.h"
#include "smtp/ehlo.h"

struct hop {
	struct ehlo ehlo;
	bool lmtp;
	bool secured;  /* TLS */
	bool verified; /* and its certificate is the host's */
};

/* A message as far as a hop has to know it. */
struct hop_message {
	const struct envelope *envelope;
	uint64_t size;
	int64_t wall_ms;  /* now, for a deadline */
	bool utf8_header; /* its header has UTF-8 in it */
	bool utf8;        /* so SMTPUTF8 has to be said */
};

bool hop_offers(const struct hop *, enum ehlo_extension);
/* DSN parameters go to relays alone: behind LMTP nobody would report. */
bool hop_passes_dsn(const struct hop *);
/* Nobody behind it will report what the sender asked to be told. */
bool hop_ends_reports(const struct hop *, const struct envelope *);
/* RFC 3030. LMTP keeps to DATA, where one reply a recipient is plain. */
bool hop_takes_bdat(const struct hop *);
/* Can it be given a message that requires TLS (RFC 8689)? Else the fate. */
bool hop_keeps_tls(const struct hop *);
struct fate hop_without_tls(void);
/* No recipient of that message can be given through this server. */
bool hop_refuses_message(const struct hop *, const struct hop_message *,
    struct fate *why);
bool hop_refuses_recipient(const struct hop *, struct slice address,
    struct fate *why);
bool hop_is_ascii(struct slice);

/* "MAIL FROM:<...> ..." and "RCPT TO:<...> ...", without an end of line. */
void hop_write_mail(const struct hop *, const struct hop_message *,
    struct buf *);
void hop_write_rcpt(const struct hop *, const struct recipient *, struct buf *);

#endif

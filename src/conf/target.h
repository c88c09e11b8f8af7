/*
 * conf/target.h - where mail goes, as main.conf writes it.
 *
 *	mx | mx:DOMAIN[:PORT]		by the MX records of the recipient's, or
 *that, domain smtp:HOST[:PORT]		that host, no MX lookup; 25
 *	submission:HOST[:PORT]		587, STARTTLS and AUTH
 *	submissions:HOST[:PORT]		465, TLS from the start, AUTH
 *	lmtp:HOST:PORT | lmtp:unix:PATH
 *	maildir:PATH | mbox:PATH	PATH may use %{local} and others
 *	pipe:COMMAND
 *	discard:
 *	error:550 5.7.1 text		refuses, or with 4xx puts off
 *
 * IPv6 hosts stand in brackets. A value: slices point into the text.
 */
#ifndef CONF_TARGET_H
#define CONF_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

enum target_kind {
	TARGET_MX,
	TARGET_SMTP,
	TARGET_SUBMISSION,
	TARGET_SUBMISSIONS,
	TARGET_LMTP,
	TARGET_LMTP_UNIX,
	TARGET_MAILDIR,
	TARGET_MBOX,
	TARGET_PIPE,
	TARGET_DISCARD,
	TARGET_ERROR,
};

struct target {
	enum target_kind kind;
	struct slice host; /* name, or address without brackets; mx: a
			      domain, or empty for the recipient's */
	struct ip ip;      /* version 0 unless host is an address */
	uint16_t port;     /* mx: 0 means delivery.mx_port */
	struct slice path; /* a file, a socket or the command */
	/* error: */
	int smtp_code;
	struct slice reply; /* "550 5.7.1 text" */
};

bool target_parse(struct slice, struct target *, struct why *) MUST_USE;
/* In main.conf's words, ports and all: what target_parse() takes. */
void target_write(const struct target *, struct buf *);
const char *target_kind_name(enum target_kind);
/* A bit per kind, for sets of them. */
static inline unsigned
target_bit(enum target_kind kind)
{
	return 1u << kind;
}
/* Spoken to over a network: mx, smtp, submission(s), lmtp. */
bool target_is_remote(enum target_kind);

#endif

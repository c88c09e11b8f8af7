/*
 * smtp/command.h - the arguments of MAIL and RCPT (RFC 5321, 4.1.1; RFC 3461;
 * RFC 6152, 1870, 6531, 3030, 8689, 4865, 2852, 6710), from the server's side.
 *
 * The slices point into the line; nothing is copied.
 */
#ifndef SMTP_COMMAND_H
#define SMTP_COMMAND_H

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "mail/address.h"
#include "mail/envelope.h"
#include "smtp/timing.h"

enum smtp_parameter {
	PARAM_SIZE = 1 << 0,
	PARAM_BODY = 1 << 1,
	PARAM_SMTPUTF8 = 1 << 2,
	PARAM_RET = 1 << 3,
	PARAM_ENVID = 1 << 4,
	PARAM_AUTH = 1 << 5,
	PARAM_REQUIRETLS = 1 << 6,
	PARAM_NOTIFY = 1 << 7,
	PARAM_ORCPT = 1 << 8,
	/* In `offered` only: BODY=BINARYMIME is taken (RFC 3030). */
	PARAM_BINARYMIME = 1 << 9,
	PARAM_HOLDFOR = 1 << 10,
	PARAM_HOLDUNTIL = 1 << 11,
	PARAM_BY = 1 << 12,
	PARAM_PRIORITY = 1 << 13,
	PARAM_ALL = (1 << 14) - 1,
};

enum command_error {
	COMMAND_OK,
	COMMAND_SYNTAX,        /* 501 5.5.4 (5.1.7 sender, 5.1.3 recipient) */
	COMMAND_BAD_ADDRESS,   /* 501 5.1.7 or 5.1.3 */
	COMMAND_LONG_ADDRESS,  /* 553 5.1.7 or 5.1.3: over a limit */
	COMMAND_NEEDS_UTF8,    /* 553 5.6.7: a UTF-8 address without SMTPUTF8 */
	COMMAND_BAD_PARAMETER, /* 501 5.5.4: known, but its value is wrong */
	COMMAND_UNKNOWN_PARAMETER, /* 555 5.5.4, and those not in `offered` */
};

struct mail_args {
	struct address sender;
	bool routed;    /* a source route stood before it */
	unsigned given; /* PARAM_* */
	uint64_t size;
	enum envelope_body body;
	enum envelope_ret ret;
	struct slice envid; /* xtext, checked */
	struct slice auth;  /* AUTH=, xtext, checked */
	uint32_t hold_seconds;
	int64_t hold_until_ms; /* wall time */
	struct timing_by by;
	int8_t priority;
};

struct rcpt_args {
	struct address recipient; /* domain empty for "postmaster" alone */
	bool routed;
	unsigned given;
	uint8_t notify;
	struct slice orcpt; /* type ";" xtext, checked */
};

/*
 * Of what is checked by "checked": no octet of it decodes to a control
 * character, so it can stand in a header field of a DSN.
 */

/*
 * `args` is what stands behind "MAIL " ("FROM:<...> ..."). Beyond the RFC only
 * spaces before the "<" are taken, which many clients write, and spaces at the
 * end (RFC 5321, 4.1.1).
 */
enum command_error mail_args_parse(struct slice args, unsigned offered,
    struct mail_args *, struct why *) MUST_USE;
/* `utf8`: the transaction's MAIL said SMTPUTF8. */
enum command_error rcpt_args_parse(struct slice args, unsigned offered,
    bool utf8, struct rcpt_args *, struct why *) MUST_USE;

/*
 * xtext (RFC 3461, 4): is it well-formed; decode (false, and nothing added, if
 * it is not); encode.
 */
bool xtext_is_valid(struct slice);
bool xtext_decode(struct slice, struct buf *) MUST_USE;
void xtext_encode(struct slice, struct buf *);

#endif

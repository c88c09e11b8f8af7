/*
 * auth/dovecot_line.h - one line of Dovecot's auth protocol, taken apart.
 *
 * The server's side of the client protocol, version 1.x: fields separated by
 * tabs, with \001 before 0, 1, t, r, n for NUL, \001, TAB, CR, LF.
 */
#ifndef AUTH_DOVECOT_LINE_H
#define AUTH_DOVECOT_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum dovecot_verb {
	DOVECOT_OTHER,   /* MECH, SPID, CUID, COOKIE and what is new */
	DOVECOT_VERSION, /* id is the major number */
	DOVECOT_DONE,    /* the handshake is over */
	DOVECOT_OK,
	DOVECOT_CONT,
	DOVECOT_FAIL,
	DOVECOT_MALFORMED,
};

/* Slices point into the line, still escaped, resp is base64. */
struct dovecot_line {
	enum dovecot_verb verb;
	uint32_t id;
	struct slice user;
	struct slice resp;
	bool temporary; /* FAIL: the password was not judged */
};

/* `line` has no newline. */
void dovecot_line_parse(struct slice line, struct dovecot_line *out);
void dovecot_unescape(struct slice, struct buf *);
void dovecot_escape(struct slice, struct buf *);

#endif

/*
 * smtp/reply.h - replies (RFC 5321, 4.2), read from a peer line by line.
 *
 * The collector joins the lines of one reply and bounds them: a peer that
 * sends endless continuation lines ends as an error, not as memory.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "mail/fate.h"

enum { REPLY_LINES_MAX = 256, REPLY_TEXT_MAX = 4096 };

struct reply_line {
	int code;
	bool last;         /* code SP text; else code "-" text */
	struct slice text; /* behind the code and separator */
};

/* False if it is not a reply line. "250" alone is one, as the RFC advises. */
bool reply_line_parse(struct slice line, struct reply_line *) MUST_USE;

enum reply_progress { REPLY_MORE, REPLY_WHOLE, REPLY_MALFORMED };

struct reply {
	int code;
	struct status_code status; /* from the text; class 0 if none */
	struct buf text;           /* "250 2.1.0 ok", lines joined with " " */
	unsigned lines;
};

void reply_init(struct reply *);
void reply_done(struct reply *);
/* Begin to collect the next reply. */
void reply_reset(struct reply *);
/* Lines that disagree on the code are malformed. */
enum reply_progress reply_add_line(struct reply *, struct slice line) MUST_USE;
/* Points into the reply, valid until reply_reset(). */
struct fate reply_fate(const struct reply *);

#endif

/*
 * unit/false_smtp.h - an SMTP (or LMTP) server that says what a test wants,
 * on 127.0.0.N or a Unix socket, in the test's own loop.
 */
#ifndef UNIT_FALSE_SMTP_H
#define UNIT_FALSE_SMTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "io/loop.h"
#include "io/tls.h"

enum false_trick {
	TRICK_NONE,
	TRICK_CLOSE_WHEN_IDLE,   /* at the second MAIL */
	TRICK_CLOSE_AT_STARTTLS, /* says 220 and is gone */
	TRICK_GARBAGE_AT_STARTTLS,
	TRICK_CLOSE_AFTER_BODY, /* takes the message and says nothing */
	TRICK_IMPLICIT_TLS,
};

/* What it says; NULL is a plain yes. Lines of a reply by "\n". */
struct false_words {
	const char *greeting, *ehlo, *ehlo_secured, *auth, *mail, *rcpt, *data,
	    *body;
	enum false_trick trick;
};

struct false_smtp {
	struct loop *loop;
	struct listener *listener;
	const struct false_words *words;
	struct tls_server *tls; /* borrowed, or NULL */
	uint16_t port;
	/* What came. */
	unsigned connections, quits, messages, tls_handshakes;
	struct buf commands; /* lines */
	struct buf content;  /* of the last message, on the wire */
	struct false_talk *talks;
};

/* `last` is N of 127.0.0.N; port 0: any. */
void false_smtp_init(struct false_smtp *, struct loop *, unsigned last,
    uint16_t port, const struct false_words *);
void false_smtp_init_unix(struct false_smtp *, struct loop *, const char *path,
    const struct false_words *);
void false_smtp_done(struct false_smtp *);

#endif

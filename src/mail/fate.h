/*
 * mail/fate.h - what became of a message for one recipient.
 *
 * Its code is an enhanced status code (RFC 3463), its reply the text that a
 * log, a DSN and the postmaster see: the remote's words, or ours.
 */
#ifndef MAIL_FATE_H
#define MAIL_FATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

enum fate_kind {
	FATE_NONE,      /* not yet tried */
	FATE_DELIVERED, /* in its mailbox (LMTP too): we report success */
	FATE_RELAYED,   /* with a next hop without DSN: we report that */
	FATE_DEFERRED,  /* try again later */
	FATE_FAILED,    /* never */
	FATE_EXPANDED,  /* replaced by other recipients (an alias) */
	FATE_PASSED,    /* with a next hop that offers DSN: it reports itself */
};

struct status_code {
	uint8_t class; /* 2, 4 or 5; 0: none */
	uint16_t subject;
	uint16_t detail;
};

struct fate {
	enum fate_kind kind;
	struct status_code code;
	int smtp_code;      /* 250, 450, 550 ...; 0 when no SMTP was spoken */
	struct slice reply; /* "550 5.1.1 no such user", lines joined by " " */
	bool ours;          /* the words are ours, no remote said them */
};

const char *fate_name(enum fate_kind);
/* Fates that are final; the others are tried (again). */
bool fate_is_final(enum fate_kind);
/* "5.1.1" at the front of *in, and the space behind it, are taken. */
bool status_code_take(struct slice *in, struct status_code *out) MUST_USE;
/*
 * The fate that a reply stands for: 2yz delivered (what else it may be, the
 * client knows), 4yz deferred, 5yz failed. Without a code of its own, or with
 * one of another class, X.0.0. A reply that is out of place (3yz) is
 * deferred, 4.5.0.
 */
struct fate fate_from_reply(int smtp_code, struct slice reply);
/*
 * Ours: fate_ours(FATE_DEFERRED, 4, 1, SLICE("451 4.4.1 no answer")). The class
 * comes from the kind, the SMTP code from the text, if it begins with one.
 */
struct fate fate_ours(enum fate_kind, unsigned subject, unsigned detail,
    struct slice reply);

/* A list of fates, for IPC and the journal. */
void fates_encode(const struct fate *, size_t n, struct buf *);
/*
 * 0, ERR_CORRUPT, or ERR_LIMIT when the arena is full. The replies point into
 * the encoded bytes; the array is the arena's. Takes exactly what
 * fates_encode() writes, and nothing else.
 */
int fates_decode(struct slice, struct arena *, struct fate **fates,
    size_t *n) MUST_USE;

#endif

/*
 * auth/dovecot.h - a client of Dovecot's auth socket.
 *
 * It connects when first asked and again when the connection was lost. Ids are
 * ours, and never used twice within a process.
 */
#ifndef AUTH_DOVECOT_H
#define AUTH_DOVECOT_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "io/loop.h"
#include "ipc/messages.h"

struct dovecot;

struct dovecot_events {
	void (*challenge)(uint32_t id, struct slice challenge, void *arg);
	/* Dovecot's own name for the user is `login`, empty if it gave none. */
	void (*done)(uint32_t id, enum auth_verdict, struct slice login,
	    struct slice additional, void *arg);
	/* The connection is lost: all that is under way is AUTH_TEMPORARY. */
	void (*lost)(void *arg);
};

/* `path` is borrowed. */
struct dovecot *dovecot_new(struct loop *, const char *path,
    const struct dovecot_events *, void *arg) MUST_USE;
void dovecot_free(struct dovecot **);
/* `initial` is NULL when there is none. Answers come by events, never inside.
 */
void dovecot_start(struct dovecot *, uint32_t id, struct slice mechanism,
    struct slice client, const struct slice *initial);
void dovecot_respond(struct dovecot *, uint32_t id, struct slice response);
void dovecot_cancel(struct dovecot *, uint32_t id);

#endif

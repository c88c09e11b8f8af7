/*
 * receive/session.h - one connection of a client: glue between io/conn.h, the
 * protocol engine, the queue and the authenticator.
 *
 * A session frees itself when its connection has ended and no message of its
 * own is on the way to the disk. What it may be asked comes by these calls,
 * from the loop.
 */
#ifndef RECEIVE_SESSION_H
#define RECEIVE_SESSION_H

#include "io/conn.h"
#include "receive/ground.h"
#include "receive/services.h"

/* Takes the descriptor; keeps the ground. The rest is by events. */
void session_begin(struct services *, struct ground *,
    const struct listener_conf *, int fd, const struct conn_address *peer);
/* Of the message that the session gave to commit_submit(). */
void session_on_written(struct session *, int rc, const struct place *,
    struct slice envelope);
/* By the id of AUTH_START; a session that is gone is no error. */
void session_on_challenge(struct services *, const struct msg_auth_challenge *);
void session_on_auth_done(struct services *, const struct msg_auth_done *);
/* The authenticator is gone: all its exchanges fail for now. */
void session_on_authenticator_gone(struct services *);
/* We stop: those without a transaction end now, the others after theirs. */
void session_stop_all(struct services *);
/* At the end of the process, with nothing under way any more. */
void session_free_all(struct services *);

#endif

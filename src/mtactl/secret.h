/*
 * mtactl/secret.h - a password, and what is kept of it.
 *
 * "HASH SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY" (crypt(3), then
 * RFC 5803 in base64): nothing that would do as the password itself.
 */
#ifndef MTACTL_SECRET_H
#define MTACTL_SECRET_H

#include "base/buf.h"
#include "base/must.h"
#include "base/why.h"

enum { SECRET_MAX = 255 };

/*
 * From the terminal, twice and unseen, or a line of standard input. False and
 * `why`: none, too long, or not the same twice.
 */
bool secret_ask(char out[SECRET_MAX + 1], struct why *) MUST_USE;
/* Adds what is kept. False and `why` when a library fails. */
bool secret_keys(const char *password, struct buf *out, struct why *) MUST_USE;

#endif

/*
 * auth/verified.h - passwords that were right a moment ago, so that a client
 * with a connection per message does not cost a hash each time.
 *
 * Of fixed size. It keeps no password: a SCRAM stored key of one iteration,
 * whose salt is a secret of this process. What the table says of the login
 * is hashed in, so a changed table never finds an old entry.
 */
#ifndef AUTH_VERIFIED_H
#define AUTH_VERIFIED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

struct verified;

struct verified *verified_new(void) MUST_USE;
void verified_free(struct verified **);
bool verified_has(const struct verified *, struct slice login,
    struct slice value, const char *password, int64_t now_ms) MUST_USE;
void verified_add(struct verified *, struct slice login, struct slice value,
    const char *password, int64_t now_ms);

#endif

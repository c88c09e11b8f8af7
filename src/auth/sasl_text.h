/*
 * auth/sasl_text.h - what clients send in PLAIN (RFC 4616) and LOGIN, taken
 * apart. Pure; nothing is copied, both results point into the input.
 */
#ifndef AUTH_SASL_TEXT_H
#define AUTH_SASL_TEXT_H

#include <stdbool.h>

#include "base/must.h"
#include "base/slice.h"

enum { LOGIN_MAX = 255, PASSWORD_MAX = 1024 };

/* 1 to LOGIN_MAX bytes, no control bytes, no spaces at its ends. */
bool login_is_good(struct slice) MUST_USE;
/* 1 to PASSWORD_MAX bytes without NUL. */
bool password_is_good(struct slice) MUST_USE;

/*
 * message = [authzid] NUL authcid NUL passwd. False when malformed. An authzid
 * other than authcid is well formed: see `acts_as_self`.
 */
struct sasl_plain {
	struct slice login;
	struct slice password;
	bool acts_as_self;
};
bool sasl_plain_parse(struct slice message, struct sasl_plain *out) MUST_USE;

#endif

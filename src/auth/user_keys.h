/*
 * auth/user_keys.h - the value of a login in auth.users: a crypt(3) hash, the
 * SCRAM keys, or both, in either order, with a space between.
 *
 *	$y$j9T$...  SCRAM-SHA-256$4096:SALT$STOREDKEY:SERVERKEY  (base64)
 */
#ifndef AUTH_USER_KEYS_H
#define AUTH_USER_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

enum {
	SCRAM_KEY_SIZE = 32,         /* SHA-256 */
	SCRAM_SALT_MAX = 64,         /* bytes, decoded */
	SCRAM_TEXT_MAX = 96,         /* base64 of the longest of the three */
	SCRAM_ITERATIONS_MIN = 4096, /* RFC 7677, 4 */
	SCRAM_ITERATIONS_MAX = 10000000,
};

struct scram_keys {
	uint32_t iterations; /* 0: there are none */
	struct slice salt;   /* base64, as the three stand in the value */
	struct slice stored_key;
	struct slice server_key;
};

struct user_keys {
	struct slice hash; /* of crypt(3); empty: none */
	struct scram_keys scram;
};

/* Points into `value`. False (and `out` untouched) if it is anything else. */
bool user_keys_parse(struct slice value, struct user_keys *out) MUST_USE;

#endif

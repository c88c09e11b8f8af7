/*
 * auth/user_keys.c - see user_keys.h. It does not check a password.
 */
#include "auth/user_keys.h"

#include "base/ascii.h"
#include "base/base64.h"

/* True if it is base64 of `least` to `most` bytes. */
static bool
is_base64_of(struct slice text, size_t least, size_t most)
{
	struct buf bytes;
	bool good;

	buf_init(&bytes, most);
	good = base64_decode(text, &bytes) && !buf_failed(&bytes) &&
	    bytes.n >= least;
	buf_done(&bytes);
	return good;
}

static bool
take_scram(struct slice word, struct scram_keys *out)
{
	struct scram_keys keys;

	if (!slice_take_prefix(&word, "SCRAM-SHA-256$") ||
	    !slice_to_u32(slice_take_until(&word, ':'), SCRAM_ITERATIONS_MAX,
		&keys.iterations) ||
	    keys.iterations < SCRAM_ITERATIONS_MIN)
		return false;
	keys.salt = slice_take_until(&word, '$');
	keys.stored_key = slice_take_until(&word, ':');
	keys.server_key = word;
	if (!is_base64_of(keys.salt, 1, SCRAM_SALT_MAX) ||
	    !is_base64_of(keys.stored_key, SCRAM_KEY_SIZE, SCRAM_KEY_SIZE) ||
	    !is_base64_of(keys.server_key, SCRAM_KEY_SIZE, SCRAM_KEY_SIZE))
		return false;
	*out = keys;
	return true;
}

static bool
is_hash(struct slice word)
{
	for (size_t i = 0; i < word.n; i++)
		if (!ascii_is_graphic(word.p[i]) || word.p[i] == ':')
			return false;
	return word.n > 0 && word.n < 384; /* CRYPT_OUTPUT_SIZE */
}

bool
user_keys_parse(struct slice value, struct user_keys *out)
{
	struct user_keys keys = { .hash = SLICE_NONE };
	struct slice word;

	while ((word = slice_take_word(&value)).n > 0) {
		if (slice_starts(word, "SCRAM-")) {
			if (keys.scram.iterations != 0 ||
			    !take_scram(word, &keys.scram))
				return false;
		} else if (keys.hash.n != 0 || !is_hash(word)) {
			return false;
		} else {
			keys.hash = word;
		}
	}
	if (keys.hash.n == 0 && keys.scram.iterations == 0)
		return false;
	*out = keys;
	return true;
}

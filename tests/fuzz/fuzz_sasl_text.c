/*
 * fuzz/fuzz_sasl_text.c - any bytes, as PLAIN and as a value of auth.users:
 * what is taken is within its bounds and reads back the same.
 */
#include <stdint.h>

#include "auth/sasl_text.h"
#include "auth/user_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_from(data, size);
	struct sasl_plain plain;
	struct user_keys keys;

	if (sasl_plain_parse(in, &plain)) {
		must(login_is_good(plain.login));
		must(password_is_good(plain.password));
		must(plain.password.p + plain.password.n == in.p + in.n);
		must(plain.login.p + plain.login.n + 1 == plain.password.p);
	}
	if (user_keys_parse(in, &keys)) {
		must(keys.hash.n > 0 || keys.scram.iterations > 0);
		must(keys.scram.iterations == 0 ||
		    (keys.scram.iterations >= SCRAM_ITERATIONS_MIN &&
			keys.scram.salt.n > 0 &&
			keys.scram.salt.n <= SCRAM_TEXT_MAX &&
			keys.scram.stored_key.n == 44 &&
			keys.scram.server_key.n == 44));
	}
	return 0;
}

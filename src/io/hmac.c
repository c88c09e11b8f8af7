/*
 * io/hmac.c - one call, which can fail for want of memory alone.
 */
#include "io/hmac.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/must.h"

void
hmac_sha256(struct slice key, struct slice text, unsigned char out[HMAC_SIZE])
{
	unsigned n = HMAC_SIZE;

	must(key.n <= INT_MAX);
	must(HMAC(EVP_sha256(), key.p, (int)key.n,
		 (const unsigned char *)text.p, text.n, out, &n) != NULL);
	must(n == HMAC_SIZE);
}

/*
 * auth/verified.c - see verified.h. Whether a password is right is not found
 * out here.
 */
#include "auth/verified.h"

#include <gsasl.h>
#include <string.h>
#include <sys/random.h>

#include "auth/password.h"
#include "auth/sasl_text.h"
#include "base/alloc.h"
#include "base/ascii.h"
#include "base/time.h"

enum {
	SLOTS = 1024,
	SECRET_SIZE = 32,
	VALUE_MAX = 1024,
	KEPT_MS = 30 * SECOND,
};

struct slot {
	int64_t until_ms;
	char proof[SCRAM_KEY_SIZE];
};

struct verified {
	char secret[SECRET_SIZE];
	struct slot slots[SLOTS];
};

struct verified *
verified_new(void)
{
	struct verified *v = mem_zero(sizeof(*v));

	must(getrandom(v->secret, SECRET_SIZE, 0) == SECRET_SIZE);
	return v;
}

void
verified_free(struct verified **v)
{
	if (*v != NULL)
		mem_free_secret(*v, sizeof(**v));
	*v = NULL;
}

/* Logins are compared without regard to case, like keys of tables. */
static size_t
slot_of(struct slice login)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < login.n; i++)
		h = (h ^ (unsigned char)ascii_lower(login.p[i])) * 16777619u;
	return (h ^ h >> 16) % SLOTS;
}

static bool
prove(const struct verified *v, struct slice login, struct slice value,
    const char *password, char proof[SCRAM_KEY_SIZE])
{
	char salt[SECRET_SIZE + LOGIN_MAX + 1 + VALUE_MAX];
	char salted[SCRAM_KEY_SIZE], client[SCRAM_KEY_SIZE];
	char server[SCRAM_KEY_SIZE];
	size_t n = SECRET_SIZE;
	int rc;

	if (login.n > LOGIN_MAX || value.n > VALUE_MAX)
		return false;
	memcpy(salt, v->secret, SECRET_SIZE);
	for (size_t i = 0; i < login.n; i++)
		salt[n++] = ascii_lower(login.p[i]);
	salt[n++] = '\0';
	memcpy(salt + n, value.p, value.n);
	n += value.n;
	rc = gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, password, 1,
	    salt, n, salted, client, server, proof);
	explicit_bzero(salted, sizeof(salted));
	explicit_bzero(client, sizeof(client));
	explicit_bzero(salt, sizeof(salt));
	return rc == GSASL_OK;
}

bool
verified_has(const struct verified *v, struct slice login, struct slice value,
    const char *password, int64_t now_ms)
{
	const struct slot *slot = &v->slots[slot_of(login)];
	char proof[SCRAM_KEY_SIZE];

	return slot->until_ms > now_ms &&
	    prove(v, login, value, password, proof) &&
	    bytes_are_equal(proof, slot->proof, sizeof(proof));
}

void
verified_add(struct verified *v, struct slice login, struct slice value,
    const char *password, int64_t now_ms)
{
	struct slot *slot = &v->slots[slot_of(login)];

	if (prove(v, login, value, password, slot->proof))
		slot->until_ms = now_ms + KEPT_MS;
	else
		slot->until_ms = 0;
}

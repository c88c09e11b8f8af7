/*
 * auth/scram.c - see scram.h. It reads no table: it asks by scram_lookup_fn.
 */
#include "auth/scram.h"

#include <gsasl.h>
#include <stdio.h>
#include <string.h>

#include "auth/sasl_text.h"
#include "base/alloc.h"
#include "base/base64.h"

enum { MADE_UP_SALT = 16 };

struct scram_library {
	Gsasl *gsasl;
	char secret[SCRAM_SECRET_SIZE];
};

struct scram {
	struct scram_library *library; /* borrowed */
	Gsasl_session *session;
	scram_lookup_fn *lookup;
	void *arg;
	uint32_t iterations;
	char *binding; /* owned: base64, or NULL */
	bool made_up;
	bool acts_as_other;
};

/*
 * Keys for a login that has none: two values that only the secret and the
 * login determine. What they fit is never found out, as made_up decides.
 */
static bool
make_up(struct scram_library *library, struct slice login, char salt[],
    char key[])
{
	char name[LOGIN_MAX + 1];
	char salted[SCRAM_KEY_SIZE], client[SCRAM_KEY_SIZE];

	if (!slice_to_cstr(slice_head(login, LOGIN_MAX), name, sizeof(name)))
		return false;
	return gsasl_scram_secrets_from_password(GSASL_HASH_SHA256, name, 1,
		   library->secret, SCRAM_SECRET_SIZE, salted, client, salt,
		   key) == GSASL_OK;
}

static int
set_property(Gsasl_session *session, Gsasl_property which, struct slice text)
{
	return gsasl_property_set_raw(session, which, text.p, text.n);
}

static int
set_keys(struct scram *scram, struct slice login)
{
	char salt_bytes[SCRAM_KEY_SIZE], key_bytes[SCRAM_KEY_SIZE];
	char iterations[16];
	struct scram_keys keys;
	struct buf salt, key;
	int rc;

	buf_init(&salt, SCRAM_TEXT_MAX);
	buf_init(&key, SCRAM_TEXT_MAX);
	scram->made_up = !scram->lookup(login, &keys, scram->arg);
	if (scram->made_up) {
		if (!make_up(scram->library, login, salt_bytes, key_bytes))
			return GSASL_AUTHENTICATION_ERROR;
		base64_encode(slice_from(salt_bytes, MADE_UP_SALT), &salt);
		base64_encode(slice_from(key_bytes, SCRAM_KEY_SIZE), &key);
		keys = (struct scram_keys){
			.iterations = scram->iterations,
			.salt = buf_slice(&salt),
			.stored_key = buf_slice(&key),
			.server_key = buf_slice(&key),
		};
	}
	(void)snprintf(iterations, sizeof(iterations), "%u", keys.iterations);
	rc = set_property(scram->session, GSASL_SCRAM_ITER,
	    slice_of(iterations));
	if (rc == GSASL_OK)
		rc = set_property(scram->session, GSASL_SCRAM_SALT, keys.salt);
	if (rc == GSASL_OK)
		rc = set_property(scram->session, GSASL_SCRAM_STOREDKEY,
		    keys.stored_key);
	if (rc == GSASL_OK)
		rc = set_property(scram->session, GSASL_SCRAM_SERVERKEY,
		    keys.server_key);
	buf_done(&salt);
	buf_done(&key);
	return rc;
}

static int
on_callback(Gsasl *gsasl, Gsasl_session *session, Gsasl_property wanted)
{
	struct scram *scram = gsasl_session_hook_get(session);
	const char *login, *acts_as;

	(void)gsasl;
	if (wanted == GSASL_CB_TLS_EXPORTER) {
		if (scram->binding == NULL)
			return GSASL_NO_CALLBACK;
		return set_property(session, wanted, slice_of(scram->binding));
	}
	if (wanted != GSASL_SCRAM_ITER && wanted != GSASL_SCRAM_SALT &&
	    wanted != GSASL_SCRAM_STOREDKEY && wanted != GSASL_SCRAM_SERVERKEY)
		return GSASL_NO_CALLBACK;
	login = gsasl_property_fast(session, GSASL_AUTHID);
	acts_as = gsasl_property_fast(session, GSASL_AUTHZID);
	if (login == NULL || !login_is_good(slice_of(login)))
		return GSASL_AUTHENTICATION_ERROR;
	scram->acts_as_other = acts_as != NULL && acts_as[0] != '\0' &&
	    !slice_eq(slice_of(acts_as), slice_of(login));
	return set_keys(scram, slice_of(login));
}

struct scram_library *
scram_library_new(const char secret[SCRAM_SECRET_SIZE])
{
	struct scram_library *library = mem_zero(sizeof(*library));

	if (gsasl_init(&library->gsasl) != GSASL_OK) {
		mem_free(library);
		return NULL;
	}
	memcpy(library->secret, secret, SCRAM_SECRET_SIZE);
	gsasl_callback_set(library->gsasl, on_callback);
	return library;
}

void
scram_library_free(struct scram_library **library)
{
	if (*library == NULL)
		return;
	gsasl_done((*library)->gsasl);
	mem_free_secret(*library, sizeof(**library));
	*library = NULL;
}

struct scram *
scram_new(struct scram_library *library, bool plus, struct slice binding,
    uint32_t iterations, scram_lookup_fn *lookup, void *arg)
{
	struct scram *scram = mem_zero(sizeof(*scram));

	scram->library = library;
	scram->lookup = lookup;
	scram->arg = arg;
	scram->iterations = iterations;
	if (gsasl_server_start(library->gsasl,
		plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256",
		&scram->session) != GSASL_OK) {
		mem_free(scram);
		return NULL;
	}
	if (binding.n > 0) {
		struct buf text;

		buf_init(&text, 4 * binding.n);
		base64_encode(binding, &text);
		scram->binding = mem_cstr(buf_slice(&text));
		buf_done(&text);
	}
	gsasl_session_hook_set(scram->session, scram);
	return scram;
}

void
scram_free(struct scram **scram)
{
	if (*scram == NULL)
		return;
	gsasl_finish((*scram)->session);
	mem_free((*scram)->binding);
	mem_free(*scram);
	*scram = NULL;
}

static enum scram_step
step_of(const struct scram *scram, int rc)
{
	switch (rc) {
	case GSASL_NEEDS_MORE:
		return SCRAM_CHALLENGE;
	case GSASL_OK:
		return scram->made_up || scram->acts_as_other ? SCRAM_FAILED
							      : SCRAM_DONE;
	case GSASL_AUTHENTICATION_ERROR:
		return SCRAM_FAILED;
	default:
		return SCRAM_MALFORMED;
	}
}

enum scram_step
scram_step(struct scram *scram, struct slice response, struct buf *out)
{
	char *given = NULL;
	size_t n = 0;
	enum scram_step step;

	step = step_of(scram,
	    gsasl_step(scram->session, response.p, response.n, &given, &n));
	if (given != NULL) {
		if (step == SCRAM_CHALLENGE || step == SCRAM_DONE)
			buf_add(out, slice_from(given, n));
		gsasl_free(given);
	}
	return step;
}

struct slice
scram_login(const struct scram *scram)
{
	return slice_of(gsasl_property_fast(scram->session, GSASL_AUTHID));
}

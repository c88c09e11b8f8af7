/*
 * deliver/login.c - PLAIN, LOGIN and SCRAM-SHA-256 by libgsasl.
 */
#include "deliver/login.h"

#include <gsasl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"

enum { CHALLENGE_MAX = 8192 };

struct login_library {
	Gsasl *gsasl; /* owned */
};

struct login {
	Gsasl_session *session; /* owned */
	bool speaks_first;
	bool done;
};

static const char *const mechanisms[] = { "SCRAM-SHA-256", "PLAIN", "LOGIN",
	NULL };

struct login_library *
login_library_new(void)
{
	struct login_library *library = mem_zero(sizeof(*library));

	must(gsasl_init(&library->gsasl) == GSASL_OK);
	return library;
}

void
login_library_free(struct login_library **library)
{
	if (*library == NULL)
		return;
	gsasl_done((*library)->gsasl);
	mem_free(*library);
	*library = NULL;
}

struct login *
login_new(struct login_library *library, const char *mechanism,
    const char *user, const char *password)
{
	struct login *l = mem_zero(sizeof(*l));

	if (gsasl_client_start(library->gsasl, mechanism, &l->session) !=
	    GSASL_OK) {
		mem_free(l);
		return NULL;
	}
	l->speaks_first = strcmp(mechanism, "LOGIN") != 0;
	if (gsasl_property_set(l->session, GSASL_AUTHID, user) != GSASL_OK ||
	    gsasl_property_set(l->session, GSASL_PASSWORD, password) !=
		GSASL_OK) {
		login_free(&l);
		return NULL;
	}
	return l;
}

void
login_free(struct login **login)
{
	if (*login == NULL)
		return;
	if ((*login)->session != NULL)
		gsasl_finish((*login)->session);
	mem_free(*login);
	*login = NULL;
}

enum login_progress
login_answer(struct login *l, struct slice challenge, struct buf *out)
{
	struct buf decoded;
	char *response = NULL;
	size_t n = 0;
	int rc;

	buf_init(&decoded, CHALLENGE_MAX);
	if (!base64_decode(slice_trim(challenge), &decoded)) {
		buf_done(&decoded);
		return LOGIN_FAILED;
	}
	rc = gsasl_step(l->session, decoded.p == NULL ? "" : decoded.p,
	    decoded.n, &response, &n);
	buf_done(&decoded);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		return LOGIN_FAILED;
	base64_encode(slice_from(response, n), out);
	gsasl_free(response);
	l->done = rc == GSASL_OK;
	return l->done ? LOGIN_DONE : LOGIN_MORE;
}

bool
login_is_done(const struct login *l)
{
	return l->done;
}

bool
login_has_initial(const struct login *l)
{
	return l->speaks_first;
}

const char *const *
login_mechanisms(void)
{
	return mechanisms;
}

/*
 * deliver/login.c - passwords by libgsasl, tokens by deliver/bearer.
 */
#include "deliver/login.h"

#include <gsasl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "deliver/bearer.h"

enum {
	CHALLENGE_MAX = 8192,
	RESPONSE_MAX = 10 * 1024, /* as base64 under RFC 4954's 12,288 */
};

struct login_library {
	Gsasl *gsasl; /* owned */
};

struct login {
	Gsasl_session *session; /* owned; NULL: a token */
	struct buf bearer;      /* the token's only response, till it is sent */
	bool is_oauthbearer;
	bool speaks_first;
	bool done;
	bool refused;
};

#define PLUS "SCRAM-SHA-256-PLUS"
#define OAUTHBEARER "OAUTHBEARER"

static const char *const with_binding[] = { PLUS, "SCRAM-SHA-256", "PLAIN",
	"LOGIN", NULL };
static const char *const with_token[] = { OAUTHBEARER, "XOAUTH2", NULL };

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

/* With SCRAM-SHA-256 libgsasl takes none: it would say "y" to the server. */
static bool
set_binding(Gsasl_session *session, const struct login_binding *binding)
{
	struct buf text;
	bool good;

	must(binding->n > 0 && binding->n <= sizeof(binding->octets));
	buf_init(&text, (size_t)2 * LOGIN_BINDING_MAX);
	base64_encode(slice_from((const char *)binding->octets, binding->n),
	    &text);
	good = gsasl_property_set(session,
		   binding->is_exporter ? GSASL_CB_TLS_EXPORTER
					: GSASL_CB_TLS_UNIQUE,
		   buf_cstr(&text)) == GSASL_OK;
	buf_done(&text);
	return good;
}

static void
bearer_begin(struct login *l, const char *mechanism,
    const struct login_means *means)
{
	const struct bearer bearer = { means->user, means->token, means->host,
		means->port };

	l->is_oauthbearer = strcmp(mechanism, OAUTHBEARER) == 0;
	if (l->is_oauthbearer)
		bearer_oauthbearer(&bearer, &l->bearer);
	else
		bearer_xoauth2(&bearer, &l->bearer);
}

struct login *
login_new(struct login_library *library, const char *mechanism,
    const struct login_means *means)
{
	struct login *l = mem_zero(sizeof(*l));

	buf_init(&l->bearer, RESPONSE_MAX);
	l->speaks_first = strcmp(mechanism, "LOGIN") != 0;
	if (means->token != NULL) {
		bearer_begin(l, mechanism, means);
		if (buf_failed(&l->bearer))
			login_free(&l);
		return l;
	}
	if (gsasl_client_start(library->gsasl, mechanism, &l->session) !=
		GSASL_OK ||
	    gsasl_property_set(l->session, GSASL_AUTHID, means->user) !=
		GSASL_OK ||
	    gsasl_property_set(l->session, GSASL_PASSWORD, means->password) !=
		GSASL_OK ||
	    (strcmp(mechanism, PLUS) == 0 &&
		!set_binding(l->session, &means->binding)))
		login_free(&l);
	return l;
}

void
login_free(struct login **login)
{
	struct login *l = *login;

	if (l == NULL)
		return;
	if (l->session != NULL)
		gsasl_finish(l->session);
	buf_done(&l->bearer);
	mem_free(l);
	*login = NULL;
}

/* The token, then a farewell to whoever does not take it. */
static enum login_progress
bearer_answer(struct login *l, struct buf *out)
{
	if (!l->done) {
		base64_encode(buf_slice(&l->bearer), out);
		l->done = true;
		return LOGIN_DONE;
	}
	if (l->refused)
		return LOGIN_FAILED;
	l->refused = true;
	base64_encode(bearer_farewell(l->is_oauthbearer), out);
	return LOGIN_DONE;
}

static enum login_progress
password_answer(struct login *l, struct slice challenge, struct buf *out)
{
	struct buf decoded;
	char *response = NULL;
	size_t n = 0;
	int rc;

	/* What SCRAM has left to do after its proof is an empty line. */
	if (l->done)
		return challenge.n == 0 ? LOGIN_DONE : LOGIN_FAILED;
	buf_init(&decoded, CHALLENGE_MAX);
	if (!base64_decode(challenge, &decoded)) {
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

enum login_progress
login_answer(struct login *l, struct slice challenge, struct buf *out)
{
	challenge = slice_trim(challenge);
	return l->session == NULL ? bearer_answer(l, out)
				  : password_answer(l, challenge, out);
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

bool
login_was_refused(const struct login *l)
{
	return l->refused;
}

const char *const *
login_mechanisms(const struct login_means *means)
{
	if (means->token != NULL)
		return with_token;
	return means->binding.n > 0 ? with_binding : with_binding + 1;
}

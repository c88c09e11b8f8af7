/*
 * auth/exchange.c - see exchange.h. It judges no password and sends nothing.
 */
#include "auth/exchange.h"

#include <string.h>

#include "auth/sasl_text.h"
#include "base/alloc.h"

enum phase {
	PHASE_START,
	PHASE_LOGIN,
	PHASE_PASSWORD,
	PHASE_SCRAM,
	PHASE_OVER
};

typedef enum exchange_step respond_fn(struct exchange *, struct slice response,
    struct buf *out);

struct exchange {
	const struct mechanism *mechanism; /* borrowed: the table */
	enum phase phase;
	struct scram *scram; /* owned, or NULL */
	char login[LOGIN_MAX + 1];
	char password[PASSWORD_MAX + 1];
};

static enum exchange_step
over(struct exchange *x, enum exchange_step step)
{
	x->phase = PHASE_OVER;
	return step;
}

static enum exchange_step
respond_plain(struct exchange *x, struct slice response, struct buf *out)
{
	struct sasl_plain plain;

	(void)out;
	if (!sasl_plain_parse(response, &plain))
		return over(x, EXCHANGE_MALFORMED);
	must(slice_to_cstr(plain.login, x->login, sizeof(x->login)));
	if (!plain.acts_as_self)
		return over(x, EXCHANGE_FAILED);
	must(slice_to_cstr(plain.password, x->password, sizeof(x->password)));
	return over(x, EXCHANGE_JUDGE);
}

/* Without a standard; these prompts are what most clients were tried with. */
static enum exchange_step
respond_login(struct exchange *x, struct slice response, struct buf *out)
{
	if (x->phase == PHASE_LOGIN) {
		if (!login_is_good(response))
			return over(x, EXCHANGE_MALFORMED);
		must(slice_to_cstr(response, x->login, sizeof(x->login)));
		buf_add_cstr(out, "Password:");
		x->phase = PHASE_PASSWORD;
		return EXCHANGE_CHALLENGE;
	}
	if (!password_is_good(response))
		return over(x, EXCHANGE_MALFORMED);
	must(slice_to_cstr(response, x->password, sizeof(x->password)));
	return over(x, EXCHANGE_JUDGE);
}

static enum exchange_step
respond_scram(struct exchange *x, struct slice response, struct buf *out)
{
	static const enum exchange_step steps[] = {
		[SCRAM_CHALLENGE] = EXCHANGE_CHALLENGE,
		[SCRAM_DONE] = EXCHANGE_DONE,
		[SCRAM_FAILED] = EXCHANGE_FAILED,
		[SCRAM_MALFORMED] = EXCHANGE_MALFORMED,
	};
	enum scram_step step = scram_step(x->scram, response, out);

	(void)slice_to_cstr(scram_login(x->scram), x->login, sizeof(x->login));
	return step == SCRAM_CHALLENGE ? EXCHANGE_CHALLENGE
				       : over(x, steps[step]);
}

/* clang-format off */
static const struct mechanism {
	const char *name;
	enum phase first;
	const char *prompt; /* when there is no initial response */
	respond_fn *respond;
	bool is_scram, plus;
} mechanisms[] = {
	{ "PLAIN",		PHASE_START,	"",		respond_plain, false, false },
	{ "LOGIN",		PHASE_LOGIN,	"Username:",	respond_login, false, false },
	{ "SCRAM-SHA-256",	PHASE_SCRAM,	"",		respond_scram, true,  false },
	{ "SCRAM-SHA-256-PLUS",	PHASE_SCRAM,	"",		respond_scram, true,  true },
};
/* clang-format on */

static const struct mechanism *
mechanism_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++)
		if (slice_is_nocase(name, mechanisms[i].name))
			return &mechanisms[i];
	return NULL;
}

struct exchange *
exchange_new(struct slice name, struct slice binding,
    const struct exchange_keys *keys)
{
	const struct mechanism *mechanism = mechanism_find(name);
	struct scram *scram = NULL;
	struct exchange *x;

	if (mechanism == NULL || (mechanism->plus && binding.n == 0))
		return NULL;
	if (mechanism->is_scram) {
		scram = scram_new(keys->library, mechanism->plus, binding,
		    keys->iterations, keys->lookup, keys->arg);
		if (scram == NULL)
			return NULL;
	}
	x = mem_zero(sizeof(*x));
	x->mechanism = mechanism;
	x->phase = mechanism->first;
	x->scram = scram;
	return x;
}

void
exchange_free(struct exchange **x)
{
	if (*x == NULL)
		return;
	scram_free(&(*x)->scram);
	mem_free_secret(*x, sizeof(**x));
	*x = NULL;
}

enum exchange_step
exchange_start(struct exchange *x, const struct slice *initial, struct buf *out)
{
	if (initial != NULL)
		return exchange_respond(x, *initial, out);
	buf_add_cstr(out, x->mechanism->prompt);
	return EXCHANGE_CHALLENGE;
}

enum exchange_step
exchange_respond(struct exchange *x, struct slice response, struct buf *out)
{
	if (x->phase == PHASE_OVER)
		return EXCHANGE_MALFORMED;
	if (response.n > EXCHANGE_MESSAGE_MAX)
		return over(x, EXCHANGE_MALFORMED);
	return x->mechanism->respond(x, response, out);
}

struct slice
exchange_login(const struct exchange *x)
{
	return slice_of(x->login);
}

const char *
exchange_password(const struct exchange *x)
{
	return x->password;
}

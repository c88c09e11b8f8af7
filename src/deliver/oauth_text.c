/*
 * deliver/oauth_text.c - forms out, JSON in.
 */
#include "deliver/oauth_text.h"

#include <string.h>

#include <jansson.h>

#include "base/ascii.h"

/* --- the request --- */

static void
add_field(struct buf *body, const char *name, struct slice value)
{
	static const char hex[] = "0123456789ABCDEF";

	if (value.n == 0)
		return;
	if (body->n > 0)
		buf_add_char(body, '&');
	buf_add_cstr(body, name);
	buf_add_char(body, '=');
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];

		if (ascii_is_alnum(value.p[i]) || c == '-' || c == '.' ||
		    c == '_') {
			buf_add_char(body, value.p[i]);
			continue;
		}
		buf_add_char(body, '%');
		buf_add_char(body, hex[c >> 4]);
		buf_add_char(body, hex[c & 15]);
	}
}

void
oauth_write_request(const struct oauth_wish *w, struct buf *body)
{
	add_field(body, "grant_type",
	    w->refresh_token.n > 0 ? SLICE("refresh_token")
				   : SLICE("client_credentials"));
	add_field(body, "refresh_token", w->refresh_token);
	add_field(body, "client_id", w->client_id);
	add_field(body, "client_secret", w->client_secret);
	add_field(body, "scope", w->scope);
}

/* --- the answer --- */

/* A text of visible octets that fits; false: there is none such. */
static bool
get_token(const json_t *object, const char *key, char out[OAUTH_TOKEN_SIZE])
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);
	size_t n = json_string_length(value);

	if (text == NULL || n == 0 || n >= OAUTH_TOKEN_SIZE)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!ascii_is_graphic(text[i]))
			return false;
	memcpy(out, text, n + 1);
	return true;
}

/* For people: cut to what fits, each odd octet a "?". */
static void
add_words(char out[OAUTH_ERROR_SIZE], const char *before, const char *words)
{
	size_t n = strlen(out);

	for (; *before != '\0' && n + 1 < OAUTH_ERROR_SIZE; before++)
		out[n++] = *before;
	for (; words != NULL && *words != '\0' && n + 1 < OAUTH_ERROR_SIZE;
	     words++)
		out[n++] =
		    ascii_is_graphic(*words) || *words == ' ' ? *words : '?';
	out[n] = '\0';
}

static enum oauth_answer_kind
nonsense(struct oauth_answer *out, const char *words)
{
	memset(out, 0, sizeof(*out));
	add_words(out->error, words, NULL);
	return OAUTH_NONSENSE;
}

/* Some endpoints put the number into a string. */
static uint32_t
life_of(const json_t *object)
{
	const json_t *value = json_object_get(object, "expires_in");
	json_int_t seconds = json_integer_value(value);
	uint32_t from_text;

	if (json_is_real(value) && json_real_value(value) > 0 &&
	    json_real_value(value) < OAUTH_LIFE_MAX)
		seconds = (json_int_t)json_real_value(value);
	if (json_is_string(value) &&
	    slice_to_u32(slice_of(json_string_value(value)), OAUTH_LIFE_MAX,
		&from_text))
		seconds = from_text;
	if (seconds <= 0)
		return OAUTH_LIFE_UNSAID;
	return seconds < OAUTH_LIFE_MAX ? (uint32_t)seconds : OAUTH_LIFE_MAX;
}

static enum oauth_answer_kind
read_object(const json_t *object, struct oauth_answer *out)
{
	const json_t *type = json_object_get(object, "token_type");
	const char *error = json_string_value(json_object_get(object, "error"));

	memset(out, 0, sizeof(*out));
	if (error != NULL) {
		const char *more = json_string_value(
		    json_object_get(object, "error_description"));

		add_words(out->error, "", error);
		if (more != NULL)
			add_words(out->error, ": ", more);
		return OAUTH_REFUSED;
	}
	if (!get_token(object, "access_token", out->access))
		return nonsense(out, "an answer without a usable access_token");
	/* RFC 6749, 7.1: a type that we don't know must not be used. */
	if (type != NULL &&
	    (!json_is_string(type) ||
		!slice_is_nocase(slice_of(json_string_value(type)), "bearer")))
		return nonsense(out, "a token that is no bearer token");
	if (!get_token(object, "refresh_token", out->refresh))
		out->refresh[0] = '\0';
	out->life_seconds = life_of(object);
	return OAUTH_TOKEN;
}

enum oauth_answer_kind
oauth_answer_parse(struct slice json, struct oauth_answer *out)
{
	json_t *object = NULL;
	enum oauth_answer_kind kind;

	if (json.n > 0 && json.n <= OAUTH_ANSWER_MAX)
		object =
		    json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		kind = read_object(object, out);
	else
		kind = nonsense(out, "an answer that is no JSON object");
	json_decref(object);
	return kind;
}

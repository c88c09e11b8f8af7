/*
 * smtp/ehlo.c - EHLO keywords and their parameters.
 */
#include "smtp/ehlo.h"

#include <string.h>

#include "base/ascii.h"

typedef void parameters_fn(struct ehlo *, struct slice parameters);

void
ehlo_init(struct ehlo *e)
{
	*e = (struct ehlo){ 0 };
}

static void
read_size(struct ehlo *e, struct slice parameters)
{
	struct slice word = slice_take_word(&parameters);

	if (!slice_to_u64(word, UINT64_MAX, &e->size))
		e->size = 0;
}

/*
 * Mechanisms that do not fit are dropped: SCRAM-SHA-256-PLUS and the like stand
 * in 256 bytes many times over.
 */
static void
read_auth(struct ehlo *e, struct slice parameters)
{
	struct slice word;
	size_t at = strlen(e->auth);

	while ((word = slice_take_word(&parameters)).n > 0) {
		if (word.n + 2 > sizeof(e->auth) - at || slice_has(word, '\0'))
			continue;
		e->auth[at++] = ' ';
		for (size_t i = 0; i < word.n; i++)
			e->auth[at++] = ascii_upper(word.p[i]);
		e->auth[at] = '\0';
	}
}

/* limit-name "=" value, by spaces (RFC 9422, 3). */
static void
read_limits(struct ehlo *e, struct slice parameters)
{
	struct slice value;

	while ((value = slice_take_word(&parameters)).n > 0) {
		struct slice name = slice_take_until(&value, '=');
		uint32_t number;

		if (!slice_to_u32(value, UINT32_MAX, &number))
			continue;
		if (slice_is_nocase(name, "MAILMAX"))
			e->mail_max = number;
		else if (slice_is_nocase(name, "RCPTMAX"))
			e->rcpt_max = number;
		else if (slice_is_nocase(name, "RCPTDOMAINMAX"))
			e->rcpt_domain_max = number;
	}
}

/* [ min-by-time ], and what later versions add behind a comma. */
static void
read_deliver_by(struct ehlo *e, struct slice parameters)
{
	struct slice word = slice_take_word(&parameters);

	if (!slice_to_u32(slice_take_until(&word, ','), UINT32_MAX,
		&e->by_least))
		e->by_least = 0;
}

/* clang-format off */
static const struct {
	const char *keyword;
	enum ehlo_extension bit;
	parameters_fn *read; /* or NULL */
} extensions[] = {
	{ "PIPELINING",		 EHLO_PIPELINING,	   NULL },
	{ "8BITMIME",		 EHLO_8BITMIME,		   NULL },
	{ "SMTPUTF8",		 EHLO_SMTPUTF8,		   NULL },
	{ "SIZE",		 EHLO_SIZE,		   read_size },
	{ "DSN",		 EHLO_DSN,		   NULL },
	{ "STARTTLS",		 EHLO_STARTTLS,		   NULL },
	{ "AUTH",		 EHLO_AUTH,		   read_auth },
	{ "CHUNKING",		 EHLO_CHUNKING,		   NULL },
	{ "BINARYMIME",		 EHLO_BINARYMIME,	   NULL },
	{ "ENHANCEDSTATUSCODES", EHLO_ENHANCEDSTATUSCODES, NULL },
	{ "REQUIRETLS",		 EHLO_REQUIRETLS,	   NULL },
	{ "LIMITS",		 EHLO_LIMITS,		   read_limits },
	{ "DELIVERBY",		 EHLO_DELIVERBY,	   read_deliver_by },
	{ "MT-PRIORITY",	 EHLO_PRIORITY,		   NULL },
};
/* clang-format on */

void
ehlo_add_line(struct ehlo *e, struct slice text)
{
	struct slice rest = text;
	struct slice keyword = slice_take_word(&rest);

	/* "AUTH=PLAIN LOGIN", from before there was a standard. */
	if (slice_starts_nocase(keyword, "AUTH=")) {
		rest = slice_skip(slice_trim(text), strlen("AUTH="));
		keyword = slice_head(keyword, strlen("AUTH"));
	}
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]);
	     i++) {
		if (!slice_is_nocase(keyword, extensions[i].keyword))
			continue;
		e->offers |= extensions[i].bit;
		if (extensions[i].read != NULL)
			extensions[i].read(e, rest);
		return;
	}
}

bool
ehlo_offers(const struct ehlo *e, enum ehlo_extension extension)
{
	return (e->offers & extension) != 0;
}

bool
ehlo_offers_auth(const struct ehlo *e, const char *mechanism)
{
	struct slice rest = slice_of(e->auth);
	struct slice word;

	while ((word = slice_take_word(&rest)).n > 0)
		if (slice_is_nocase(word, mechanism))
			return true;
	return false;
}

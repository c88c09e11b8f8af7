/*
 * conf/type_word.c - types that are one of some words, or one character.
 */
#include "conf/field.h"

#include <string.h>

#include "base/ascii.h"
#include "conf/value.h"

static bool
read_bool(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (value_bool(word_of(words), field_of(key, section)))
		return true;
	why_set(why, "is neither true nor false");
	return false;
}

static void
put_bool(const struct conf_key *key, const void *section, struct buf *out)
{
	const bool *field = const_field_of(key, section);

	conf_put_u64(*field, out);
}

static bool
get_bool(const struct conf_key *key, void *section, struct slice *in)
{
	bool *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > 1)
		return false;
	*field = value != 0;
	return true;
}

static bool
read_word(const struct conf_key *key, const struct strings *words, int *out,
    struct why *why)
{
	const struct conf_word *w;
	struct buf text;

	for (w = key->words; w->word != NULL; w++)
		if (slice_is(word_of(words), w->word)) {
			*out = w->value;
			return true;
		}
	buf_init(&text, 400);
	for (w = key->words; w->word != NULL; w++)
		buf_addf(&text, "%s%s",
		    w == key->words         ? ""
			: w[1].word == NULL ? " or "
					    : ", ",
		    w->word);
	why_set(why, "is not %s", buf_cstr(&text));
	buf_done(&text);
	return false;
}

/* An enum has the size of an int, which the schema has the compiler check. */
static bool
read_choice(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	int value;

	(void)conf;
	if (!read_word(key, words, &value, why))
		return false;
	memcpy(field_of(key, section), &value, sizeof(value));
	return true;
}

static void
put_choice(const struct conf_key *key, const void *section, struct buf *out)
{
	int value;

	memcpy(&value, const_field_of(key, section), sizeof(value));
	conf_put_u64((uint64_t)value, out);
}

static bool
get_choice(const struct conf_key *key, void *section, struct slice *in)
{
	uint64_t value;

	if (!conf_get_u64(in, &value))
		return false;
	for (const struct conf_word *w = key->words; w->word != NULL; w++)
		if ((uint64_t)w->value == value) {
			memcpy(field_of(key, section), &w->value,
			    sizeof(w->value));
			return true;
		}
	return false;
}

static bool
read_switch(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	bool *field = field_of(key, section);
	int value;

	(void)conf;
	if (!read_word(key, words, &value, why))
		return false;
	*field = value != 0;
	return true;
}

static bool
read_char(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);
	char *field = field_of(key, section);

	(void)conf;
	if (s.n > 1 ||
	    (s.n == 1 &&
		(!ascii_is_graphic(s.p[0]) || ascii_is_alnum(s.p[0]) ||
		    s.p[0] == '@' || s.p[0] == '.'))) {
		why_set(why,
		    "is not one character like \"+\" or \"-\", or empty");
		return false;
	}
	*field = s.n == 0 ? '\0' : s.p[0];
	return true;
}

static void
put_char(const struct conf_key *key, const void *section, struct buf *out)
{
	const char *field = const_field_of(key, section);

	conf_put_u64((unsigned char)*field, out);
}

static bool
get_char(const struct conf_key *key, void *section, struct slice *in)
{
	char *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > 127)
		return false;
	*field = (char)value;
	return true;
}

/* delivery.ip fills ipv4 and ipv6, which have rows of their own to be packed.
 */
static bool
read_families(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct delivery_conf *delivery = section;
	bool both = slice_is(word_of(words), "both");
	bool ipv4 = both || slice_is(word_of(words), "ipv4");
	bool ipv6 = both || slice_is(word_of(words), "ipv6");

	(void)conf;
	(void)key;
	if (!ipv4 && !ipv6) {
		why_set(why, "is not both, ipv4 or ipv6");
		return false;
	}
	delivery->ipv4 = ipv4;
	delivery->ipv6 = ipv6;
	return true;
}

static void
put_nothing(const struct conf_key *key, const void *section, struct buf *out)
{
	(void)key;
	(void)section;
	(void)out;
}

static bool
get_nothing(const struct conf_key *key, void *section, struct slice *in)
{
	(void)key;
	(void)section;
	(void)in;
	return true;
}

/* clang-format off */
static const struct conf_type_facts types[] = {
	/*		    list   read		  put		get	     done */
	[CONF_BOOL]	= { false, read_bool,	  put_bool,	get_bool,    NULL },
	[CONF_CHOICE]	= { false, read_choice,	  put_choice,	get_choice,  NULL },
	[CONF_SWITCH]	= { false, read_switch,	  put_bool,	get_bool,    NULL },
	[CONF_CHAR]	= { false, read_char,	  put_char,	get_char,    NULL },
	[CONF_FAMILIES]	= { false, read_families, put_nothing,	get_nothing, NULL },
};
/* clang-format on */

const struct conf_type_facts *
conf_word_type(enum conf_type type)
{
	if (type >= sizeof(types) / sizeof(types[0]) ||
	    types[type].read == NULL)
		return NULL;
	return &types[type];
}

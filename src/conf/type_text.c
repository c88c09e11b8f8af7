/*
 * conf/type_text.c - types that are kept as text: names, addresses, paths,
 * targets, and lists of such.
 */
#include "conf/field.h"

#include <inttypes.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "conf/target.h"
#include "mail/address.h"
#include "mail/expand.h"

static void
set_text(const struct conf_key *key, void *section, struct slice s)
{
	char **field = field_of(key, section);

	mem_free(*field);
	*field = mem_cstr(s);
}

bool
conf_has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (ascii_is_control(s.p[i]))
			return true;
	return false;
}

static bool
text_fits(const struct conf_key *key, struct slice s, struct why *why)
{
	if (conf_has_control(s)) {
		why_set(why, "holds a control character");
		return false;
	}
	if (key->high > 0 && (s.n < key->low || s.n > key->high)) {
		why_set(why,
		    "is not a text of %" PRIu64 " to %" PRIu64 " characters",
		    key->low, key->high);
		return false;
	}
	return true;
}

static bool
read_text(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (!text_fits(key, word_of(words), why))
		return false;
	set_text(key, section, word_of(words));
	return true;
}

static bool
read_name(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);
	char **field = field_of(key, section);

	(void)conf;
	if (s.n > 0 && !domain_is_valid(s, true)) {
		why_set(why, "is no host or domain name");
		return false;
	}
	set_text(key, section, s);
	for (char *p = *field; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return true;
}

static bool
read_address(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);
	struct address a;

	(void)conf;
	if (s.n > 0 &&
	    (address_parse(s, true, &a) != PARSE_OK || a.domain.n == 0)) {
		why_set(why, "is no address of the form local@domain");
		return false;
	}
	set_text(key, section, s);
	return true;
}

bool
conf_is_path(struct slice s)
{
	return s.n > 1 && s.n < 4096 && s.p[0] == '/' && !conf_has_control(s);
}

static bool
read_path(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (!conf_is_path(word_of(words))) {
		why_set(why, "is no path from / on");
		return false;
	}
	set_text(key, section, word_of(words));
	return true;
}

static bool
read_events(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);

	(void)conf;
	if (s.n > 0 && (!slice_take_prefix(&s, "file:") || !conf_is_path(s))) {
		why_set(why, "is not of the form \"file:/PATH\", or empty");
		return false;
	}
	set_text(key, section, s);
	return true;
}

static bool
target_fits(const struct conf_key *key, struct slice s, struct why *why)
{
	struct why inner = { "" };
	struct target t;

	if (!target_parse(s, &t, &inner)) {
		why_set(why, "is wrong: %s", inner.text);
		return false;
	}
	if (t.kind == TARGET_MBOX || t.kind == TARGET_PIPE) {
		why_set(why, "is not available yet");
		return false;
	}
	if (t.kind == TARGET_MAILDIR && !expand_is_valid(t.path, &inner)) {
		why_set(why, "is wrong: %s", inner.text);
		return false;
	}
	if ((target_bit(t.kind) & key->low) == 0) {
		why_set(why, "has no place here: %s: is not accepted for %s",
		    target_kind_name(t.kind), key->name);
		return false;
	}
	return true;
}

static bool
read_target(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (!target_fits(key, word_of(words), why))
		return false;
	set_text(key, section, word_of(words));
	return true;
}

static void
put_text(const struct conf_key *key, const void *section, struct buf *out)
{
	char *const *field = const_field_of(key, section);

	conf_put_text(slice_of(*field), out);
}

static bool
get_text(const struct conf_key *key, void *section, struct slice *in)
{
	return conf_get_cstr(in, field_of(key, section));
}

static void
done_text(const struct conf_key *key, void *section)
{
	char **field = field_of(key, section);

	mem_free(*field);
	*field = NULL;
}

/* --- lists --- */

static void
set_strings(const struct conf_key *key, void *section,
    const struct strings *words)
{
	struct strings *field = field_of(key, section);

	strings_done(field);
	for (size_t i = 0; i < words->n; i++)
		strings_add(field, slice_of(words->v[i]));
}

static bool
read_texts(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	for (size_t i = 0; i < words->n; i++)
		if (!text_fits(key, slice_of(words->v[i]), why))
			return false;
	set_strings(key, section, words);
	return true;
}

static bool
read_targets(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (words->n == 0) {
		why_set(why, "is empty; at least one next hop is needed");
		return false;
	}
	for (size_t i = 0; i < words->n; i++)
		if (!target_fits(key, slice_of(words->v[i]), why))
			return false;
	set_strings(key, section, words);
	return true;
}

static void
put_texts(const struct conf_key *key, const void *section, struct buf *out)
{
	const struct strings *field = const_field_of(key, section);

	conf_put_u64(field->n, out);
	for (size_t i = 0; i < field->n; i++)
		conf_put_text(slice_of(field->v[i]), out);
}

static bool
get_texts(const struct conf_key *key, void *section, struct slice *in)
{
	struct strings *field = field_of(key, section);
	struct slice s;
	uint64_t n;

	if (!conf_get_u64(in, &n))
		return false;
	strings_done(field);
	for (uint64_t i = 0; i < n; i++) {
		if (!conf_get_text(in, &s) || slice_has(s, '\0'))
			return false;
		strings_add(field, s);
	}
	return true;
}

static void
done_texts(const struct conf_key *key, void *section)
{
	strings_done(field_of(key, section));
}

/* clang-format off */
static const struct conf_type_facts types[] = {
	/*		    list   read		  put		get	     done */
	[CONF_TEXT]	= { false, read_text,	  put_text,	get_text,    done_text },
	[CONF_NAME]	= { false, read_name,	  put_text,	get_text,    done_text },
	[CONF_ADDRESS]	= { false, read_address,  put_text,	get_text,    done_text },
	[CONF_PATH]	= { false, read_path,	  put_text,	get_text,    done_text },
	[CONF_EVENTS]	= { false, read_events,	  put_text,	get_text,    done_text },
	[CONF_TARGET]	= { false, read_target,	  put_text,	get_text,    done_text },
	[CONF_TEXTS]	= { true,  read_texts,	  put_texts,	get_texts,   done_texts },
	[CONF_TARGETS]	= { true,  read_targets,  put_texts,	get_texts,   done_texts },
};
/* clang-format on */

const struct conf_type_facts *
conf_text_type(enum conf_type type)
{
	if (type >= sizeof(types) / sizeof(types[0]) ||
	    types[type].read == NULL)
		return NULL;
	return &types[type];
}

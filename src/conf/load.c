/*
 * conf/load.c - from words to values: fills a conf by the rows of the schema.
 */
#include <string.h>

#include "base/alloc.h"
#include "conf/check.h"
#include "conf/conf.h"
#include "conf/error.h"
#include "conf/source.h"
#include "conf/type.h"

/* The words as main.conf would have them, for an error. */
static void
write_words(const struct conf_key *key, const struct strings *words,
    struct buf *out)
{
	bool list = conf_type_facts(key->type)->is_list && words->n != 1;

	if (list)
		buf_add_cstr(out, words->n == 0 ? "{" : "{ ");
	for (size_t i = 0; i < words->n; i++)
		buf_addf(out, "%s\"%s\"", i > 0 ? ", " : "", words->v[i]);
	if (list)
		buf_add_cstr(out, " }");
}

static bool
same_words(const struct strings *a, const struct strings *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	return true;
}

/* What a later version does may be left alone or switched off. */
static bool
is_available(const struct conf_key *key, const struct strings *words,
    const struct strings *preset)
{
	return !key->later || same_words(words, preset) ||
	    (words->n == 1 && strcmp(words->v[0], "off") == 0);
}

static void
report(struct conf_errors *errors, const char *place,
    const struct conf_key *key, const struct strings *words, const char *why)
{
	bool is_secret =
	    key->type == CONF_PASSWORD || key->type == CONF_SECRETS;
	struct buf text;

	buf_init(&text, 2000);
	/* A password in the wrong place stays a secret. */
	if (!is_secret)
		write_words(key, words, &text);
	conf_error(errors, place, "%s: %s %s", key->name,
	    is_secret ? "the value" : buf_cstr(&text), why);
	buf_done(&text);
}

struct loading {
	struct conf *conf;
	const struct conf_source *src;
	struct conf_errors *errors; /* borrowed */
};

static void
load_key(struct loading *l, const struct conf_section *section, size_t index,
    const struct conf_key *key, void *to)
{
	const struct conf_type_facts *facts = conf_type_facts(key->type);
	const char *place =
	    conf_source_place(l->src, section, index, key->name);
	struct strings words = { 0 };
	struct strings preset = { 0 };
	struct why why = { "" };
	bool given = conf_source_words(l->src, section, index, key, &words);

	if (key->preset == NULL && !given) {
		conf_error(l->errors, place, "%s \"%s\": %s is missing: %s",
		    section->name, conf_source_title(l->src, section, index),
		    key->name, key->what);
		goto out;
	}
	if (key->preset != NULL) {
		conf_preset_words(key, &preset);
		must(facts->read(l->conf, key, &preset, to, NULL));
	}
	if (!given)
		goto out;
	if (!facts->read(l->conf, key, &words, to, &why))
		report(l->errors, place, key, &words, why.text);
	else if (!is_available(key, &words, &preset))
		report(l->errors, place, key, &words, "is not available yet");
out:
	strings_done(&words);
	strings_done(&preset);
}

static void
load_one(struct loading *l, const struct conf_section *section, size_t index,
    void *to)
{
	for (const struct conf_key *k = section->keys; k->what != NULL; k++)
		if (k->name != NULL)
			load_key(l, section, index, k, to);
}

static void
load_titled(struct loading *l, const struct conf_section *section)
{
	char *conf = (char *)l->conf;
	size_t n = conf_source_count(l->src, section);
	void **array = (void *)(conf + section->offset);
	size_t *count = (void *)(conf + section->count);

	*array = mem_array(n, section->size);
	*count = n;
	for (size_t i = 0; i < n; i++) {
		char *one = (char *)*array + i * section->size;
		char **title = (void *)(one + section->title_at);

		*title =
		    mem_cstr(slice_of(conf_source_title(l->src, section, i)));
		load_one(l, section, i, one);
		if (section->later)
			conf_error(l->errors,
			    conf_source_place(l->src, section, i, NULL),
			    "%s \"%s\" is not available yet", section->name,
			    *title);
	}
}

static struct conf *
load(const char *path, bool brief, conf_error_fn *error, void *arg)
{
	struct conf_errors errors = { .fn = error, .arg = arg };
	struct conf_source *src = conf_source_read(path, &errors);
	struct loading l = { .src = src, .errors = &errors };
	const struct conf_section *s;

	if (src == NULL)
		return NULL;
	l.conf = mem_zero(sizeof(*l.conf));
	l.conf->refs = 1;
	l.conf->path = mem_cstr(slice_of(path));
	for (s = conf_sections; s->name != NULL; s++) {
		if (brief && s != conf_sections)
			break;
		if (s->title != NULL)
			load_titled(&l, s);
		else
			load_one(&l, s, 0, (char *)l.conf + s->offset);
	}
	if (brief)
		conf_complete_top(l.conf);
	else
		conf_check(l.conf, src, &errors);
	conf_source_free(&src);
	if (errors.count > 0)
		conf_unref(&l.conf);
	return l.conf;
}

struct conf *
conf_load(const char *path, conf_error_fn *error, void *arg)
{
	return load(path, false, error, arg);
}

struct conf *
conf_load_top(const char *path, conf_error_fn *error, void *arg)
{
	return load(path, true, error, arg);
}

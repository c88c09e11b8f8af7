/*
 * mtactl/config.c - the settings, from the rows of the schema.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/schema.h"
#include "conf/type.h"
#include "conf/value.h"
#include "mtactl/verbs.h"

/* "number, 1 to 100" */
static void
write_type(const struct conf_key *key, struct buf *out)
{
	/* clang-format off */
	static const char *const names[] = {
		[CONF_TEXT] = "text", [CONF_NAME] = "host name",
		[CONF_ADDRESS] = "address", [CONF_PATH] = "path",
		[CONF_EVENTS] = "file:PATH", [CONF_TARGET] = "target",
		[CONF_UINT] = "number", [CONF_PORT] = "number",
		[CONF_SIZE] = "size", [CONF_TIME] = "duration",
		[CONF_TIMES] = "durations", [CONF_BOOL] = "true or false",
		[CONF_CHOICE] = "", [CONF_SWITCH] = "",
		[CONF_CHAR] = "character", [CONF_RATE] = "rate",
		[CONF_TEXTS] = "texts", [CONF_TARGETS] = "targets",
		[CONF_NETS] = "networks", [CONF_TABLE] = "table",
		[CONF_FILE] = "path", [CONF_PASSWORD] = "file:PATH",
		[CONF_KEYS] = "SELECTOR:PATHs", [CONF_USERS] = "table",
		[CONF_FAMILIES] = "both, ipv4, ipv6",
		[CONF_REPLIES] = "path", [CONF_STEPS] = "daily numbers",
		[CONF_DATE] = "date",
	};
	/* clang-format on */

	buf_add_cstr(out, names[key->type]);
	for (const struct conf_word *w = key->words;
	     w != NULL && w->word != NULL; w++)
		buf_addf(out, "%s%s", w == key->words ? "" : ", ", w->word);
	if (key->type == CONF_UINT || key->type == CONF_PORT) {
		buf_addf(out, ", %" PRIu64 " to %" PRIu64, key->low, key->high);
	} else if (key->type == CONF_SIZE) {
		buf_add_cstr(out, ", ");
		value_write_size(key->low, out);
		buf_add_cstr(out, " to ");
		value_write_size(key->high, out);
	} else if (key->type == CONF_TIME || key->type == CONF_TIMES) {
		buf_add_cstr(out, ", ");
		value_write_duration((int64_t)key->low, out);
		buf_add_cstr(out, " to ");
		value_write_duration((int64_t)key->high, out);
	}
	if (key->later)
		buf_add_cstr(out, "; only the default is available yet");
}

static void
write_preset(const struct conf_key *key, struct buf *out)
{
	struct strings words = { 0 };

	if (key->preset == NULL) {
		buf_add_cstr(out, "required");
		return;
	}
	conf_preset_words(key, &words);
	buf_add_cstr(out, conf_type_facts(key->type)->is_list ? "{" : "");
	for (size_t i = 0; i < words.n; i++)
		buf_addf(out, "%s\"%s\"", i == 0 ? "" : ", ", words.v[i]);
	buf_add_cstr(out, conf_type_facts(key->type)->is_list ? "}" : "");
	strings_done(&words);
}

static void
show_key(const struct conf_key *key)
{
	struct buf type, preset;

	buf_init(&type, 1000);
	buf_init(&preset, 1000);
	write_type(key, &type);
	write_preset(key, &preset);
	(void)printf("  %s = %s\n      %s\n      (%s)\n", key->name,
	    buf_cstr(&preset), key->what, buf_cstr(&type));
	buf_done(&type);
	buf_done(&preset);
}

static void
show_head(const struct conf_section *s)
{
	if (s->name[0] == '\0')
		(void)printf("# %s\n", s->what);
	else if (s->title == NULL)
		(void)printf("%s { }  # %s\n", s->name, s->what);
	else
		(void)printf("%s \"...\" { }  # %s; the title is %s\n", s->name,
		    s->what, s->title);
}

int
do_config(struct ctl *ctl)
{
	const char *name = ctl->word_count == 0 ? NULL : ctl->words[0];
	bool shown = false;

	if (ctl->options[OPT_EXPLAIN] == NULL) {
		(void)ctl_fail("say config --explain; mtad -n checks a file");
		return CTL_USAGE;
	}
	for (const struct conf_section *s = conf_sections; s->name != NULL;
	     s++) {
		bool whole = name == NULL || strcmp(name, s->name) == 0;
		bool headed = false;

		for (const struct conf_key *k = s->keys; k->what != NULL; k++) {
			if (k->name == NULL ||
			    (!whole && strcmp(name, k->name) != 0))
				continue;
			if (!headed)
				show_head(s);
			headed = true;
			show_key(k);
		}
		shown = shown || headed;
	}
	return shown ? CTL_DONE : ctl_fail("no section or key \"%s\"", name);
}

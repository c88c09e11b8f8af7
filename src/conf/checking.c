/*
 * conf/checking.c - places of keys, for messages about them.
 */
#include "conf/checking.h"

#include "base/ascii.h"
#include "conf/type.h"

const char *
checking_place(const struct checking *c, const char *section, size_t i,
    const char *key)
{
	return conf_source_place(c->src, conf_section_find(section), i, key);
}

bool
checking_is_given(const struct checking *c, const char *section, size_t i,
    const char *key)
{
	const struct conf_section *s = conf_section_find(section);
	struct strings words;
	bool given =
	    conf_source_words(c->src, s, i, conf_key_find(s, key), &words);

	strings_done(&words);
	return given;
}

void
checking_lower(char *title)
{
	for (; *title != '\0'; title++)
		*title = ascii_lower(*title);
}

/*
 * conf/source.h - main.conf and what it includes, read but not yet understood:
 * words, and where they stand.
 */
#ifndef CONF_SOURCE_H
#define CONF_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/error.h"
#include "conf/schema.h"

struct conf_source;

/*
 * Always something, even after errors: what could be read. So what follows
 * finds the remaining errors too. NULL only if the file can't be opened.
 */
struct conf_source *conf_source_read(const char *path,
    struct conf_errors *) MUST_USE;
void conf_source_free(struct conf_source **);

/* How many sections of that kind; 1 for those without a title. */
size_t conf_source_count(const struct conf_source *,
    const struct conf_section *);
const char *conf_source_title(const struct conf_source *,
    const struct conf_section *, size_t index);
/* The words of a key; false when it was not given. To be freed. */
bool conf_source_words(const struct conf_source *, const struct conf_section *,
    size_t index, const struct conf_key *, struct strings *out);
/* "FILE:LINE" of the key, or of the section when it was not given. */
const char *conf_source_place(const struct conf_source *,
    const struct conf_section *, size_t index, const char *key);

#endif

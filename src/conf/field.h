/*
 * conf/field.h - for the files of types: the fields of a section, and what the
 * types lend each other.
 */
#ifndef CONF_FIELD_H
#define CONF_FIELD_H

#include "conf/type.h"

static inline void *
field_of(const struct conf_key *key, void *section)
{
	return (char *)section + key->offset;
}

static inline const void *
const_field_of(const struct conf_key *key, const void *section)
{
	return (const char *)section + key->offset;
}

/* The one word of a type that is no list. */
static inline struct slice
word_of(const struct strings *words)
{
	must(words->n == 1);
	return slice_of(words->v[0]);
}

static inline size_t *
count_of(const struct conf_key *key, void *section)
{
	void *count = (char *)section + key->count;

	return count;
}

static inline size_t
get_count_of(const struct conf_key *key, const void *section)
{
	const void *count = (const char *)section + key->count;

	return *(const size_t *)count;
}

/* From / on, without control bytes, not too long. */
bool conf_is_path(struct slice);
bool conf_has_control(struct slice);

/* Each NULL for a type that stands in another file. */
const struct conf_type_facts *conf_text_type(enum conf_type);
const struct conf_type_facts *conf_number_type(enum conf_type);
const struct conf_type_facts *conf_word_type(enum conf_type);
const struct conf_type_facts *conf_file_type(enum conf_type);
const struct conf_type_facts *conf_pace_type(enum conf_type);

/* The bytes of a regular file of at most `max`; or -errno. */
int conf_read_file(const char *path, size_t max, struct blob *out) MUST_USE;
void conf_blob_put(const struct blob *, struct buf *);
bool conf_blob_get(struct slice *in, struct blob *) MUST_USE;
void conf_blob_done(struct blob *);

#endif

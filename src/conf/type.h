/*
 * conf/type.h - what each type of conf/schema.h does with its field: read it
 * from main.conf's words, pack it, unpack it, free it.
 */
#ifndef CONF_TYPE_H
#define CONF_TYPE_H

#include "base/buf.h"
#include "base/slice.h"
#include "base/why.h"
#include "conf/conf.h"
#include "conf/schema.h"

struct conf_type_facts {
	bool is_list; /* { "a", "b" } */
	/*
	 * `words` has one, or any number for a list. The conf takes the tables
	 * that are named. On failure the field is as before, and `why` goes on
	 * behind the value: "is not a number from 1 to 5".
	 */
	bool (*read)(struct conf *, const struct conf_key *,
	    const struct strings *words, void *section, struct why *why);
	void (*put)(const struct conf_key *, const void *section, struct buf *);
	/* False: malformed. The field is good to be freed in any case. */
	bool (*get)(const struct conf_key *, void *section, struct slice *in);
	/* Frees and zeroes; NULL: nothing to do. */
	void (*done)(const struct conf_key *, void *section);
};

const struct conf_type_facts *conf_type_facts(enum conf_type);

/* The words of a preset: one, or what stands between the commas. */
void conf_preset_words(const struct conf_key *, struct strings *out);
void strings_add(struct strings *, struct slice);
void strings_done(struct strings *);

/* A number of 8 bytes, and a text with its length before it. */
void conf_put_u64(uint64_t, struct buf *);
bool conf_get_u64(struct slice *in, uint64_t *out) MUST_USE;
void conf_put_text(struct slice, struct buf *);
bool conf_get_text(struct slice *in, struct slice *out) MUST_USE;
/* A text without a NUL, as a new C string; *out is freed first. */
bool conf_get_cstr(struct slice *in, char **out) MUST_USE;

#endif

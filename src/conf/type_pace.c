/*
 * conf/type_pace.c - types of what a destination's pace goes by: the rules for
 * its replies, the steps of a warm-up and the day of the first.
 */
#include "conf/field.h"

#include "base/alloc.h"
#include "base/err.h"
#include "conf/replies.h"
#include "conf/value.h"

enum { WARMUP_STEPS_MAX = 366 };

/* --- replies.conf --- */

/*
 * Lines that are no rules leave no rules: conf_check() reports each of them at
 * its place, which can't be done from here.
 */
static void
parse_rules(struct reply_table *table)
{
	replies_free(&table->rules);
	table->rules =
	    replies_parse(slice_from(table->file.bytes, table->file.n), NULL,
		NULL);
}

static void
done_replies(const struct conf_key *key, void *section)
{
	struct reply_table *field = field_of(key, section);

	replies_free(&field->rules);
	conf_blob_done(&field->file);
}

static bool
read_replies(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct reply_table *field = field_of(key, section);
	struct blob blob = { 0 };
	int rc = 0;

	(void)conf;
	if (word_of(words).n > 0 && !conf_is_path(word_of(words))) {
		why_set(why, "is no path from / on");
		return false;
	}
	if (word_of(words).n > 0)
		rc = conf_read_file(words->v[0], key->high, &blob);
	if (rc != 0) {
		why_set(why, "can't be read: %s", err_text(rc));
		return false;
	}
	done_replies(key, section);
	field->file = blob;
	if (blob.path != NULL)
		parse_rules(field);
	return true;
}

static void
put_replies(const struct conf_key *key, const void *section, struct buf *out)
{
	const struct reply_table *field = const_field_of(key, section);

	conf_blob_put(&field->file, out);
}

static bool
get_replies(const struct conf_key *key, void *section, struct slice *in)
{
	struct reply_table *field = field_of(key, section);

	replies_free(&field->rules);
	if (!conf_blob_get(in, &field->file))
		return false;
	parse_rules(field);
	return field->rules != NULL;
}

/* --- warm-up --- */

static void
done_steps(const struct conf_key *key, void *section)
{
	uint64_t **field = field_of(key, section);

	mem_free(*field);
	*field = NULL;
	*count_of(key, section) = 0;
}

static bool
read_steps(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	uint64_t **field = field_of(key, section);
	uint64_t *steps = mem_array(words->n, sizeof(*steps));
	bool good = words->n <= WARMUP_STEPS_MAX;

	(void)conf;
	for (size_t i = 0; good && i < words->n; i++)
		good = value_daily(slice_of(words->v[i]), &steps[i]);
	if (!good) {
		why_set(why, "are not at most %d numbers like \"50/d\"",
		    WARMUP_STEPS_MAX);
		mem_free(steps);
		return false;
	}
	done_steps(key, section);
	*field = steps;
	*count_of(key, section) = words->n;
	return true;
}

static void
put_steps(const struct conf_key *key, const void *section, struct buf *out)
{
	uint64_t *const *field = const_field_of(key, section);
	size_t n = get_count_of(key, section);

	conf_put_u64(n, out);
	for (size_t i = 0; i < n; i++)
		conf_put_u64((*field)[i], out);
}

static bool
get_steps(const struct conf_key *key, void *section, struct slice *in)
{
	uint64_t **field = field_of(key, section);
	uint64_t n;

	done_steps(key, section);
	if (!conf_get_u64(in, &n) || n > WARMUP_STEPS_MAX)
		return false;
	*field = mem_array(n, sizeof(**field));
	*count_of(key, section) = n;
	for (uint64_t i = 0; i < n; i++)
		if (!conf_get_u64(in, &(*field)[i]))
			return false;
	return true;
}

/* --- a date --- */

static bool
read_date(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	int64_t *field = field_of(key, section);

	(void)conf;
	if (word_of(words).n == 0) {
		*field = 0;
		return true;
	}
	if (value_date(word_of(words), field))
		return true;
	why_set(why, "is no date from 1970 on like \"2026-11-01\"");
	return false;
}

static void
put_date(const struct conf_key *key, const void *section, struct buf *out)
{
	const int64_t *field = const_field_of(key, section);

	conf_put_u64((uint64_t)*field, out);
}

static bool
get_date(const struct conf_key *key, void *section, struct slice *in)
{
	int64_t *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > INT64_MAX)
		return false;
	*field = (int64_t)value;
	return true;
}

/* clang-format off */
static const struct conf_type_facts types[] = {
	/*		    list   read		  put		get	     done */
	[CONF_REPLIES]	= { false, read_replies,  put_replies,	get_replies, done_replies },
	[CONF_STEPS]	= { true,  read_steps,	  put_steps,	get_steps,   done_steps },
	[CONF_DATE]	= { false, read_date,	  put_date,	get_date,    NULL },
};
/* clang-format on */

const struct conf_type_facts *
conf_pace_type(enum conf_type type)
{
	if (type >= sizeof(types) / sizeof(types[0]) ||
	    types[type].read == NULL)
		return NULL;
	return &types[type];
}

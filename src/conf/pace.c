/*
 * conf/pace.c - is what the pace goes by whole? Each wrong line of replies.conf
 * is reported at its own place; a warm-up needs its first day.
 */
#include "conf/pace.h"

#include "base/buf.h"
#include "conf/replies.h"
#include "conf/schema.h"

enum { PLACE_MAX = 5000 };

struct table_errors {
	struct conf_errors *errors;
	const char *path;
};

static void
on_bad_rule(unsigned line, const char *what, void *arg)
{
	const struct table_errors *e = arg;
	struct buf place;

	buf_init(&place, PLACE_MAX);
	buf_addf(&place, "%s:%u", e->path, line);
	conf_error(e->errors, buf_cstr(&place), "%s", what);
	buf_done(&place);
}

/* It was parsed where errors have no place, so once more. */
static void
check_replies(const struct reply_table *t, struct conf_errors *errors)
{
	struct table_errors e = { errors, t->file.path };
	struct replies *again;

	if (t->file.path == NULL || t->rules != NULL)
		return;
	again = replies_parse(slice_from(t->file.bytes, t->file.n), on_bad_rule,
	    &e);
	must(again == NULL);
}

void
conf_check_pace(const struct conf *conf, const struct conf_source *src,
    struct conf_errors *errors)
{
	const struct conf_section *section = conf_section_find("shaping");

	check_replies(&conf->delivery.replies, errors);
	for (size_t i = 0; i < conf->shaping_count; i++) {
		const struct shaping_conf *s = &conf->shapings[i];

		/* One alone would be no limit where one was meant. */
		if (s->warmup_count > 0 && s->since_ms == 0)
			conf_error(errors,
			    conf_source_place(src, section, i, "warmup"),
			    "warmup: since, its first day, is missing");
		if (s->warmup_count == 0 && s->since_ms != 0)
			conf_error(errors,
			    conf_source_place(src, section, i, "since"),
			    "since: warmup, its steps, is missing");
	}
}

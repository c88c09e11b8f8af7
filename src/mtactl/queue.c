/*
 * mtactl/queue.c - the queue: list, count, show, cat, and what changes it.
 */
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "base/time.h"
#include "mtactl/api.h"
#include "mtactl/verbs.h"
#include "mtactl/when.h"

/* clang-format off */
static const struct {
	enum ctl_option option;
	const char *name; /* in the API */
} filters[] = {
	{ OPT_FROM,	"from" },
	{ OPT_TO,	"to" },
	{ OPT_STATE,	"state" },
	{ OPT_OLDER,	"older" },
	{ OPT_NEWER,	"newer" },
	{ OPT_SITE,	"site" },
	{ OPT_RESPONSE, "response" },
};
/* clang-format on */

enum { FILTER_COUNT = sizeof(filters) / sizeof(filters[0]) };

static void
add_filters(const struct ctl *ctl, struct buf *target)
{
	for (size_t i = 0; i < FILTER_COUNT; i++)
		if (ctl->options[filters[i].option] != NULL)
			api_add_query(target, filters[i].name,
			    slice_of(ctl->options[filters[i].option]));
}

/* --- list and count --- */

static void
show_size(json_int_t size, int width)
{
	char text[32];

	if (size < 10000)
		(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT,
		    size);
	else if (size < 10000 * (json_int_t)1024)
		(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT "K",
		    size / 1024);
	else
		(void)snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT "M",
		    size / 1024 / 1024);
	ctl_column(slice_of(text), width);
}

/* The recipient that the line is about: the next one to be tried. */
static const json_t *
next_recipient(const json_t *recipients)
{
	const json_t *best = json_array_get(recipients, 0);
	struct slice soonest = api_text(best, "next_attempt");
	json_t *r;
	size_t i;

	json_array_foreach(recipients, i, r)
	{
		struct slice at = api_text(r, "next_attempt");

		if (at.n > 0 &&
		    (soonest.n == 0 || slice_cmp(at, soonest) < 0)) {
			best = r;
			soonest = at;
		}
	}
	return best;
}

/* Nothing will be done for it any more. */
static bool
is_settled(const json_t *recipient)
{
	static const char *const states[] = { "delivered", "relayed", "failed",
		"expanded" };
	struct slice state = api_text(recipient, "state");

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (slice_is(state, states[i]))
			return true;
	return false;
}

static void
show_line(const json_t *m, int64_t now)
{
	const json_t *recipients = api_member(m, "recipients");
	const json_t *next = next_recipient(recipients);
	struct slice sender = api_text(m, "sender");
	char text[WHEN_SIZE];
	struct buf names;
	json_t *r;
	size_t i;

	ctl_column(api_text(m, "id"), 13);
	when_text(api_text(m, "arrived"), now, text);
	ctl_column(slice_of(text), 5);
	show_size(api_number(m, "size"), 6);
	ctl_column(api_text(m, "state"), 8);
	ctl_column(sender.n == 0 ? SLICE("<>") : sender, 24);
	buf_init(&names, 1 << 20);
	json_array_foreach(recipients, i, r)
	{
		if (is_settled(r))
			continue;
		buf_add_cstr(&names, names.n == 0 ? "" : ",");
		buf_add(&names, api_text(r, "address"));
	}
	ctl_column(buf_slice(&names), 24);
	buf_done(&names);
	when_text(api_text(next, "next_attempt"), now, text);
	ctl_column(slice_of(text), 8);
	ctl_column(api_text(next, "response"), 0);
	ctl_end_row();
}

int
do_queue_list(struct ctl *ctl)
{
	static const struct {
		const char *name;
		int width;
	} heads[] = { { "ID", 13 }, { "AGE", 5 }, { "SIZE", 6 }, { "STATE", 8 },
		{ "SENDER", 24 }, { "RECIPIENTS", 24 }, { "NEXT-TRY", 8 },
		{ "LAST-RESPONSE", 0 } };
	int64_t now = time_wall_ms();
	struct buf target;
	json_t *list, *m;
	size_t i;
	int rc;

	buf_init(&target, 16384);
	buf_add_cstr(&target, "/v1/queue");
	add_filters(ctl, &target);
	api_add_query(&target, "limit",
	    slice_of(ctl->options[OPT_LIMIT] == NULL
		    ? "0"
		    : ctl->options[OPT_LIMIT]));
	rc = api_json(ctl, "GET", buf_cstr(&target), NULL, &list);
	buf_done(&target);
	if (list == NULL)
		return rc;
	for (i = 0; i < sizeof(heads) / sizeof(heads[0]); i++)
		ctl_column(slice_of(heads[i].name), heads[i].width);
	ctl_end_row();
	json_array_foreach(list, i, m) show_line(m, now);
	json_decref(list);
	return rc;
}

int
do_queue_count(struct ctl *ctl)
{
	const json_t *groups;
	struct buf target;
	json_t *answer, *g;
	size_t i;
	int rc;

	buf_init(&target, 16384);
	buf_add_cstr(&target, "/v1/queue/count");
	add_filters(ctl, &target);
	if (ctl->options[OPT_BY] != NULL)
		api_add_query(&target, "by", slice_of(ctl->options[OPT_BY]));
	rc = api_json(ctl, "GET", buf_cstr(&target), NULL, &answer);
	buf_done(&target);
	if (answer == NULL)
		return rc;
	groups = api_member(answer, "groups");
	if (groups == NULL)
		(void)printf("%" JSON_INTEGER_FORMAT "\n",
		    api_number(answer, "count"));
	json_array_foreach(groups, i, g)
	{
		(void)printf("%8" JSON_INTEGER_FORMAT " ",
		    api_number(g, "count"));
		ctl_column(api_text(g, "key").n == 0 ? SLICE("<>")
						     : api_text(g, "key"),
		    0);
		ctl_end_row();
	}
	json_decref(answer);
	return rc;
}

/* --- one message --- */

static void
show_field(const char *name, struct slice value)
{
	if (value.n == 0)
		return;
	(void)printf("%-11s ", name);
	ctl_column(value, 0);
	ctl_end_row();
}

static void
show_recipient(const json_t *r, int64_t now)
{
	struct slice next = api_text(r, "next_attempt");
	char text[WHEN_SIZE];

	(void)printf("  ");
	ctl_print(api_text(r, "address"));
	(void)printf(": ");
	ctl_print(api_text(r, "state"));
	(void)printf(", tried %" JSON_INTEGER_FORMAT " times",
	    api_number(r, "attempts"));
	if (next.n > 0) {
		when_text(next, now, text);
		(void)printf(", next %s", text);
	}
	if (api_text(r, "site").n > 0) {
		(void)printf(", site ");
		ctl_print(api_text(r, "site"));
	}
	ctl_end_row();
	if (api_text(r, "response").n > 0) {
		(void)printf("    ");
		ctl_print(api_text(r, "response"));
		ctl_end_row();
	}
}

static void
show_attempt(const json_t *h)
{
	static const char *const names[] = { "host", "address", "policy", "tls",
		"rule" };
	struct slice rest = api_text(h, "dialogue");
	struct slice line;

	(void)printf("  ");
	ctl_print(api_text(h, "time"));
	(void)printf(" ");
	ctl_print(api_text(h, "event"));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (api_text(h, names[i]).n > 0) {
			(void)printf(" %s=", names[i]);
			ctl_print(api_text(h, names[i]));
		}
	ctl_end_row();
	if (api_text(h, "reply").n > 0) {
		(void)printf("    ");
		ctl_print(api_text(h, "reply"));
		ctl_end_row();
	}
	while (slice_take_line(&rest, &line)) {
		(void)printf("      ");
		ctl_print(line);
		ctl_end_row();
	}
}

int
do_queue_show(struct ctl *ctl)
{
	static const char *const names[] = { "id", "state", "arrived",
		"release", "deliver_by", "then", "expires", "service", "client",
		"helo", "login", "tls", "verdicts", "envid" };
	int64_t now = time_wall_ms();
	struct buf target;
	json_t *m, *part;
	size_t i;
	int rc;

	buf_init(&target, 4096);
	buf_add_cstr(&target, "/v1/queue/");
	api_add_part(&target, slice_of(ctl->words[0]));
	rc = api_json(ctl, "GET", buf_cstr(&target), NULL, &m);
	buf_done(&target);
	if (m == NULL)
		return rc;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		show_field(names[i], api_text(m, names[i]));
	show_field("sender",
	    api_text(m, "sender").n == 0 ? SLICE("<>") : api_text(m, "sender"));
	(void)printf("%-11s %" JSON_INTEGER_FORMAT " bytes\n", "size",
	    api_number(m, "size"));
	(void)printf("recipients\n");
	json_array_foreach(api_member(m, "recipients"), i, part)
	    show_recipient(part, now);
	if (json_array_size(api_member(m, "history")) > 0)
		(void)printf("history\n");
	json_array_foreach(api_member(m, "history"), i, part)
	    show_attempt(part);
	json_decref(m);
	return rc;
}

int
do_queue_cat(struct ctl *ctl)
{
	struct buf target, answer;
	int rc;

	buf_init(&target, 4096);
	buf_add_cstr(&target, "/v1/queue/");
	api_add_part(&target, slice_of(ctl->words[0]));
	buf_add_cstr(&target, "/content");
	rc = api_call(ctl, "GET", buf_cstr(&target), SLICE_NONE, &answer);
	if (rc == CTL_DONE && fwrite(answer.p, 1, answer.n, stdout) != answer.n)
		rc = ctl_fail("standard output: write failed");
	buf_done(&target);
	buf_done(&answer);
	return rc;
}

/* --- what changes the queue --- */

static bool
has_filter(const struct ctl *ctl)
{
	for (size_t i = 0; i < FILTER_COUNT; i++)
		if (ctl->options[filters[i].option] != NULL)
			return true;
	return false;
}

/* {"ids"}, {"filter"} or {"all"}: NULL and an error unless it is just one. */
static json_t *
body_of(const struct ctl *ctl, bool all_by_default)
{
	bool all = ctl->options[OPT_ALL] != NULL;
	bool filter = has_filter(ctl);
	const struct passwd *pw = getpwuid(getuid());
	json_t *body;
	json_t *part;

	if (all_by_default && !filter && ctl->word_count == 0)
		all = true;
	if (all + filter + (ctl->word_count > 0) != 1) {
		(void)ctl_fail(
		    "say which messages: IDs, or a filter, or --all");
		return NULL;
	}
	body = json_object();
	if (all) {
		(void)json_object_set_new(body, "all", json_true());
	} else if (filter) {
		part = json_object();
		for (size_t i = 0; i < FILTER_COUNT; i++)
			if (ctl->options[filters[i].option] != NULL)
				(void)json_object_set_new(part, filters[i].name,
				    json_string(
					ctl->options[filters[i].option]));
		(void)json_object_set_new(body, "filter", part);
	} else {
		part = json_array();
		for (size_t i = 0; i < ctl->word_count; i++)
			(void)json_array_append_new(part,
			    json_string(ctl->words[i]));
		(void)json_object_set_new(body, "ids", part);
	}
	if (pw != NULL)
		(void)json_object_set_new(body, "by", json_string(pw->pw_name));
	return body;
}

static int
act(struct ctl *ctl, const char *target, const char *done, bool all_by_default)
{
	json_t *body = body_of(ctl, all_by_default);
	json_int_t count;
	json_t *answer;
	int rc;

	if (body == NULL)
		return CTL_USAGE;
	rc = api_json(ctl, "POST", target, body, &answer);
	if (answer == NULL)
		return rc;
	count = api_number(answer, "count");
	(void)printf("%" JSON_INTEGER_FORMAT " %s\n", count, done);
	json_decref(answer);
	if (ctl->word_count > 0 && count < (json_int_t)ctl->word_count)
		return ctl_fail("%zu of them not in the queue, or not in a "
				"state for this",
		    ctl->word_count - (size_t)count);
	return rc;
}

int
do_queue_flush(struct ctl *ctl)
{
	return act(ctl, "/v1/queue/flush", "flushed", true);
}

int
do_queue_hold(struct ctl *ctl)
{
	return act(ctl, "/v1/queue/hold", "held", false);
}

int
do_queue_release(struct ctl *ctl)
{
	return act(ctl, "/v1/queue/release", "released", false);
}

int
do_queue_remove(struct ctl *ctl)
{
	return act(ctl, "/v1/queue/remove", "removed", false);
}

int
do_queue_bounce(struct ctl *ctl)
{
	return act(ctl, "/v1/queue/bounce", "bounced", false);
}

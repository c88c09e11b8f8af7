/*
 * admin/api.c - paths and parameters; what they do stands elsewhere.
 */
#include "admin/api.h"

#include <errno.h>
#include <string.h>
#include <sys/queue.h>

#include "admin/task.h"
#include "admin/value.h"
#include "base/alloc.h"
#include "base/ascii.h"
#include "base/err.h"
#include "base/id.h"
#include "base/log.h"
#include "io/http.h"

enum {
	LIMIT_DEFAULT = 100,
	SERVERS_MAX = 8,
	NAME_MAX_LENGTH = 4096,
	MESSAGE_ARENA_MAX = 64 << 20,
};
#define CONTENT_MAX ((size_t)1 << 30)

/* A request that waits for the master. */
struct asked {
	TAILQ_ENTRY(asked) link;
	uint64_t cookie;
	struct http_request *request;
	json_t *keep; /* owned: what was sent points into it; or NULL */
};

struct admin {
	struct loop *loop;           /* borrowed */
	const struct admin_ops *ops; /* borrowed */
	void *owner;
	struct http_server *servers[SERVERS_MAX]; /* owned */
	unsigned server_count;
	struct task_list *tasks; /* owned */
	TAILQ_HEAD(, asked) asked;
	uint64_t last_cookie;
};

/* One request, while it is looked at. */
struct call {
	struct admin *admin;
	struct http_request *request;
	struct slice rest; /* of the path, decoded */
};

/* --- parameters --- */

/* False: answered with an error. */
static bool
query_filter(struct call *c, struct filter *f)
{
	struct why why;

	*f = (struct filter){ 0 };
	for (const char *const *name = filter_names; *name != NULL; name++) {
		const char *value = http_query(c->request, *name);

		if (value == NULL ||
		    filter_set(f, slice_of(*name), slice_of(value), &why))
			continue;
		answer_error(c->request, 400, "%s", why.text);
		return false;
	}
	return true;
}

/* The body as an object, or NULL and answered. */
static json_t *
body_object(struct call *c)
{
	struct slice body = http_body(c->request);
	json_error_t error;
	json_t *object;

	object = json_loadb(body.n > 0 ? body.p : "{}", body.n > 0 ? body.n : 2,
	    JSON_REJECT_DUPLICATES, &error);
	if (object == NULL) {
		answer_error(c->request, 400, "the body is no JSON: %s",
		    error.text);
		return NULL;
	}
	if (!json_is_object(object)) {
		json_decref(object);
		answer_error(c->request, 400, "the body is no JSON object");
		return NULL;
	}
	return object;
}

static struct slice
text_of(const json_t *value)
{
	return value == NULL
	    ? SLICE_NONE
	    : slice_from(json_string_value(value), json_string_length(value));
}

/* An error's text, or NULL and the filter. */
static const char *
object_filter(json_t *object, struct filter *f, struct why *why)
{
	const char *name;
	json_t *value;

	*f = (struct filter){ 0 };
	if (!json_is_object(object))
		return "filter is no object";
	json_object_foreach(object, name, value)
	{
		if (!json_is_string(value))
			return "a filter's values are strings";
		if (!filter_set(f, slice_of(name), text_of(value), why))
			return why->text;
	}
	return filter_is_empty(f) ? "the filter is empty; say \"all\"" : NULL;
}

static const char *
object_ids(json_t *list, uint64_t *ids)
{
	json_t *value;
	size_t i;

	json_array_foreach(list, i, value)
	{
		if (!json_is_string(value) ||
		    !id_parse(text_of(value), &ids[i]))
			return "an id has 13 characters";
	}
	return NULL;
}

/* --- the queue --- */

static void
get_queue(struct call *c)
{
	const char *text = http_query(c->request, "limit");
	uint32_t limit = LIMIT_DEFAULT;
	struct filter f;

	if (text != NULL &&
	    !slice_to_u32(slice_of(text), UINT32_MAX / 2, &limit)) {
		answer_error(c->request, 400, "limit is a number");
		return;
	}
	if (query_filter(c, &f))
		task_start_list(c->admin->tasks, c->request, &f, limit);
}

static bool
query_by(struct call *c, enum admin_by *by)
{
	static const char *const names[] = { [BY_NOTHING] = "",
		[BY_DOMAIN] = "domain",
		[BY_SENDER] = "sender",
		[BY_STATE] = "state",
		[BY_RESPONSE] = "response" };
	const char *text = http_query(c->request, "by");

	*by = BY_NOTHING;
	if (text == NULL)
		return true;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			*by = (enum admin_by)i;
			return true;
		}
	}
	answer_error(c->request, 400,
	    "by is domain, sender, state or response");
	return false;
}

static void
get_count(struct call *c)
{
	const struct admin_ops *ops = c->admin->ops;
	struct filter f;
	enum admin_by by;
	uint64_t n = 0;

	if (!query_filter(c, &f) || !query_by(c, &by))
		return;
	if (!filter_is_empty(&f) || by != BY_NOTHING) {
		task_start_count(c->admin->tasks, c->request, &f, by);
		return;
	}
	for (unsigned i = 0; i < QUEUE_STATE_COUNT; i++)
		n += ops->count(c->admin->owner, (enum queue_state)i);
	answer_value(c->request, 200,
	    json_pack("{s:I}", "count", (json_int_t)n));
}

static void
show_message(struct call *c, uint64_t id)
{
	const struct admin_ops *ops = c->admin->ops;
	struct arena *arena = arena_new(MESSAGE_ARENA_MAX);
	struct admin_message m;

	if (ops->message(c->admin->owner, id, arena, &m)) {
		json_t *object = value_message(&m, true);
		json_t *history = ops->history(c->admin->owner, id);

		json_object_set_new(object, "history",
		    history != NULL ? history : json_array());
		answer_value(c->request, 200, object);
	} else {
		answer_error(c->request, 404, "there is no such message");
	}
	arena_free(&arena);
}

static void
show_content(struct call *c, uint64_t id)
{
	struct buf content;
	int rc;

	buf_init(&content, CONTENT_MAX);
	rc = c->admin->ops->content(c->admin->owner, id, &content);
	if (rc == 0)
		http_answer(c->request, 200, "message/rfc822",
		    buf_slice(&content));
	else if (rc == -ENOENT)
		answer_error(c->request, 404, "there is no such message");
	else
		answer_error(c->request, 500, "%s", err_text(rc));
	buf_done(&content);
}

static void
get_message(struct call *c)
{
	struct slice rest = c->rest;
	struct slice name = slice_take_until(&rest, '/');
	uint64_t id;

	if (!id_parse(name, &id) || (rest.n > 0 && !slice_is(rest, "content")))
		answer_error(c->request, 404, "there is no such message");
	else if (rest.n > 0)
		show_content(c, id);
	else
		show_message(c, id);
}

static void
act(struct call *c, enum admin_act what)
{
	json_t *body = body_object(c);
	const json_t *all = json_object_get(body, "all");
	json_t *ids = json_object_get(body, "ids");
	json_t *filter = json_object_get(body, "filter");
	struct slice by = text_of(json_object_get(body, "by"));
	uint64_t *numbers = mem_array(json_array_size(ids) + 1, sizeof(*ids));
	struct filter f = { 0 };
	struct why why;
	const char *wrong = NULL;

	if (body == NULL)
		goto out;
	if ((all != NULL) + (ids != NULL) + (filter != NULL) != 1)
		wrong = "say one of ids, filter and all";
	else if (all != NULL && !json_is_true(all))
		wrong = "all is true or left out";
	else if (ids != NULL && !json_is_array(ids))
		wrong = "ids is no array";
	else if (ids != NULL)
		wrong = object_ids(ids, numbers);
	else if (filter != NULL)
		wrong = object_filter(filter, &f, &why);
	if (wrong != NULL) {
		answer_error(c->request, 400, "%s", wrong);
		json_decref(body);
		goto out;
	}
	task_start_act(c->admin->tasks, c->request, what,
	    ids == NULL ? &f : NULL, numbers, json_array_size(ids), body, by);
out:
	mem_free(numbers);
}

static void
post_flush(struct call *c)
{
	act(c, ADMIN_FLUSH);
}

static void
post_hold(struct call *c)
{
	act(c, ADMIN_HOLD);
}

static void
post_release(struct call *c)
{
	act(c, ADMIN_RELEASE);
}

static void
post_remove(struct call *c)
{
	act(c, ADMIN_REMOVE);
}

static void
post_bounce(struct call *c)
{
	act(c, ADMIN_BOUNCE);
}

/* --- sites, status --- */

static void
get_status(struct call *c)
{
	answer_value(c->request, 200, c->admin->ops->status(c->admin->owner));
}

static void
get_sites(struct call *c)
{
	answer_value(c->request, 200, c->admin->ops->sites(c->admin->owner));
}

static void
answer_site(struct call *c, json_t *site)
{
	if (site != NULL)
		answer_value(c->request, 200, site);
	else
		answer_error(c->request, 404, "there is no such site");
}

static void
get_site(struct call *c)
{
	answer_site(c, c->admin->ops->site(c->admin->owner, c->rest));
}

static void
post_suspend(struct call *c)
{
	json_t *body = body_object(c);
	struct slice name = text_of(json_object_get(body, "name"));
	const json_t *seconds = json_object_get(body, "seconds");
	json_int_t n = json_integer_value(seconds);

	if (body == NULL)
		return;
	if (name.n == 0 || name.n > NAME_MAX_LENGTH)
		answer_error(c->request, 400, "name a site");
	else if (seconds != NULL &&
	    (!json_is_integer(seconds) || n <= 0 || n > UINT32_MAX))
		answer_error(c->request, 400, "seconds is a number above 0");
	else
		answer_site(c,
		    c->admin->ops->suspend(c->admin->owner, name, (uint64_t)n));
	json_decref(body);
}

static void
post_resume(struct call *c)
{
	json_t *body = body_object(c);
	struct slice name = text_of(json_object_get(body, "name"));

	if (body == NULL)
		return;
	answer_site(c, c->admin->ops->resume(c->admin->owner, name));
	json_decref(body);
}

/* --- what the master does --- */

static void
ask_master(struct call *c, const char *verb, struct slice argument,
    json_t *keep)
{
	struct admin *a = c->admin;
	struct asked *asked = mem_zero(sizeof(*asked));

	asked->cookie = ++a->last_cookie;
	asked->request = c->request;
	asked->keep = keep;
	TAILQ_INSERT_TAIL(&a->asked, asked, link);
	a->ops->control(a->owner, asked->cookie, verb, argument);
}

static void
post_reload(struct call *c)
{
	ask_master(c, "reload", SLICE_NONE, NULL);
}

static void
post_stop(struct call *c)
{
	ask_master(c, "stop", SLICE_NONE, NULL);
}

static void
post_log_level(struct call *c)
{
	json_t *body = body_object(c);
	struct slice level = text_of(json_object_get(body, "level"));
	enum log_level known;

	if (body == NULL)
		return;
	if (log_level_parse(level, &known)) {
		ask_master(c, "log-level", level, body);
		return;
	}
	answer_error(c->request, 400, "level is error, warning, info or debug");
	json_decref(body);
}

static void
asked_free(struct admin *a, struct asked *asked)
{
	TAILQ_REMOVE(&a->asked, asked, link);
	json_decref(asked->keep);
	mem_free(asked);
}

void
admin_answered(struct admin *a, uint64_t cookie, bool done, struct slice errors)
{
	struct asked *asked;

	TAILQ_FOREACH (asked, &a->asked, link)
		if (asked->cookie == cookie)
			break;
	if (asked == NULL)
		return;
	if (done)
		answer_value(asked->request, 200,
		    json_pack("{s:b}", "done", 1));
	else
		answer_error(asked->request, 409, "%.*s", SLICE_ARGS(errors));
	asked_free(a, asked);
}

/* --- paths --- */

/* clang-format off */
static const struct {
	const char *method;
	const char *path; /* one that ends with / has more behind it */
	void (*run)(struct call *);
} paths[] = {
	{ "GET",  "/v1/status",		 get_status },
	{ "GET",  "/v1/queue",		 get_queue },
	{ "GET",  "/v1/queue/count",	 get_count },
	{ "POST", "/v1/queue/flush",	 post_flush },
	{ "POST", "/v1/queue/hold",	 post_hold },
	{ "POST", "/v1/queue/release",	 post_release },
	{ "POST", "/v1/queue/remove",	 post_remove },
	{ "POST", "/v1/queue/bounce",	 post_bounce },
	{ "GET",  "/v1/queue/",		 get_message },
	{ "GET",  "/v1/sites",		 get_sites },
	{ "POST", "/v1/sites/suspend",	 post_suspend },
	{ "POST", "/v1/sites/resume",	 post_resume },
	{ "GET",  "/v1/sites/",		 get_site },
	{ "POST", "/v1/reload",		 post_reload },
	{ "POST", "/v1/stop",		 post_stop },
	{ "POST", "/v1/log-level",	 post_log_level },
};
/* clang-format on */

/* %XX undone; what is malformed stays as it is. */
static void
percent_decode(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++) {
		int high = -1;
		int low = -1;

		if (s.p[i] == '%' && s.n - i > 2) {
			high = ascii_hex_value(s.p[i + 1]);
			low = ascii_hex_value(s.p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			buf_add_char(out, (char)(high << 4 | low));
			i += 2;
		} else {
			buf_add_char(out, s.p[i]);
		}
	}
}

static bool
path_fits(struct slice path, const char *pattern, struct slice *rest)
{
	size_t n = strlen(pattern);

	if (pattern[n - 1] != '/')
		return slice_is(path, pattern);
	*rest = slice_skip(path, n);
	return slice_starts(path, pattern) && rest->n > 0;
}

static void
on_request(struct http_request *r, void *arg)
{
	struct call c = { .admin = arg, .request = r };
	struct slice path = slice_of(http_path(r));
	struct buf decoded;
	bool known = false;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!path_fits(path, paths[i].path, &c.rest))
			continue;
		known = true;
		if (strcmp(http_method(r), paths[i].method) != 0)
			continue;
		buf_init(&decoded, NAME_MAX_LENGTH);
		percent_decode(c.rest, &decoded);
		c.rest = buf_slice(&decoded);
		paths[i].run(&c);
		buf_done(&decoded);
		return;
	}
	if (known)
		answer_error(r, 405, "not by that method");
	else
		answer_error(r, 404, "there is no such path");
}

struct admin *
admin_new(struct loop *loop, const struct admin_ops *ops, void *owner)
{
	struct admin *a = mem_zero(sizeof(*a));

	a->loop = loop;
	a->ops = ops;
	a->owner = owner;
	a->tasks = task_list_new(loop, ops, owner);
	TAILQ_INIT(&a->asked);
	return a;
}

void
admin_free(struct admin **place)
{
	struct admin *a = *place;
	struct asked *asked;

	if (a == NULL)
		return;
	while ((asked = TAILQ_FIRST(&a->asked)) != NULL) {
		answer_error(asked->request, 503, "mtad is stopping");
		asked_free(a, asked);
	}
	task_list_free(&a->tasks);
	admin_listen_no_more(a);
	mem_free(a);
	*place = NULL;
}

void
admin_listen(struct admin *a, int fd)
{
	must(a->server_count < SERVERS_MAX);
	a->servers[a->server_count++] =
	    http_server_new(a->loop, fd, on_request, a);
}

void
admin_listen_no_more(struct admin *a)
{
	while (a->server_count > 0)
		http_server_free(&a->servers[--a->server_count]);
}

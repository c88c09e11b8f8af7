/*
 * admin/task.c - scan, then output or act; then the answer.
 *
 * A scan gathers ids, since an id stays true when its message goes. A list
 * keeps only the oldest `limit`: twice as many are gathered, sorted and cut.
 */
#include "admin/task.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "admin/value.h"
#include "base/alloc.h"

enum {
	SCAN_SLICE = 20000, /* entries looked at in one go */
	MATCH_COST = 40,    /* an envelope read, in entries */
	OUTPUT_SLICE = 200, /* messages */
	ACT_SLICE = 500,
	GATHER_MIN = 1024,
	GROUPS_MAX = 100000, /* keys of a count */
	ARENA_MAX = 64 << 20,
};
#define ANSWER_MAX ((size_t)1 << 30)

enum task_kind { TASK_LIST, TASK_COUNT, TASK_ACT };

struct task {
	TAILQ_ENTRY(task) link;
	struct task_list *all; /* borrowed */
	struct http_request *request;
	enum task_kind kind;
	struct filter filter;
	uint64_t cursor;
	bool scanned;
	uint64_t *ids; /* owned */
	size_t count;
	size_t size;
	size_t at;       /* how many are put out, or acted on */
	uint64_t newest; /* of a full list: younger ones need not apply */
	/* TASK_LIST */
	uint32_t limit;
	struct buf out;
	struct arena *arena; /* owned */
	/* TASK_COUNT */
	enum admin_by by;
	json_t *groups; /* owned */
	uint64_t total;
	/* TASK_ACT */
	enum admin_act act;
	json_t *keep; /* owned, or NULL */
	struct slice who;
};

struct task_list {
	struct loop *loop;           /* borrowed */
	const struct admin_ops *ops; /* borrowed */
	void *owner;
	TAILQ_HEAD(, task) tasks;
};

/* --- answers --- */

void
answer_value(struct http_request *r, int code, json_t *value)
{
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	value_write(value, &out);
	buf_add_char(&out, '\n');
	http_answer(r, code, "application/json", buf_slice(&out));
	buf_done(&out);
}

void
answer_error(struct http_request *r, int code, const char *format, ...)
{
	struct buf text;
	va_list args;
	json_t *object = json_object();

	buf_init(&text, 64 << 10);
	va_start(args, format);
	buf_addv(&text, format, args);
	va_end(args);
	json_object_set_new(object, "error", value_text(buf_slice(&text)));
	buf_done(&text);
	answer_value(r, code, object);
}

/* --- a task's life --- */

static void
task_free(struct task *t)
{
	loop_unpost(t->all->loop, t);
	TAILQ_REMOVE(&t->all->tasks, t, link);
	mem_free(t->ids);
	buf_done(&t->out);
	arena_free(&t->arena);
	json_decref(t->groups);
	json_decref(t->keep);
	mem_free(t);
}

static int
id_order(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorted; of a list with a limit the oldest alone. */
static void
task_cut(struct task *t)
{
	if (t->count > 0)
		qsort(t->ids, t->count, sizeof(*t->ids), id_order);
	if (t->limit > 0 && t->count >= t->limit) {
		t->count = t->limit;
		t->newest = t->ids[t->count - 1];
	}
}

static void
task_gather(struct task *t, uint64_t id)
{
	if (t->count == t->size) {
		size_t keep = t->limit > 0 ? (size_t)t->limit * 2 : SIZE_MAX;

		if (t->count >= keep && t->count >= GATHER_MIN)
			task_cut(t);
		if (t->count == t->size) {
			t->size = t->size == 0 ? GATHER_MIN : t->size * 2;
			t->ids = mem_resize(t->ids, t->size, sizeof(*t->ids));
		}
	}
	t->ids[t->count++] = id;
}

static void
on_key(struct slice key, void *arg)
{
	struct task *t = arg;
	json_t *text = value_text(key);
	const char *name = json_string_value(text);
	json_t *n = json_object_get(t->groups, name);

	t->total++;
	if (n != NULL)
		json_integer_set(n, json_integer_value(n) + 1);
	else if (json_object_size(t->groups) < GROUPS_MAX)
		json_object_set_new(t->groups, name, json_integer(1));
	json_decref(text);
}

static void
task_found(struct task *t, uint64_t id)
{
	if (t->kind != TASK_COUNT) {
		task_gather(t, id);
	} else if (t->by == BY_NOTHING) {
		t->total++;
	} else {
		t->all->ops->keys(t->all->owner, id, t->by, on_key, t);
	}
}

/* True: the whole queue has been looked at. */
static bool
task_scan(struct task *t)
{
	const struct admin_ops *ops = t->all->ops;
	unsigned left = SCAN_SLICE;
	enum admin_step step;
	uint64_t id;
	bool sure;

	while ((step = ops->next(t->all->owner, &t->filter, &t->cursor, &left,
		    &id, &sure)) == ADMIN_FOUND) {
		bool reads = !sure || t->by == BY_SENDER;

		if (id > t->newest)
			continue;
		if (sure || ops->matches(t->all->owner, &t->filter, id))
			task_found(t, id);
		if (reads)
			left = left > MATCH_COST ? left - MATCH_COST : 0;
	}
	return step == ADMIN_END;
}

static void
list_put(struct task *t, uint64_t id)
{
	struct admin_message m;

	arena_reset(t->arena);
	if (!t->all->ops->message(t->all->owner, id, t->arena, &m))
		return; /* gone meanwhile */
	if (t->out.n > 1)
		buf_add_char(&t->out, ',');
	buf_add_char(&t->out, '\n');
	value_write(value_message(&m, false), &t->out);
}

static void
list_finish(struct task *t)
{
	buf_add_cstr(&t->out, "]\n");
	if (buf_failed(&t->out))
		answer_error(t->request, 500, "too much; set a limit");
	else
		http_answer(t->request, 200, "application/json",
		    buf_slice(&t->out));
}

struct group {
	const char *key;
	json_int_t count;
};

static int
group_order(const void *a, const void *b)
{
	const struct group *x = a;
	const struct group *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return strcmp(x->key, y->key);
}

static json_t *
groups_sorted(json_t *groups)
{
	size_t n = json_object_size(groups);
	struct group *sorted = mem_array(n + 1, sizeof(*sorted));
	json_t *list = json_array();
	const char *key;
	json_t *value;
	size_t i = 0;

	json_object_foreach(groups, key, value)
	{
		sorted[i++] = (struct group){ key, json_integer_value(value) };
	}
	qsort(sorted, n, sizeof(*sorted), group_order);
	for (i = 0; i < n; i++)
		json_array_append_new(list,
		    json_pack("{s:s, s:I}", "key", sorted[i].key, "count",
			sorted[i].count));
	mem_free(sorted);
	return list;
}

static void
count_finish(struct task *t)
{
	json_t *object = json_pack("{s:I}", "count", (json_int_t)t->total);

	if (t->by != BY_NOTHING)
		json_object_set_new(object, "groups", groups_sorted(t->groups));
	answer_value(t->request, 200, object);
}

/* True: the answer is given. */
static bool
task_step(struct task *t)
{
	const struct admin_ops *ops = t->all->ops;
	size_t slice = t->kind == TASK_ACT ? ACT_SLICE : OUTPUT_SLICE;

	if (!t->scanned) {
		t->scanned = task_scan(t);
		if (t->scanned)
			task_cut(t);
		return false;
	}
	for (; t->at < t->count && slice > 0; t->at++, slice--) {
		if (t->kind == TASK_LIST)
			list_put(t, t->ids[t->at]);
		else if (ops->act(t->all->owner, t->act, t->ids[t->at], t->who))
			t->total++;
	}
	if (t->at < t->count)
		return false;
	if (t->kind == TASK_LIST)
		list_finish(t);
	else
		count_finish(t);
	return true;
}

static void
on_turn(void *arg)
{
	struct task *t = arg;

	if (task_step(t))
		task_free(t);
	else
		loop_post(t->all->loop, on_turn, t);
}

static struct task *
task_new(struct task_list *all, struct http_request *r, enum task_kind kind)
{
	struct task *t = mem_zero(sizeof(*t));

	t->all = all;
	t->request = r;
	t->kind = kind;
	t->newest = UINT64_MAX;
	buf_init(&t->out, ANSWER_MAX);
	TAILQ_INSERT_TAIL(&all->tasks, t, link);
	loop_post(all->loop, on_turn, t);
	return t;
}

struct task_list *
task_list_new(struct loop *loop, const struct admin_ops *ops, void *owner)
{
	struct task_list *all = mem_zero(sizeof(*all));

	all->loop = loop;
	all->ops = ops;
	all->owner = owner;
	TAILQ_INIT(&all->tasks);
	return all;
}

void
task_list_free(struct task_list **place)
{
	struct task_list *all = *place;
	struct task *t;

	if (all == NULL)
		return;
	while ((t = TAILQ_FIRST(&all->tasks)) != NULL) {
		answer_error(t->request, 503, "mtad is stopping");
		task_free(t);
	}
	mem_free(all);
	*place = NULL;
}

void
task_start_list(struct task_list *all, struct http_request *r,
    const struct filter *f, uint32_t limit)
{
	struct task *t = task_new(all, r, TASK_LIST);

	t->filter = *f;
	t->limit = limit;
	t->arena = arena_new(ARENA_MAX);
	buf_add_char(&t->out, '[');
}

void
task_start_count(struct task_list *all, struct http_request *r,
    const struct filter *f, enum admin_by by)
{
	struct task *t = task_new(all, r, TASK_COUNT);

	t->filter = *f;
	t->by = by;
	t->groups = json_object();
}

void
task_start_act(struct task_list *all, struct http_request *r,
    enum admin_act act, const struct filter *f, const uint64_t *ids,
    size_t count, json_t *keep, struct slice by)
{
	struct task *t = task_new(all, r, TASK_ACT);

	t->act = act;
	t->keep = keep;
	t->who = by;
	if (f != NULL) {
		t->filter = *f;
		return;
	}
	t->scanned = true;
	for (size_t i = 0; i < count; i++)
		task_gather(t, ids[i]);
}

/*
 * mtad/status.c - see status.h. It only looks.
 */
#include "mtad/status.h"

#include <unistd.h>

#include "base/json.h"
#include "base/time.h"
#include "worker/worker.h"

static void
add_date(struct json *j, const char *key, int64_t wall_ms)
{
	char date[TIME_RFC3339_SIZE];

	time_rfc3339(wall_ms, date);
	json_cstr(j, key, date);
}

static void
add_listener(struct buf *out, const struct bound *b)
{
	struct json j;

	json_begin(&j, out);
	json_cstr(&j, "name", b->name);
	json_cstr(&j, "address", b->text);
	json_bool(&j, "inherited", b->is_inherited);
	json_end(&j);
}

static void
add_process(struct buf *out, const struct child_view *v)
{
	struct json j;

	json_begin(&j, out);
	json_cstr(&j, "role", role_name(v->role));
	json_int(&j, "number", v->number);
	json_int(&j, "pid", v->pid);
	json_cstr(&j, "state", v->state);
	add_date(&j, "started", v->started_ms);
	json_int(&j, "restarts", v->restarts);
	json_end(&j);
}

void
status_write(const struct handout *h, const struct children *children,
    int64_t started_ms, struct buf *out)
{
	struct json j;

	json_begin(&j, out);
	json_cstr(&j, "version", PACKAGE_VERSION);
	json_int(&j, "pid", getpid());
	add_date(&j, "started", started_ms);
	json_cstr(&j, "hostname", h->conf->hostname);
	json_cstr(&j, "configuration", h->conf->path);
	json_int(&j, "generation", h->generation);
	json_cstr(&j, "log_level", log_level_name(h->conf->log.level));
	/* Arrays of objects are written by hand: json_array() has texts. */
	buf_add_cstr(out, ",\"listeners\":[");
	for (size_t i = 0; i < h->sockets->n; i++) {
		if (i > 0)
			buf_add_char(out, ',');
		add_listener(out, &h->sockets->v[i]);
	}
	buf_add_cstr(out, "],\"processes\":[");
	for (size_t i = 0; i < children_count(children); i++) {
		struct child_view v;

		children_view(children, i, &v);
		if (i > 0)
			buf_add_char(out, ',');
		add_process(out, &v);
	}
	buf_add_char(out, ']');
	json_end(&j);
}

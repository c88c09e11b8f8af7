/*
 * schedule/events.c - lines gathered in a turn, written at its end.
 */
#include "schedule/events.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "admin/value.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/time.h"

enum { GATHER_MAX = 8 << 20, FLUSH_AT = 1 << 20 };

struct events {
	int fd; /* owned; -1: none */
	bool complained;
	struct buf lines;
};

struct events *
events_new(void)
{
	struct events *e = mem_zero(sizeof(*e));

	e->fd = -1;
	buf_init(&e->lines, GATHER_MAX);
	return e;
}

void
events_set_file(struct events *e, int fd)
{
	events_flush(e);
	if (e->fd != -1)
		(void)close(e->fd);
	e->fd = fd;
	e->complained = false;
}

void
events_free(struct events **place)
{
	if (*place == NULL)
		return;
	events_set_file(*place, -1);
	buf_done(&(*place)->lines);
	mem_free(*place);
	*place = NULL;
}

static json_t *
begin(const char *event, int64_t wall_ms)
{
	json_t *object = json_object();

	json_object_set_new(object, "time", value_time(wall_ms));
	json_object_set_new(object, "event", json_string(event));
	return object;
}

static void
set_text(json_t *object, const char *name, struct slice text)
{
	json_object_set_new(object, name, value_text(text));
}

static void
end(struct events *e, json_t *object)
{
	value_write(object, &e->lines);
	buf_add_char(&e->lines, '\n');
	if (e->lines.n > FLUSH_AT)
		events_flush(e);
}

void
events_outcome(struct events *e, const struct outcome *o, int64_t wall_ms)
{
	json_t *object;

	if (e->fd == -1)
		return;
	object = begin(o->event, wall_ms);
	json_object_set_new(object, "id", value_id(o->id));
	set_text(object, "recipient", o->recipient);
	set_text(object, "site", o->site);
	set_text(object, "host", o->host);
	set_text(object, "address", o->address);
	set_text(object, "tls", o->tls);
	set_text(object, "policy", o->policy);
	json_object_set_new(object, "attempts", json_integer(o->attempts));
	set_text(object, "reply", o->reply);
	json_object_set_new(object, "delay",
	    json_real((double)o->delay_ms / SECOND));
	end(e, object);
}

void
events_act(struct events *e, const char *event, uint64_t id, struct slice by,
    int64_t wall_ms)
{
	json_t *object;

	if (e->fd == -1)
		return;
	object = begin(event, wall_ms);
	json_object_set_new(object, "id", value_id(id));
	set_text(object, "by", by);
	end(e, object);
}

void
events_site(struct events *e, const char *event, struct slice site,
    struct slice reason, int64_t wall_ms)
{
	json_t *object;

	if (e->fd == -1)
		return;
	object = begin(event, wall_ms);
	set_text(object, "site", site);
	set_text(object, "reason", reason);
	end(e, object);
}

/* A file system that takes no more costs the lines, never the mail. */
void
events_flush(struct events *e)
{
	struct slice left = buf_slice(&e->lines);

	while (e->fd != -1 && left.n > 0) {
		ssize_t n = write(e->fd, left.p, left.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			if (!e->complained)
				log_error("schedule events-lost reason=\"%s\"",
				    strerror(errno));
			e->complained = true;
			break;
		}
		left = slice_skip(left, (size_t)n);
	}
	buf_reset(&e->lines);
}

/*
 * schedule/events.c - lines gathered in a turn, written at its end.
 */
#include "schedule/events.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/json.h"
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

static void
begin(struct events *e, struct json *j, const char *event, int64_t wall_ms)
{
	char time[TIME_RFC3339_SIZE];

	time_rfc3339(wall_ms, time);
	json_begin(j, &e->lines);
	json_cstr(j, "time", time);
	json_cstr(j, "event", event);
}

static void
add_id(struct json *j, uint64_t id)
{
	char text[ID_TEXT_SIZE];

	id_text(id, text);
	json_cstr(j, "id", text);
}

static void
end(struct events *e, struct json *j)
{
	json_end(j);
	buf_add_char(&e->lines, '\n');
	if (e->lines.n > FLUSH_AT)
		events_flush(e);
}

void
events_outcome(struct events *e, const struct outcome *o, int64_t wall_ms)
{
	struct json j;

	if (e->fd == -1)
		return;
	begin(e, &j, o->event, wall_ms);
	add_id(&j, o->id);
	json_text(&j, "recipient", o->recipient);
	json_text(&j, "site", o->site);
	json_text(&j, "host", o->host);
	json_text(&j, "address", o->address);
	json_text(&j, "tls", o->tls);
	json_text(&j, "policy", o->policy);
	json_int(&j, "attempts", o->attempts);
	json_text(&j, "reply", o->reply);
	if (o->rule.n > 0)
		json_text(&j, "rule", o->rule);
	json_seconds(&j, "delay", o->delay_ms);
	end(e, &j);
}

void
events_act(struct events *e, const char *event, uint64_t id, struct slice by,
    int64_t wall_ms)
{
	struct json j;

	if (e->fd == -1)
		return;
	begin(e, &j, event, wall_ms);
	add_id(&j, id);
	json_text(&j, "by", by);
	end(e, &j);
}

void
events_site(struct events *e, const char *event, struct slice site,
    struct slice reason, int64_t wall_ms)
{
	struct json j;

	if (e->fd == -1)
		return;
	begin(e, &j, event, wall_ms);
	json_text(&j, "site", site);
	json_text(&j, "reason", reason);
	end(e, &j);
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

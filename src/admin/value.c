/*
 * admin/value.c - JSON by jansson, which wants UTF-8 and gets it.
 */
#include "admin/value.h"

#include "base/id.h"
#include "base/time.h"
#include "verify/verdicts.h"

enum { TEXT_MAX = 1 << 20, VERDICTS_TEXT = 8192 };

/* Valid UTF-8 is kept, what is not is replaced: for log lines and replies. */
static json_t *
text_mended(struct slice s)
{
	struct buf out;
	json_t *value;

	buf_init(&out, TEXT_MAX * 3);
	while (s.n > 0) {
		json_t *probe = NULL;
		size_t n = 0;

		/* The longest sequence that is one character. */
		while (probe == NULL && n < 4 && n < s.n)
			probe = json_stringn(s.p, ++n);
		if (probe != NULL) {
			buf_add(&out, slice_head(s, n));
			json_decref(probe);
		} else {
			buf_add_cstr(&out, "\xEF\xBF\xBD");
			n = 1;
		}
		s = slice_skip(s, n);
	}
	value = json_stringn(out.p == NULL ? "" : out.p, out.n);
	buf_done(&out);
	return value;
}

json_t *
value_text(struct slice s)
{
	json_t *value;

	s = slice_head(s, TEXT_MAX);
	value = json_stringn(s.p == NULL ? "" : s.p, s.n);
	return value != NULL ? value : text_mended(s);
}

json_t *
value_id(uint64_t id)
{
	char text[ID_TEXT_SIZE];

	id_text(id, text);
	return json_string(text);
}

json_t *
value_time(int64_t wall_ms)
{
	char text[TIME_RFC3339_SIZE];

	if (wall_ms == 0 || wall_ms == INT64_MAX)
		return json_null();
	time_rfc3339(wall_ms, text);
	return json_string(text);
}

static void
set_text(json_t *object, const char *name, struct slice s)
{
	json_object_set_new(object, name, value_text(s));
}

static json_t *
value_notify(uint8_t notify)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} names[] = { { NOTIFY_NEVER, "never" }, { NOTIFY_SUCCESS, "success" },
		{ NOTIFY_FAILURE, "failure" }, { NOTIFY_DELAY, "delay" } };
	json_t *list = json_array();

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((notify & names[i].bit) != 0)
			json_array_append_new(list, json_string(names[i].name));
	return list;
}

static json_t *
value_recipient(const struct recipient *r, const struct admin_recipient *a,
    bool whole)
{
	json_t *object = json_object();

	set_text(object, "address", r->address);
	json_object_set_new(object, "state", json_string(a->state));
	set_text(object, "site", a->site);
	json_object_set_new(object, "attempts", json_integer(a->attempts));
	json_object_set_new(object, "next_attempt", value_time(a->next_ms));
	set_text(object, "response", a->response);
	if (whole) {
		set_text(object, "orcpt", r->orcpt);
		json_object_set_new(object, "notify", value_notify(r->notify));
	}
	return object;
}

/* Those that can't be read are those of another version of mtad. */
static void
set_verdicts(json_t *object, struct slice encoded)
{
	struct verdicts verdicts;
	struct buf text;

	buf_init(&text, VERDICTS_TEXT);
	if (encoded.n > 0 && verdicts_decode(encoded, &verdicts))
		verdicts_text(&verdicts, &text);
	set_text(object, "verdicts", buf_slice(&text));
	buf_done(&text);
}

static void
add_whole(json_t *object, const struct admin_message *m)
{
	static const char *const rets
	    [] = { [RET_NONE] = "", [RET_FULL] = "full", [RET_HDRS] = "hdrs" };
	static const char *const bodies[] = { [BODY_7BIT] = "7bit",
		[BODY_8BITMIME] = "8bitmime",
		[BODY_BINARYMIME] = "binarymime" };
	const struct envelope *e = &m->envelope;

	set_text(object, "service", e->service);
	set_text(object, "client", e->client);
	set_text(object, "helo", e->helo);
	set_text(object, "login", e->login);
	set_text(object, "tls", e->tls);
	set_verdicts(object, e->verdicts);
	set_text(object, "envid", e->envid);
	json_object_set_new(object, "ret", json_string(rets[e->ret]));
	json_object_set_new(object, "body", json_string(bodies[e->body]));
	json_object_set_new(object, "smtputf8", json_boolean(e->smtputf8));
	json_object_set_new(object, "require_tls",
	    json_boolean(e->require_tls));
	json_object_set_new(object, "release", value_time(e->release_ms));
	json_object_set_new(object, "deliver_by",
	    value_time(e->by == BY_NONE ? 0 : e->by_ms));
	set_text(object, "then",
	    e->by == BY_NONE         ? SLICE_NONE
		: e->by == BY_RETURN ? SLICE("return")
				     : SLICE("notify"));
	json_object_set_new(object, "priority", json_integer(e->priority));
	json_object_set_new(object, "expires", value_time(m->expires_ms));
	json_object_set_new(object, "warned", json_boolean(m->warned));
	json_object_set_new(object, "place",
	    json_pack("{s:I, s:I, s:I}", "segment",
		(json_int_t)m->place.segment, "offset",
		(json_int_t)m->place.offset, "length",
		(json_int_t)m->place.length));
}

json_t *
value_message(const struct admin_message *m, bool whole)
{
	static const char *const states[QUEUE_STATE_COUNT] = {
		[QUEUE_ACTIVE] = "active",
		[QUEUE_DEFERRED] = "deferred",
		[QUEUE_HELD] = "held",
	};
	const struct envelope *e = &m->envelope;
	json_t *object = json_object();
	json_t *list = json_array();

	json_object_set_new(object, "id", value_id(e->id));
	json_object_set_new(object, "state", json_string(states[m->state]));
	set_text(object, "sender", e->sender);
	json_object_set_new(object, "size", json_integer((json_int_t)e->size));
	json_object_set_new(object, "arrived", value_time(e->arrived_ms));
	for (uint32_t i = 0; i < e->recipient_count; i++)
		json_array_append_new(list,
		    value_recipient(&e->recipients[i], &m->recipients[i],
			whole));
	json_object_set_new(object, "recipients", list);
	if (whole)
		add_whole(object, m);
	return object;
}

static int
on_text(const char *text, size_t n, void *arg)
{
	buf_add(arg, (struct slice){ text, n });
	return 0;
}

void
value_write(json_t *value, struct buf *out)
{
	(void)json_dump_callback(value, on_text, out,
	    JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
}

/*
 * mtactl/api.c - requests to the control API (src/admin/README).
 */
#include "mtactl/api.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/err.h"
#include "io/http.h"

/* A million messages are some 300 MB of JSON. */
enum { ANSWER_MAX = 2147483647 };

static void
show_error(const char *message, void *arg)
{
	(void)arg;
	(void)ctl_fail("%s", message);
}

/* RUNTIME/control.sock, unless -s said another. */
static bool
find_socket(const struct ctl *ctl, char *out, size_t size)
{
	struct conf *conf;
	int n;

	if (ctl->socket != NULL) {
		n = snprintf(out, size, "%s", ctl->socket);
		return n > 0 && (size_t)n < size;
	}
	conf = conf_load_top(ctl->conf_path, show_error, NULL);
	if (conf == NULL)
		return false;
	n = snprintf(out, size, "%s/control.sock", conf->runtime);
	conf_unref(&conf);
	return n > 0 && (size_t)n < size;
}

/* {"error":"lines"}: each line of it. */
static int
show_refusal(int code, struct slice answer)
{
	json_t *root = json_loadb(answer.p, answer.n, 0, NULL);
	struct slice text = api_text(root, "error");
	struct slice line;

	if (text.n == 0)
		(void)ctl_fail("mtad answers with code %d", code);
	while (slice_take_line(&text, &line))
		if (line.n > 0)
			(void)ctl_fail("%.*s", SLICE_ARGS(line));
	json_decref(root);
	return CTL_FAILED;
}

int
api_call(const struct ctl *ctl, const char *method, const char *target,
    struct slice body, struct buf *answer)
{
	struct why why = { "" };
	char path[4096];
	int code = 0;
	int rc;

	buf_init(answer, ANSWER_MAX);
	if (!find_socket(ctl, path, sizeof(path)))
		return CTL_FAILED;
	rc = http_call(path, method, target, body, &code, answer, &why);
	if (rc == -ENOENT || rc == -ECONNREFUSED) {
		(void)ctl_fail("mtad is not running (%s: %s)", path,
		    err_text(rc));
		return CTL_NOT_RUNNING;
	}
	if (rc != 0)
		return ctl_fail("%s: %s", path,
		    why.text[0] != '\0' ? why.text : err_text(rc));
	if (code < 200 || code > 299)
		return show_refusal(code, buf_slice(answer));
	return CTL_DONE;
}

int
api_json(const struct ctl *ctl, const char *method, const char *target,
    json_t *body, json_t **out)
{
	char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
	struct buf answer;
	int rc = api_call(ctl, method, target, slice_of(text), &answer);

	*out = NULL;
	json_decref(body);
	mem_free(text); /* jansson's memory is malloc's, as ours */
	if (rc == CTL_DONE && ctl->json) {
		(void)fwrite(answer.p, 1, answer.n, stdout);
		if (answer.n == 0 || answer.p[answer.n - 1] != '\n')
			(void)putchar('\n');
	} else if (rc == CTL_DONE) {
		*out = json_loadb(answer.p, answer.n, 0, NULL);
		if (*out == NULL)
			rc = ctl_fail("mtad's answer is no JSON");
	}
	buf_done(&answer);
	return rc;
}

static void
add_encoded(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (ascii_is_alnum(c) || c == '-' || c == '.' || c == '_' ||
		    c == '~')
			buf_add_char(out, c);
		else
			buf_addf(out, "%%%02X", (unsigned)(unsigned char)c);
	}
}

void
api_add_query(struct buf *target, const char *name, struct slice value)
{
	buf_addf(target, "%c%s=", slice_has(buf_slice(target), '?') ? '&' : '?',
	    name);
	add_encoded(target, value);
}

void
api_add_part(struct buf *target, struct slice part)
{
	add_encoded(target, part);
}

struct slice
api_text(const json_t *object, const char *name)
{
	return slice_of(json_string_value(json_object_get(object, name)));
}

json_int_t
api_number(const json_t *object, const char *name)
{
	const json_t *member = json_object_get(object, name);

	return json_is_real(member) ? (json_int_t)json_real_value(member)
				    : json_integer_value(member);
}

const json_t *
api_member(const json_t *object, const char *name)
{
	return json_object_get(object, name);
}

/*
 * base/log.c - building log lines. Where they go is the sink's business.
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ascii.h"
#include "base/time.h"

static const char *const names[] = { "error", "warning", "info", "debug" };

static struct {
	const char *program;
	enum log_level level;
	enum log_form form;
	log_sink_fn *sink;
	void *arg;
} logger = { .program = "mtad", .level = LEVEL_INFO };

static void
to_stderr(const char *line)
{
	char out[LOG_LINE_MAX + 2];
	int n = snprintf(out, sizeof(out), "%s\n", line);

	/* One write, so that lines of several processes do not mix. */
	if (n > 0 && write(STDERR_FILENO, out, strlen(out)) < 0)
		return; /* there is nowhere left to say so */
}

void
log_open(const char *program, enum log_level level, enum log_form form,
    log_sink_fn *sink, void *arg)
{
	logger.program = program;
	logger.level = level;
	logger.form = form;
	logger.sink = sink;
	logger.arg = arg;
}

void
log_set_level(enum log_level level)
{
	logger.level = level;
}

enum log_level
log_get_level(void)
{
	return logger.level;
}

bool
log_level_parse(struct slice s, enum log_level *out)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(s, names[i])) {
			*out = (enum log_level)i;
			return true;
		}
	return false;
}

const char *
log_level_name(enum log_level level)
{
	return names[level];
}

/* Copies as the inside of a JSON string; returns the length written. */
static size_t
json_escape(const char *from, size_t n, char *to, size_t room)
{
	size_t at = 0;

	for (size_t i = 0; i < n && room - at > 7; i++) {
		char c = from[i];

		if (c == '"' || c == '\\') {
			to[at++] = '\\';
			to[at++] = c;
		} else if (ascii_is_control(c) || (unsigned char)c > 127) {
			at += (size_t)snprintf(to + at, room - at, "\\u%04x",
			    (unsigned)(unsigned char)c);
		} else {
			to[at++] = c;
		}
	}
	return at;
}

/* Length of one key=value at p, whose value may be quoted. */
static size_t
pair_length(const char *p)
{
	size_t n = strcspn(p, " =");

	if (p[n] != '=')
		return n;
	if (p[++n] != '"')
		return n + strcspn(p + n, " ");
	for (n++; p[n] != '\0' && p[n] != '"'; n++)
		if (p[n] == '\\' && p[n + 1] != '\0')
			n++;
	return p[n] == '"' ? n + 1 : n;
}

/*
 * "room event key=value ..." as a JSON object: the words before the first pair
 * are the message, each pair a member.
 */
static void
as_json(enum log_level level, const char *line, char *out, size_t size)
{
	char date[TIME_RFC3339_SIZE];
	size_t words = 0, at;

	for (const char *p = line; *p != '\0';) {
		size_t n = pair_length(p);

		if (memchr(p, '=', n) != NULL)
			break;
		p += n;
		words = (size_t)(p - line);
		p += strspn(p, " ");
		if (n == 0)
			break;
	}
	time_rfc3339(time_wall_ms(), date);
	at = (size_t)snprintf(out, size,
	    "{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\",\"event\":\"",
	    date, names[level], logger.program);
	at += json_escape(line, words, out + at, size - at - 2);
	out[at++] = '"';
	line += words;
	while (*(line += strspn(line, " ")) != '\0' && size - at > 64) {
		size_t n = pair_length(line);
		const char *eq = memchr(line, '=', n);
		size_t key = eq == NULL ? n : (size_t)(eq - line);
		const char *value = eq == NULL ? line + n : eq + 1;
		size_t length = (size_t)(line + n - value);

		if (length >= 2 && value[0] == '"') {
			value++;
			length -= 2;
		}
		at += (size_t)snprintf(out + at, size - at, ",\"");
		at += json_escape(line, key, out + at, size - at - 16);
		at += (size_t)snprintf(out + at, size - at, "\":\"");
		at += json_escape(value, length, out + at, size - at - 16);
		out[at++] = '"';
		line += n;
	}
	(void)snprintf(out + at, size - at, "}");
}

void
log_write(enum log_level level, const char *format, ...)
{
	char line[LOG_LINE_MAX], out[LOG_LINE_MAX];
	va_list args;

	if (level > logger.level)
		return;
	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (logger.form == LOG_FORM_JSON)
		as_json(level, line, out, sizeof(out));
	else
		(void)snprintf(out, sizeof(out), "%s: %s: %.*s", logger.program,
		    names[level], LOG_LINE_MAX - 64, line);
	if (logger.sink != NULL)
		logger.sink(level, out, logger.arg);
	else
		to_stderr(out);
}

const char *
log_text(struct slice s, struct log_text *out)
{
	size_t at = 0;
	size_t i;

	out->text[at++] = '"';
	for (i = 0; i < s.n && at < LOG_TEXT_MAX; i++) {
		char c = s.p[i];

		if (c == '"' || c == '\\') {
			out->text[at++] = '\\';
			out->text[at++] = c;
		} else if (ascii_is_control(c) || (unsigned char)c > 127) {
			at += (size_t)snprintf(out->text + at,
			    sizeof(out->text) - at, "\\x%02x",
			    (unsigned)(unsigned char)c);
		} else {
			out->text[at++] = c;
		}
	}
	if (i < s.n)
		at += (size_t)snprintf(out->text + at, sizeof(out->text) - at,
		    "...");
	(void)snprintf(out->text + at, sizeof(out->text) - at, "\"");
	return out->text;
}

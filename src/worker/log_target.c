/*
 * worker/log_target.c - see log_target.h. What a line says is base/log's.
 */
#include "worker/log_target.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "base/time.h"

static int file = -1;
static bool file_is_json;

/* systemd(5): "DEVICE:INODE" of the journal's stream, decimal. */
static bool
stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char self[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) == -1)
		return false;
	(void)snprintf(self, sizeof(self), "%llu:%llu",
	    (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return strcmp(stream, self) == 0;
}

static int
priority(enum log_level level)
{
	static const int priorities[] = { LOG_ERR, LOG_WARNING, LOG_INFO,
		LOG_DEBUG };

	return priorities[level];
}

/* One write a line, so that the lines of several processes do not mix. */
static void
write_line(int fd, const char *prefix, const char *line)
{
	char out[LOG_LINE_MAX + 128];
	int n = snprintf(out, sizeof(out), "%s%s\n", prefix, line);
	size_t size = n < 0 ? 0 : (size_t)n;

	if (size >= sizeof(out))
		size = sizeof(out) - 1;
	if (write(fd, out, size) < 0)
		return; /* there is nowhere left to say so */
}

static void
to_journal(enum log_level level, const char *line, void *arg)
{
	char prefix[8];

	(void)arg;
	(void)snprintf(prefix, sizeof(prefix), "<%d>", priority(level));
	write_line(STDERR_FILENO, prefix, line);
}

static void
to_syslog(enum log_level level, const char *line, void *arg)
{
	(void)arg;
	syslog(priority(level), "%s", line);
}

static void
to_file(enum log_level level, const char *line, void *arg)
{
	char date[TIME_RFC3339_SIZE], prefix[TIME_RFC3339_SIZE + 1] = "";

	(void)level;
	(void)arg;
	if (!file_is_json) {
		time_rfc3339(time_wall_ms(), date);
		(void)snprintf(prefix, sizeof(prefix), "%s ", date);
	}
	write_line(file != -1 ? file : STDERR_FILENO, prefix, line);
}

const char *
log_target_path(const struct log_conf *conf)
{
	struct slice target = slice_of(conf->target);

	return slice_take_prefix(&target, "file:") ? target.p : NULL;
}

void
log_target_use(const struct log_conf *conf, const char *program)
{
	log_sink_fn *sink = NULL;

	if (strcmp(conf->target, "syslog") == 0) {
		openlog("mtad", LOG_NDELAY | LOG_PID, LOG_MAIL);
		sink = to_syslog;
	} else if (log_target_path(conf) != NULL) {
		file_is_json = conf->form == LOG_FORM_JSON;
		sink = to_file;
	} else if (strcmp(conf->target, "auto") == 0 && stderr_is_journal()) {
		sink = to_journal;
	}
	log_open(program, conf->level, conf->form, sink, NULL);
}

void
log_target_file(int fd)
{
	if (file != -1)
		(void)close(file);
	file = fd;
}

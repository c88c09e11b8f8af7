/*
 * base/log.h - one line per event: "room event key=value ...".
 *
 * The id of the session or message comes first among the keys. What came from
 * outside goes through log_text(). No secret ever comes here. Lines longer than
 * LOG_LINE_MAX are cut.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>

#include "base/slice.h"

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };
enum log_form { LOG_FORM_TEXT, LOG_FORM_JSON };
enum { LOG_LINE_MAX = 4096, LOG_TEXT_MAX = 512, LOG_TEXT_SIZE = 1040 };

/* Where lines go: one finished line, without a newline. */
typedef void log_sink_fn(enum log_level, const char *line, void *arg);

/*
 * Before this, lines of LEVEL_INFO and above go to standard error as text.
 * A NULL sink is standard error. `program` is borrowed and stands in each line.
 */
void log_open(const char *program, enum log_level, enum log_form,
    log_sink_fn *sink, void *arg);
void log_set_level(enum log_level);
enum log_level log_get_level(void);
bool log_level_parse(struct slice, enum log_level *out);
const char *log_level_name(enum log_level);

void log_write(enum log_level, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LEVEL_DEBUG, __VA_ARGS__)

/*
 * Foreign bytes in quotes, control bytes and non-ASCII as \xHH, bounded: for
 * the value of a key. The result is `out`.
 */
struct log_text {
	char text[LOG_TEXT_SIZE];
};
const char *log_text(struct slice, struct log_text *out);

#endif

/*
 * conf/error.c - one line per error.
 */
#include "conf/error.h"

#include <stdarg.h>

#include "base/buf.h"

enum { ERROR_MAX = 8192 };

void
conf_error(struct conf_errors *errors, const char *place, const char *format,
    ...)
{
	struct buf text;
	va_list args;

	errors->count++;
	if (errors->fn == NULL)
		return;
	buf_init(&text, ERROR_MAX);
	buf_addf(&text, "%s: ", place);
	va_start(args, format);
	buf_addv(&text, format, args);
	va_end(args);
	if (buf_failed(&text))
		buf_addf(&text, "%s: an error too long to tell", place);
	errors->fn(buf_cstr(&text), errors->arg);
	buf_done(&text);
}

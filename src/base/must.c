/*
 * base/must.c - the end of a process that found itself to be wrong.
 *
 * Writes straight to standard error: the log may be what is broken.
 */
#include "base/must.h"

#include <execinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FRAMES_MAX = 32 };

_Noreturn void
must_fail(const char *expr, const char *file, int line, const char *func)
{
	void *frames[FRAMES_MAX];

	(void)fprintf(stderr, "%s:%d: %s: must(%s) failed\n", file, line, func,
	    expr);
	backtrace_symbols_fd(frames, backtrace(frames, FRAMES_MAX),
	    STDERR_FILENO);
	abort();
}

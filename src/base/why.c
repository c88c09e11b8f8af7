/*
 * base/why.c - a bounded reason.
 */
#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>

void
why_set(struct why *why, const char *format, ...)
{
	va_list args;

	if (why == NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
}

/*
 * queue/damage.c - one text for each damaged place.
 */
#include "queue/damage.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_SIZE = 256 };

void
damage_tell(struct damage *d, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	d->count++;
	if (d->tell == NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->tell(text, d->arg);
}

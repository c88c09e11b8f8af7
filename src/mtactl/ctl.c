/*
 * mtactl/ctl.c - errors and columns, for people.
 */
#include "mtactl/ctl.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/ascii.h"

int
ctl_fail(const char *format, ...)
{
	va_list args;

	(void)fflush(stdout);
	(void)fputs("mtactl: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return CTL_FAILED;
}

static void
show_error(const char *message, void *arg)
{
	(void)arg;
	(void)ctl_fail("%s", message);
}

struct conf *
ctl_conf(const struct ctl *ctl)
{
	return conf_load(ctl->conf_path, show_error, NULL);
}

void
ctl_print(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		(void)putchar(ascii_is_control(s.p[i]) ? '?' : s.p[i]);
}

/* Columns on the screen: UTF-8 continuation bytes take none. */
static int
width_of(struct slice s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
	return n;
}

void
ctl_column(struct slice s, int width)
{
	ctl_print(s);
	if (width > 0)
		(void)printf("%*s",
		    width > width_of(s) ? width - width_of(s) + 1 : 1, "");
}

void
ctl_end_row(void)
{
	(void)putchar('\n');
}

/*
 * unit/source.h - reads a file of the project for a test that is about it.
 */
#ifndef UNIT_SOURCE_H
#define UNIT_SOURCE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "io/files.h"

/* Inits the buffer; the test fails where there is no such file. */
static inline void
read_source(const char *name, struct buf *out)
{
	const char *top = getenv("top_srcdir");
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", top == NULL ? "." : top,
	    name);
	buf_init(out, 1 << 20);
	ck_assert_msg(file_read(path, out) == 0, "%s", path);
}

#endif

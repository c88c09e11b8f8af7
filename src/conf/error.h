/*
 * conf/error.h - errors of main.conf, counted on their way to the caller.
 */
#ifndef CONF_ERROR_H
#define CONF_ERROR_H

#include "conf/conf.h"

struct conf_errors {
	conf_error_fn *fn; /* may be NULL */
	void *arg;
	unsigned count;
};

/* `place` is "FILE:LINE" or "FILE". */
void conf_error(struct conf_errors *, const char *place, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

#endif

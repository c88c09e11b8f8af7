/*
 * conf/glob.h - patterns with "*" (any text) and "?" (any one octet), whose
 * case does not count. Pure.
 *
 * There is nothing else in them, so no pattern and no text makes a match take
 * longer than their lengths multiplied.
 */
#ifndef CONF_GLOB_H
#define CONF_GLOB_H

#include <stdbool.h>

#include "base/must.h"
#include "base/slice.h"

/* Does the pattern fit the whole of the text? */
bool glob_fits(struct slice pattern, struct slice text) MUST_USE;

#endif

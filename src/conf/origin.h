/*
 * conf/origin.h - a local address to send from, and what we are called there:
 * "192.0.2.10" or "192.0.2.10=mx1.example.org". Pure.
 */
#ifndef CONF_ORIGIN_H
#define CONF_ORIGIN_H

#include <stdbool.h>

#include "base/ip.h"
#include "base/must.h"

/*
 * False, with nothing changed, if it is none. `name` (or NULL) points into the
 * text, and stays as it was where the text gives no name.
 */
bool origin_parse(const char *text, struct ip *ip, const char **name) MUST_USE;

#endif

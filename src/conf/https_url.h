/*
 * conf/https_url.h - "https://HOST[:PORT][/PATH]", as main.conf writes it.
 *
 * A value that is copied. Host names alone: no address, no login, no fragment.
 */
#ifndef CONF_HTTPS_URL_H
#define CONF_HTTPS_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"

enum { HTTPS_HOST_SIZE = 254, HTTPS_PATH_SIZE = 512 };

struct https_url {
	char host[HTTPS_HOST_SIZE];
	char path[HTTPS_PATH_SIZE]; /* from "/" on */
	uint16_t port;
};

bool https_url_parse(struct slice, struct https_url *) MUST_USE;

#endif

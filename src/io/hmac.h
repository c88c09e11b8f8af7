/*
 * io/hmac.h - HMAC-SHA-256 (RFC 2104), by OpenSSL.
 */
#ifndef IO_HMAC_H
#define IO_HMAC_H

#include "base/slice.h"

enum { HMAC_SIZE = 32 };

void hmac_sha256(struct slice key, struct slice text,
    unsigned char out[HMAC_SIZE]);

#endif

/*
 * base/base64.h - base64 (RFC 4648, 4), strict: padding required, no spaces.
 */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

void base64_encode(struct slice, struct buf *);
/* False on malformed input; what was added to buf before is taken back. */
bool base64_decode(struct slice, struct buf *);

#endif

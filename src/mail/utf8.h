/*
 * mail/utf8.h - is it UTF-8 (RFC 3629), strictly: shortest form, no
 * surrogates, nothing over U+10FFFF.
 */
#ifndef MAIL_UTF8_H
#define MAIL_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

/* Length of the character at the front: 1 to 4; 0 if malformed, or no bytes. */
size_t utf8_length(struct slice);
bool utf8_is_valid(struct slice);
/* No byte is over 127. */
bool utf8_is_ascii(struct slice);

#endif

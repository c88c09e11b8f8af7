/*
 * mail/pack.h - numbers and byte strings, packed for disk and IPC.
 *
 * A number takes 1 to 10 bytes, seven bits each, the low ones first (LEB128);
 * a byte string is its length and its bytes. Only the shortest form of a
 * number is taken, so that equal values have equal bytes.
 */
#ifndef MAIL_PACK_H
#define MAIL_PACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

void pack_u64(struct buf *, uint64_t);
void pack_bytes(struct buf *, struct slice);

/* Off the front of *in, or false and *in untouched. */
bool pack_take_u64(struct slice *in, uint64_t max, uint64_t *out) MUST_USE;
bool pack_take_bytes(struct slice *in, struct slice *out) MUST_USE;

#endif

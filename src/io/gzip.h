/*
 * io/gzip.h - bytes packed as by gzip (RFC 1952), whole and at once.
 */
#ifndef IO_GZIP_H
#define IO_GZIP_H

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

/* 0, or ERR_LIMIT: the buf's maximum was reached. */
int gzip_pack(struct slice, struct buf *out) MUST_USE;

#endif

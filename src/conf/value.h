/*
 * conf/value.h - the words of main.conf as numbers: "30s", "50MB", "600/m".
 */
#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"

/* "30s" "5m" "2h" "1d" "1w", several in a row ("1h30m"), "250ms", "0". */
bool value_duration(struct slice, int64_t *ms) MUST_USE;
/* Bytes: "4096", "256KB", "50MB", "2GB". */
bool value_size(struct slice, uint64_t *bytes) MUST_USE;
/* "600/m", "10/s", "5000/h", "100/d"; "": 0. */
bool value_rate(struct slice, double *per_second) MUST_USE;
/* "50/d": 50; at least 1. */
bool value_daily(struct slice, uint64_t *) MUST_USE;
/* "2026-11-01", from 1970 on: when that day begins, in UTC. */
bool value_date(struct slice, int64_t *wall_ms) MUST_USE;
/* "true" "yes" "on" "false" "no" "off" */
bool value_bool(struct slice, bool *) MUST_USE;

/* The shortest way to say it: "1h30m", "50MB". */
void value_write_duration(int64_t ms, struct buf *);
void value_write_size(uint64_t bytes, struct buf *);

#endif

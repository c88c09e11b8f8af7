/*
 * schedule/kept.h - what deliverers want kept over restarts, and ask for again,
 * in the state database.
 */
#ifndef SCHEDULE_KEPT_H
#define SCHEDULE_KEPT_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"
#include "state/state.h"

enum { KEPT_MAX = 60 * 1024 }; /* so that it fits a message */

/* `kind` is an enum kept_kind. Nothing is added if there is none. */
void kept_find(struct state *, uint32_t kind, struct slice key,
    struct buf *value);
void kept_put(struct state *, uint32_t kind, struct slice key,
    struct slice value);

#endif

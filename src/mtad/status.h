/*
 * mtad/status.h - what the master knows of itself, as JSON for the control API.
 */
#ifndef MTAD_STATUS_H
#define MTAD_STATUS_H

#include "base/buf.h"
#include "mtad/children.h"

/* One object: version, pid, started, configuration, listeners, processes. */
void status_write(const struct handout *, const struct children *,
    int64_t started_ms, struct buf *out);

#endif

/*
 * mtad/notify.h - what systemd is told (sd_notify(3)); without it, nobody.
 */
#ifndef MTAD_NOTIFY_H
#define MTAD_NOTIFY_H

#include <stddef.h>

#include "base/must.h"
#include "io/loop.h"

struct notify;

/* Begins to feed the watchdog if systemd wants that. */
struct notify *notify_new(struct loop *) MUST_USE;
void notify_free(struct notify **);
void notify_ready(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *status);

#endif

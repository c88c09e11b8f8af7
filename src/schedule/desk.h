/*
 * schedule/desk.h - what the postmaster asks through admin/, answered.
 */
#ifndef SCHEDULE_DESK_H
#define SCHEDULE_DESK_H

#include "admin/ops.h"
#include "base/must.h"
#include "ipc/channel.h"
#include "schedule/dispatch.h"

struct desk;

/* The owner for desk_ops(). `master` is the channel for reload and stop. */
struct desk *desk_new(struct loop *, struct dispatch *,
    struct channel *master) MUST_USE;
void desk_free(struct desk **);
const struct admin_ops *desk_ops(void);
/* The master's CONTROL_STATUS: an object whose members `status` shows. */
void desk_master_status(struct desk *, struct slice json);

#endif

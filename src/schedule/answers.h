/*
 * schedule/answers.h - what the postmaster asks through admin/, answered.
 */
#ifndef SCHEDULE_ANSWERS_H
#define SCHEDULE_ANSWERS_H

#include "admin/ops.h"
#include "base/must.h"
#include "ipc/channel.h"
#include "schedule/dispatch.h"

struct answers;

/* The owner for answers_ops(). `master` is the channel for reload and stop. */
struct answers *answers_new(struct loop *, struct dispatch *,
    struct channel *master) MUST_USE;
void answers_free(struct answers **);
const struct admin_ops *answers_ops(void);
/* The master's CONTROL_STATUS: an object whose members `status` shows. */
void answers_master_status(struct answers *, struct slice json);

#endif

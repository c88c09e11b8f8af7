/*
 * admin/api.h - the control API on control.sock. README has its paths.
 */
#ifndef ADMIN_API_H
#define ADMIN_API_H

#include "admin/ops.h"
#include "base/must.h"
#include "io/loop.h"

struct admin;

/* `ops` and `owner` are borrowed. */
struct admin *admin_new(struct loop *, const struct admin_ops *,
    void *owner) MUST_USE;
void admin_free(struct admin **);
/* Serves there, too; takes the listening descriptor. */
void admin_listen(struct admin *, int fd);
/* No longer, on any. Requests under way are answered. */
void admin_listen_no_more(struct admin *);
/* What the master said to ops->control(cookie). */
void admin_answered(struct admin *, uint64_t cookie, bool done,
    struct slice errors);

#endif

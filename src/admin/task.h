/*
 * admin/task.h - requests that walk the whole queue, a slice of it at a time.
 *
 * A task owns its request and answers it; the filter's slices stay valid as
 * long as the request does.
 */
#ifndef ADMIN_TASK_H
#define ADMIN_TASK_H

#include "admin/ops.h"
#include "io/http.h"
#include "io/loop.h"

struct task;
struct task_list;

/* What all tasks of one API share. */
struct task_list *task_list_new(struct loop *, const struct admin_ops *,
    void *owner) MUST_USE;
/* Tasks under way are answered with 503. */
void task_list_free(struct task_list **);

/* limit 0: all. */
void task_start_list(struct task_list *, struct http_request *,
    const struct filter *, uint32_t limit);
void task_start_count(struct task_list *, struct http_request *,
    const struct filter *, enum admin_by);
/*
 * On those that match, or, with filter NULL, on the `count` ids (copied).
 * `keep` (owned from here, may be NULL) holds what the filter points into.
 */
void task_start_act(struct task_list *, struct http_request *, enum admin_act,
    const struct filter *, const uint64_t *ids, size_t count, json_t *keep,
    struct slice by);

/* Answers with a value (its reference is taken) or an error. */
void answer_value(struct http_request *, int code, json_t *);
void answer_error(struct http_request *, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif

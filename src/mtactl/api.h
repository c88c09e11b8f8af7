/*
 * mtactl/api.h - talking to the running mtad: HTTP and JSON over control.sock.
 */
#ifndef MTACTL_API_H
#define MTACTL_API_H

#include <jansson.h>

#include "mtactl/ctl.h"

/*
 * A call without a look at the answer's form. CTL_DONE, or the error was
 * shown: CTL_FAILED, or CTL_NOT_RUNNING when nobody listens. The buf is
 * initialised by this, and to be freed by the caller in any case.
 */
int api_call(const struct ctl *, const char *method, const char *target,
    struct slice body, struct buf *answer) MUST_USE;
/*
 * The same with JSON both ways; `body` (may be NULL) is taken. With --json the
 * answer is printed as it is, and *out is NULL.
 */
int api_json(const struct ctl *, const char *method, const char *target,
    json_t *body, json_t **out) MUST_USE;

/* Adds "?name=value" or "&name=value", encoded. */
void api_add_query(struct buf *target, const char *name, struct slice value);
/* Adds a part of a path, encoded. */
void api_add_part(struct buf *target, struct slice part);

/* Members of an object; "", 0 and NULL where there is none. */
struct slice api_text(const json_t *object, const char *name);
json_int_t api_number(const json_t *object, const char *name);
const json_t *api_member(const json_t *object, const char *name);

#endif

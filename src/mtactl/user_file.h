/*
 * mtactl/user_file.h - one line of a text table replaced, the others left as
 * they are, comments too. Pure.
 */
#ifndef MTACTL_USER_FILE_H
#define MTACTL_USER_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/*
 * Copies `text` with "login:value" for the login's entry, or without it when
 * `value` is NULL. Says whether the login was there; when it was not, a value
 * is added at the end.
 */
bool user_file_edit(struct slice text, struct slice login,
    const struct slice *value, struct buf *out);
/* May it stand before a colon without quotes? */
bool user_file_login_is_good(struct slice login);

#endif

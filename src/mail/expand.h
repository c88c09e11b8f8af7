/*
 * mail/expand.h - %{local} and its like in the path of a mailbox.
 *
 * Part of the path is chosen by whoever sends mail: a value that could lead
 * out of its folder is refused, not repaired.
 */
#ifndef MAIL_EXPAND_H
#define MAIL_EXPAND_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"
#include "mail/address.h"

struct expand_values {
	struct address address;  /* of the recipient */
	struct slice subaddress; /* the separator, "+"; empty: there is none */
	struct slice home;       /* of the system's user; or empty */
};

/*
 * Adds `path` with the mailbox's names: user+tag lies where user does.
 *	%{local}    the local part, unquoted, in lower case, without subaddress
 *	%{user}     the same: the mailbox's user
 *	%{domain}   in lower case
 *	%{address}  local "@" domain
 *	%{home}     the home folder
 *	%%	    a percent sign
 * False, and nothing added, if a value that is used is empty, begins with a
 * dot, or holds a slash or a control character; or the path is not well-formed.
 */
bool expand_path(struct slice path, const struct expand_values *,
    struct buf *out, struct why *) MUST_USE;
/* Only known names in %{}, for the check of a configuration. */
bool expand_is_valid(struct slice path, struct why *);

#endif

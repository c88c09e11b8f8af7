/*
 * conf/masquerade.h - the rules by which a route changes a sender's domain.
 *
 *   "example.org"			any host below it becomes example.org
 *   "old.example=example.org"		that domain
 *   ".old.example=example.org"		any domain below that one
 */
#ifndef CONF_MASQUERADE_H
#define CONF_MASQUERADE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/must.h"
#include "base/slice.h"
#include "conf/conf.h"

bool masquerade_is_rule(struct slice) MUST_USE;
/*
 * "local@domain" by the first rule that fits: in `out`, which it replaces.
 * Without one, and for the null sender, the sender itself.
 */
struct slice masquerade(const struct strings *rules, struct slice sender,
    struct buf *out);

#endif

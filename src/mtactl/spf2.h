/*
 * mtactl/spf2.h - what libspf2 says of a question of SPF: a second opinion,
 * since many receivers use it. It is not our judge: a stranger's record can
 * crash it, so it works in a child process that may do nothing but think.
 */
#ifndef MTACTL_SPF2_H
#define MTACTL_SPF2_H

#include <stdbool.h>

#include "base/must.h"
#include "verify/spf.h"

/*
 * Waits for the child, a few seconds at most. SPF_AGAIN: what is missing is
 * noted in the set. `trace` is not called. False: no verdict, since it crashed,
 * hung or failed; out->reason says how.
 */
bool spf2_check(const struct spf_query *, struct answers *,
    struct spf_outcome *out) MUST_USE;

#endif

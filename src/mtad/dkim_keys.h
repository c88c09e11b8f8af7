/*
 * mtad/dkim_keys.h - are the keys of the dkim sections fit to sign?
 *
 * Asked at the start, by -n and at each reload, so that receivers need not ask.
 */
#ifndef MTAD_DKIM_KEYS_H
#define MTAD_DKIM_KEYS_H

#include "base/buf.h"
#include "conf/conf.h"
#include "worker/identity.h"

/*
 * Adds a line to `errors`, "FILE:LINE: ...", for each key that somebody else
 * could read or replace, that is no key, or whose selector or domain is bad.
 */
void dkim_keys_check(const struct conf *, const struct identity *user,
    struct buf *errors);

#endif

/*
 * deliver/mx_set.h - which hosts take a domain's mail, as one value: domains
 * of the same set are one site to the scheduler.
 */
#ifndef DELIVER_MX_SET_H
#define DELIVER_MX_SET_H

#include <stdint.h>

#include "base/buf.h"
#include "base/must.h"
#include "dns/hosts.h"

enum { MX_SET_TEXT_MAX = HOSTS_MAX * DNS_NAME_SIZE };

/*
 * Appends the names, in lower case and in their own order, with blanks
 * between. Returns their digest, which is neither MX_ANY nor MX_UNKNOWN.
 */
uint64_t mx_set_write(const struct hosts *, struct buf *);
/* A host to call the set by, the same each time: of the best, the first. */
const char *mx_set_best(const struct hosts *) MUST_USE;

#endif

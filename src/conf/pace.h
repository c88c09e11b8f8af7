/*
 * conf/pace.h - check.h's share of what the pace of mail goes by: the lines of
 * replies.conf, and warm-ups.
 */
#ifndef CONF_PACE_H
#define CONF_PACE_H

#include "conf/conf.h"
#include "conf/error.h"
#include "conf/source.h"

void conf_check_pace(const struct conf *, const struct conf_source *,
    struct conf_errors *);

#endif

/*
 * conf/check.h - what no single key can say: is the whole of it right?
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include "conf/conf.h"
#include "conf/error.h"
#include "conf/source.h"

/*
 * Completes the conf (host name, cores, "*" sections), sorts it, and reports
 * what does not go together.
 */
void conf_check(struct conf *, const struct conf_source *,
    struct conf_errors *);
/* The top level's share of it, which reports nothing. */
void conf_complete_top(struct conf *);
/* After the tables have changed places: the fields that copy them. */
void conf_link_tables(struct conf *);

#endif

/*
 * conf/check_route.h - do the keys of each route go together?
 */
#ifndef CONF_CHECK_ROUTE_H
#define CONF_CHECK_ROUTE_H

#include "conf/checking.h"

/* Titles become lower case. */
void check_routes(const struct checking *);

#endif

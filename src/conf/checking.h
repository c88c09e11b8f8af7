/*
 * conf/checking.h - what checks between keys need: the values, and where in the
 * files they stand.
 */
#ifndef CONF_CHECKING_H
#define CONF_CHECKING_H

#include <stdbool.h>
#include <stddef.h>

#include "conf/conf.h"
#include "conf/error.h"
#include "conf/source.h"

struct checking {
	struct conf *conf;
	const struct conf_source *src;
	struct conf_errors *errors; /* borrowed */
};

/* Where a key of the i-th section of that kind stands; NULL: its title. */
const char *checking_place(const struct checking *, const char *section,
    size_t i, const char *key);
/* Does it stand in the files at all? */
bool checking_is_given(const struct checking *, const char *section, size_t i,
    const char *key);
/* Case is no matter in titles: they become lower. */
void checking_lower(char *title);

#endif

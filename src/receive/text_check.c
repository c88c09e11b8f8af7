/*
 * receive/text_check.c - looks for CR, LF and NUL with memchr, not byte by
 * byte. It keeps nothing of the content but whether the last byte was CR.
 */
#include "receive/text_check.h"

#include <string.h>

static void
check_lfs(struct text_check *c, struct slice s)
{
	const char *end = s.p + s.n;
	const char *at = s.p;
	const char *lf;

	while ((lf = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		if (lf == s.p ? !c->after_cr : lf[-1] != '\r')
			c->bare_lf = true;
		at = lf + 1;
	}
}

static void
check_crs(struct text_check *c, struct slice s)
{
	const char *end = s.p + s.n;
	const char *at = s.p;
	const char *cr;

	if (c->after_cr && s.p[0] != '\n')
		c->bare_cr = true;
	while ((cr = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		at = cr + 1;
		if (at < end && *at != '\n')
			c->bare_cr = true;
	}
}

void
text_check_feed(struct text_check *c, struct slice s)
{
	if (s.n == 0)
		return;
	check_lfs(c, s);
	check_crs(c, s);
	if (memchr(s.p, '\0', s.n) != NULL)
		c->nul = true;
	c->after_cr = s.p[s.n - 1] == '\r';
}

void
text_check_end(struct text_check *c)
{
	if (c->after_cr)
		c->bare_cr = true;
	c->after_cr = false;
}

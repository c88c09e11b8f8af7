/*
 * conf/glob.c - patterns with "*" and "?". Not fnmatch(3): that wants C
 * strings, knows brackets, and may take exponential time in some libraries.
 */
#include "conf/glob.h"

#include "base/ascii.h"

static bool
octet_fits(char pattern, char c)
{
	return pattern == '?' || ascii_lower(pattern) == ascii_lower(c);
}

/*
 * Only the last star is ever gone back to: what an earlier one took was enough
 * to come here, and more of it could bring no more.
 */
bool
glob_fits(struct slice pattern, struct slice text)
{
	size_t p = 0, t = 0;
	size_t star = pattern.n; /* behind it; pattern.n: none yet */
	size_t taken = 0;        /* the text up to where that star reaches */
	bool has_star = false;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			has_star = true;
			star = ++p;
			taken = t;
		} else if (p < pattern.n &&
		    octet_fits(pattern.p[p], text.p[t])) {
			p++;
			t++;
		} else if (has_star) {
			p = star;
			t = ++taken;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/*
 * mtactl/user_file.c - editing a text table by its lines.
 */
#include "mtactl/user_file.h"

#include "base/ascii.h"

enum { LOGIN_MAX = 255 };

static void
add_entry(struct slice login, struct slice value, struct buf *out)
{
	buf_add(out, login);
	buf_add_char(out, ':');
	buf_add(out, value);
	buf_add_char(out, '\n');
}

static bool
is_blank(struct slice line)
{
	line = slice_trim(line);
	return line.n == 0 || line.p[0] == '#';
}

bool
user_file_edit(struct slice text, struct slice login, const struct slice *value,
    struct buf *out)
{
	bool found = false;
	bool dropping = false; /* this entry's continuations too */
	struct slice line;

	while (slice_take_line(&text, &line)) {
		struct slice rest = line;

		if (!is_blank(line) && line.p[0] != ' ' && line.p[0] != '\t') {
			dropping =
			    slice_eq_nocase(slice_trim(
						slice_take_until(&rest, ':')),
				login);
			if (dropping && !found && value != NULL)
				add_entry(login, *value, out);
			found = found || dropping;
		}
		if (!dropping || is_blank(line)) {
			buf_add(out, line);
			buf_add_char(out, '\n');
		}
	}
	if (!found && value != NULL)
		add_entry(login, *value, out);
	return found;
}

bool
user_file_login_is_good(struct slice login)
{
	if (login.n == 0 || login.n > LOGIN_MAX || login.p[0] == '#' ||
	    login.p[0] == '"')
		return false;
	for (size_t i = 0; i < login.n; i++)
		if (login.p[i] == ':' || ascii_is_space(login.p[i]) ||
		    ascii_is_control(login.p[i]))
			return false;
	return true;
}

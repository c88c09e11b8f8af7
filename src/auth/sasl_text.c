/*
 * auth/sasl_text.c - see sasl_text.h. Who the login belongs to is not asked
 * here.
 */
#include "auth/sasl_text.h"

#include "base/ascii.h"

bool
login_is_good(struct slice login)
{
	if (login.n == 0 || login.n > LOGIN_MAX)
		return false;
	for (size_t i = 0; i < login.n; i++)
		if (ascii_is_control(login.p[i]))
			return false;
	return login.p[0] != ' ' && login.p[login.n - 1] != ' ';
}

bool
password_is_good(struct slice password)
{
	return password.n > 0 && password.n <= PASSWORD_MAX &&
	    !slice_has(password, '\0');
}

bool
sasl_plain_parse(struct slice message, struct sasl_plain *out)
{
	struct sasl_plain plain;
	struct slice rest = message;
	struct slice acts_as = slice_head(rest, slice_find(rest, '\0'));

	rest = slice_skip(rest, acts_as.n);
	if (!slice_take_char(&rest, '\0'))
		return false;
	plain.login = slice_head(rest, slice_find(rest, '\0'));
	rest = slice_skip(rest, plain.login.n);
	if (!slice_take_char(&rest, '\0'))
		return false;
	plain.password = rest;
	plain.acts_as_self = acts_as.n == 0 || slice_eq(acts_as, plain.login);
	if (!login_is_good(plain.login) || !password_is_good(plain.password))
		return false;
	*out = plain;
	return true;
}

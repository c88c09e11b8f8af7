/*
 * conf/check_route.c - routes: titles, next hops, logins, source addresses.
 */
#include "conf/check_route.h"

#include "conf/https_url.h"
#include "conf/masquerade.h"
#include "conf/origin.h"
#include "conf/target.h"
#include "mail/address.h"

static bool
is_route_title(const char *title)
{
	struct slice s = slice_of(title);
	struct address a;

	if (slice_is(s, "*"))
		return true;
	if (slice_has(s, '@'))
		return address_parse(s, true, &a) == PARSE_OK && a.domain.n > 0;
	(void)slice_take_char(&s, '.');
	return domain_is_valid(s, true);
}

static void
check_via(const struct checking *c, size_t i)
{
	const struct route_conf *r = &c->conf->routes[i];

	if (r->via.n > ROUTE_HOPS_MAX)
		conf_error(c->errors, checking_place(c, "route", i, "via"),
		    "via: %zu hops, %d are the most", r->via.n,
		    (int)ROUTE_HOPS_MAX);
	for (size_t k = 0; k < r->via.n; k++) {
		struct target t;
		bool submits;

		if (!target_parse(slice_of(r->via.v[k]), &t, NULL))
			continue;
		submits =
		    t.kind == TARGET_SUBMISSION || t.kind == TARGET_SUBMISSIONS;
		if (t.kind == TARGET_SUBMISSIONS && r->tls == TLS_NONE)
			conf_error(c->errors,
			    checking_place(c, "route", i, "tls"),
			    "tls: \"none\" does not go with \"%s\", which is "
			    "TLS from the start",
			    r->via.v[k]);
		if (submits && r->user != NULL && r->user[0] == '\0' &&
		    checking_is_given(c, "route", i, "password"))
			conf_error(c->errors,
			    checking_place(c, "route", i, "password"),
			    "password: user is missing");
	}
}

static bool
is_text(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* OAuth 2 takes the place of the password; a key of it alone is a mistake. */
static void
check_oauth(const struct checking *c, size_t i)
{
	const struct route_conf *r = &c->conf->routes[i];
	static const char *const keys[] = { "oauth_client_id",
		"oauth_client_secret", "oauth_refresh_token", "oauth_scope" };
	struct https_url url;

	for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
		if (!is_text(r->oauth_token_url) &&
		    checking_is_given(c, "route", i, keys[k]))
			conf_error(c->errors,
			    checking_place(c, "route", i, keys[k]),
			    "%s: oauth_token_url is missing", keys[k]);
	if (!is_text(r->oauth_token_url))
		return;
	if (!https_url_parse(slice_of(r->oauth_token_url), &url))
		conf_error(c->errors,
		    checking_place(c, "route", i, "oauth_token_url"),
		    "oauth_token_url: \"%s\" is no https://HOST[:PORT]/PATH",
		    r->oauth_token_url);
	if (!is_text(r->oauth_client_id))
		conf_error(c->errors,
		    checking_place(c, "route", i, "oauth_token_url"),
		    "oauth_token_url: oauth_client_id is missing");
	if (!checking_is_given(c, "route", i, "oauth_client_secret") &&
	    !checking_is_given(c, "route", i, "oauth_refresh_token"))
		conf_error(c->errors,
		    checking_place(c, "route", i, "oauth_token_url"),
		    "oauth_token_url: oauth_refresh_token or "
		    "oauth_client_secret is missing");
	if (!is_text(r->user))
		conf_error(c->errors,
		    checking_place(c, "route", i, "oauth_token_url"),
		    "oauth_token_url: user is missing");
	if (checking_is_given(c, "route", i, "password"))
		conf_error(c->errors, checking_place(c, "route", i, "password"),
		    "password: oauth_token_url takes its place");
}

static void
check_login(const struct checking *c, size_t i)
{
	const struct route_conf *r = &c->conf->routes[i];

	check_oauth(c, i);
	if (!is_text(r->user))
		return;
	if (!is_text(r->oauth_token_url) &&
	    !checking_is_given(c, "route", i, "password"))
		conf_error(c->errors, checking_place(c, "route", i, "user"),
		    "user: password is missing");
	if (r->tls == TLS_NONE)
		conf_error(c->errors, checking_place(c, "route", i, "tls"),
		    "tls: \"none\" does not go with user: a "
		    "password is sent under TLS alone");
}

void
check_routes(const struct checking *c)
{
	struct conf *conf = c->conf;
	struct ip ip;

	for (size_t i = 0; i < conf->route_count; i++) {
		struct route_conf *r = &conf->routes[i];

		if (!is_route_title(r->title))
			conf_error(c->errors,
			    checking_place(c, "route", i, NULL),
			    "route \"%s\": the title is none of "
			    "\"user@domain\", \"domain\", \".domain\", \"*\"",
			    r->title);
		checking_lower(r->title);
		for (size_t k = 0; k < r->source.n; k++)
			if (!origin_parse(r->source.v[k], &ip, NULL))
				conf_error(c->errors,
				    checking_place(c, "route", i, "source"),
				    "source: \"%s\" is neither an IP address "
				    "nor ADDRESS=NAME",
				    r->source.v[k]);
		for (size_t k = 0; k < r->masquerade.n; k++)
			if (!masquerade_is_rule(slice_of(r->masquerade.v[k])))
				conf_error(c->errors,
				    checking_place(c, "route", i, "masquerade"),
				    "masquerade: \"%s\" is none of \"domain\", "
				    "\"domain=domain\", \".domain=domain\"",
				    r->masquerade.v[k]);
		check_login(c, i);
		check_via(c, i);
	}
}

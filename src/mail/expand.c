/*
 * mail/expand.c - the values, their checks, and the putting in.
 */
#include "mail/expand.h"

#include "base/ascii.h"
#include "mail/utf8.h"

enum { VALUE_MAX = 1024 };

typedef void value_fn(const struct expand_values *, struct buf *);

static void
add_lower(struct slice s, struct buf *out)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(out, ascii_lower(s.p[i]));
}

static void
add_local(const struct expand_values *v, struct buf *out)
{
	struct buf plain;
	struct slice local;

	buf_init(&plain, VALUE_MAX);
	address_local_unquote(&v->address, &plain);
	local = buf_slice(&plain);
	if (v->subaddress.n > 0)
		local = slice_head(local, slice_find_str(local, v->subaddress));
	add_lower(local, out);
	buf_done(&plain);
}

static void
add_domain(const struct expand_values *v, struct buf *out)
{
	add_lower(v->address.domain, out);
}

static void
add_address(const struct expand_values *v, struct buf *out)
{
	add_local(v, out);
	buf_add_char(out, '@');
	add_domain(v, out);
}

static void
add_home(const struct expand_values *v, struct buf *out)
{
	buf_add(out, v->home);
}

/* clang-format off */
static const struct name {
	const char *name;
	value_fn *add;
	bool is_path; /* from the system, with slashes */
} names[] = {
	{ "local",   add_local,	  false },
	{ "user",    add_local,	  false },
	{ "domain",  add_domain,  false },
	{ "address", add_address, false },
	{ "home",    add_home,	  true },
};
/* clang-format on */

static const struct name *
name_find(struct slice name)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (slice_is(name, names[i].name))
			return &names[i];
	return NULL;
}

/* Why a value may not become a part of a path; NULL: it may. */
static const char *
fault_of(struct slice value, bool is_path)
{
	if (value.n == 0)
		return "is empty";
	if (is_path && value.p[0] != '/')
		return "is not an absolute path";
	if (!is_path && value.p[0] == '.')
		return "begins with a dot";
	if (!is_path && slice_has(value, '/'))
		return "has a slash in it";
	for (size_t i = 0; i < value.n; i++)
		if (ascii_is_control(value.p[i]))
			return "has a control character in it";
	if (!utf8_is_valid(value))
		return "is not UTF-8";
	return NULL;
}

/*
 * Takes the path apart. With `out` NULL it is only looked at.
 */
static bool
expand(struct slice path, const struct expand_values *values, struct buf *out,
    struct why *why)
{
	while (path.n > 0) {
		size_t at = slice_find(path, '%');
		const struct name *name;
		struct slice word;
		const char *fault;
		size_t before;

		if (out != NULL)
			buf_add(out, slice_head(path, at));
		path = slice_skip(path, at);
		if (path.n == 0)
			break;
		if (slice_take_prefix(&path, "%%")) {
			if (out != NULL)
				buf_add_char(out, '%');
			continue;
		}
		if (!slice_take_prefix(&path, "%{") || !slice_has(path, '}')) {
			why_set(why,
			    "%% stands before {name}; %%%% is a percent sign");
			return false;
		}
		word = slice_take_until(&path, '}');
		name = name_find(word);
		if (name == NULL) {
			why_set(why,
			    "unknown %%{%.*s}; known are local, user, domain, "
			    "address, home",
			    SLICE_ARGS(slice_head(word, 40)));
			return false;
		}
		if (out == NULL)
			continue;
		before = out->n;
		name->add(values, out);
		fault = buf_failed(out)
		    ? "is too long"
		    : fault_of(slice_skip(buf_slice(out), before),
			  name->is_path);
		if (fault != NULL) {
			why_set(why, "%%{%s} %s", name->name, fault);
			return false;
		}
	}
	return true;
}

bool
expand_path(struct slice path, const struct expand_values *values,
    struct buf *out, struct why *why)
{
	size_t before = out->n;

	if (expand(path, values, out, why) && !buf_failed(out))
		return true;
	if (buf_failed(out))
		why_set(why, "the path is too long");
	out->n = before;
	return false;
}

bool
expand_is_valid(struct slice path, struct why *why)
{
	return expand(path, NULL, NULL, why);
}

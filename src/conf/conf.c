/*
 * conf/conf.c - the life of a conf, and its packing for workers. All by the
 * rows of the schema: a field that has a row can't be forgotten.
 */
#include "conf/conf.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "conf/check.h"
#include "conf/schema.h"
#include "conf/type.h"
#include "table/memfile.h"

/* "mtadcnf" and the version of the packing. */
static const char magic[8] = { 'm', 't', 'a', 'd', 'c', 'n', 'f', 1 };

enum { PACKED_MAX = 1 << 30 };

/* --- one section, by its rows --- */

static void
section_done(const struct conf_section *section, void *of)
{
	for (const struct conf_key *k = section->keys; k->what != NULL; k++)
		if (conf_type_facts(k->type)->done != NULL)
			conf_type_facts(k->type)->done(k, of);
}

static void
section_put(const struct conf_section *section, const void *of,
    unsigned secrets, struct buf *out)
{
	/* What a worker must not know it gets as if it were not set. */
	static const struct conf nothing;

	for (const struct conf_key *k = section->keys; k->what != NULL; k++) {
		bool hidden = k->secret != 0 && (k->secret & secrets) == 0;

		conf_type_facts(k->type)->put(k, hidden ? &nothing : of, out);
	}
}

static bool
section_get(const struct conf_section *section, void *of, struct slice *in)
{
	for (const struct conf_key *k = section->keys; k->what != NULL; k++)
		if (!conf_type_facts(k->type)->get(k, of, in))
			return false;
	return true;
}

/* --- its arrays --- */

static void *
array_of(struct conf *conf, const struct conf_section *s, size_t **count)
{
	*count = (void *)((char *)conf + s->count);
	return *(void **)(void *)((char *)conf + s->offset);
}

static char **
title_of(const struct conf_section *s, void *array, size_t index)
{
	return (void *)((char *)array + index * s->size + s->title_at);
}

static void
conf_free(struct conf *conf)
{
	for (size_t i = 0; i < conf->dkim_count; i++)
		mem_free(conf->dkims[i].place);
	for (const struct conf_section *s = conf_sections; s->name != NULL;
	     s++) {
		size_t *count;
		char *array;

		if (s->title == NULL) {
			section_done(s, (char *)conf + s->offset);
			continue;
		}
		array = array_of(conf, s, &count);
		for (size_t i = 0; i < *count; i++) {
			section_done(s, array + i * s->size);
			mem_free(*title_of(s, array, i));
		}
		mem_free(array);
	}
	for (size_t i = 0; i < conf->table_count; i++) {
		mem_free(conf->tables[i].where);
		table_free(&conf->tables[i].table);
	}
	mem_free(conf->tables);
	mem_free(conf->path);
	mem_free(conf);
}

struct conf *
conf_ref(struct conf *conf)
{
	conf->refs++;
	return conf;
}

void
conf_unref(struct conf **confp)
{
	struct conf *conf = *confp;

	*confp = NULL;
	if (conf == NULL)
		return;
	must(conf->refs > 0);
	if (--conf->refs == 0)
		conf_free(conf);
}

/* --- packing --- */

static void
put_sections(const struct conf *conf, const struct conf_section *s,
    unsigned secrets, struct buf *out)
{
	const char *base = (const char *)conf;
	const void *at = base + s->count;
	size_t count = *(const size_t *)at;
	const char *array;

	at = base + s->offset;
	array = *(const char *const *)at;
	conf_put_u64(count, out);
	for (size_t i = 0; i < count; i++) {
		const char *one = array + i * s->size;

		at = one + s->title_at;
		conf_put_text(slice_of(*(const char *const *)at), out);
		section_put(s, one, secrets, out);
	}
}

int
conf_pack(const struct conf *conf, unsigned secrets)
{
	struct buf out;
	int fd;

	buf_init(&out, PACKED_MAX);
	buf_add(&out, slice_from(magic, sizeof(magic)));
	conf_put_text(slice_of(conf->path), &out);
	conf_put_u64(conf->table_count, &out);
	for (size_t i = 0; i < conf->table_count; i++) {
		conf_put_text(slice_of(conf->tables[i].where), &out);
		conf_put_u64(conf->tables[i].secret, &out);
	}
	for (const struct conf_section *s = conf_sections; s->name != NULL;
	     s++) {
		if (s->title == NULL)
			section_put(s, (const char *)conf + s->offset, secrets,
			    &out);
		else
			put_sections(conf, s, secrets, &out);
	}
	must(!buf_failed(&out));
	fd = memfile_new("mtad-conf", buf_slice(&out));
	buf_wipe(&out);
	return fd;
}

/* --- unpacking --- */

static bool
get_tables(struct conf *conf, struct slice *in)
{
	uint64_t n, secret;

	/* Each has a length and a mark. */
	if (!conf_get_u64(in, &n) || n > in->n / 16)
		return false;
	conf->tables = mem_array(n, sizeof(*conf->tables));
	conf->table_count = n;
	for (uint64_t i = 0; i < n; i++) {
		if (!conf_get_cstr(in, &conf->tables[i].where) ||
		    !conf_get_u64(in, &secret) || secret > 1)
			return false;
		conf->tables[i].secret = secret != 0;
	}
	return true;
}

static bool
get_sections(struct conf *conf, const struct conf_section *s, struct slice *in)
{
	size_t *count = (void *)((char *)conf + s->count);
	char **array = (void *)((char *)conf + s->offset);
	uint64_t n;

	if (!conf_get_u64(in, &n) || n > in->n / 8)
		return false;
	*array = mem_array(n, s->size);
	*count = n;
	for (uint64_t i = 0; i < n; i++)
		if (!conf_get_cstr(in, title_of(s, *array, i)) ||
		    !section_get(s, *array + i * s->size, in))
			return false;
	return true;
}

static bool
get_all(struct conf *conf, struct slice in)
{
	if (!slice_eq(slice_head(in, sizeof(magic)),
		slice_from(magic, sizeof(magic))))
		return false;
	in = slice_skip(in, sizeof(magic));
	if (!conf_get_cstr(&in, &conf->path) || !get_tables(conf, &in))
		return false;
	for (const struct conf_section *s = conf_sections; s->name != NULL; s++)
		if (s->title == NULL
			? !section_get(s, (char *)conf + s->offset, &in)
			: !get_sections(conf, s, &in))
			return false;
	return in.n == 0;
}

/* What the code that uses a conf relies on. */
static bool
is_whole(const struct conf *conf)
{
	bool route = false;
	bool shaping = false;

	for (size_t i = 0; i < conf->domain_count; i++)
		if (conf->domains[i].mailboxes_at > conf->table_count ||
		    conf->domains[i].aliases_at > conf->table_count)
			return false;
	for (size_t i = 0; i < conf->route_count; i++)
		route = route || strcmp(conf->routes[i].title, "*") == 0;
	for (size_t i = 0; i < conf->shaping_count; i++)
		shaping = shaping || strcmp(conf->shapings[i].title, "*") == 0;
	return route && shaping && conf->delivery.retry_count > 0 &&
	    conf->auth.users_at <= conf->table_count &&
	    conf->auth.senders_at <= conf->table_count;
}

struct conf *
conf_from_bytes(struct slice bytes)
{
	struct conf *conf = mem_zero(sizeof(*conf));

	conf->refs = 1;
	if (!get_all(conf, bytes) || !is_whole(conf))
		conf_unref(&conf);
	return conf;
}

struct conf *
conf_unpack(int fd)
{
	struct conf *conf = NULL;
	struct slice bytes;

	if (memfile_map(fd, &bytes) == 0) {
		conf = conf_from_bytes(bytes);
		memfile_unmap(&bytes);
	}
	(void)close(fd);
	return conf;
}

/* --- asking --- */

void
conf_each_table(struct conf *conf, conf_table_fn *each, void *arg)
{
	for (size_t i = 0; i < conf->table_count; i++)
		each(&conf->tables[i].table, arg);
	conf_link_tables(conf);
}

bool
ip_nets_have(const struct ip_nets *nets, const struct ip *ip)
{
	for (size_t i = 0; i < nets->n; i++)
		if (ip_net_has(&nets->v[i], ip))
			return true;
	return false;
}

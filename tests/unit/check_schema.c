/*
 * unit/check_schema.c - the rows of the schema agree with the manual page and
 * the installed main.conf, and their presets are good.
 */
#include "tests/unit/run.h"
#include "tests/unit/source.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "conf/conf.h"
#include "conf/replies.h"
#include "conf/schema.h"
#include "conf/type.h"

static struct buf page;

/* As the page writes it: quotes and spaces escaped. */
static void
write_preset(const struct conf_key *key, struct buf *out)
{
	bool list = conf_type_facts(key->type)->is_list;
	struct strings words = { 0 };

	if (key->preset == NULL) {
		buf_add_cstr(out, "required");
		return;
	}
	conf_preset_words(key, &words);
	buf_add_cstr(out, list ? "{" : "");
	for (size_t i = 0; i < words.n; i++)
		buf_addf(out, "%s\\(dq%s\\(dq", i == 0 ? "" : ",\\ ",
		    words.v[i]);
	buf_add_cstr(out, list ? "}" : "");
	strings_done(&words);
}

/* The part of the page that is about a section. */
static struct slice
part_of(const struct conf_section *section)
{
	struct slice rest = buf_slice(&page);
	char head[100];

	if (section->name[0] == '\0')
		(void)snprintf(head, sizeof(head), ".Sh THE TOP LEVEL\n");
	else
		(void)snprintf(head, sizeof(head), ".Ss %s%s\n", section->name,
		    section->title == NULL ? "" : " \\(dqTITLE\\(dq");
	rest = slice_skip(rest, slice_find_str(rest, slice_of(head)));
	ck_assert_msg(rest.n > 0, "main.conf(5) lacks %s", head);
	rest = slice_skip(rest, strlen(head));
	rest = slice_head(rest, slice_find_str(rest, SLICE("\n.Ss")));
	return slice_head(rest, slice_find_str(rest, SLICE("\n.Sh")));
}

START_TEST(each_key_and_its_default_stand_in_the_manual)
{
	struct buf want;

	read_source("man/main.conf.5", &page);
	buf_init(&want, 4096);
	for (const struct conf_section *s = conf_sections; s->name != NULL;
	     s++) {
		struct slice part = part_of(s);

		for (const struct conf_key *k = s->keys; k->what != NULL; k++) {
			if (k->name == NULL)
				continue;
			buf_reset(&want);
			buf_addf(&want, ".It Ic %s No = Ar ", k->name);
			write_preset(k, &want);
			buf_add_char(&want, '\n');
			ck_assert_msg(slice_find_str(part, buf_slice(&want)) <
				part.n,
			    "main.conf(5), %s: %s", s->name, buf_cstr(&want));
		}
	}
	buf_done(&want);
	buf_done(&page);
}
END_TEST

/* Other types' presets are names of files, which may be absent. */
START_TEST(each_default_is_good)
{
	for (const struct conf_section *s = conf_sections; s->name != NULL;
	     s++) {
		char *of = mem_zero(sizeof(struct conf));
		struct conf conf = { 0 };

		for (const struct conf_key *k = s->keys; k->what != NULL; k++) {
			struct strings words = { 0 };
			struct why why = { "" };

			if (k->name == NULL || k->preset == NULL)
				continue;
			conf_preset_words(k, &words);
			ck_assert_msg(conf_type_facts(k->type)->read(&conf, k,
					  &words, of, &why),
			    "%s: %s", k->name, why.text);
			strings_done(&words);
		}
		for (const struct conf_key *k = s->keys; k->what != NULL; k++)
			if (conf_type_facts(k->type)->done != NULL)
				conf_type_facts(k->type)->done(k, of);
		mem_free(of);
	}
}
END_TEST

static void
show(const char *message, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", message);
}

START_TEST(the_installed_file_is_good_as_it_is)
{
	char folder[] = "/tmp/check_schema.XXXXXX";
	struct slice rest;
	struct buf text, out;
	struct conf *conf;
	char path[100], users[100], replies[100];

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/main.conf", folder);
	(void)snprintf(users, sizeof(users), "%s/users", folder);
	(void)snprintf(replies, sizeof(replies), "%s/replies.conf", folder);
	read_source("conf/replies.conf", &text);
	ck_assert_int_eq(file_replace(replies, 0600, buf_slice(&text)), 0);
	buf_done(&text);
	read_source("conf/users", &text);
	ck_assert_int_eq(file_replace(users, 0600, buf_slice(&text)), 0);
	buf_done(&text);
	read_source("conf/main.conf", &text);
	buf_init(&out, 1 << 20);
	buf_add_cstr(&out, "user = \"root\"\n"); /* mtad may not exist here */
	for (rest = buf_slice(&text); rest.n > 0;) {
		size_t at = slice_find_str(rest, SLICE("/etc/mtad"));

		buf_add(&out, slice_head(rest, at));
		rest = slice_skip(rest, at);
		if (rest.n > 0)
			buf_add_cstr(&out, folder);
		rest = slice_skip(rest, strlen("/etc/mtad"));
	}
	ck_assert_int_eq(file_replace(path, 0600, buf_slice(&out)), 0);
	conf = conf_load(path, show, NULL);
	ck_assert_ptr_nonnull(conf);
	ck_assert_uint_eq(conf->listener_count, 4);
	ck_assert_uint_eq(conf->trusted_networks.n, 2);
	ck_assert_uint_eq(conf->domain_count, 0);
	ck_assert_uint_gt(replies_count(conf->delivery.replies.rules), 30);
	conf_unref(&conf);
	buf_done(&text);
	buf_done(&out);
	(void)unlink(path);
	(void)unlink(replies);
	(void)unlink(users);
	(void)rmdir(folder);
}
END_TEST

START_TEST(a_slip_is_understood)
{
	const struct conf_section *listener = conf_section_find("listener");

	ck_assert_str_eq(conf_suggest(listener, "prot"), "port");
	ck_assert_str_eq(conf_suggest(listener, "adress"), "address");
	ck_assert_str_eq(conf_suggest(conf_sections, "domian"), "domain");
	ck_assert_ptr_null(conf_suggest(listener, "zzzzzz"));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("schema");
	TCase *tc = tcase_create("schema");

	tcase_add_test(tc, each_key_and_its_default_stand_in_the_manual);
	tcase_add_test(tc, each_default_is_good);
	tcase_add_test(tc, the_installed_file_is_good_as_it_is);
	tcase_add_test(tc, a_slip_is_understood);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

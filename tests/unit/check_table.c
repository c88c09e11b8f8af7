/* unit/check_table.c - tables from files, databases and memory files. */
#include "tests/unit/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table/bdb.h"
#include "table/image.h"
#include "table/table.h"

static char folder[] = "/tmp/check_table.XXXXXX";
static char where[300];

static const char *
path_of(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* A file of that content; "file:PATH" is returned. */
static const char *
write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	(void)snprintf(where, sizeof(where), "file:%s", path_of(name));
	return where;
}

static struct table *
load(const char *text)
{
	struct why why = { "" };
	struct table *t = table_load(write_file("t", text), &why);

	ck_assert_msg(t != NULL, "%s", why.text);
	return t;
}

START_TEST(keys_are_found_whatever_their_case)
{
	struct table *t = load("Info@Example.org: a, B\nbob\n");
	struct slice value;

	ck_assert_uint_eq(table_count(t), 2);
	ck_assert(table_get(t, SLICE("info@EXAMPLE.org"), &value));
	ck_assert(slice_is(value, "a, B"));
	ck_assert(table_get(t, SLICE("BOB"), &value));
	ck_assert_uint_eq(value.n, 0);
	ck_assert(!table_get(t, SLICE("bo"), &value));
	ck_assert(!table_get(t, SLICE(""), &value));
	table_free(&t);
	ck_assert_ptr_null(t);
}
END_TEST

/* clang-format off */
static const struct {
	const char *local;
	char separator;
	const char *want; /* NULL: not there */
} addresses[] = {
	{ "bob+tag",	'+',	"tagged" },	/* the most exact one */
	{ "bob+other",	'+',	"bob" },
	{ "bob-other",	'-',	"bob" },
	{ "bob+other",	'\0',	"domain" },
	{ "bob",	'+',	"bob" },
	{ "+bob",	'+',	"domain" },
	{ "root",	'+',	"bare" },
	{ "root+x",	'+',	"bare" },
	{ "nobody",	'+',	"domain" },
	{ "",		'+',	"domain" },
};
/* clang-format on */

START_TEST(an_address_is_looked_up_from_the_most_exact_key_on)
{
	struct table *t = load("bob+tag@x.example: tagged\n"
			       "bob@x.example: bob\n"
			       "bob: wrong\n"
			       "root: bare\n"
			       "@x.example: domain\n");
	struct slice value = SLICE_NONE;

	ck_assert(table_get_address(t, slice_of(addresses[_i].local),
	    SLICE("X.example"), addresses[_i].separator, &value));
	ck_assert_msg(slice_is(value, addresses[_i].want), "%.*s",
	    SLICE_ARGS(value));
	ck_assert(!table_get_address(t, SLICE("alice"), SLICE("y.example"), '+',
	    &value));
	table_free(&t);
}
END_TEST

START_TEST(an_address_of_any_length_is_no_harm)
{
	static char longest[5000];
	struct table *t = load("a: b\n");
	struct slice value;

	memset(longest, 'a', sizeof(longest));
	for (size_t n = 1000; n <= sizeof(longest); n += 3)
		ck_assert(!table_get_address(t, slice_from(longest, n),
		    slice_from(longest, n), 'a', &value));
	table_free(&t);
}
END_TEST

START_TEST(a_mistake_names_the_file_and_the_line)
{
	struct why why = { "" };
	char want[300];

	ck_assert_ptr_null(table_load(write_file("bad", "a: b\nc d\n"), &why));
	(void)snprintf(want, sizeof(want), "%s:2: \"c d\"", path_of("bad"));
	ck_assert_msg(strstr(why.text, want) == why.text, "%s", why.text);

	ck_assert_ptr_null(
	    table_load(write_file("bad", "a: b\n\nA: c\n"), &why));
	(void)snprintf(want, sizeof(want), "%s:3: \"a\" stands in line 1",
	    path_of("bad"));
	ck_assert_msg(strstr(why.text, want) == why.text, "%s", why.text);

	ck_assert_ptr_null(table_load("file:/nonexistent/x", &why));
	ck_assert_str_eq(why.text, "/nonexistent/x: No such file or directory");
	ck_assert_ptr_null(table_load("file:/dev/zero", &why));
	ck_assert_ptr_null(table_load("file:/", &why));
	ck_assert_ptr_null(table_load("mysql:x", &why));
	ck_assert_msg(strstr(why.text, "\"file:PATH\"") != NULL, "%s",
	    why.text);
}
END_TEST

START_TEST(a_key_twice_with_the_same_value_counts_once)
{
	struct table *t = load("a\nA\na\nb: c\nb: c\n");

	ck_assert_uint_eq(table_count(t), 2);
	table_free(&t);
}
END_TEST

static void
add_number(struct slice key, struct slice value, void *arg)
{
	unsigned *next = arg;
	char want[32];

	(void)snprintf(want, sizeof(want), "user%u@example.org", *next);
	ck_assert(slice_is(key, want));
	(void)snprintf(want, sizeof(want), "%u", *next);
	ck_assert(slice_is(value, want));
	(*next)++;
}

START_TEST(a_large_table_keeps_all_and_its_order)
{
	FILE *f = fopen(path_of("large"), "w");
	struct table *t;
	struct slice value;
	struct why why = { "" };
	unsigned next = 0;
	char text[64];

	for (unsigned i = 0; i < 50000; i++)
		(void)fprintf(f, "user%u@example.org: %u\n", i, i);
	(void)fclose(f);
	(void)snprintf(where, sizeof(where), "file:%s", path_of("large"));
	t = table_load(where, &why);
	ck_assert_ptr_nonnull(t);
	table_each(t, add_number, &next);
	ck_assert_uint_eq(next, 50000);
	for (unsigned i = 0; i < 50000; i += 7) {
		(void)snprintf(text, sizeof(text), "USER%u@example.org", i);
		ck_assert(table_get(t, slice_of(text), &value));
		(void)snprintf(text, sizeof(text), "%u", i);
		ck_assert(slice_is(value, text));
	}
	table_free(&t);
}
END_TEST

START_TEST(another_process_maps_the_same_image)
{
	struct table *t = load("a: b\n");
	struct table *copy = table_from_image(dup(table_image(t)), "file:x");
	struct slice value;

	table_free(&t);
	ck_assert_ptr_nonnull(copy);
	ck_assert_str_eq(table_where(copy), "file:x");
	ck_assert(table_get(copy, SLICE("a"), &value));
	ck_assert(slice_is(value, "b"));
	table_free(&copy);
}
END_TEST

START_TEST(a_descriptor_that_is_no_sealed_image_is_refused)
{
	struct table *t = load("a: b\n");
	int fd = memfd_create("unsealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char bytes[4096];
	ssize_t n = pread(table_image(t), bytes, sizeof(bytes), 0);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(write(fd, bytes, (size_t)n), n);
	ck_assert_ptr_null(table_from_image(fd, "file:x"));
	ck_assert_ptr_null(
	    table_from_image(open("/dev/null", O_RDONLY), "file:x"));
	ck_assert_int_eq(pwrite(table_image(t), "x", 1, 0), -1);
	table_free(&t);
}
END_TEST

START_TEST(a_source_that_changes_is_stale)
{
	struct table *t = load("a: b\n");
	struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };

	ck_assert(!table_is_stale(t));
	ck_assert_int_eq(utimensat(AT_FDCWD, path_of("t"), times, 0), 0);
	ck_assert(table_is_stale(t));
	ck_assert_int_eq(unlink(path_of("t")), 0);
	ck_assert(table_is_stale(t));
	table_free(&t);
}
END_TEST

START_TEST(a_database_is_built_and_read_like_the_text)
{
	struct why why = { "" };
	struct table *t;
	struct slice value;
	uint64_t count = 0;
	char text_path[256], db_path[256];
	struct stat st;

	(void)write_file("aliases", "info@example.org: a, b\nempty\n");
	(void)snprintf(text_path, sizeof(text_path), "%s", path_of("aliases"));
	(void)snprintf(db_path, sizeof(db_path), "%s", path_of("aliases.db"));
	ck_assert_int_eq(chmod(text_path, 0640), 0);
	for (int again = 0; again < 2; again++)
		ck_assert_msg(bdb_build(text_path, db_path, &count, &why) == 0,
		    "%s", why.text);
	ck_assert_uint_eq(count, 2);
	ck_assert_int_eq(stat(db_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);

	(void)snprintf(where, sizeof(where), "db:%s", db_path);
	t = table_load(where, &why);
	ck_assert_msg(t != NULL, "%s", why.text);
	ck_assert_uint_eq(table_count(t), 2);
	ck_assert(table_get(t, SLICE("Info@example.org"), &value));
	ck_assert(slice_is(value, "a, b"));
	ck_assert(!table_is_stale(t));
	table_free(&t);

	(void)write_file("aliases", "info@example.org: a, b\nx y\n");
	ck_assert_int_ne(bdb_build(text_path, db_path, &count, &why), 0);
	(void)snprintf(where, sizeof(where), "db:%s", db_path);
	t = table_load(where, &why);
	ck_assert_ptr_nonnull(t); /* the old one is still there */
	table_free(&t);

	(void)snprintf(where, sizeof(where), "db:%s", text_path);
	ck_assert_ptr_null(table_load(where, &why));
}
END_TEST

START_TEST(the_passwd_database_is_a_table)
{
	struct why why = { "" };
	struct table *t = table_load("system", &why);
	struct slice value;

	ck_assert_msg(t != NULL, "%s", why.text);
	ck_assert(table_get(t, SLICE("root"), &value));
	ck_assert(slice_starts(value, "0:0:/"));
	ck_assert(!table_is_stale(t));
	table_free(&t);
}
END_TEST

START_TEST(a_damaged_image_is_refused_or_answers_from_inside)
{
	struct image_maker *m = image_maker_new();
	struct image image;
	struct buf b;
	struct slice value;
	uint32_t line;

	ck_assert_int_eq(image_maker_add(m, SLICE("key"), SLICE("value"), 1,
			     NULL),
	    0);
	buf_init(&b, 4096);
	ck_assert_int_eq(image_maker_finish(m, &b, &line, NULL), 0);
	image_maker_free(&m);
	ck_assert(image_open(buf_slice(&b), &image));
	for (size_t n = 0; n < b.n; n++)
		ck_assert(!image_open(slice_from(b.p, n), &image));
	for (size_t i = 0; i < b.n * 8; i++) {
		b.p[i / 8] ^= (char)(1 << (i % 8));
		if (image_open(buf_slice(&b), &image))
			(void)image_get(&image, SLICE("key"), &value);
		b.p[i / 8] ^= (char)(1 << (i % 8));
	}
	buf_done(&b);
}
END_TEST

static void
make_folder(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
remove_folder(void)
{
	static const char *const names[] = { "t", "bad", "large", "aliases",
		"aliases.db" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(path_of(names[i]));
	(void)rmdir(folder);
}

int
main(void)
{
	Suite *suite = suite_create("table");
	TCase *tc = tcase_create("table");

	tcase_add_unchecked_fixture(tc, make_folder, remove_folder);
	tcase_add_test(tc, keys_are_found_whatever_their_case);
	tcase_add_loop_test(tc,
	    an_address_is_looked_up_from_the_most_exact_key_on, 0,
	    sizeof(addresses) / sizeof(addresses[0]));
	tcase_add_test(tc, an_address_of_any_length_is_no_harm);
	tcase_add_test(tc, a_mistake_names_the_file_and_the_line);
	tcase_add_test(tc, a_key_twice_with_the_same_value_counts_once);
	tcase_add_test(tc, a_large_table_keeps_all_and_its_order);
	tcase_add_test(tc, another_process_maps_the_same_image);
	tcase_add_test(tc, a_descriptor_that_is_no_sealed_image_is_refused);
	tcase_add_test(tc, a_source_that_changes_is_stale);
	tcase_add_test(tc, a_database_is_built_and_read_like_the_text);
	tcase_add_test(tc, the_passwd_database_is_a_table);
	tcase_add_test(tc, a_damaged_image_is_refused_or_answers_from_inside);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

/* unit/check_maildir.c - what maildir delivery leaves on the disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/run.h"

#include "agent/maildir.h"
#include "agent/reply.h"

static char root[] = "/tmp/check_maildir.XXXXXX";
static char path[256];

static void
setup(void)
{
	(void)umask(077);
	memcpy(root + sizeof(root) - 7, "XXXXXX", 6);
	ck_assert_ptr_nonnull(mkdtemp(root));
	(void)snprintf(path, sizeof(path), "%s/a/b/Maildir", root);
}

static void
teardown(void)
{
	char command[64];

	(void)snprintf(command, sizeof(command), "rm -rf '%s'", root);
	ck_assert_int_eq(system(command), 0);
}

/* How many files are there; the name of the last one. */
static int
files_in(const char *sub, char *name, size_t size)
{
	char dir_path[512];
	struct dirent *entry;
	DIR *dir;
	int n = 0;

	(void)snprintf(dir_path, sizeof(dir_path), "%s/%s", path, sub);
	dir = opendir(dir_path);
	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.') {
			n++;
			if (name != NULL)
				slice_to_cstr(slice_of(entry->d_name), name,
				    size);
		}
	closedir(dir);
	return n;
}

static int
content_file(const char *text, size_t n)
{
	char name[128];
	int fd;

	(void)snprintf(name, sizeof(name), "%s/content", root);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	return fd;
}

START_TEST(header_and_parts_stand_in_new_under_a_name_with_the_size)
{
	static const char text[] = "xxSubject: a\n\nyyybody\nzz";
	int fd = content_file(text, sizeof(text) - 1);
	const struct maildir_part parts[] = { { fd, 2, 12 }, { fd, 17, 5 } };
	static const char want[] = "Return-Path: <>\nSubject: a\n\nbody\n";
	char name[300], file[800], got[256] = "";
	struct why why;
	struct stat st;
	int in;

	ck_assert_int_eq(maildir_deliver(path, slice_of("Return-Path: <>\n"),
			     parts, 2, &why),
	    0);
	ck_assert_int_eq(files_in("tmp", NULL, 0), 0);
	ck_assert_int_eq(files_in("cur", NULL, 0), 0);
	ck_assert_int_eq(files_in("new", name, sizeof(name)), 1);
	ck_assert(slice_ends_nocase(slice_of(name), ",S=33"));
	ck_assert(!slice_has(slice_of(name), ':'));
	(void)snprintf(file, sizeof(file), "%s/new/%s", path, name);
	in = open(file, O_RDONLY);
	ck_assert_int_eq(read(in, got, sizeof(got) - 1), 33);
	ck_assert_str_eq(got, want);
	ck_assert_int_eq(fstat(in, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0700);
	close(in);
	close(fd);
}
END_TEST

START_TEST(a_hundred_deliveries_are_a_hundred_files)
{
	int fd = content_file("x\n", 2);
	const struct maildir_part part = { fd, 0, 2 };
	struct why why;

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(maildir_deliver(path, SLICE_NONE, &part, 1,
				     &why),
		    0);
	ck_assert_int_eq(files_in("new", NULL, 0), 100);
	ck_assert_int_eq(files_in("tmp", NULL, 0), 0);
	close(fd);
}
END_TEST

START_TEST(content_that_is_too_short_leaves_nothing)
{
	int fd = content_file("short", 5);
	const struct maildir_part part = { fd, 0, 6 };
	struct why why;

	ck_assert_int_lt(maildir_deliver(path, SLICE_NONE, &part, 1, &why), 0);
	ck_assert_int_eq(files_in("new", NULL, 0), 0);
	ck_assert_int_eq(files_in("tmp", NULL, 0), 0);
	ck_assert_ptr_nonnull(strstr(why.text, path));
	close(fd);
}
END_TEST

START_TEST(a_link_in_place_of_new_is_not_followed)
{
	int fd = content_file("x\n", 2);
	const struct maildir_part part = { fd, 0, 2 };
	char link_path[512], elsewhere[256];
	struct why why;

	ck_assert_int_eq(maildir_deliver(path, SLICE_NONE, &part, 1, &why), 0);
	(void)snprintf(link_path, sizeof(link_path),
	    "rm -r '%s/new' && mkdir '%s/elsewhere'", path, root);
	ck_assert_int_eq(system(link_path), 0);
	(void)snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", root);
	(void)snprintf(link_path, sizeof(link_path), "%s/new", path);
	ck_assert_int_eq(symlink(elsewhere, link_path), 0);
	ck_assert_int_lt(maildir_deliver(path, SLICE_NONE, &part, 1, &why), 0);
	ck_assert_int_eq(rmdir(elsewhere), 0); /* it is still empty */
	close(fd);
}
END_TEST

START_TEST(a_file_where_the_maildir_should_be_is_trouble)
{
	int fd = content_file("x\n", 2);
	const struct maildir_part part = { fd, 0, 2 };
	char file[128];
	struct why why;
	int rc;

	(void)snprintf(file, sizeof(file), "%s/content", root);
	rc = maildir_deliver(file, SLICE_NONE, &part, 1, &why);
	ck_assert_int_eq(rc, -ENOTDIR);
	ck_assert_uint_eq(agent_reply_for(rc).code, 450);
	close(fd);
}
END_TEST

START_TEST(every_trouble_has_a_temporary_reply_of_its_code)
{
	for (int rc = -150; rc < 0; rc++) {
		struct agent_reply reply = agent_reply_for(rc);
		char code[16];

		ck_assert(reply.code == 450 || reply.code == 452);
		(void)snprintf(code, sizeof(code), "%u 4.", reply.code);
		ck_assert(slice_starts(slice_of(reply.text), code));
	}
	ck_assert_uint_eq(agent_reply_for(0).code, 250);
	ck_assert_uint_eq(agent_reply_for(-ENOSPC).code, 452);
	ck_assert_uint_eq(agent_reply_for(-EDQUOT).code, 452);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("maildir");
	TCase *tc = tcase_create("maildir");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc,
	    header_and_parts_stand_in_new_under_a_name_with_the_size);
	tcase_add_test(tc, a_hundred_deliveries_are_a_hundred_files);
	tcase_add_test(tc, content_that_is_too_short_leaves_nothing);
	tcase_add_test(tc, a_link_in_place_of_new_is_not_followed);
	tcase_add_test(tc, a_file_where_the_maildir_should_be_is_trouble);
	tcase_add_test(tc, every_trouble_has_a_temporary_reply_of_its_code);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

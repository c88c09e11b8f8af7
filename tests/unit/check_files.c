/* unit/check_files.c - files are read within bounds and replaced whole. */
#include "tests/unit/run.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "io/files.h"

static char folder[64], path[128];

static void
set_up(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_files.%d",
	    (int)getpid());
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/file", folder);
}

static void
tear_down(void)
{
	(void)unlink(path);
	(void)chmod(folder, 0700);
	ck_assert_int_eq(rmdir(folder), 0);
}

START_TEST(a_replaced_file_has_the_new_content_and_mode_and_nothing_beside)
{
	struct buf b;
	struct stat st;

	set_up();
	ck_assert_int_eq(file_replace(path, 0644, slice_of("old")), 0);
	ck_assert_int_eq(file_replace(path, 0600, slice_of("new one")), 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	buf_init(&b, 100);
	ck_assert_int_eq(file_read(path, &b), 0);
	ck_assert_str_eq(buf_cstr(&b), "new one");
	buf_done(&b);
	tear_down();
}
END_TEST

START_TEST(a_file_over_the_bound_is_refused)
{
	struct buf b;

	set_up();
	ck_assert_int_eq(file_replace(path, 0600, slice_of("0123456789")), 0);
	buf_init(&b, 9);
	ck_assert_int_eq(file_read(path, &b), -EFBIG);
	buf_done(&b);
	buf_init(&b, 10);
	ck_assert_int_eq(file_read(path, &b), 0);
	buf_done(&b);
	tear_down();
}
END_TEST

START_TEST(a_missing_file_or_folder_is_an_error)
{
	struct buf b;

	set_up();
	buf_init(&b, 9);
	ck_assert_int_eq(file_read(path, &b), -ENOENT);
	ck_assert_int_eq(file_replace("/tmp/no/such/folder/x", 0600,
			     slice_of("")),
	    -ENOENT);
	buf_done(&b);
	tear_down();
}
END_TEST

START_TEST(a_sealed_file_cannot_be_changed_by_anybody)
{
	int fd = file_sealed("test", slice_of("image"));
	struct buf b;

	ck_assert_int_ge(fd, 0);
	ck_assert(file_is_sealed(fd));
	ck_assert_int_eq((int)write(fd, "x", 1), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(ftruncate(fd, 0), -1);
	ck_assert_ptr_eq(mmap(NULL, 5, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			     0),
	    MAP_FAILED);
	buf_init(&b, 10);
	ck_assert_int_eq(file_read_rest(fd, &b), 0);
	ck_assert_str_eq(buf_cstr(&b), "image");
	buf_done(&b);
	ck_assert_int_eq(close(fd), 0);
	fd = memfd_create("open", MFD_ALLOW_SEALING);
	ck_assert(!file_is_sealed(fd));
	ck_assert_int_eq(close(fd), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("files");
	TCase *tc = tcase_create("files");

	tcase_add_test(tc,
	    a_replaced_file_has_the_new_content_and_mode_and_nothing_beside);
	tcase_add_test(tc, a_file_over_the_bound_is_refused);
	tcase_add_test(tc, a_missing_file_or_folder_is_an_error);
	tcase_add_test(tc, a_sealed_file_cannot_be_changed_by_anybody);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

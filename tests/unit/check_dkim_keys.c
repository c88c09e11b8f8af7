/*
 * unit/check_dkim_keys.c - keys that may not sign are errors of main.conf, with
 * file and line.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "dkim_scene.h"
#include "mtad/dkim_keys.h"
#include "run.h"

enum { TEXT_MAX = 4096, PATH_SIZE = 256 };

static char dir[] = "/tmp/check_dkim_keys.XXXXXX";
static struct identity user;
static struct buf errors;

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[PATH_SIZE];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert(fputs(text, f) >= 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void
setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	buf_init(&errors, TEXT_MAX);
	user = (struct identity){ .name = "mtad",
		.uid = geteuid(),
		.gid = getegid() };
}

static void
teardown(void)
{
	char command[PATH_SIZE];

	buf_done(&errors);
	(void)snprintf(command, sizeof(command), "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static void
on_error(const char *message, void *arg)
{
	(void)arg;
	buf_addf(&errors, "%s\n", message);
}

/* One domain with these keys; "@" is the folder. */
static void
check(const char *domain, const char *keys)
{
	struct buf text;
	char path[PATH_SIZE];
	struct conf *conf;

	buf_init(&text, TEXT_MAX);
	buf_addf(&text,
	    "hostname = \"a.example\"\nuser = \"root\"\n\ndkim \"%s\" {\n  keys = { ",
	    domain);
	for (const char *p = keys; *p != '\0'; p++)
		if (*p == '@')
			buf_add_cstr(&text, dir);
		else
			buf_add_char(&text, *p);
	buf_add_cstr(&text, " }\n}\n");
	write_file("main.conf", buf_cstr(&text), 0644);
	(void)snprintf(path, sizeof(path), "%s/main.conf", dir);
	conf = conf_load(path, on_error, NULL);
	ck_assert_msg(conf != NULL, "%s", buf_cstr(&errors));
	dkim_keys_check(conf, &user, &errors);
	conf_unref(&conf);
	buf_done(&text);
}

static void
expect(const char *end)
{
	struct buf want;

	buf_init(&want, TEXT_MAX);
	if (end[0] != '\0')
		buf_addf(&want, "%s/main.conf:5: keys: \"s:%s/k.pem\" %s\n",
		    dir, dir, end);
	ck_assert_str_eq(buf_cstr(&errors), buf_cstr(&want));
	buf_done(&want);
}

/* clang-format off */
static const struct {
	mode_t mode;
	bool group_is_ours;
	const char *error;
} modes[] = {
	{ 0600, true,	"" },
	{ 0400, true,	"" },
	{ 0640, true,	"" },
	{ 0640, false,	"can be read or written by others (mode 0640); 0600 is right" },
	{ 0644, true,	"can be read or written by others (mode 0644); 0600 is right" },
	{ 0602, true,	"can be read or written by others (mode 0602); 0600 is right" },
};
/* clang-format on */

START_TEST(a_key_is_for_nobody_else)
{
	write_file("k.pem", scene_rsa_pem, modes[_i].mode);
	user.gid = modes[_i].group_is_ours ? getegid() : getegid() + 1;
	check("b.example", "\"s:@/k.pem\"");
	expect(modes[_i].error);
}
END_TEST

START_TEST(two_keys_of_two_kinds_are_good)
{
	write_file("k.pem", scene_rsa_pem, 0600);
	write_file("e.pem", scene_ed25519_pem, 0600);
	check("b.example", "\"s:@/k.pem\", \"e.2026:@/e.pem\"");
	expect("");
}
END_TEST

START_TEST(what_is_no_key_is_an_error)
{
	write_file("k.pem", "hello\n", 0600);
	check("b.example", "\"s:@/k.pem\"");
	expect("is not a private key in PEM (without a pass phrase)");
}
END_TEST

START_TEST(a_selector_stands_there_once)
{
	write_file("k.pem", scene_rsa_pem, 0600);
	write_file("e.pem", scene_ed25519_pem, 0600);
	check("b.example", "\"s:@/e.pem\", \"s:@/k.pem\"");
	expect("has a selector that stands there twice");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dkim_keys");
	TCase *t = tcase_create("dkim_keys");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, a_key_is_for_nobody_else, 0,
	    sizeof(modes) / sizeof(modes[0]));
	tcase_add_test(t, two_keys_of_two_kinds_are_good);
	tcase_add_test(t, what_is_no_key_is_an_error);
	tcase_add_test(t, a_selector_stands_there_once);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return run_suite(suite());
}

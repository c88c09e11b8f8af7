/*
 * mtactl/user.c - logins in the file that auth.users names. The other logins'
 * keys are never looked at; the file is replaced as a whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "conf/source.h"
#include "conf/type.h"
#include "io/files.h"
#include "mtactl/secret.h"
#include "mtactl/user_file.h"
#include "mtactl/verbs.h"
#include "table/table.h"

enum { USERS_FILE_MAX = 1 << 30, PATH_SIZE = 4096, ENTRY_MAX = 2048 };

static void
show_error(const char *message, void *arg)
{
	(void)arg;
	(void)ctl_fail("%s", message);
}

/* The value of auth.users; the file need not be there yet. */
static bool
find_users(const struct ctl *ctl, char out[PATH_SIZE])
{
	struct conf_errors errors = { .fn = show_error };
	const struct conf_section *auth = conf_section_find("auth");
	struct conf_source *src = conf_source_read(ctl->conf_path, &errors);
	struct strings words = { 0 };
	bool found;

	if (src == NULL)
		return false;
	found = conf_source_words(src, auth, 0, conf_key_find(auth, "users"),
		    &words) &&
	    words.n == 1 && strncmp(words.v[0], "file:/", 6) == 0 &&
	    slice_to_cstr(slice_of(words.v[0]), out, PATH_SIZE);
	if (!found)
		(void)
		    ctl_fail("%s: auth.users is no file; write auth { users = "
			     "\"file:/PATH\" }",
			conf_source_place(src, auth, 0, "users"));
	strings_done(&words);
	conf_source_free(&src);
	return found;
}

/* The file's text; one that is not there is empty. */
static int
read_users(const char *path, struct buf *text, struct stat *st)
{
	int rc = 0;

	buf_init(text, USERS_FILE_MAX);
	*st = (struct stat){ .st_mode = 0600,
		.st_uid = geteuid(),
		.st_gid = getegid() };
	if (stat(path, st) == -1)
		return errno == ENOENT ? 0 : -errno;
	rc = file_read(path, text);
	return rc;
}

static int
write_users(const char *path, const struct stat *like, struct slice text)
{
	/* Nobody but the owner and his group is to read hashes. */
	int rc = file_replace(path, like->st_mode & 0640, text);

	if (rc == 0 && geteuid() == 0 &&
	    chown(path, like->st_uid, like->st_gid) == -1)
		rc = -errno;
	return rc;
}

/* What an edit may meet. */
enum expected { NEW_LOGIN, OLD_LOGIN };

static int
edit(struct ctl *ctl, enum expected expected, const struct slice *value,
    const char *done)
{
	struct slice login = slice_of(ctl->words[0]);
	char where[PATH_SIZE];
	const char *path = where + strlen("file:");
	struct buf text, out;
	struct stat st;
	int rc;
	bool found;

	if (!find_users(ctl, where))
		return CTL_FAILED;
	rc = read_users(path, &text, &st);
	buf_init(&out, USERS_FILE_MAX);
	if (rc != 0) {
		(void)ctl_fail("%s: %s", path, err_text(rc));
		goto out;
	}
	found = user_file_edit(buf_slice(&text), login, value, &out);
	if (found != (expected == OLD_LOGIN)) {
		rc = ctl_fail("%s: %s %s", path, ctl->words[0],
		    found ? "is there already; change it by user passwd"
			  : "is not there");
		goto out;
	}
	rc = write_users(path, &st, buf_slice(&out));
	if (rc != 0)
		(void)ctl_fail("%s: %s", path, err_text(rc));
	else if (!ctl->json)
		(void)printf("%s: %s\n", ctl->words[0], done);
	else
		(void)puts("{\"done\":true}");
out:
	buf_wipe(&text);
	buf_wipe(&out);
	return rc == 0 ? CTL_DONE : CTL_FAILED;
}

/* Asks for the password, then edits. */
static int
set_password(struct ctl *ctl, enum expected expected, const char *done)
{
	char password[SECRET_MAX + 1];
	struct why why = { "" };
	struct slice value;
	struct buf keys;
	int rc = CTL_FAILED;

	if (!user_file_login_is_good(slice_of(ctl->words[0])))
		return ctl_fail(
		    "\"%s\" can't be a login: no colon, white space, "
		    "quote or # in front",
		    ctl->words[0]);
	if (!secret_ask(password, &why))
		return ctl_fail("%s", why.text);
	buf_init(&keys, ENTRY_MAX);
	if (!secret_keys(password, &keys, &why)) {
		(void)ctl_fail("%s", why.text);
	} else {
		value = buf_slice(&keys);
		rc = edit(ctl, expected, &value, done);
	}
	explicit_bzero(password, sizeof(password));
	buf_done(&keys);
	return rc;
}

int
do_user_add(struct ctl *ctl)
{
	return set_password(ctl, NEW_LOGIN, "added");
}

int
do_user_passwd(struct ctl *ctl)
{
	return set_password(ctl, OLD_LOGIN, "has a new password");
}

int
do_user_remove(struct ctl *ctl)
{
	return edit(ctl, OLD_LOGIN, NULL, "removed");
}

/* Which kinds of keys an entry has, for people. */
static void
show_user(struct slice key, struct slice value, void *arg)
{
	struct json *list = arg;
	bool scram = slice_find_str(value, SLICE("SCRAM-SHA-256$")) < value.n;
	bool hash = !slice_starts(value, "SCRAM-");

	if (list != NULL) {
		json_item(list, key);
		return;
	}
	ctl_column(key, 30);
	(void)printf("%s%s%s\n", hash ? "hash" : "", hash && scram ? ", " : "",
	    scram ? "scram" : "");
}

int
do_user_list(struct ctl *ctl)
{
	char where[PATH_SIZE];
	struct why why = { "" };
	struct table *t;
	struct json list;
	struct buf out;

	if (!find_users(ctl, where))
		return CTL_FAILED;
	t = table_load(where, &why);
	if (t == NULL)
		return ctl_fail("%s", why.text);
	if (ctl->json) {
		buf_init(&out, USERS_FILE_MAX);
		json_begin(&list, &out);
		json_list(&list, "users");
		table_each(t, show_user, &list);
		json_list_end(&list);
		json_end(&list);
		(void)puts(buf_cstr(&out));
		buf_done(&out);
	} else {
		table_each(t, show_user, NULL);
	}
	table_free(&t);
	return CTL_DONE;
}

/*
 * table/bdb.c - reading a Berkeley DB file whole, and making one. The only
 * file of this room that knows db.h; no look-up ever comes here.
 */
#include "table/bdb.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "table/image.h"
#include "table/table.h"

enum { PATH_SIZE = 4096 };

/* Berkeley DB gives errno values, or negative codes of its own. */
static int
rc_from_db(int db_rc, const char *path, struct why *why)
{
	why_set(why, "%s: %s", path, db_strerror(db_rc));
	return db_rc > 0 ? -db_rc : -EINVAL;
}

static struct slice
slice_from_dbt(const DBT *t)
{
	struct slice s = slice_from(t->data, t->size);

	if (s.n > 0 && s.p[s.n - 1] == '\0')
		s.n--;
	return s;
}

static int
read_all(DB *db, const char *path, bdb_entry_fn *each, void *arg,
    struct why *why)
{
	DBC *cursor;
	DBT key = { 0 };
	DBT value = { 0 };
	DBTYPE type;
	int rc = db->get_type(db, &type);

	if (rc == 0 && type != DB_HASH && type != DB_BTREE) {
		why_set(why, "%s: a table is a hash or a btree", path);
		return -EINVAL;
	}
	if (rc == 0)
		rc = db->cursor(db, NULL, &cursor, 0);
	if (rc != 0)
		return rc_from_db(rc, path, why);
	while ((rc = cursor->get(cursor, &key, &value, DB_NEXT)) == 0) {
		struct slice k = slice_from_dbt(&key);

		/* An empty key can be no address; Postfix writes "@" "@". */
		if (k.n == 0)
			continue;
		rc = each(k, slice_from_dbt(&value), why, arg);
		if (rc != 0)
			break;
	}
	(void)cursor->close(cursor);
	if (rc == DB_NOTFOUND)
		return 0;
	/* each() has set the reason already. */
	return rc > 0 || rc <= -30000 ? rc_from_db(rc, path, why) : rc;
}

int
bdb_read(const char *path, bdb_entry_fn *each, void *arg, struct why *why)
{
	DB *db;
	int rc = db_create(&db, NULL, 0);

	if (rc != 0)
		return rc_from_db(rc, path, why);
	/* Its own words would go to standard error. */
	db->set_errfile(db, NULL);
	db->set_errcall(db, NULL);
	rc = db->open(db, NULL, path, NULL, DB_UNKNOWN, DB_RDONLY, 0);
	if (rc != 0)
		rc = rc_from_db(rc, path, why);
	else
		rc = read_all(db, path, each, arg, why);
	(void)db->close(db, DB_NOSYNC);
	return rc;
}

struct building {
	DB *db;
	const char *path;
	struct why *why;
	int rc;
};

static void
put(struct slice key, struct slice value, void *arg)
{
	struct building *b = arg;
	union {
		const char *in;
		void *out;
	} k = { .in = key.p }, v = { .in = value.p };
	DBT db_key = { .data = k.out, .size = (uint32_t)key.n };
	DBT db_value = { .data = v.out, .size = (uint32_t)value.n };
	int rc;

	if (b->rc != 0)
		return;
	rc = b->db->put(b->db, NULL, &db_key, &db_value, 0);
	if (rc != 0)
		b->rc = rc_from_db(rc, b->path, b->why);
}

static int
write_new(const struct table *from, const char *path, struct why *why)
{
	struct building b = { .path = path, .why = why };
	int rc = db_create(&b.db, NULL, 0);

	if (rc != 0)
		return rc_from_db(rc, path, why);
	b.db->set_errfile(b.db, NULL);
	b.db->set_errcall(b.db, NULL);
	rc = b.db->open(b.db, NULL, path, NULL, DB_HASH, DB_CREATE | DB_EXCL,
	    0600);
	if (rc != 0) {
		(void)b.db->close(b.db, DB_NOSYNC);
		return rc_from_db(rc, path, why);
	}
	table_each(from, put, &b);
	rc = b.db->close(b.db, 0); /* writes and syncs */
	if (b.rc == 0 && rc != 0)
		b.rc = rc_from_db(rc, path, why);
	return b.rc;
}

/* The mode and, where we may, the owner of what it is made from. */
static int
dress(const char *like, const char *path)
{
	struct stat st;

	if (stat(like, &st) == -1)
		return -errno;
	/* Only root may give files away; the mode is what matters. */
	if (chown(path, st.st_uid, st.st_gid) == -1 && errno != EPERM)
		return -errno;
	return chmod(path, st.st_mode & 0777) == -1 ? -errno : 0;
}

int
bdb_build(const char *text_path, const char *path, uint64_t *count,
    struct why *why)
{
	char where[PATH_SIZE];
	char beside[PATH_SIZE];
	struct table *from;
	int rc;

	if (snprintf(where, sizeof(where), "file:%s", text_path) >=
		(int)sizeof(where) ||
	    snprintf(beside, sizeof(beside), "%s.%ld.new", path,
		(long)getpid()) >= (int)sizeof(beside)) {
		why_set(why, "%s: %s", path, err_text(-ENAMETOOLONG));
		return -ENAMETOOLONG;
	}
	from = table_load(where, why);
	if (from == NULL)
		return -EINVAL;
	(void)unlink(beside);
	rc = write_new(from, beside, why);
	if (rc == 0) {
		rc = dress(text_path, beside);
		if (rc == 0 && rename(beside, path) == -1)
			rc = -errno;
		if (rc != 0)
			why_set(why, "%s: %s", path, err_text(rc));
	}
	if (rc != 0)
		(void)unlink(beside);
	else
		*count = table_count(from);
	table_free(&from);
	return rc;
}

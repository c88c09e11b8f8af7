/*
 * state/state.c - one Berkeley DB environment, in this process's own memory,
 * with a log on disk that brings back what a crash cut off.
 *
 * DB_PRIVATE keeps all locks out of shared memory, so that nothing of an
 * earlier life can hang us; DB_RECOVER at each start replays the log. Nobody
 * else opens these files.
 */
#include "state/state.h"

#include <sys/stat.h>

#include <db.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "base/log.h"

enum {
	PATH_SIZE = 4096,
	CACHE_SIZE = 8 << 20,
	LOG_SIZE = 4 << 20,
	CHECKPOINT_KBYTES = 256,
	COUNT_SIZE = 8,
};

struct state {
	DB_ENV *env;
	DB *tables[STATE_TABLES];
};

static const char *const file_names[STATE_TABLES] = {
	[STATE_STS] = "sts.db",
	[STATE_TLSRPT] = "tlsrpt.db",
	[STATE_DMARC] = "dmarc.db",
	[STATE_SITES] = "sites.db",
	[STATE_REPORTS] = "reports.db",
	[STATE_OAUTH] = "oauth.db",
	[STATE_SOURCES] = "sources.db",
};

/* Berkeley DB gives errno values, or negative codes of its own. */
static int
rc_from_db(int db_rc)
{
	if (db_rc == 0)
		return 0;
	if (db_rc == DB_NOTFOUND)
		return -ENOENT;
	return db_rc > 0 ? -db_rc : ERR_CORRUPT;
}

static void
on_db_error(const DB_ENV *env, const char *prefix, const char *message)
{
	(void)env;
	(void)prefix;
	log_warning("state trouble why=\"%s\"", message);
}

static int
open_tables(struct state *s)
{
	for (int i = 0; i < STATE_TABLES; i++) {
		int rc = db_create(&s->tables[i], s->env, 0);

		if (rc == 0)
			rc = s->tables[i]->open(s->tables[i], NULL,
			    file_names[i], NULL, DB_BTREE,
			    DB_CREATE | DB_AUTO_COMMIT, 0600);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
open_all(struct state *s, const char *dir)
{
	int rc = db_env_create(&s->env, 0);

	if (rc != 0)
		return rc;
	s->env->set_errcall(s->env, on_db_error);
	rc = s->env->set_cachesize(s->env, 0, CACHE_SIZE, 1);
	if (rc == 0)
		rc = s->env->set_lg_max(s->env, LOG_SIZE);
	if (rc == 0)
		rc = s->env->log_set_config(s->env, DB_LOG_AUTO_REMOVE, 1);
	if (rc == 0)
		rc = s->env->set_flags(s->env, DB_TXN_WRITE_NOSYNC, 1);
	if (rc == 0)
		rc = s->env->open(s->env, dir,
		    DB_CREATE | DB_PRIVATE | DB_RECOVER | DB_INIT_TXN |
			DB_INIT_LOG | DB_INIT_MPOOL,
		    0600);
	return rc == 0 ? open_tables(s) : rc;
}

static void
close_all(struct state *s)
{
	for (int i = 0; i < STATE_TABLES; i++)
		if (s->tables[i] != NULL)
			(void)s->tables[i]->close(s->tables[i], 0);
	if (s->env != NULL)
		(void)s->env->close(s->env, 0);
	memset(s, 0, sizeof(*s));
}

/*
 * Nearly all in there can be learned again. But where a server takes a replaced
 * refresh token no more, somebody has to enter a new one.
 */
static void
empty_folder(const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			(void)unlinkat(dirfd(d), e->d_name, 0);
	(void)closedir(d);
}

int
state_open(const char *dir, struct state **out, struct why *why)
{
	struct state *s;
	char path[PATH_SIZE];
	int rc;

	if (snprintf(path, sizeof(path), "%s/db", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(path, 0700) == -1 && errno != EEXIST) {
		rc = -errno;
		why_set(why, "%s: %s", path, err_text(rc));
		return rc;
	}
	s = mem_zero(sizeof(*s));
	rc = open_all(s, path);
	if (rc != 0 && rc != EACCES && rc != ENOSPC && rc != EROFS) {
		log_warning("state begun-anew folder=%s why=\"%s\"", path,
		    db_strerror(rc));
		close_all(s);
		empty_folder(path);
		rc = open_all(s, path);
	}
	if (rc != 0) {
		why_set(why, "%s: %s", path, db_strerror(rc));
		close_all(s);
		mem_free(s);
		return rc_from_db(rc);
	}
	*out = s;
	return 0;
}

void
state_close(struct state **state)
{
	struct state *s = *state;

	if (s == NULL)
		return;
	(void)s->env->txn_checkpoint(s->env, 0, 0, 0);
	close_all(s);
	mem_free(s);
	*state = NULL;
}

/* A DBT that points at bytes which Berkeley DB only reads. */
static DBT
dbt_from_slice(struct slice s)
{
	DBT t;
	union {
		const void *in;
		void *out;
	} bytes = { .in = s.p };

	memset(&t, 0, sizeof(t));
	t.data = bytes.out;
	t.size = (u_int32_t)s.n;
	return t;
}

static struct slice
slice_from_dbt(const DBT *t)
{
	return slice_from(t->data, t->size);
}

int
state_put(struct state *s, enum state_table table, struct slice key,
    struct slice value)
{
	DBT k = dbt_from_slice(key), v = dbt_from_slice(value);

	if (key.n > STATE_KEY_MAX || value.n > STATE_VALUE_MAX)
		return ERR_LIMIT;
	return rc_from_db(s->tables[table]->put(s->tables[table], NULL, &k, &v,
	    DB_AUTO_COMMIT));
}

int
state_get(struct state *s, enum state_table table, struct slice key,
    struct buf *value)
{
	DBT k = dbt_from_slice(key), v;
	int rc;

	memset(&v, 0, sizeof(v));
	rc = s->tables[table]->get(s->tables[table], NULL, &k, &v, 0);
	if (rc == 0)
		buf_add(value, slice_from_dbt(&v));
	return rc_from_db(rc);
}

int
state_delete(struct state *s, enum state_table table, struct slice key)
{
	DBT k = dbt_from_slice(key);
	int rc =
	    s->tables[table]->del(s->tables[table], NULL, &k, DB_AUTO_COMMIT);

	return rc == DB_NOTFOUND ? 0 : rc_from_db(rc);
}

static uint64_t
count_from_bytes(const unsigned char bytes[COUNT_SIZE])
{
	uint64_t count = 0;

	for (int i = 0; i < COUNT_SIZE; i++)
		count = count << 8 | bytes[i];
	return count;
}

int
state_count(struct state *s, enum state_table table, struct slice key,
    uint64_t add)
{
	unsigned char bytes[COUNT_SIZE] = { 0 };
	struct buf old;
	uint64_t count = 0;
	int rc;

	buf_init(&old, STATE_VALUE_MAX);
	rc = state_get(s, table, key, &old);
	if (rc == 0 && old.n == COUNT_SIZE) {
		memcpy(bytes, old.p, COUNT_SIZE);
		count = count_from_bytes(bytes);
	}
	buf_done(&old);
	if (rc != 0 && rc != -ENOENT)
		return rc;
	count += add;
	for (int i = COUNT_SIZE; i-- > 0; count >>= 8)
		bytes[i] = (unsigned char)(count & 0xff);
	return state_put(s, table, key, slice_from(bytes, COUNT_SIZE));
}

uint64_t
state_count_value(struct slice value)
{
	unsigned char bytes[COUNT_SIZE];

	if (value.n != COUNT_SIZE)
		return 0;
	memcpy(bytes, value.p, COUNT_SIZE);
	return count_from_bytes(bytes);
}

int
state_each(struct state *s, enum state_table table, struct slice prefix,
    state_fn *fn, void *arg)
{
	DBC *cursor;
	DBT k = dbt_from_slice(prefix), v;
	int rc = s->tables[table]->cursor(s->tables[table], NULL, &cursor, 0);

	if (rc != 0)
		return rc_from_db(rc);
	memset(&v, 0, sizeof(v));
	rc = cursor->get(cursor, &k, &v, DB_SET_RANGE);
	while (rc == 0) {
		struct slice key = slice_from_dbt(&k);

		if (!slice_eq(slice_head(key, prefix.n), prefix) ||
		    !fn(key, slice_from_dbt(&v), arg))
			break;
		rc = cursor->get(cursor, &k, &v, DB_NEXT);
	}
	(void)cursor->close(cursor);
	return rc == DB_NOTFOUND ? 0 : rc_from_db(rc);
}

void
state_sync(struct state *s)
{
	int rc = s->env->log_flush(s->env, NULL);

	if (rc != 0)
		log_warning("state no-sync why=\"%s\"", db_strerror(rc));
}

void
state_checkpoint(struct state *s)
{
	int rc = s->env->txn_checkpoint(s->env, CHECKPOINT_KBYTES, 0, 0);

	if (rc != 0)
		log_warning("state no-checkpoint why=\"%s\"", db_strerror(rc));
}

/*
 * conf/type_file.c - types that name files, which are read right here: tables,
 * certificates, passwords, keys.
 */
#include "conf/field.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/err.h"
#include "mail/address.h"

int
conf_read_file(const char *path, size_t max, struct blob *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	char *bytes;
	size_t n = 0;
	int rc = 0;

	if (fd == -1)
		return -errno;
	if (fstat(fd, &st) == -1)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	bytes = mem_zero(max + 1);
	while (rc == 0 && n <= max) {
		ssize_t got = read(fd, bytes + n, max + 1 - n);

		if (got == -1 && errno != EINTR)
			rc = -errno;
		if (got == 0)
			break;
		if (got > 0)
			n += (size_t)got;
	}
	(void)close(fd);
	if (rc == 0 && n > max)
		rc = -EFBIG;
	if (rc == 0)
		*out = (struct blob){ mem_cstr(slice_of(path)),
			mem_cstr(slice_from(bytes, n)), n };
	mem_free_secret(bytes, max + 1);
	return rc;
}

void
conf_blob_done(struct blob *b)
{
	mem_free(b->path);
	mem_free_secret(b->bytes, b->n);
	*b = (struct blob){ 0 };
}

static bool
read_file(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct blob *field = field_of(key, section);
	struct blob blob;
	int rc;

	(void)conf;
	if (!conf_is_path(word_of(words))) {
		why_set(why, "is no path from / on");
		return false;
	}
	rc = conf_read_file(words->v[0], key->high, &blob);
	if (rc != 0) {
		why_set(why, "can't be read: %s", err_text(rc));
		return false;
	}
	if (blob.n == 0) {
		conf_blob_done(&blob);
		why_set(why, "is an empty file");
		return false;
	}
	conf_blob_done(field);
	*field = blob;
	return true;
}

/*
 * The file that "file:/PATH" names, which `is_good` may refuse; or nothing, for
 * an empty word. Words of another form are not shown: they may be the secret.
 */
static bool
read_secret(const struct conf_key *key, const struct strings *words,
    void *section, bool (*is_good)(struct blob *, struct why *),
    struct why *why)
{
	enum { SECRET_MAX = 4096 };
	struct slice s = word_of(words);
	struct blob blob = { 0 };
	int rc;

	if (s.n > 0 && (!slice_take_prefix(&s, "file:") || !conf_is_path(s))) {
		why_set(why, "is not of the form \"file:/PATH\"");
		return false;
	}
	if (s.n > 0) {
		rc = conf_read_file(s.p, SECRET_MAX, &blob);
		if (rc != 0) {
			why_set(why, "can't be read: %s", err_text(rc));
			return false;
		}
		if (!is_good(&blob, why)) {
			conf_blob_done(&blob);
			return false;
		}
	}
	conf_blob_done(field_of(key, section));
	*(struct blob *)field_of(key, section) = blob;
	return true;
}

/* The first line is it; the others go. */
static bool
is_password(struct blob *blob, struct why *why)
{
	size_t line = strcspn(blob->bytes, "\r\n");

	explicit_bzero(blob->bytes + line, blob->n - line);
	blob->n = line;
	if (line == 0)
		why_set(why, "has no password in its first line");
	return line > 0;
}

static bool
read_password(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	return read_secret(key, words, section, is_password, why);
}

/* Each line but empty ones, and at least one; for us alone to read. */
static bool
are_secrets(struct blob *blob, struct why *why)
{
	enum { SECRET_LEAST = 16 };
	struct slice lines = slice_from(blob->bytes, blob->n);
	bool some = false, all = true;
	struct stat st;

	if (stat(blob->path, &st) == 0 && (st.st_mode & S_IRWXO) != 0) {
		why_set(why, "is open to everybody: chmod o-rwx it");
		return false;
	}
	while (lines.n > 0) {
		struct slice line = slice_trim(slice_take_until(&lines, '\n'));

		all &= line.n == 0 || line.n >= SECRET_LEAST;
		some |= line.n > 0;
	}
	if (!some || !all)
		why_set(why, "needs lines of at least %d octets", SECRET_LEAST);
	return some && all;
}

static bool
read_secrets(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	return read_secret(key, words, section, are_secrets, why);
}

void
conf_blob_put(const struct blob *b, struct buf *out)
{
	conf_put_text(slice_of(b->path), out);
	conf_put_text(slice_from(b->bytes, b->n), out);
}

static void
put_blob(const struct conf_key *key, const void *section, struct buf *out)
{
	conf_blob_put(const_field_of(key, section), out);
}

bool
conf_blob_get(struct slice *in, struct blob *out)
{
	struct slice bytes;

	conf_blob_done(out);
	if (!conf_get_cstr(in, &out->path) || !conf_get_text(in, &bytes))
		return false;
	out->bytes = mem_cstr(bytes);
	out->n = bytes.n;
	return true;
}

static bool
get_file(const struct conf_key *key, void *section, struct slice *in)
{
	return conf_blob_get(in, field_of(key, section));
}

static void
done_file(const struct conf_key *key, void *section)
{
	conf_blob_done(field_of(key, section));
}

/* The number of that table, from 1; loaded unless it is there already. */
static uint32_t
find_or_load(struct conf *conf, const char *where, bool secret, struct why *why)
{
	struct conf_table *slot;
	struct table *table;

	for (size_t i = 0; i < conf->table_count; i++)
		if (strcmp(conf->tables[i].where, where) == 0 &&
		    conf->tables[i].secret == secret)
			return (uint32_t)i + 1;
	table = table_load(where, why);
	if (table == NULL)
		return 0;
	conf->tables = mem_resize(conf->tables, conf->table_count + 1,
	    sizeof(*conf->tables));
	slot = &conf->tables[conf->table_count++];
	*slot = (struct conf_table){ .where = mem_cstr(slice_of(where)),
		.table = table,
		.secret = secret };
	return (uint32_t)conf->table_count;
}

static bool
take_table(struct conf *conf, const char *where, bool secret, uint32_t *out,
    struct why *why)
{
	struct slice path = slice_of(where);
	struct why inner = { "" };

	if (!slice_is(path, "system") &&
	    ((!slice_take_prefix(&path, "file:") &&
		 !slice_take_prefix(&path, "db:")) ||
		!conf_is_path(path))) {
		why_set(why, "is no table like \"file:/PATH\" or \"db:/PATH\"");
		return false;
	}
	*out = find_or_load(conf, where, secret, &inner);
	if (*out == 0)
		why_set(why, "can't be loaded: %s", inner.text);
	return *out != 0;
}

static bool
read_table(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	uint32_t *field = field_of(key, section);

	if (word_of(words).n == 0) {
		*field = 0;
		return true;
	}
	return take_table(conf, words->v[0], false, field, why);
}

static void
put_table(const struct conf_key *key, const void *section, struct buf *out)
{
	const uint32_t *field = const_field_of(key, section);

	conf_put_u64(*field, out);
}

static bool
get_table(const struct conf_key *key, void *section, struct slice *in)
{
	uint32_t *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > UINT32_MAX)
		return false;
	*field = (uint32_t)value;
	return true;
}

static bool
read_users(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct auth_conf *auth = section;
	struct slice s = word_of(words);
	enum auth_backend backend = AUTH_TABLE;
	struct slice where = SLICE_NONE;

	(void)key;
	if (s.n == 0) {
		backend = AUTH_NONE;
	} else if (slice_take_prefix(&s, "pam:")) {
		backend = AUTH_PAM;
		where = s;
		if (s.n == 0 || slice_has(s, '/') || conf_has_control(s)) {
			why_set(why, "is not of the form \"pam:SERVICE\"");
			return false;
		}
	} else if (slice_take_prefix(&s, "dovecot:")) {
		backend = AUTH_DOVECOT;
		where = s;
		if (!conf_is_path(s)) {
			why_set(why, "is not of the form \"dovecot:/SOCKET\"");
			return false;
		}
	} else if (!take_table(conf, words->v[0], true, &auth->users_at, why)) {
		return false;
	}
	auth->backend = backend;
	mem_free(auth->where);
	auth->where = mem_cstr(where);
	return true;
}

/* --- DKIM keys: "SELECTOR:FILE" --- */

static void
done_keys(const struct conf_key *key, void *section)
{
	struct dkim_key_conf **field = field_of(key, section);
	size_t *count = count_of(key, section);

	for (size_t i = 0; i < *count; i++) {
		mem_free((*field)[i].selector);
		conf_blob_done(&(*field)[i].pem);
	}
	mem_free(*field);
	*field = NULL;
	*count = 0;
}

static bool
read_key(const struct conf_key *key, const char *word,
    struct dkim_key_conf *out, struct why *why)
{
	struct slice path = slice_of(word);
	struct slice selector = slice_take_until(&path, ':');
	int rc;

	if (!domain_is_valid(selector, false) || !conf_is_path(path)) {
		why_set(why, "is not of the form \"SELECTOR:/FILE\"");
		return false;
	}
	rc = conf_read_file(path.p, key->high, &out->pem);
	if (rc != 0) {
		why_set(why, "can't be read: %s", err_text(rc));
		return false;
	}
	out->selector = mem_cstr(selector);
	return true;
}

static bool
read_keys(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct dkim_key_conf **field = field_of(key, section);

	(void)conf;
	if (words->n == 0) {
		why_set(why, "is empty; at least one key is needed");
		return false;
	}
	done_keys(key, section);
	*field = mem_array(words->n, sizeof(**field));
	*count_of(key, section) = words->n;
	for (size_t i = 0; i < words->n; i++)
		if (!read_key(key, words->v[i], &(*field)[i], why)) {
			done_keys(key, section);
			return false;
		}
	return true;
}

static void
put_keys(const struct conf_key *key, const void *section, struct buf *out)
{
	struct dkim_key_conf *const *field = const_field_of(key, section);
	size_t n = get_count_of(key, section);

	conf_put_u64(n, out);
	for (size_t i = 0; i < n; i++) {
		const struct dkim_key_conf *k = &(*field)[i];

		conf_put_text(slice_of(k->selector), out);
		conf_put_text(slice_of(k->pem.path), out);
		conf_put_text(slice_from(k->pem.bytes, k->pem.n), out);
	}
}

static bool
get_keys(const struct conf_key *key, void *section, struct slice *in)
{
	struct dkim_key_conf **field = field_of(key, section);
	uint64_t n;

	if (!conf_get_u64(in, &n) || n > in->n / 24)
		return false;
	done_keys(key, section);
	*field = mem_array(n, sizeof(**field));
	*count_of(key, section) = n;
	for (uint64_t i = 0; i < n; i++)
		if (!conf_get_cstr(in, &(*field)[i].selector) ||
		    !conf_blob_get(in, &(*field)[i].pem))
			return false;
	return true;
}

/* Its fields have rows of their own. */
static void
put_users(const struct conf_key *key, const void *section, struct buf *out)
{
	(void)key;
	(void)section;
	(void)out;
}

static bool
get_users(const struct conf_key *key, void *section, struct slice *in)
{
	(void)key;
	(void)section;
	(void)in;
	return true;
}

/* clang-format off */
static const struct conf_type_facts types[] = {
	/*		    list   read		  put		get	     done */
	[CONF_TABLE]	= { false, read_table,	  put_table,	get_table,   NULL },
	[CONF_FILE]	= { false, read_file,	  put_blob,	get_file,    done_file },
	[CONF_PASSWORD]	= { false, read_password, put_blob,	get_file,    done_file },
	[CONF_SECRETS]	= { false, read_secrets,  put_blob,	get_file,    done_file },
	[CONF_KEYS]	= { true,  read_keys,	  put_keys,	get_keys,    done_keys },
	[CONF_USERS]	= { false, read_users,	  put_users,	get_users,   NULL },
};
/* clang-format on */

const struct conf_type_facts *
conf_file_type(enum conf_type type)
{
	if (type >= sizeof(types) / sizeof(types[0]) ||
	    types[type].read == NULL)
		return NULL;
	return &types[type];
}

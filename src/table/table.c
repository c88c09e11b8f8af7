/*
 * table/table.c - a table: where it came from, and its image in memory.
 *
 * Loading blocks and reads files: it belongs into the master and mtactl.
 */
#include "table/table.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/err.h"
#include "table/bdb.h"
#include "table/image.h"
#include "table/memfile.h"
#include "table/text.h"

/* A text table is read whole: a bound against /dev/zero and accidents. */
#define SOURCE_MAX ((size_t)8 << 30)

enum { ADDRESS_KEY_MAX = 1024 };

/* What tells one state of a source from another. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec changed;
};

struct table {
	char *where; /* owned */
	int fd;
	struct slice bytes; /* mapped */
	struct image image;
	struct stamp stamp;
};

static const char passwd_path[] = "/etc/passwd";

static struct stamp
stamp_from(const struct stat *st)
{
	return (
	    struct stamp){ st->st_dev, st->st_ino, st->st_size, st->st_mtim };
}

static bool
stamp_eq(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode &&
	    a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
	    a->changed.tv_nsec == b->changed.tv_nsec;
}

/* --- the three kinds of sources --- */

static int
add_text(struct slice key, struct slice value, uint32_t line, struct why *why,
    void *arg)
{
	return image_maker_add(arg, key, value, line, why);
}

static int
add_bdb(struct slice key, struct slice value, struct why *why, void *arg)
{
	return image_maker_add(arg, key, value, 0, why);
}

static int
read_whole(int fd, struct buf *out)
{
	enum { PIECE = 1 << 16 };

	for (;;) {
		char *room = buf_reserve(out, PIECE);
		ssize_t n;

		if (room == NULL)
			return -EFBIG;
		n = read(fd, room, PIECE);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -errno;
		if (n == 0)
			return 0;
		buf_added(out, (size_t)n);
	}
}

/* Opens a regular file and notes its stamp; the descriptor or -errno. */
static int
open_source(const char *path, struct stamp *stamp)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc = 0;

	if (fd == -1)
		return -errno;
	if (fstat(fd, &st) == -1)
		rc = -errno;
	else if (S_ISDIR(st.st_mode))
		rc = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	*stamp = stamp_from(&st);
	return fd;
}

static int
load_text(const char *path, struct image_maker *maker, struct stamp *stamp,
    uint32_t *line, struct why *why)
{
	struct buf text;
	int fd = open_source(path, stamp);
	int rc;

	if (fd < 0) {
		why_set(why, "%s", err_text(fd));
		return fd;
	}
	buf_init(&text, SOURCE_MAX);
	rc = read_whole(fd, &text);
	(void)close(fd);
	if (rc != 0)
		why_set(why, "%s", err_text(rc));
	else
		rc = text_parse(buf_slice(&text), add_text, maker, line, why);
	/* It may be the passwords. */
	buf_wipe(&text);
	return rc;
}

static int
load_bdb(const char *path, struct image_maker *maker, struct stamp *stamp,
    struct why *why)
{
	int fd = open_source(path, stamp);

	if (fd < 0) {
		why_set(why, "%s: %s", path, err_text(fd));
		return fd;
	}
	(void)close(fd);
	return bdb_read(path, add_bdb, maker, why);
}

static int
load_passwd(struct image_maker *maker, struct stamp *stamp, struct why *why)
{
	const struct passwd *pw;
	struct stat st;
	struct buf value;
	int rc = 0;

	if (stat(passwd_path, &st) == 0)
		*stamp = stamp_from(&st);
	buf_init(&value, TABLE_VALUE_MAX);
	setpwent();
	while (rc == 0 && (pw = getpwent()) != NULL) {
		buf_reset(&value);
		buf_addf(&value, "%" PRIuMAX ":%" PRIuMAX ":%s",
		    (uintmax_t)pw->pw_uid, (uintmax_t)pw->pw_gid, pw->pw_dir);
		rc = image_maker_add(maker, slice_of(pw->pw_name),
		    buf_slice(&value), 0, why);
	}
	endpwent();
	buf_done(&value);
	return rc;
}

/* --- making and taking --- */

/* Takes the descriptor in any case. */
static struct table *
table_from_fd(int fd, const char *where)
{
	struct table *t = mem_zero(sizeof(*t));

	t->fd = fd;
	t->where = mem_cstr(slice_of(where));
	if (memfile_map(fd, &t->bytes) != 0 || !image_open(t->bytes, &t->image))
		table_free(&t);
	return t;
}

static struct table *
table_from_maker(struct image_maker *maker, const char *where, uint32_t *line,
    struct why *why)
{
	struct table *t = NULL;
	struct buf bytes;
	int fd;

	buf_init(&bytes, SIZE_MAX / 2);
	if (image_maker_finish(maker, &bytes, line, why) == 0) {
		fd = memfile_new("mtad-table", buf_slice(&bytes));
		if (fd < 0) {
			why_set(why, "a memory file: %s", err_text(fd));
		} else {
			t = table_from_fd(fd, where);
			must(t != NULL);
		}
	}
	buf_wipe(&bytes);
	return t;
}

struct table *
table_load(const char *where, struct why *why)
{
	struct image_maker *maker = image_maker_new();
	struct slice rest = slice_of(where);
	struct table *t = NULL;
	struct stamp stamp = { 0 };
	struct why inner = { "" };
	uint32_t line = 0;
	int rc;

	if (slice_take_prefix(&rest, "file:") && rest.n > 0) {
		rc = load_text(rest.p, maker, &stamp, &line, &inner);
	} else if (slice_take_prefix(&rest, "db:") && rest.n > 0) {
		rc = load_bdb(rest.p, maker, &stamp, &inner);
	} else if (slice_is(rest, "system")) {
		rc = load_passwd(maker, &stamp, &inner);
	} else {
		why_set(&inner,
		    "\"%s\": a table is \"file:PATH\", \"db:PATH\" or "
		    "\"system\"",
		    where);
		rc = -EINVAL;
	}
	if (rc == 0)
		t = table_from_maker(maker, where, &line, &inner);
	if (t != NULL)
		t->stamp = stamp;
	else if (line > 0)
		why_set(why, "%s:%u: %s", rest.p, line, inner.text);
	else if (slice_starts(slice_of(where), "file:"))
		why_set(why, "%s: %s", rest.p, inner.text);
	else
		why_set(why, "%s", inner.text);
	image_maker_free(&maker);
	return t;
}

struct table *
table_from_image(int fd, const char *where)
{
	return table_from_fd(fd, where);
}

void
table_free(struct table **tp)
{
	struct table *t = *tp;

	if (t == NULL)
		return;
	memfile_unmap(&t->bytes);
	(void)close(t->fd);
	mem_free(t->where);
	mem_free(t);
	*tp = NULL;
}

/* --- asking --- */

int
table_image(const struct table *t)
{
	return t->fd;
}

const char *
table_where(const struct table *t)
{
	return t->where;
}

uint64_t
table_count(const struct table *t)
{
	return t->image.count;
}

bool
table_is_stale(const struct table *t)
{
	struct slice path = slice_of(t->where);
	struct stamp now;
	struct stat st;

	if (slice_is(path, "system"))
		path = slice_of(passwd_path);
	else if (!slice_take_prefix(&path, "file:"))
		(void)slice_take_prefix(&path, "db:");
	if (stat(path.p, &st) == -1)
		return true;
	now = stamp_from(&st);
	return !stamp_eq(&now, &t->stamp);
}

bool
table_get(const struct table *t, struct slice key, struct slice *value)
{
	return image_get(&t->image, key, value);
}

bool
table_get_address(const struct table *t, struct slice local,
    struct slice domain, char separator, struct slice *value)
{
	char bytes[ADDRESS_KEY_MAX];
	struct slice base = local;
	size_t whole;

	if (local.n >= sizeof(bytes) || domain.n >= sizeof(bytes) - local.n)
		return false;
	if (separator != '\0') {
		size_t at = slice_find(local, separator);

		/* "+x" is a whole name, not a tag of nobody's. */
		if (at > 0)
			base = slice_head(local, at);
	}
	/* local@domain, with base@domain and @domain as its ends. */
	if (local.n > 0)
		memcpy(bytes, local.p, local.n);
	bytes[local.n] = '@';
	if (domain.n > 0)
		memcpy(bytes + local.n + 1, domain.p, domain.n);
	whole = local.n + 1 + domain.n;
	if (table_get(t, slice_from(bytes, whole), value))
		return true;
	if (base.n < local.n) {
		size_t tag = local.n - base.n;

		memmove(bytes + tag, bytes, base.n);
		if (table_get(t, slice_from(bytes + tag, whole - tag), value))
			return true;
	}
	return (local.n > 0 && table_get(t, local, value)) ||
	    (base.n < local.n && table_get(t, base, value)) ||
	    table_get(t, slice_from(bytes + local.n, 1 + domain.n), value);
}

void
table_each(const struct table *t,
    void (*each)(struct slice key, struct slice value, void *arg), void *arg)
{
	struct slice key, value;
	uint64_t at = 0;

	while (image_next(&t->image, &at, &key, &value))
		each(key, value, arg);
}

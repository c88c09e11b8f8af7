/*
 * mtactl/spool.c - every record of the queue verified, with or without a mtad
 * that runs on it. Changes nothing, unless told to repair what is damaged.
 */
#include <sys/file.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/json.h"
#include "base/time.h"
#include "mtactl/verbs.h"
#include "queue/check.h"
#include "queue/repair.h"
#include "queue/spool.h"

enum {
	WALKS = 6, /* at most, beside a running mtad */
	TEXTS_MAX = 64 << 20,
	PATH_SIZE = 4096,
};

/* What two walks have found, one after the other: lines, after a first "\n". */
struct damage {
	struct buf old;
	struct buf now;
	struct buf both;
};

/* What a repair has done, a line each. */
struct repairs {
	struct buf lines;
	struct repair_totals totals;
};

static void
show_error(const char *message, void *arg)
{
	(void)arg;
	(void)ctl_fail("%s", message);
}

static bool
has_line(const struct buf *lines, const char *text)
{
	struct slice all = buf_slice(lines);
	struct buf line;
	bool has;

	buf_init(&line, TEXTS_MAX);
	buf_addf(&line, "\n%s\n", text);
	has = slice_find_str(all, buf_slice(&line)) < all.n;
	buf_done(&line);
	return has;
}

static void
add_line(struct buf *lines, const char *text)
{
	buf_add_cstr(lines, text);
	buf_add_char(lines, '\n');
}

static void
on_damage(const char *text, void *arg)
{
	struct damage *d = arg;

	add_line(&d->now, text);
	if (has_line(&d->old, text))
		add_line(&d->both, text);
}

/* A master holds the lock of its spool as long as it runs. */
static bool
is_in_use(int spool)
{
	int fd = openat(spool, "lock", O_RDONLY | O_CLOEXEC);
	bool used;

	if (fd == -1)
		return false;
	used = flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK;
	(void)close(fd);
	return used;
}

static void
on_repair(const char *text, void *arg)
{
	struct repairs *r = arg;

	add_line(&r->lines, text);
}

/* What is written is to belong to those who read it. */
static int
become_owner(int spool)
{
	struct stat st;

	if (getuid() != 0)
		return 0;
	if (fstat(spool, &st) == -1 || setegid(st.st_gid) == -1 ||
	    seteuid(st.st_uid) == -1)
		return -errno;
	return 0;
}

static int
become_root(void)
{
	return getuid() == 0 && seteuid(0) == -1 ? -errno : 0;
}

/* The lock keeps every mtad away until this process ends. */
static int
repair(int spool, struct repairs *r)
{
	struct vfs *vfs = vfs_disk_new(spool);
	int lock = queue_lock(spool);
	int rc = lock < 0 ? lock : become_owner(spool);

	if (rc == 0)
		rc = queue_spool_create(vfs);
	if (rc == 0)
		rc = become_root();
	if (rc == 0)
		rc = queue_clear_foreign(vfs, on_repair, r, &r->totals);
	if (rc == 0)
		rc = become_owner(spool);
	if (rc == 0)
		rc =
		    queue_repair(vfs, time_wall_ms(), on_repair, r, &r->totals);
	vfs_disk_free(&vfs);
	if (become_root() != 0 && rc == 0)
		rc = -EPERM;
	if (lock >= 0)
		(void)close(lock);
	return rc;
}

static void
begin_walk(struct damage *d)
{
	struct buf old = d->old;

	d->old = d->now;
	d->now = old;
	buf_reset(&d->now);
	buf_add_char(&d->now, '\n');
	buf_reset(&d->both);
	buf_add_char(&d->both, '\n');
}

/*
 * What a running mtad is writing just now may look like damage, and damage may
 * look otherwise. It does not look the same a second later: what two walks tell
 * in the same words is true.
 */
static int
walk(int spool, struct damage *d, struct check_totals *totals)
{
	const struct timespec pause = { 1, 0 };
	struct vfs *vfs = vfs_disk_new(spool);
	int rc = 0;

	for (int i = 0; i < WALKS; i++) {
		begin_walk(d);
		rc = queue_check(vfs, on_damage, d, totals);
		if (rc != 0 || d->now.n == d->both.n)
			break;
		/* Nobody writes: one walk is enough. */
		if (!is_in_use(spool)) {
			buf_reset(&d->both);
			buf_add(&d->both, buf_slice(&d->now));
			break;
		}
		if (i + 1 < WALKS)
			(void)nanosleep(&pause, NULL);
	}
	vfs_disk_free(&vfs);
	return rc;
}

static void
show_lines(const char *what, struct slice lines)
{
	struct slice line;

	while (slice_take_line(&lines, &line)) {
		(void)printf("%s: ", what);
		ctl_print(line);
		ctl_end_row();
	}
}

/* The number of damages. */
static uint64_t
show_text(struct slice damages, const struct check_totals *totals,
    const struct repairs *repairs)
{
	struct slice line;
	uint64_t n = 0;

	show_lines("repair", buf_slice(&repairs->lines));
	for (; slice_take_line(&damages, &line); n++) {
		(void)printf("damage: ");
		ctl_print(line);
		ctl_end_row();
	}
	(void)printf("%" PRIu64 " messages, %" PRIu64 " records in %" PRIu64
		     " segments, %" PRIu64 " large files, %" PRIu64
		     " journals: %" PRIu64 " damaged\n",
	    totals->live, totals->records, totals->segments, totals->large,
	    totals->journals, n);
	if (totals->orphans > 0)
		(void)printf("%" PRIu64 " files that no message needs (mtad "
			     "takes them away)\n",
		    totals->orphans);
	if (totals->quarantined > 0)
		(void)printf("%" PRIu64 " files in quarantine\n",
		    totals->quarantined);
	return n;
}

static void
show_repairs(struct json *json, const struct repairs *repairs)
{
	struct slice lines = buf_slice(&repairs->lines);
	struct slice line;

	json_int(json, "lost", (int64_t)repairs->totals.lost);
	json_int(json, "moved", (int64_t)repairs->totals.foreign);
	json_int(json, "mended", (int64_t)repairs->totals.mended);
	json_list(json, "repairs");
	while (slice_take_line(&lines, &line))
		json_item(json, line);
	json_list_end(json);
}

static uint64_t
show_json(struct slice damages, const struct check_totals *totals,
    const struct repairs *repairs)
{
	struct slice line;
	struct json json;
	struct buf out;
	uint64_t n = 0;

	buf_init(&out, 4 * (size_t)TEXTS_MAX);
	json_begin(&json, &out);
	json_int(&json, "messages", (int64_t)totals->live);
	json_int(&json, "records", (int64_t)totals->records);
	json_int(&json, "segments", (int64_t)totals->segments);
	json_int(&json, "large", (int64_t)totals->large);
	json_int(&json, "journals", (int64_t)totals->journals);
	json_int(&json, "orphans", (int64_t)totals->orphans);
	json_int(&json, "quarantined", (int64_t)totals->quarantined);
	show_repairs(&json, repairs);
	json_list(&json, "damaged");
	for (; slice_take_line(&damages, &line); n++)
		json_item(&json, line);
	json_list_end(&json);
	json_end(&json);
	(void)printf("%s\n", buf_cstr(&out));
	buf_done(&out);
	return n;
}

/* Exit code. */
static int
check(struct ctl *ctl, int spool, const char *path,
    const struct repairs *repairs)
{
	struct check_totals totals;
	struct slice damages;
	struct damage d;
	uint64_t n = 0;
	int rc;

	buf_init(&d.old, TEXTS_MAX);
	buf_init(&d.now, TEXTS_MAX);
	buf_init(&d.both, TEXTS_MAX);
	if ((rc = walk(spool, &d, &totals)) == 0) {
		damages = slice_skip(buf_slice(&d.both), 1);
		n = ctl->json ? show_json(damages, &totals, repairs)
			      : show_text(damages, &totals, repairs);
	}
	buf_done(&d.old);
	buf_done(&d.now);
	buf_done(&d.both);
	if (rc != 0)
		return ctl_fail("%s: %s", path, err_text(rc));
	return n == 0 ? CTL_DONE : CTL_FAILED;
}

int
do_spool_check(struct ctl *ctl)
{
	struct conf *conf = conf_load_top(ctl->conf_path, show_error, NULL);
	struct repairs repairs = { .totals = { 0 } };
	char path[PATH_SIZE];
	int spool;
	int rc = 0;

	if (conf == NULL)
		return CTL_FAILED;
	(void)snprintf(path, sizeof(path), "%s", conf->spool);
	conf_unref(&conf);
	spool = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool == -1)
		return ctl_fail("%s: %s", path, err_text(-errno));
	buf_init(&repairs.lines, TEXTS_MAX);
	if (ctl->options[OPT_REPAIR] != NULL)
		rc = repair(spool, &repairs);
	if (rc == -EWOULDBLOCK)
		rc = ctl_fail("%s: mtad runs on it; stop it first", path);
	else if (rc != 0)
		rc = ctl_fail("%s: %s", path, err_text(rc));
	else
		rc = check(ctl, spool, path, &repairs);
	buf_done(&repairs.lines);
	(void)close(spool);
	return rc;
}

/*
 * sim/sim_disk.c - files of shared pages, and the list of what is not synced.
 */
#include "tests/sim/sim_disk.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"

enum { PAGE = 4096, NAMES_MAX = 512, OPENS_MAX = 64 };

/* Content is shared between a disk and its copies until it is written. */
struct page {
	unsigned users;
	unsigned char bytes[PAGE];
};

struct content {
	struct page **pages; /* NULL: zeros */
	size_t page_count;
	uint64_t size;
};

enum change_type { CHANGE_WRITE, CHANGE_ZERO, CHANGE_SIZE };

struct change_op {
	struct change_op *next;
	enum change_type type;
	uint64_t at; /* or the new size */
	uint64_t n;
	bool limbo;
	unsigned char *bytes;
};

struct inode {
	unsigned users; /* names, durable names, opens */
	struct content now;
	struct content durable;
	struct change_op *first;
	struct change_op **last;
};

struct name {
	char text[VFS_NAME_MAX];
	struct inode *inode;
};

struct names {
	struct name of[NAMES_MAX];
	unsigned n;
};

enum folder_type { FOLDER_LINK, FOLDER_UNLINK, FOLDER_RENAME };

struct folder_op {
	struct folder_op *next;
	enum folder_type type;
	char name[VFS_NAME_MAX];
	char to[VFS_NAME_MAX];
	struct inode *inode;
};

struct sim_disk {
	struct vfs vfs;
	uint64_t random;
	struct names now;
	struct names durable;
	struct folder_op *first;
	struct folder_op **last;
	struct inode *opens[OPENS_MAX];
	sim_op_fn *watch;
	void *arg;
	uint64_t ops;
	uint64_t fail_from;
	uint64_t fail_count;
	int fail_error;
	uint64_t reads; /* operations that change nothing */
	uint64_t fail_read;
	bool short_writes; /* each write is cut short once */
	bool was_short;
	const char *op_name;
};

uint64_t
sim_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t
sim_below(uint64_t *state, uint64_t n)
{
	return sim_random(state) % n;
}

/* --- content --- */

static void
page_drop(struct page *p)
{
	if (p != NULL && --p->users == 0)
		mem_free(p);
}

static void
content_free(struct content *c)
{
	for (size_t i = 0; i < c->page_count; i++)
		page_drop(c->pages[i]);
	mem_free(c->pages);
	*c = (struct content){ 0 };
}

static void
content_copy(struct content *to, const struct content *from)
{
	to->size = from->size;
	to->page_count = from->page_count;
	to->pages = mem_array(from->page_count, sizeof(struct page *));
	for (size_t i = 0; i < from->page_count; i++) {
		to->pages[i] = from->pages[i];
		if (to->pages[i] != NULL)
			to->pages[i]->users++;
	}
}

static void
content_grow(struct content *c, uint64_t size)
{
	size_t count = (size_t)((size + PAGE - 1) / PAGE);

	if (count > c->page_count) {
		c->pages = mem_resize(c->pages, count, sizeof(struct page *));
		memset(c->pages + c->page_count, 0,
		    (count - c->page_count) * sizeof(struct page *));
		c->page_count = count;
	}
	if (size > c->size)
		c->size = size;
}

static unsigned char *
page_to_write(struct content *c, size_t i)
{
	struct page *old = c->pages[i];
	struct page *fresh;

	if (old != NULL && old->users == 1)
		return old->bytes;
	fresh = mem_new(sizeof(*fresh));
	fresh->users = 1;
	if (old != NULL)
		memcpy(fresh->bytes, old->bytes, PAGE);
	else
		memset(fresh->bytes, 0, PAGE);
	page_drop(old);
	c->pages[i] = fresh;
	return fresh->bytes;
}

/* NULL bytes are zeros. */
static void
content_write(struct content *c, uint64_t at, const unsigned char *bytes,
    uint64_t n)
{
	content_grow(c, at + n);
	while (n > 0) {
		size_t i = (size_t)(at / PAGE);
		size_t in = (size_t)(at % PAGE);
		size_t part = PAGE - in < n ? PAGE - in : (size_t)n;

		if (bytes != NULL) {
			memcpy(page_to_write(c, i) + in, bytes, part);
			bytes += part;
		} else if (part == PAGE) {
			page_drop(c->pages[i]);
			c->pages[i] = NULL;
		} else if (c->pages[i] != NULL) {
			memset(page_to_write(c, i) + in, 0, part);
		}
		at += part;
		n -= part;
	}
}

static void
content_resize(struct content *c, uint64_t size)
{
	size_t count = (size_t)((size + PAGE - 1) / PAGE);

	content_grow(c, size);
	for (size_t i = count; i < c->page_count; i++) {
		page_drop(c->pages[i]);
		c->pages[i] = NULL;
	}
	if (size % PAGE != 0 && c->pages[count - 1] != NULL)
		memset(page_to_write(c, count - 1) + size % PAGE, 0,
		    PAGE - size % PAGE);
	c->size = size;
}

static size_t
content_read(const struct content *c, uint64_t at, unsigned char *to, size_t n)
{
	size_t done = 0;

	if (at >= c->size)
		return 0;
	if (n > c->size - at)
		n = (size_t)(c->size - at);
	while (done < n) {
		size_t in = (size_t)(at % PAGE);
		size_t part = PAGE - in < n - done ? PAGE - in : n - done;
		const struct page *p = c->pages[at / PAGE];

		if (p == NULL)
			memset(to + done, 0, part);
		else
			memcpy(to + done, p->bytes + in, part);
		at += part;
		done += part;
	}
	return n;
}

/* --- inodes --- */

static struct inode *
inode_new(void)
{
	struct inode *i = mem_zero(sizeof(*i));

	i->last = &i->first;
	return i;
}

static void
forget_op(struct inode *i, struct change_op **link)
{
	struct change_op *op = *link;

	*link = op->next;
	if (*link == NULL)
		i->last = link;
	mem_free(op->bytes);
	mem_free(op);
}

static void
inode_drop(struct inode *i)
{
	if (--i->users > 0)
		return;
	while (i->first != NULL)
		forget_op(i, &i->first);
	content_free(&i->now);
	content_free(&i->durable);
	mem_free(i);
}

static void
apply(struct content *c, const struct change_op *op, uint64_t n)
{
	if (op->type == CHANGE_SIZE)
		content_resize(c, op->at);
	else
		content_write(c, op->at, op->bytes, n);
}

static void
add_op(struct inode *i, enum change_type type, uint64_t at,
    const unsigned char *bytes, uint64_t n)
{
	struct change_op *op = mem_zero(sizeof(*op));

	op->type = type;
	op->at = at;
	op->n = n;
	if (type == CHANGE_WRITE) {
		op->bytes = mem_new((size_t)n);
		memcpy(op->bytes, bytes, (size_t)n);
	}
	*i->last = op;
	i->last = &op->next;
	apply(&i->now, op, n);
}

/* --- names --- */

static struct name *
find_name(struct names *names, const char *text)
{
	for (unsigned i = 0; i < names->n; i++)
		if (strcmp(names->of[i].text, text) == 0)
			return &names->of[i];
	return NULL;
}

static void
set_name(struct names *names, const char *text, struct inode *inode)
{
	struct name *name = find_name(names, text);

	inode->users++;
	if (name != NULL) {
		inode_drop(name->inode);
	} else {
		must(names->n < NAMES_MAX);
		name = &names->of[names->n++];
		(void)slice_to_cstr(slice_of(text), name->text,
		    sizeof(name->text));
	}
	name->inode = inode;
}

static void
remove_name(struct names *names, const char *text)
{
	struct name *name = find_name(names, text);
	struct inode *inode;

	if (name == NULL)
		return;
	inode = name->inode;
	*name = names->of[--names->n];
	inode_drop(inode);
}

static void
apply_folder(struct names *names, const struct folder_op *op)
{
	struct name *from;

	switch (op->type) {
	case FOLDER_LINK:
		set_name(names, op->name, op->inode);
		break;
	case FOLDER_UNLINK:
		remove_name(names, op->name);
		break;
	case FOLDER_RENAME:
		from = find_name(names, op->name);
		set_name(names, op->to, op->inode);
		if (from != NULL && from->inode == op->inode)
			remove_name(names, op->name);
		break;
	}
}

static void
add_folder_op(struct sim_disk *d, enum folder_type type, const char *name,
    const char *to, struct inode *inode)
{
	struct folder_op *op = mem_zero(sizeof(*op));

	op->type = type;
	(void)slice_to_cstr(slice_of(name), op->name, sizeof(op->name));
	(void)slice_to_cstr(slice_of(to), op->to, sizeof(op->to));
	op->inode = inode;
	inode->users++;
	*d->last = op;
	d->last = &op->next;
	apply_folder(&d->now, op);
}

static void
forget_folder_op(struct sim_disk *d, struct folder_op **link)
{
	struct folder_op *op = *link;

	*link = op->next;
	if (*link == NULL)
		d->last = link;
	inode_drop(op->inode);
	mem_free(op);
}

static bool
is_in(const char *name, const char *folder)
{
	size_t n = strlen(folder);

	if (strcmp(folder, ".") == 0)
		return strchr(name, '/') == NULL;
	return strncmp(name, folder, n) == 0 && name[n] == '/';
}

/* --- operations --- */

static struct sim_disk *
disk_of(struct vfs *v)
{
	return (struct sim_disk *)v;
}

/* Each change passes here first: 0, or the error that it meets. */
static int
begin_op(struct sim_disk *d, const char *name)
{
	d->op_name = name;
	if (d->watch != NULL)
		d->watch(d, d->arg);
	d->ops++;
	if (d->ops >= d->fail_from && d->ops - d->fail_from < d->fail_count)
		return -d->fail_error;
	return 0;
}

/* Errors of reading are few and apart: what is on the disk stays there. */
static int
begin_read(struct sim_disk *d)
{
	d->reads++;
	return d->fail_read != 0 && d->reads == d->fail_read ? -EIO : 0;
}

static int
sim_open(struct vfs *v, const char *text, enum vfs_how how)
{
	struct sim_disk *d = disk_of(v);
	struct name *name = find_name(&d->now, text);
	struct inode *inode;
	int file = 0;

	if (how == VFS_CREATE) {
		int rc = begin_op(d, "create");

		if (rc != 0)
			return rc;
		if (name != NULL)
			return -EEXIST;
		inode = inode_new();
		inode->users++;
		add_folder_op(d, FOLDER_LINK, text, "", inode);
		inode->users--;
	} else if (name == NULL) {
		return -ENOENT;
	} else if (begin_read(d) != 0) {
		return -EIO;
	} else {
		inode = name->inode;
	}
	while (file < OPENS_MAX && d->opens[file] != NULL)
		file++;
	must(file < OPENS_MAX);
	d->opens[file] = inode;
	inode->users++;
	return file;
}

static void
sim_close(struct vfs *v, int file)
{
	struct sim_disk *d = disk_of(v);
	struct inode *inode = d->opens[file];

	must(inode != NULL);
	d->opens[file] = NULL;
	inode_drop(inode);
}

static int64_t
sim_pread(struct vfs *v, int file, void *to, size_t n, uint64_t at)
{
	struct sim_disk *d = disk_of(v);

	if (begin_read(d) != 0)
		return -EIO;
	return (int64_t)content_read(&d->opens[file]->now, at, to, n);
}

static bool
is_zero(const unsigned char *p, size_t n)
{
	return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static void
write_piece(struct inode *inode, const unsigned char *p, size_t n, uint64_t at)
{
	bool zero = n >= PAGE && is_zero(p, n);

	add_op(inode, zero ? CHANGE_ZERO : CHANGE_WRITE, at, p, n);
}

/* How much of it is written: at any octet it may stop, inside a piece too. */
static uint64_t
written_part(struct sim_disk *d, uint64_t n, int rc)
{
	bool cut = rc != 0 || (d->short_writes && !d->was_short) ||
	    sim_below(&d->random, 8) == 0;

	/* What failed has been written in part, perhaps, or all of it. */
	d->was_short = rc == 0 && cut && n > 1;
	if (!cut || n <= 1)
		return rc != 0 ? sim_below(&d->random, n + 1) : n;
	return rc != 0 ? sim_below(&d->random, n + 1)
		       : 1 + sim_below(&d->random, n - 1);
}

static int64_t
sim_pwritev(struct vfs *v, int file, const struct iovec *iov, int count,
    uint64_t at)
{
	struct sim_disk *d = disk_of(v);
	struct inode *inode = d->opens[file];
	bool zero = count == 1 && iov->iov_len >= PAGE &&
	    is_zero(iov->iov_base, iov->iov_len);
	int rc = begin_op(d, zero ? "write zeros" : "write");
	uint64_t done = 0;
	uint64_t left = 0;

	for (int i = 0; i < count; i++)
		left += iov[i].iov_len;
	left = written_part(d, left, rc);
	for (int i = 0; i < count && left > 0; i++) {
		size_t n =
		    iov[i].iov_len < left ? iov[i].iov_len : (size_t)left;

		if (n == 0)
			continue;
		write_piece(inode, iov[i].iov_base, n, at + done);
		done += n;
		left -= n;
	}
	return rc != 0 ? rc : (int64_t)done;
}

static int
sim_allocate(struct vfs *v, int file, uint64_t at, uint64_t n)
{
	struct sim_disk *d = disk_of(v);
	int rc = begin_op(d, "allocate");

	if (rc == 0 && at + n > d->opens[file]->now.size)
		add_op(d->opens[file], CHANGE_SIZE, at + n, NULL, 0);
	return rc;
}

static int
sim_truncate(struct vfs *v, int file, uint64_t size)
{
	struct sim_disk *d = disk_of(v);
	int rc = begin_op(d, "truncate");

	if (rc == 0)
		add_op(d->opens[file], CHANGE_SIZE, size, NULL, 0);
	return rc;
}

static int64_t
sim_size(struct vfs *v, int file)
{
	struct sim_disk *d = disk_of(v);

	return begin_read(d) != 0 ? -EIO : (int64_t)d->opens[file]->now.size;
}

static int
sim_sync(struct vfs *v, int file)
{
	struct sim_disk *d = disk_of(v);
	struct inode *inode = d->opens[file];
	int rc = begin_op(d, "sync");

	if (rc != 0) {
		for (struct change_op *op = inode->first; op != NULL;
		     op = op->next)
			op->limbo = true;
		return rc;
	}
	while (inode->first != NULL) {
		/* Out of limbo it comes by chance, never by this sync. */
		if (!inode->first->limbo || sim_below(&d->random, 2) == 0)
			apply(&inode->durable, inode->first, inode->first->n);
		forget_op(inode, &inode->first);
	}
	return 0;
}

static int
sim_sync_folder(struct vfs *v, const char *folder)
{
	struct sim_disk *d = disk_of(v);
	int rc = begin_op(d, "sync folder");
	struct folder_op **link = &d->first;

	while (rc == 0 && *link != NULL) {
		if (!is_in((*link)->name, folder)) {
			link = &(*link)->next;
			continue;
		}
		apply_folder(&d->durable, *link);
		forget_folder_op(d, link);
	}
	return rc;
}

static int
sim_rename(struct vfs *v, const char *from, const char *to)
{
	struct sim_disk *d = disk_of(v);
	int rc = begin_op(d, "rename");
	struct name *name = find_name(&d->now, from);

	if (rc != 0)
		return rc;
	if (name == NULL)
		return -ENOENT;
	add_folder_op(d, FOLDER_RENAME, from, to, name->inode);
	return 0;
}

static int
sim_unlink(struct vfs *v, const char *text)
{
	struct sim_disk *d = disk_of(v);
	int rc = begin_op(d, "unlink");
	struct name *name = find_name(&d->now, text);

	if (rc != 0)
		return rc;
	if (name == NULL)
		return -ENOENT;
	add_folder_op(d, FOLDER_UNLINK, text, "", name->inode);
	return 0;
}

static int
sim_mkdir(struct vfs *v, const char *name)
{
	(void)v;
	(void)name;
	return 0; /* folders are but the front of names here */
}

static int
sim_list(struct vfs *v, const char *folder, vfs_name_fn *each, void *arg)
{
	struct sim_disk *d = disk_of(v);

	size_t skip = strcmp(folder, ".") == 0 ? 0 : strlen(folder) + 1;

	if (begin_read(d) != 0)
		return -EIO;
	for (unsigned i = 0; i < d->now.n; i++)
		if (is_in(d->now.of[i].text, folder))
			each(d->now.of[i].text + skip, arg);
	return 0;
}

static int
sim_room(struct vfs *v, uint64_t *free_r, uint64_t *total_r)
{
	/* Every now and then there is little left, as the store counts. */
	*free_r = disk_of(v)->ops / 64 % 4 == 0 ? 1u << 20 : 1u << 30;
	*total_r = 1u << 30;
	return 0;
}

static uint64_t
sim_vfs_random(struct vfs *v)
{
	return sim_random(&disk_of(v)->random);
}

static const struct vfs_ops sim_ops = {
	.open = sim_open,
	.close = sim_close,
	.pread = sim_pread,
	.pwritev = sim_pwritev,
	.allocate = sim_allocate,
	.truncate = sim_truncate,
	.size = sim_size,
	.sync = sim_sync,
	.sync_folder = sim_sync_folder,
	.rename = sim_rename,
	.unlink = sim_unlink,
	.mkdir = sim_mkdir,
	.list = sim_list,
	.room = sim_room,
	.random = sim_vfs_random,
	.has_descriptors = false,
};

struct sim_disk *
sim_disk_new(uint64_t seed)
{
	struct sim_disk *d = mem_zero(sizeof(*d));

	d->vfs.ops = &sim_ops;
	d->random = seed;
	d->last = &d->first;
	d->op_name = "";
	return d;
}

void
sim_disk_free(struct sim_disk **disk)
{
	struct sim_disk *d = *disk;

	for (int i = 0; i < OPENS_MAX; i++)
		must(d->opens[i] == NULL); /* nothing was left open */
	while (d->first != NULL)
		forget_folder_op(d, &d->first);
	while (d->now.n > 0)
		remove_name(&d->now, d->now.of[0].text);
	while (d->durable.n > 0)
		remove_name(&d->durable, d->durable.of[0].text);
	mem_free(d);
	*disk = NULL;
}

struct vfs *
sim_disk_vfs(struct sim_disk *d)
{
	return &d->vfs;
}

void
sim_disk_watch(struct sim_disk *d, sim_op_fn *fn, void *arg)
{
	d->watch = fn;
	d->arg = arg;
}

/* The content that survives: some of the unsynced changes, some in part. */
static struct inode *
survivor(const struct inode *old, uint64_t *random, unsigned mood)
{
	struct inode *fresh = inode_new();

	content_copy(&fresh->durable, &old->durable);
	for (const struct change_op *op = old->first; op != NULL;
	     op = op->next) {
		uint64_t n = op->n;
		uint64_t chance = sim_below(random, 4);

		if (mood == 0 || (mood > 1 && chance == 0))
			continue; /* lost */
		/* Torn: the front only, at any octet; or at a sector. */
		if (mood > 1 && chance == 1 && n > 0)
			n = sim_below(random, n);
		else if (mood > 1 && chance == 2 && n > 512)
			n = sim_below(random, n / 512) * 512;
		if (op->type == CHANGE_SIZE || n > 0)
			apply(&fresh->durable, op, n);
	}
	content_copy(&fresh->now, &fresh->durable);
	return fresh;
}

struct sim_disk *
sim_disk_after_crash(const struct sim_disk *old, uint64_t seed)
{
	struct sim_disk *d = sim_disk_new(seed);
	/* All is lost; all is kept; or any mixture, mostly. */
	unsigned mood = (unsigned)sim_below(&d->random, 8);
	struct names names = { 0 };

	for (unsigned i = 0; i < old->durable.n; i++)
		set_name(&names, old->durable.of[i].text,
		    old->durable.of[i].inode);
	for (const struct folder_op *op = old->first; op != NULL; op = op->next)
		if (mood == 1 || (mood > 1 && sim_below(&d->random, 2) == 0))
			apply_folder(&names, op);
	for (unsigned i = 0; i < names.n; i++) {
		struct inode *inode =
		    survivor(names.of[i].inode, &d->random, mood);

		set_name(&d->now, names.of[i].text, inode);
		set_name(&d->durable, names.of[i].text, inode);
	}
	while (names.n > 0)
		remove_name(&names, names.of[0].text);
	return d;
}

uint64_t
sim_disk_ops(const struct sim_disk *d)
{
	return d->ops;
}

void
sim_disk_fail(struct sim_disk *d, uint64_t op, uint64_t count, int error)
{
	d->fail_from = op;
	d->fail_count = count;
	d->fail_error = error;
}

uint64_t
sim_disk_reads(const struct sim_disk *d)
{
	return d->reads;
}

void
sim_disk_fail_read(struct sim_disk *d, uint64_t read)
{
	d->fail_read = read;
}

void
sim_disk_shorten_writes(struct sim_disk *d)
{
	d->short_writes = true;
}

const char *
sim_disk_op_name(const struct sim_disk *d)
{
	return d->op_name;
}

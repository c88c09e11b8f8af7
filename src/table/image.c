/*
 * table/image.c - making and reading images. Opens nothing; the maker runs
 * where tables are loaded, the reader in every worker.
 */
#include "table/image.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"

struct head {
	char magic[8];
	uint64_t size;
	uint64_t count;
	uint64_t slots;
	uint64_t entries;
};

struct slot {
	uint32_t tag;
	uint32_t at8; /* offset of the entry / 8 */
};

struct entry {
	uint32_t key_length;
	uint32_t value_length;
};

struct item {
	uint64_t at; /* in maker.entries */
	uint64_t hash;
	uint32_t line;
};

struct image_maker {
	struct buf entries;
	struct item *items; /* owned */
	size_t count;
	size_t room;
};

/* "mtadtbl" and the version of the layout. */
static const char magic[8] = { 'm', 't', 'a', 'd', 't', 'b', 'l', 1 };

/* Offsets are kept in 32 bits, in units of 8 bytes; half of that is enough. */
#define IMAGE_MAX ((size_t)16 << 30)

static size_t
padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* FNV-1a over the lower-cased key, stirred so that all bits count. */
static uint64_t
hash_key(struct slice key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < key.n; i++) {
		h ^= (unsigned char)ascii_lower(key.p[i]);
		h *= 0x100000001b3u;
	}
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	return h ^ h >> 32;
}

static uint32_t
tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* --- reading --- */

static struct slot
slot_at(struct slice bytes, uint64_t index)
{
	struct slot slot;

	memcpy(&slot, bytes.p + sizeof(struct head) + index * sizeof(slot),
	    sizeof(slot));
	return slot;
}

/* The entry at `at`, if it lies within the bytes. */
static bool
entry_at(struct slice bytes, uint64_t at, struct slice *key,
    struct slice *value)
{
	struct entry e;
	size_t room;

	if (at > bytes.n || bytes.n - at < sizeof(e))
		return false;
	memcpy(&e, bytes.p + at, sizeof(e));
	room = bytes.n - at - sizeof(e);
	if (e.key_length > room || e.value_length > room - e.key_length)
		return false;
	*key = slice_from(bytes.p + at + sizeof(e), e.key_length);
	*value = slice_from(key->p + e.key_length, e.value_length);
	return true;
}

static bool
head_is_good(const struct head *h, size_t size)
{
	size_t slots_bytes;

	return memcmp(h->magic, magic, sizeof(magic)) == 0 && h->size == size &&
	    h->slots > h->count && (h->slots & (h->slots - 1)) == 0 &&
	    !__builtin_mul_overflow(h->slots, sizeof(struct slot),
		&slots_bytes) &&
	    slots_bytes <= size - sizeof(*h) &&
	    h->entries == sizeof(*h) + slots_bytes;
}

bool
image_open(struct slice bytes, struct image *out)
{
	struct image image = { .bytes = bytes };
	struct head h;
	struct slice key, value;
	uint64_t used = 0, walked = 0, at = 0;

	if (bytes.n < sizeof(h))
		return false;
	memcpy(&h, bytes.p, sizeof(h));
	if (!head_is_good(&h, bytes.n))
		return false;
	image.count = h.count;
	image.slots = h.slots;
	image.entries = h.entries;
	for (uint64_t i = 0; i < h.slots; i++) {
		struct slot slot = slot_at(bytes, i);

		if (slot.at8 == 0)
			continue;
		used++;
		if ((uint64_t)slot.at8 * 8 < h.entries ||
		    !entry_at(bytes, (uint64_t)slot.at8 * 8, &key, &value))
			return false;
	}
	while (image_next(&image, &at, &key, &value))
		walked++;
	/* A free slot ends each search, so one must be left. */
	if (used != h.count || walked != h.count)
		return false;
	*out = image;
	return true;
}

bool
image_get(const struct image *image, struct slice key, struct slice *value)
{
	uint64_t hash = hash_key(key);
	uint64_t mask = image->slots - 1;
	struct slice have, found;

	for (uint64_t i = hash & mask;; i = (i + 1) & mask) {
		struct slot slot = slot_at(image->bytes, i);

		if (slot.at8 == 0)
			return false;
		if (slot.tag != tag_of(hash) ||
		    !entry_at(image->bytes, (uint64_t)slot.at8 * 8, &have,
			&found) ||
		    !slice_eq_nocase(have, key))
			continue;
		*value = found;
		return true;
	}
}

bool
image_next(const struct image *image, uint64_t *at, struct slice *key,
    struct slice *value)
{
	uint64_t here = *at == 0 ? image->entries : *at;

	if (!entry_at(image->bytes, here, key, value))
		return false;
	*at = here + padded(sizeof(struct entry) + key->n + value->n);
	return true;
}

/* --- making --- */

struct image_maker *
image_maker_new(void)
{
	struct image_maker *m = mem_zero(sizeof(*m));

	buf_init(&m->entries, IMAGE_MAX);
	return m;
}

void
image_maker_free(struct image_maker **mp)
{
	struct image_maker *m = *mp;

	if (m == NULL)
		return;
	/* It may have held password hashes. */
	buf_wipe(&m->entries);
	mem_free(m->items);
	mem_free(m);
	*mp = NULL;
}

int
image_maker_add(struct image_maker *m, struct slice key, struct slice value,
    uint32_t line, struct why *why)
{
	struct entry e = { (uint32_t)key.n, (uint32_t)value.n };
	size_t at = m->entries.n;
	size_t bytes;
	char *room;

	if (key.n == 0 || key.n > TABLE_KEY_MAX) {
		why_set(why, "a key has 1 to %d bytes, this one %zu",
		    TABLE_KEY_MAX, key.n);
		return -EINVAL;
	}
	if (value.n > TABLE_VALUE_MAX) {
		why_set(why, "a value has at most %d bytes, this one %zu",
		    TABLE_VALUE_MAX, value.n);
		return -EINVAL;
	}
	bytes = padded(sizeof(e) + key.n + value.n);
	room = buf_reserve(&m->entries, bytes);
	if (room == NULL) {
		why_set(why, "the table is larger than %zu GB",
		    IMAGE_MAX >> 30);
		return -EINVAL;
	}
	memset(room, 0, bytes);
	memcpy(room, &e, sizeof(e));
	for (size_t i = 0; i < key.n; i++)
		room[sizeof(e) + i] = ascii_lower(key.p[i]);
	if (value.n > 0)
		memcpy(room + sizeof(e) + key.n, value.p, value.n);
	buf_added(&m->entries, bytes);
	if (m->count == m->room) {
		m->room = m->room == 0 ? 64 : m->room * 2;
		m->items = mem_resize(m->items, m->room, sizeof(*m->items));
	}
	m->items[m->count++] =
	    (struct item){ .at = at, .hash = hash_key(key), .line = line };
	return 0;
}

/* While making, a slot holds the number of an item + 1. */
static uint32_t *
find_place(const struct image_maker *m, uint32_t *places, uint64_t mask,
    const struct item *item)
{
	struct slice bytes = buf_slice(&m->entries);
	struct slice key, have, value;

	must(entry_at(bytes, item->at, &key, &value));
	for (uint64_t i = item->hash & mask;; i = (i + 1) & mask) {
		const struct item *other;

		if (places[i] == 0)
			return &places[i];
		other = &m->items[places[i] - 1];
		if (other->hash != item->hash)
			continue;
		must(entry_at(bytes, other->at, &have, &value));
		if (slice_eq(have, key))
			return &places[i];
	}
}

/* Drops repeated entries; fills `places`. */
static int
place_all(struct image_maker *m, uint32_t *places, uint64_t mask,
    uint32_t *line, struct why *why)
{
	struct slice bytes = buf_slice(&m->entries);
	struct slice key, value, before;
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++) {
		uint32_t *place = find_place(m, places, mask, &m->items[i]);

		if (*place == 0) {
			m->items[kept] = m->items[i];
			*place = (uint32_t)++kept;
			continue;
		}
		must(entry_at(bytes, m->items[i].at, &key, &value));
		must(entry_at(bytes, m->items[*place - 1].at, &key, &before));
		if (slice_eq(value, before))
			continue;
		*line = m->items[i].line;
		why_set(why,
		    "\"%.*s\" stands in line %u already, with another "
		    "value",
		    SLICE_ARGS(slice_head(key, 100)),
		    m->items[*place - 1].line);
		return -EEXIST;
	}
	m->count = kept;
	return 0;
}

static void
write_image(const struct image_maker *m, const uint32_t *places, uint64_t slots,
    char *to, size_t size)
{
	struct head h = { .size = size, .count = m->count, .slots = slots };
	struct slice bytes = buf_slice(&m->entries);
	struct slice key, value;
	uint32_t *at8 = mem_array(m->count, sizeof(*at8));
	size_t at = sizeof(h) + slots * sizeof(struct slot);

	memcpy(h.magic, magic, sizeof(magic));
	h.entries = at;
	memcpy(to, &h, sizeof(h));
	for (size_t i = 0; i < m->count; i++) {
		size_t n;

		must(entry_at(bytes, m->items[i].at, &key, &value));
		n = padded(sizeof(struct entry) + key.n + value.n);
		must(n <= size - at);
		memcpy(to + at, bytes.p + m->items[i].at, n);
		at8[i] = (uint32_t)(at / 8);
		at += n;
	}
	must(at == size);
	for (uint64_t i = 0; i < slots; i++) {
		struct slot slot = { 0 };

		if (places[i] != 0) {
			slot.tag = tag_of(m->items[places[i] - 1].hash);
			slot.at8 = at8[places[i] - 1];
		}
		memcpy(to + sizeof(h) + i * sizeof(slot), &slot, sizeof(slot));
	}
	mem_free(at8);
}

/* Bytes of the entries that are left. */
static size_t
kept_bytes(const struct image_maker *m)
{
	struct slice bytes = buf_slice(&m->entries);
	struct slice key, value;
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++) {
		must(entry_at(bytes, m->items[i].at, &key, &value));
		n += padded(sizeof(struct entry) + key.n + value.n);
	}
	return n;
}

int
image_maker_finish(struct image_maker *m, struct buf *out, uint32_t *line,
    struct why *why)
{
	uint64_t slots = 8;
	uint32_t *places;
	size_t size;
	char *room;
	int rc;

	while (slots < m->count * 2)
		slots *= 2;
	places = mem_array(slots, sizeof(*places));
	rc = place_all(m, places, slots - 1, line, why);
	if (rc != 0)
		goto out;
	size =
	    sizeof(struct head) + slots * sizeof(struct slot) + kept_bytes(m);
	room = buf_reserve(out, size);
	if (room == NULL) {
		why_set(why, "the table is too large");
		rc = -EINVAL;
		goto out;
	}
	write_image(m, places, slots, room, size);
	buf_added(out, size);
out:
	mem_free(places);
	return rc;
}

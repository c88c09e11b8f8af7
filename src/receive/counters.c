/*
 * receive/counters.c - two kinds of open-addressed tables of atomics. Nothing
 * waits for a lock: at worst two receivers miss one of each other's counts.
 */
#include "receive/counters.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
	RECEIVERS_MAX = 64, /* those beyond share the places of others */
	OPEN_SLOTS = 8192,  /* per receiver */
	RATE_SLOTS = 65536,
	PROBES = 16,
};

/* Written by its receiver, read by all. */
struct open_slot {
	_Atomic uint64_t key; /* 0: free */
	_Atomic uint32_t count;
};

/* Written by all. */
struct rate_slot {
	_Atomic uint64_t key;
	_Atomic uint64_t
	    state; /* the window's end in s, then 32 bits of count */
};

struct shared {
	struct open_slot open[RECEIVERS_MAX][OPEN_SLOTS];
	struct rate_slot rates[RATE_SLOTS];
};

struct counters {
	struct shared *shared; /* mapped */
	struct open_slot *own;
	unsigned receivers;
};

/* The finisher of MurmurHash3: every bit of x moves every bit. */
static uint64_t
mix(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdu;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53u;
	return x ^ x >> 33;
}

uint64_t
counters_name(const char *what, struct slice name)
{
	struct slice kind = slice_of(what);
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < kind.n; i++)
		h = (h ^ (unsigned char)kind.p[i]) * 0x100000001b3u;
	h = mix(h + kind.n);
	for (size_t i = 0; i < name.n; i++)
		h = (h ^ (unsigned char)name.p[i]) * 0x100000001b3u;
	h = mix(h + name.n);
	return h == 0 ? 1 : h;
}

uint64_t
counters_client(const char *what, const struct ip *ip)
{
	return counters_name(what,
	    slice_from(ip->bytes, ip->version == 6 ? 8 : 4));
}

static int
size_memory(int fd)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return -errno;
	if ((uint64_t)st.st_size >= sizeof(struct shared))
		return 0;
	/* Two at once make it the same size, and neither writes zeros. */
	return ftruncate(fd, sizeof(struct shared)) == -1 ? -errno : 0;
}

int
counters_open(int fd, unsigned number, unsigned receivers,
    struct counters **out)
{
	struct counters *c;
	int rc = fd == -1 ? 0 : size_memory(fd);
	int flags = fd == -1 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	void *memory = MAP_FAILED;

	if (rc == 0) {
		memory = mmap(NULL, sizeof(struct shared),
		    PROT_READ | PROT_WRITE, flags, fd, 0);
		if (memory == MAP_FAILED)
			rc = -errno;
	}
	if (fd != -1)
		(void)close(fd);
	if (rc != 0)
		return rc;
	c = mem_zero(sizeof(*c));
	c->shared = memory;
	c->receivers = receivers < RECEIVERS_MAX ? receivers : RECEIVERS_MAX;
	c->own = c->shared->open[number % RECEIVERS_MAX];
	for (int i = 0; i < OPEN_SLOTS; i++)
		if (atomic_load_explicit(&c->own[i].key,
			memory_order_relaxed) != 0) {
			atomic_store(&c->own[i].key, 0);
			atomic_store(&c->own[i].count, 0);
		}
	*out = c;
	return 0;
}

void
counters_close(struct counters **counters)
{
	struct counters *c = *counters;

	if (c == NULL)
		return;
	(void)munmap(c->shared, sizeof(struct shared));
	mem_free(c);
	*counters = NULL;
}

static struct open_slot *
find_open(struct open_slot *table, uint64_t key)
{
	for (uint64_t i = 0; i < PROBES; i++) {
		struct open_slot *slot = &table[(key + i) % OPEN_SLOTS];

		if (atomic_load_explicit(&slot->key, memory_order_relaxed) ==
		    key)
			return slot;
	}
	return NULL;
}

uint32_t
counters_get(const struct counters *c, uint64_t key)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < c->receivers; i++) {
		const struct open_slot *slot =
		    find_open(c->shared->open[i], key);

		if (slot != NULL)
			sum += atomic_load_explicit(&slot->count,
			    memory_order_relaxed);
	}
	return sum;
}

static struct open_slot *
claim_open(struct counters *c, uint64_t key)
{
	struct open_slot *slot = find_open(c->own, key);

	for (uint64_t i = 0; slot == NULL && i < PROBES; i++) {
		struct open_slot *other = &c->own[(key + i) % OPEN_SLOTS];

		if (atomic_load(&other->count) == 0) {
			atomic_store(&other->key, key);
			slot = other;
		}
	}
	return slot;
}

void
counters_up(struct counters *c, uint64_t key)
{
	struct open_slot *slot = claim_open(c, key);

	if (slot != NULL)
		atomic_fetch_add(&slot->count, 1);
}

void
counters_down(struct counters *c, uint64_t key)
{
	struct open_slot *slot = find_open(c->own, key);

	/* It may not have found room when it came. */
	if (slot != NULL && atomic_load(&slot->count) > 0)
		atomic_fetch_sub(&slot->count, 1);
}

static uint64_t
end_of(const struct rate_slot *slot)
{
	return atomic_load_explicit(&slot->state, memory_order_relaxed) >> 32;
}

/* The key's slot, or one whose window is over; NULL: none is free. */
static struct rate_slot *
claim_rate(struct counters *c, uint64_t key, uint64_t now)
{
	struct rate_slot *stale = NULL;

	for (uint64_t i = 0; i < PROBES; i++) {
		struct rate_slot *slot =
		    &c->shared->rates[(key + i) % RATE_SLOTS];

		if (atomic_load_explicit(&slot->key, memory_order_relaxed) ==
		    key)
			return slot;
		if (stale == NULL && end_of(slot) <= now)
			stale = slot;
	}
	if (stale == NULL)
		return NULL;
	atomic_store(&stale->key, key);
	atomic_store(&stale->state, 0);
	return stale;
}

bool
counters_take(struct counters *c, uint64_t key, int64_t wall_ms,
    int64_t window_ms, uint32_t limit)
{
	uint64_t end = (uint64_t)((wall_ms / window_ms + 1) * window_ms / 1000);
	struct rate_slot *slot = claim_rate(c, key, (uint64_t)wall_ms / 1000);
	uint64_t state, next;

	if (slot == NULL)
		return true;
	state = atomic_load(&slot->state);
	do {
		uint32_t count = state >> 32 == end ? (uint32_t)state : 0;

		if (count >= limit)
			return false;
		next = end << 32 | (count + 1);
	} while (!atomic_compare_exchange_weak(&slot->state, &state, next));
	return true;
}

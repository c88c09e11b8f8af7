/*
 * auth/failures.c - see failures.h. What follows from a count is not decided
 * here.
 */
#include "auth/failures.h"

#include "base/alloc.h"
#include "base/ip.h"
#include "base/time.h"

enum { SETS = 4096, WAYS = 4 };

struct row {
	uint64_t key; /* 0: free */
	int64_t since_ms;
	uint32_t count;
};

struct failures {
	uint64_t seed;
	struct row rows[SETS][WAYS];
};

/* FNV-1a, seeded, then mixed: a row is only ever one of many clients. */
static uint64_t
key_of(const struct failures *f, struct slice client)
{
	uint64_t h = f->seed ^ 0xcbf29ce484222325u;
	struct ip ip;

	if (ip_parse(client, &ip))
		client = slice_from(ip.bytes, ip.version == 6 ? 8 : 4);
	for (size_t i = 0; i < client.n; i++)
		h = (h ^ (unsigned char)client.p[i]) * 0x100000001b3u;
	h ^= h >> 32;
	h *= 0xd6e8feb86659fd93u;
	h ^= h >> 32;
	return h | 1;
}

static bool
is_live(const struct row *row, int64_t now_ms)
{
	return row->key != 0 && now_ms - row->since_ms < HOUR;
}

struct failures *
failures_new(uint64_t seed)
{
	struct failures *f = mem_zero(sizeof(*f));

	f->seed = seed;
	return f;
}

void
failures_free(struct failures **f)
{
	mem_free(*f);
	*f = NULL;
}

void
failures_add(struct failures *f, struct slice client, int64_t now_ms)
{
	uint64_t key = key_of(f, client);
	struct row *set = f->rows[(key >> 1) % SETS];
	struct row *row = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].key == key) {
			row = &set[i];
			break;
		}
		if (!is_live(&set[i], now_ms) ||
		    (is_live(row, now_ms) && set[i].count < row->count))
			row = &set[i];
	}
	if (row->key != key || !is_live(row, now_ms))
		*row = (struct row){ .key = key, .since_ms = now_ms };
	if (row->count < UINT32_MAX)
		row->count++;
}

uint32_t
failures_count(const struct failures *f, struct slice client, int64_t now_ms)
{
	uint64_t key = key_of(f, client);
	const struct row *set = f->rows[(key >> 1) % SETS];

	for (int i = 0; i < WAYS; i++)
		if (set[i].key == key && is_live(&set[i], now_ms))
			return set[i].count;
	return 0;
}

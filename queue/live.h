/*
 * queue/live.h - the table of live messages in memory.
 *
 * Knows nothing of files. It keeps the counts right as entries change, which
 * is why entries change here alone.
 */
#ifndef QUEUE_LIVE_H
#define QUEUE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "queue/entry.h"
#include "queue/text.h"

struct live;

struct live_counts {
	uint64_t messages[QUEUE_STATE_COUNT];
	uint64_t recipients; /* not done */
	uint64_t octets;
};

struct live *live_new(void);
void live_free(struct live **);
struct texts *live_texts(struct live *);
const struct texts *live_texts_const(const struct live *);

/* A fresh entry, ACTIVE, with `count` recipients of no domain. */
struct queue_entry *live_add(struct live *, uint64_t id,
    uint32_t count) MUST_USE;
void live_remove(struct live *, struct queue_entry *);
struct queue_entry *live_find(const struct live *, uint64_t id);
/* By slots; *cursor is 0 at first, NULL at the end. */
struct queue_entry *live_each(const struct live *, uint64_t *cursor);

void live_set_state(struct live *, struct queue_entry *, enum queue_state);
void live_set_size(struct live *, struct queue_entry *, uint32_t size);
void live_set_sender_domain(struct live *, struct queue_entry *, struct slice);
void live_set_domain(struct live *, struct queue_entry *, uint32_t index,
    struct slice);
/* `like`: numbers and kind; reply and host are taken from the slices. */
void live_set_result(struct live *, struct queue_entry *, uint32_t index,
    const struct queue_recipient *like, struct slice reply, struct slice host);
/*
 * Recipients from a list as envelope_encode() writes them come behind the
 * others; `index` (or QUEUE_NO_RECIPIENT) is done by that. False if it is
 * malformed or too much.
 */
bool live_expand(struct live *, struct queue_entry *, uint32_t index,
    struct slice list) MUST_USE;
/* All lists that were added, joined; empty if there is none. */
struct slice live_expansion(const struct live *, const struct queue_entry *);
/* As from a checkpoint: the recipients are counted already. */
void live_set_expansion(struct live *, struct queue_entry *, struct slice list);

void live_count(const struct live *, struct live_counts *);
uint64_t live_memory(const struct live *);

/* The domain of an address in lower case, in `out`; empty if it has none. */
enum { LIVE_DOMAIN_MAX = 255 };
struct slice live_domain(struct slice address, char out[LIVE_DOMAIN_MAX]);

#endif

/*
 * queue/text.h - texts that many messages share, as counted numbers.
 *
 * Domains, replies, host names. Number 0 is the empty text, never counted.
 */
#ifndef QUEUE_TEXT_H
#define QUEUE_TEXT_H

#include <stdint.h>

#include "base/slice.h"

enum { TEXT_MAX = 2048 }; /* what is longer is cut */

struct texts;

struct texts *texts_new(void);
void texts_free(struct texts **);
/* One reference more, for the caller to drop. */
uint32_t texts_take(struct texts *, struct slice);
void texts_hold(struct texts *, uint32_t text);
void texts_drop(struct texts *, uint32_t text);
uint32_t texts_find(const struct texts *, struct slice);
struct slice texts_get(const struct texts *, uint32_t text);
uint64_t texts_memory(const struct texts *);

/*
 * A place for whoever numbers the texts in a file: 0 for a text that was not
 * there when texts_forget_marks() was called last, or has no mark since.
 */
uint32_t texts_mark(const struct texts *, uint32_t text);
void texts_set_mark(struct texts *, uint32_t text, uint32_t mark);
void texts_forget_marks(struct texts *);

#endif

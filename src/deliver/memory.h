/*
 * deliver/memory.h - what is known for a while: texts, each until a time.
 *
 * For hosts whose TLS is broken, and addresses that do not answer. Bounded: the
 * oldest is forgotten first. It is not kept over a restart.
 */
#ifndef DELIVER_MEMORY_H
#define DELIVER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/must.h"

enum { MEMORY_KEY_SIZE = 512 };

struct memory;

struct memory *memory_new(size_t max) MUST_USE;
void memory_free(struct memory **);
/* Keys that are too long are not noted. */
void memory_note(struct memory *, const char *key, int64_t until);
void memory_forget(struct memory *, const char *key);
bool memory_has(struct memory *, const char *key, int64_t now);

#endif

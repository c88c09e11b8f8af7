/*
 * base/hash.h - uthash, with our memory and a hash that every compiler takes.
 *
 * uthash's own default falls through its switch labels, of which clang warns.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#define HASH_FUNCTION(key, n, hash) HASH_FNV(key, n, hash)
#define uthash_malloc(n) mem_new(n)
#define uthash_free(p, n) mem_free(p)
#include <uthash.h>

#include "base/alloc.h"

#endif

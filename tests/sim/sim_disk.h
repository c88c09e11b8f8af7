/*
 * sim/sim_disk.h - a struct vfs that remembers what was synced and what was
 * only written.
 *
 * At a crash each unsynced write may be there, be gone, or be torn at any
 * octet, whatever came after it; each unsynced change of a folder may be there
 * or not. A failed sync leaves its writes in limbo: no later sync saves them.
 */
#ifndef SIM_SIM_DISK_H
#define SIM_SIM_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/vfs.h"

struct sim_disk;

/* Before each operation that changes something: the moment of a crash. */
typedef void sim_op_fn(struct sim_disk *, void *arg);

struct sim_disk *sim_disk_new(uint64_t seed);
void sim_disk_free(struct sim_disk **);
struct vfs *sim_disk_vfs(struct sim_disk *);
void sim_disk_watch(struct sim_disk *, sim_op_fn *, void *arg);
/* What a machine finds that crashed now and came up again. */
struct sim_disk *sim_disk_after_crash(const struct sim_disk *, uint64_t seed);
uint64_t sim_disk_ops(const struct sim_disk *);
/* From that operation on, `count` of them fail with `error` (an errno). */
void sim_disk_fail(struct sim_disk *, uint64_t op, uint64_t count, int error);
/* Reading, sizes, lists, openings: counted apart; that one fails (0: none). */
uint64_t sim_disk_reads(const struct sim_disk *);
void sim_disk_fail_read(struct sim_disk *, uint64_t read);
/* No write is done at once, but only a part of it first. */
void sim_disk_shorten_writes(struct sim_disk *);
/* The operation that is about to run. */
const char *sim_disk_op_name(const struct sim_disk *);

/* A small random number generator: the same seed, the same life. */
uint64_t sim_random(uint64_t *state);
uint64_t sim_below(uint64_t *state, uint64_t n);

#endif

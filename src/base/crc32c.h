/*
 * base/crc32c.h - CRC-32C (Castagnoli), by the processor where it can.
 */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/*
 * Goes on from `crc`, which is 0 (or a seed) at first:
 * crc32c(crc32c(0, a), b) equals crc32c(0, ab).
 */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t n);
/* The same on any processor, some ten times slower. */
uint32_t crc32c_portable(uint32_t crc, const void *bytes, size_t n);

#endif

/*
 * base/slice.h - a borrowed run of bytes.
 *
 * A slice owns nothing and may hold any byte, NUL included. It is valid as
 * long as what it points into. The take functions advance the slice and return
 * true, or leave it alone and return false.
 */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const char *p;
	size_t n;
};

/* A string literal as an initialiser. */
#define SLICE(literal)                         \
	(struct slice)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

#define SLICE_NONE ((struct slice){ "", 0 })

/* For printf: printf("%.*s", SLICE_ARGS(s)). */
#define SLICE_ARGS(s) (int)(s).n, (s).p

/* NULL gives the empty slice. */
struct slice slice_of(const char *cstring);
struct slice slice_from(const void *bytes, size_t n);
bool slice_eq(struct slice, struct slice);
bool slice_is(struct slice, const char *cstring);
/* ASCII case is ignored, in these four. */
bool slice_eq_nocase(struct slice, struct slice);
bool slice_is_nocase(struct slice, const char *cstring);
bool slice_starts_nocase(struct slice, const char *prefix);
bool slice_ends_nocase(struct slice, const char *suffix);
bool slice_starts(struct slice, const char *prefix);
/* Order by bytes, shorter first: <0, 0, >0. */
int slice_cmp(struct slice, struct slice);

/* Index of the first (last) `c`, or s.n when there is none. */
size_t slice_find(struct slice s, char c);
size_t slice_find_last(struct slice s, char c);
/* Index of the first occurrence of `what`, or s.n. */
size_t slice_find_str(struct slice s, struct slice what);
bool slice_has(struct slice s, char c);
/* How often c occurs. */
size_t slice_count(struct slice s, char c);

/* The first n bytes / all but the first n bytes; n is clipped to s.n. */
struct slice slice_head(struct slice s, size_t n);
struct slice slice_skip(struct slice s, size_t n);
/* Without spaces and tabs at both ends (and CR LF). */
struct slice slice_trim(struct slice s);

bool slice_take_char(struct slice *, char c);
bool slice_take_prefix(struct slice *, const char *prefix);
bool slice_take_prefix_nocase(struct slice *, const char *prefix);
/* All up to `c`, which is dropped; the whole rest if `c` is not there. */
struct slice slice_take_until(struct slice *, char c);
/* A word that ends at white space; the white space before it is dropped. */
struct slice slice_take_word(struct slice *);
/* Lines end with LF or CRLF, which is dropped. False at the end. */
bool slice_take_line(struct slice *, struct slice *line);

/* Decimal, the whole slice, at most max. False if it is anything else. */
bool slice_to_u64(struct slice, uint64_t max, uint64_t *out);
bool slice_to_u32(struct slice, uint32_t max, uint32_t *out);

/* Copies into buf with a NUL; false (and "") if it does not fit or has a NUL.
 */
bool slice_to_cstr(struct slice, char *buf, size_t size);

#endif

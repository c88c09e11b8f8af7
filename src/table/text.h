/*
 * table/text.h - the text form of a table, aliases(5) included.
 *
 *	key: value		value begins right behind the first colon
 *	key			the empty value
 *	"a key": value		quoted: may hold white space and colons
 *	# comment		also between a line and its continuation
 *	  more value		white space in front: goes on with the line
 *before
 *
 * White space around keys and values is dropped. A key without quotes holds
 * no white space: "key value" of other mail systems is refused, not misread.
 */
#ifndef TABLE_TEXT_H
#define TABLE_TEXT_H

#include <stdint.h>

#include "base/must.h"
#include "base/slice.h"
#include "base/why.h"

/* Not 0 stops the parsing; `why` was set by it. */
typedef int text_entry_fn(struct slice key, struct slice value, uint32_t line,
    struct why *, void *arg);

/*
 * Calls for each entry, in order. 0, or -EINVAL (or what the callback
 * returned); then *line is the line at fault and `why` says what is wrong.
 */
int text_parse(struct slice text, text_entry_fn *each, void *arg,
    uint32_t *line, struct why *) MUST_USE;

#endif

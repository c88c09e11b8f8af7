/*
 * mtactl/tables.c - building and asking lookup tables.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "mtactl/verbs.h"
#include "table/bdb.h"
#include "table/table.h"

enum { PATH_SIZE = 4096 };

int
do_table_build(struct ctl *ctl)
{
	struct why why = { "" };
	char path[PATH_SIZE];
	uint64_t count = 0;
	int n = snprintf(path, sizeof(path), "%s.db", ctl->words[0]);

	if (n < 0 || (size_t)n >= sizeof(path))
		return ctl_fail("%s: the path is too long", ctl->words[0]);
	if (bdb_build(ctl->words[0], path, &count, &why) != 0)
		return ctl_fail("%s", why.text);
	if (ctl->json)
		(void)printf("{\"path\":\"%s\",\"count\":%" PRIu64 "}\n", path,
		    count);
	else
		(void)printf("%s: %" PRIu64 " entries\n", path, count);
	return CTL_DONE;
}

int
do_table_get(struct ctl *ctl)
{
	struct slice key = slice_of(ctl->words[1]);
	size_t at = slice_find_last(key, '@');
	struct why why = { "" };
	struct slice value;
	struct table *t;
	struct buf out;
	bool found;

	t = table_load(ctl->words[0], &why);
	if (t == NULL)
		return ctl_fail("%s", why.text);
	/* As it stands; then an address as mail is looked up. */
	found = table_get(t, key, &value) ||
	    (at < key.n &&
		table_get_address(t, slice_head(key, at),
		    slice_skip(key, at + 1), '+', &value));
	if (found && ctl->json) {
		buf_init(&out, 16 << 20);
		json_write_string(value, &out);
		(void)printf("%s\n", buf_cstr(&out));
		buf_done(&out);
	} else if (found) {
		ctl_print(value);
		ctl_end_row();
	}
	table_free(&t);
	return found ? CTL_DONE
		     : ctl_fail("%s: not in %s", ctl->words[1], ctl->words[0]);
}

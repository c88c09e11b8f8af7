/* unit/dns_table.c - see there; a row of type 0 answers for every type. */
#include "tests/unit/dns_table.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS_MAX = 64 };

static bool
is_above(struct slice name, const char *row)
{
	size_t n = strlen(row);

	return n > name.n && row[n - name.n - 1] == '.' &&
	    slice_eq_nocase(slice_from(row + n - name.n, name.n), name);
}

static void
answer(const struct dns_row *row, struct answers *answers, struct slice name,
    enum dns_type type)
{
	struct dns_record records[ROWS_MAX];
	struct dns_answer a = { .outcome = DNS_NO_NAME, .records = records };

	memset(records, 0, sizeof(records));
	for (; row->name != NULL; row++) {
		if (is_above(name, row->name) && a.outcome == DNS_NO_NAME)
			a.outcome = DNS_NO_DATA;
		if (!slice_is_nocase(name, row->name))
			continue;
		if (row->type != type && row->type != 0) {
			if (a.outcome == DNS_NO_NAME)
				a.outcome = DNS_NO_DATA;
			continue;
		}
		a.outcome = row->data != NULL ? DNS_FOUND : row->outcome;
		if (row->data == NULL || a.count == ROWS_MAX)
			continue;
		records[a.count].data = slice_of(row->data);
		if ((type == DNS_A || type == DNS_AAAA) &&
		    !ip_parse(slice_of(row->data), &records[a.count].ip))
			abort();
		a.count++;
	}
	answers_put(answers, name, type, &a);
}

bool
dns_table_fill(const struct dns_row *rows, struct answers *answers)
{
	struct slice name;
	enum dns_type type;
	bool any = false;

	while (answers_missing(answers, 0, &name, &type)) {
		answer(rows, answers, name, type);
		any = true;
	}
	return any;
}

/*
 * unit/print_report.c - prints the report of a sample by its name, for
 * read_report.py. Without a name: the names.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/bounce_samples.h"

static void
print(struct slice s, void *arg)
{
	(void)fwrite(s.p, 1, s.n, arg);
}

int
main(int argc, char **argv)
{
	struct bounce_envelope out;

	(void)setenv("TZ", "UTC", 1);
	for (size_t i = 0; i < SAMPLE_COUNT; i++) {
		if (argc < 2)
			(void)puts(samples[i].name);
		else if (strcmp(argv[1], samples[i].name) == 0)
			return sample_write(&samples[i], 100000, sample_read,
				   print, stdout, &out) == 0
			    ? EXIT_SUCCESS
			    : EXIT_FAILURE;
	}
	return argc < 2 ? EXIT_SUCCESS : EXIT_FAILURE;
}

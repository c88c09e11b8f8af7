/*
 * fuzz/replay.c - runs a fuzz target over the files of a folder, so that
 * `make check` proves that every input of the corpus still keeps its laws.
 *
 * The folder is the environment's top_srcdir + "/tests/fuzz/corpus/" + NAME,
 * where the program is called corpus_NAME. An empty folder is a failure.
 */
#ifdef MTAD_FUZZ
typedef int replay_is_not_used;
#else
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { INPUT_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static int
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *bytes = mem_new(INPUT_MAX);
	FILE *f;
	size_t n;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL) {
		perror(path);
		mem_free(bytes);
		return -1;
	}
	n = fread(bytes, 1, INPUT_MAX, f);
	(void)fclose(f);
	/* An exact copy, so that a sanitizer sees the first byte beyond. */
	bytes = mem_resize(bytes, n, 1);
	(void)LLVMFuzzerTestOneInput(bytes, n);
	mem_free(bytes);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *source = getenv("top_srcdir");
	const char *name = strstr(argv[0], "corpus_");
	char folder[2048];
	struct dirent *entry;
	DIR *dir;
	int count = 0;

	(void)argc;
	if (name == NULL)
		return 1;
	(void)snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
	    source == NULL ? "." : source, name + strlen("corpus_"));
	dir = opendir(folder);
	if (dir == NULL) {
		perror(folder);
		return 1;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		if (replay(folder, entry->d_name) != 0)
			return 1;
		count++;
	}
	(void)closedir(dir);
	(void)printf("%s: %d inputs\n", folder, count);
	return count > 0 ? 0 : 1;
}
#endif

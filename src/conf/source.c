/*
 * conf/source.c - reading the files, and libconfuse. The only file that knows
 * confuse.h: every key is a string to it, so that one place, conf/type.c, says
 * what a value may be; a note at each option keeps its place.
 */
#include "conf/source.h"

#include <confuse.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/err.h"
#include "conf/scan.h"
#include "conf/type.h"

enum {
	FILE_BYTES_MAX = 64 << 20,
	FILES_MAX = 10000,
	PATH_SIZE = 4096,
	SECTIONS_MAX = 32,
};

struct conf_source {
	struct conf_errors *errors; /* borrowed while reading */
	char *path;
	struct scan scan;
	cfg_t *cfg;
	cfg_opt_t *options;                /* owned; the top level's */
	cfg_opt_t *sections[SECTIONS_MAX]; /* owned */
	char **files;                      /* to read, in order */
	size_t file_count;
	/* The starts of the scan, by section. */
	const char **starts[SECTIONS_MAX];
	size_t start_counts[SECTIONS_MAX];
};

/* --- the options that libconfuse is told --- */

/* Called for every value: keeps the place of the first. */
static int
on_value(cfg_t *cfg, cfg_opt_t *opt, const char *value, void *result)
{
	const char **out = result;
	char place[PATH_SIZE + 16];

	if (opt->comment == NULL) {
		(void)snprintf(place, sizeof(place), "%s:%d", cfg->filename,
		    cfg->line);
		(void)cfg_opt_setcomment(opt, place);
	}
	*out = value;
	return 0;
}

static size_t
key_count(const struct conf_section *section)
{
	size_t n = 0;

	while (section->keys[n].what != NULL)
		n++;
	return n;
}

/* Room for the keys of a section and `more`; returns how many are set. */
static size_t
options_of(const struct conf_section *section, size_t more, cfg_opt_t **out)
{
	cfg_opt_t one = CFG_STR_CB(NULL, NULL, CFGF_NODEFAULT, on_value);
	cfg_opt_t end = CFG_END();
	size_t n = 0;

	*out = mem_array(key_count(section) + more + 1, sizeof(**out));
	for (const struct conf_key *k = section->keys; k->what != NULL; k++) {
		if (k->name == NULL)
			continue;
		one.name = k->name;
		one.flags = CFGF_NODEFAULT |
		    (conf_type_facts(k->type)->is_list ? CFGF_LIST : 0);
		(*out)[n++] = one;
	}
	(*out)[n] = end;
	return n;
}

static void
make_options(struct conf_source *src)
{
	cfg_opt_t end = CFG_END();
	size_t n = options_of(conf_sections, SECTIONS_MAX, &src->options);

	for (size_t i = 1; conf_sections[i].name != NULL; i++) {
		cfg_opt_t one = CFG_SEC(conf_sections[i].name, NULL, 0);

		must(i < SECTIONS_MAX);
		(void)options_of(&conf_sections[i], 0, &src->sections[i]);
		one.subopts = src->sections[i];
		if (conf_sections[i].title != NULL)
			one.flags = CFGF_MULTI | CFGF_TITLE;
		src->options[n++] = one;
	}
	src->options[n] = end;
}

static void
on_error(cfg_t *cfg, const char *format, va_list args)
{
	/* The scan has named every error that is to be expected. */
	(void)cfg;
	(void)format;
	(void)args;
}

/* --- the files --- */

static void
add_file(struct conf_source *src, const char *path)
{
	src->files =
	    mem_resize(src->files, src->file_count + 1, sizeof(*src->files));
	src->files[src->file_count++] = mem_cstr(slice_of(path));
}

static bool
has_file(const struct conf_source *src, const char *path)
{
	for (size_t i = 0; i < src->file_count; i++)
		if (strcmp(src->files[i], path) == 0)
			return true;
	return false;
}

/* A pattern, relative to the file that it stands in. */
static void
on_include(const char *file, uint32_t line, struct slice pattern, void *arg)
{
	struct conf_source *src = arg;
	struct slice folder = slice_of(file);
	char place[PATH_SIZE + 16];
	char whole[PATH_SIZE];
	glob_t found = { 0 };
	int n;

	(void)snprintf(place, sizeof(place), "%s:%" PRIu32, file, line);
	folder = slice_head(folder, slice_find_last(folder, '/') + 1);
	if (pattern.p[0] == '/')
		folder.n = 0;
	else if (!slice_has(folder, '/'))
		folder = SLICE("./");
	n = snprintf(whole, sizeof(whole), "%.*s%.*s", SLICE_ARGS(folder),
	    SLICE_ARGS(pattern));
	if (n < 0 || (size_t)n >= sizeof(whole)) {
		conf_error(src->errors, place, "include: the path is too long");
		return;
	}
	/* None matching is no error; glob sorts by name. */
	if (glob(whole, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		if (has_file(src, found.gl_pathv[i]) ||
		    src->file_count == FILES_MAX)
			conf_error(src->errors, place,
			    "include: %s was included already",
			    found.gl_pathv[i]);
		else
			add_file(src, found.gl_pathv[i]);
	}
	globfree(&found);
}

static int
read_text(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "re");
	int rc = 0;

	if (f == NULL)
		return -errno;
	for (;;) {
		enum { PIECE = 1 << 16 };
		char *room = buf_reserve(out, PIECE);
		size_t n;

		if (room == NULL) {
			rc = -EFBIG;
			break;
		}
		n = fread(room, 1, PIECE, f);
		buf_added(out, n);
		if (n == 0) {
			rc = ferror(f) ? -EIO : 0;
			break;
		}
	}
	(void)fclose(f);
	return rc;
}

/* Freed by cfg_free(). */
static void
set_filename(cfg_t *cfg, const char *path)
{
	mem_free(cfg->filename);
	cfg->filename = mem_cstr(slice_of(path));
}

/* What the scan left, to libconfuse. */
static void
parse(struct conf_source *src, const char *path, struct slice text)
{
	union {
		const char *in;
		void *out;
	} bytes = { .in = text.p };
	FILE *f = fmemopen(bytes.out, text.n, "r");

	must(f != NULL);
	set_filename(src->cfg, path);
	/* Those without a title were made before any file was known. */
	for (size_t i = 1; conf_sections[i].name != NULL; i++)
		if (conf_sections[i].title == NULL)
			set_filename(cfg_getsec(src->cfg,
					 conf_sections[i].name),
			    path);
	if (cfg_parse_fp(src->cfg, f) != CFG_SUCCESS)
		conf_error(src->errors, path,
		    "line %d: libconfuse can't read "
		    "what follows",
		    src->cfg->line);
	(void)fclose(f);
}

/* 0, or -errno when it can't be read. */
static int
take_file(struct conf_source *src, const char *path)
{
	struct buf text, clean;
	int rc;

	buf_init(&text, FILE_BYTES_MAX);
	buf_init(&clean, FILE_BYTES_MAX * 2);
	rc = read_text(path, &text);
	if (rc != 0)
		conf_error(src->errors, path, "%s", err_text(rc));
	else
		scan_file(&src->scan, path, buf_slice(&text), &clean);
	if (clean.n > 0)
		parse(src, path, buf_slice(&clean));
	buf_done(&text);
	buf_done(&clean);
	return rc;
}

/* The scan noted all starts in one list; libconfuse counts by section. */
static void
sort_starts(struct conf_source *src)
{
	for (size_t i = 0; i < src->scan.start_count; i++) {
		const struct scan_start *start = &src->scan.starts[i];
		size_t row = (size_t)(start->section - conf_sections);
		size_t n = src->start_counts[row]++;

		src->starts[row] = mem_resize(src->starts[row], n + 1,
		    sizeof(*src->starts[row]));
		src->starts[row][n] = start->place;
	}
}

struct conf_source *
conf_source_read(const char *path, struct conf_errors *errors)
{
	struct conf_source *src = mem_zero(sizeof(*src));
	int rc = 0;

	src->errors = errors;
	src->path = mem_cstr(slice_of(path));
	scan_init(&src->scan, errors);
	src->scan.include = on_include;
	src->scan.arg = src;
	make_options(src);
	src->cfg = cfg_init(src->options, CFGF_NONE);
	must(src->cfg != NULL);
	(void)cfg_set_error_function(src->cfg, on_error);
	add_file(src, path);
	/* The list grows by what the files include. */
	for (size_t i = 0; i < src->file_count; i++) {
		rc = take_file(src, src->files[i]);
		if (rc != 0 && i == 0)
			break;
		rc = 0;
	}
	sort_starts(src);
	src->errors = NULL;
	if (rc != 0)
		conf_source_free(&src);
	return src;
}

void
conf_source_free(struct conf_source **srcp)
{
	struct conf_source *src = *srcp;

	if (src == NULL)
		return;
	(void)cfg_free(src->cfg);
	scan_done(&src->scan);
	mem_free(src->options);
	for (size_t i = 0; i < SECTIONS_MAX; i++) {
		mem_free(src->sections[i]);
		mem_free(src->starts[i]);
	}
	for (size_t i = 0; i < src->file_count; i++)
		mem_free(src->files[i]);
	mem_free(src->files);
	mem_free(src->path);
	mem_free(src);
	*srcp = NULL;
}

/* --- asking --- */

static cfg_t *
section_at(const struct conf_source *src, const struct conf_section *section,
    size_t index)
{
	if (section->name[0] == '\0')
		return src->cfg;
	return cfg_opt_getnsec(cfg_getopt(src->cfg, section->name),
	    (unsigned)index);
}

size_t
conf_source_count(const struct conf_source *src,
    const struct conf_section *section)
{
	return section->title == NULL ? 1 : cfg_size(src->cfg, section->name);
}

const char *
conf_source_title(const struct conf_source *src,
    const struct conf_section *section, size_t index)
{
	return cfg_title(section_at(src, section, index));
}

bool
conf_source_words(const struct conf_source *src,
    const struct conf_section *section, size_t index,
    const struct conf_key *key, struct strings *out)
{
	cfg_opt_t *opt = cfg_getopt(section_at(src, section, index), key->name);

	*out = (struct strings){ 0 };
	if ((opt->flags & CFGF_MODIFIED) == 0)
		return false;
	for (unsigned i = 0; i < cfg_opt_size(opt); i++)
		strings_add(out, slice_of(cfg_opt_getnstr(opt, i)));
	return true;
}

const char *
conf_source_place(const struct conf_source *src,
    const struct conf_section *section, size_t index, const char *key)
{
	size_t row = (size_t)(section - conf_sections);
	const cfg_opt_t *opt = NULL;

	if (key != NULL)
		opt = cfg_getopt(section_at(src, section, index), key);
	if (opt != NULL && opt->comment != NULL)
		return opt->comment;
	return index < src->start_counts[row] ? src->starts[row][index]
					      : src->path;
}

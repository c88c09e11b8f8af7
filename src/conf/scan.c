/*
 * conf/scan.c - structure, names and repetitions. What values mean, and what
 * their escapes stand for, is not its business.
 *
 *	file      = *statement
 *	statement = name "=" value | name [ title ] "{" *statement "}"
 *		  | "include" "(" pattern ")"
 *	value     = word | "{" [ word *( "," word ) ] "}"
 */
#include "conf/scan.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "conf/type.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* a name or a value, quotes included */
	TOKEN_OPEN,   /* { */
	TOKEN_CLOSE,  /* } */
	TOKEN_PAREN,  /* ( */
	TOKEN_THESIS, /* ) */
	TOKEN_EQUALS,
	TOKEN_COMMA,
};

struct token {
	enum token_kind kind;
	struct slice text;
	uint32_t line;
};

enum { KEYS_MAX = 32, PLACE_MAX = 4200, NAME_SHOWN = 60 };

/* One file under the scan. */
struct scanning {
	struct scan *scan;
	const char *file;
	struct slice rest;
	uint32_t line;
	struct token now; /* the token at hand */
	struct buf *out;
	uint32_t out_line;
};

static void
complain(struct scanning *s, uint32_t line, const char *text)
{
	char place[PLACE_MAX];

	(void)snprintf(place, sizeof(place), "%s:%" PRIu32, s->file, line);
	conf_error(s->scan->errors, place, "%s", text);
}

/* --- tokens --- */

static void
skip_line(struct scanning *s)
{
	s->rest = slice_skip(s->rest, slice_find(s->rest, '\n'));
}

static void
skip_long_comment(struct scanning *s)
{
	size_t end = slice_find_str(s->rest, SLICE("*/"));
	uint32_t from = s->line;

	for (size_t i = 0; i < end; i++)
		s->line += s->rest.p[i] == '\n';
	if (end == s->rest.n)
		complain(s, from, "a comment begins here and does not end");
	s->rest = slice_skip(s->rest, end + 2);
}

/* White space and comments. */
static void
skip_space(struct scanning *s)
{
	while (s->rest.n > 0) {
		if (s->rest.p[0] == '\n')
			s->line++;
		if (ascii_is_space(s->rest.p[0]))
			s->rest = slice_skip(s->rest, 1);
		else if (s->rest.p[0] == '#' || slice_starts(s->rest, "//"))
			skip_line(s);
		else if (slice_take_prefix(&s->rest, "/*"))
			skip_long_comment(s);
		else
			return;
	}
}

/* A string up to its quote; strings do not run over lines. */
static bool
take_string(struct scanning *s, char quote)
{
	bool numeric = false;
	size_t n = 1;

	while (n < s->rest.n && s->rest.p[n] != quote && s->rest.p[n] != '\n') {
		if (s->rest.p[n] == '\\' && n + 1 < s->rest.n &&
		    s->rest.p[n + 1] != '\n')
			n++;
		numeric = numeric ||
		    (s->rest.p[n - 1] == '\\' && ascii_is_digit(s->rest.p[n]));
		n++;
	}
	if (n >= s->rest.n || s->rest.p[n] != quote) {
		complain(s, s->line,
		    "a quoted text begins here and does not end in its line");
		skip_line(s);
		return false;
	}
	s->now.text = slice_head(s->rest, n + 1);
	if (numeric) {
		complain(s, s->line, "a backslash takes no number behind it");
		s->now.text = SLICE("\"\"");
	}
	s->rest = slice_skip(s->rest, n + 1);
	return true;
}

static bool
is_bare(struct slice s)
{
	return s.n > 0 && !ascii_is_space(s.p[0]) &&
	    strchr("#\"'={}()+,*$", s.p[0]) == NULL && !slice_starts(s, "//") &&
	    !slice_starts(s, "/*");
}

static bool
take_bare(struct scanning *s)
{
	char text[80];
	size_t n = 0;

	while (is_bare(slice_skip(s->rest, n)))
		n++;
	if (n == 0) {
		(void)snprintf(text, sizeof(text),
		    ascii_is_graphic(s->rest.p[0])
			? "an unexpected \"%c\"; texts with it stand in quotes"
			: "an unexpected byte %d; texts with it stand in quotes",
		    (unsigned char)s->rest.p[0]);
		complain(s, s->line, text);
		s->rest = slice_skip(s->rest, 1);
		return false;
	}
	s->now.text = slice_head(s->rest, n);
	s->rest = slice_skip(s->rest, n);
	return true;
}

static bool
take_mark(struct scanning *s)
{
	static const struct {
		char c;
		enum token_kind kind;
	} marks[] = { { '{', TOKEN_OPEN }, { '}', TOKEN_CLOSE },
		{ '(', TOKEN_PAREN }, { ')', TOKEN_THESIS },
		{ '=', TOKEN_EQUALS }, { ',', TOKEN_COMMA } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (s->rest.p[0] == marks[i].c) {
			s->now.kind = marks[i].kind;
			s->now.text = slice_head(s->rest, 1);
			s->rest = slice_skip(s->rest, 1);
			return true;
		}
	return false;
}

/* The next token into s->now. */
static void
advance(struct scanning *s)
{
	bool good = false;

	while (!good) {
		skip_space(s);
		s->now = (struct token){ TOKEN_END, SLICE_NONE, s->line };
		if (s->rest.n == 0)
			return;
		if (take_mark(s))
			return;
		s->now.kind = TOKEN_WORD;
		good = s->rest.p[0] == '"' || s->rest.p[0] == '\''
		    ? take_string(s, s->rest.p[0])
		    : take_bare(s);
	}
}

/* Hands the token at hand on to libconfuse, in its line. */
static void
emit(struct scanning *s)
{
	struct slice t = s->now.text;
	bool quoted = t.n > 0 && t.p[0] == '"';

	for (; s->out_line < s->now.line; s->out_line++)
		buf_add_char(s->out, '\n');
	for (size_t i = 0; i < t.n; i++) {
		if (quoted && t.p[i] == '\\' && i + 1 < t.n)
			buf_add_char(s->out, t.p[i++]);
		/* "${" would be taken for a variable of the environment. */
		else if (quoted && t.p[i] == '$')
			buf_add_char(s->out, '\\');
		buf_add_char(s->out, t.p[i]);
	}
	buf_add_char(s->out, ' ');
}

static void
emit_and_advance(struct scanning *s)
{
	emit(s);
	advance(s);
}

/* --- statements --- */

/* What was emitted since then is taken back. */
struct mark {
	size_t n;
	uint32_t line;
};

static struct mark
mark_out(const struct scanning *s)
{
	return (struct mark){ s->out->n, s->out_line };
}

static void
take_back(struct scanning *s, struct mark m)
{
	s->out->n = m.n;
	s->out_line = m.line;
}

/* After an error: on to the next line, or to the end of the block. */
static void
resume(struct scanning *s, uint32_t line)
{
	while (s->now.kind != TOKEN_END && s->now.kind != TOKEN_CLOSE &&
	    s->now.line <= line)
		advance(s);
}

static void
list_names(const struct conf_section *section, struct buf *out)
{
	const char *between = "";

	for (const struct conf_key *k = section->keys; k->what != NULL; k++)
		if (k->name != NULL) {
			buf_addf(out, "%s%s", between, k->name);
			between = ", ";
		}
	if (section != conf_sections)
		return;
	for (const struct conf_section *t = section + 1; t->name != NULL; t++)
		buf_addf(out, ", %s", t->name);
}

static void
complain_unknown(struct scanning *s, const struct conf_section *section,
    const char *name, uint32_t line)
{
	const char *meant = conf_suggest(section, name);
	struct buf text;

	buf_init(&text, 4096);
	buf_addf(&text, "unknown key \"%s\"", name);
	if (section->name[0] != '\0')
		buf_addf(&text, " in %s", section->name);
	if (meant != NULL) {
		buf_addf(&text, "; did you mean \"%s\"?", meant);
	} else {
		buf_add_cstr(&text, "; accepted are ");
		list_names(section, &text);
	}
	complain(s, line, buf_cstr(&text));
	buf_done(&text);
}

static void __attribute__((format(printf, 3, 4)))
complainf(struct scanning *s, uint32_t line, const char *format, ...)
{
	struct buf text;
	va_list args;

	buf_init(&text, 4096);
	va_start(args, format);
	buf_addv(&text, format, args);
	va_end(args);
	complain(s, line, buf_cstr(&text));
	buf_done(&text);
}

/* = value. True if it is well-formed; `key` is NULL when unknown. */
static bool
scan_value(struct scanning *s, const char *name, const struct conf_key *key)
{
	uint32_t line = s->now.line;
	bool more = true;

	emit_and_advance(s);
	if (s->now.kind == TOKEN_WORD) {
		emit_and_advance(s);
		return true;
	}
	if (s->now.kind != TOKEN_OPEN) {
		complainf(s, line, "%s: a value is missing behind the \"=\"",
		    name);
		return false;
	}
	if (key != NULL && !conf_type_facts(key->type)->is_list)
		complainf(s, line, "%s: takes one value, not a list in braces",
		    name);
	emit_and_advance(s);
	more = s->now.kind == TOKEN_WORD;
	while (more) {
		emit_and_advance(s);
		more = s->now.kind == TOKEN_COMMA;
		if (more)
			emit_and_advance(s);
		more = more && s->now.kind == TOKEN_WORD;
	}
	if (s->now.kind != TOKEN_CLOSE) {
		complainf(s, line,
		    "%s: a list is { \"a\", \"b\" }; a comma or the closing brace "
		    "is missing",
		    name);
		return false;
	}
	emit_and_advance(s);
	return key == NULL || conf_type_facts(key->type)->is_list;
}

static struct slice
without_quotes(struct slice word)
{
	if (word.n >= 2 && (word.p[0] == '"' || word.p[0] == '\''))
		return slice_head(slice_skip(word, 1), word.n - 2);
	return word;
}

/* include("PATTERN") */
static void
scan_include(struct scanning *s)
{
	uint32_t line = s->now.line;
	struct slice pattern = SLICE_NONE;

	advance(s);
	if (s->now.kind == TOKEN_WORD) {
		pattern = s->now.text;
		pattern = without_quotes(pattern);
		advance(s);
	}
	if (s->now.kind != TOKEN_THESIS || pattern.n == 0) {
		complain(s, line, "write include(\"conf.d/*.conf\")");
		resume(s, line);
		return;
	}
	advance(s);
	if (s->scan->include != NULL)
		s->scan->include(s->file, line, pattern, s->scan->arg);
}

/* The place where that row's statement stood first, noted on the way. */
static const char *
note_seen(struct scanning *s, size_t row, uint32_t line)
{
	char place[PLACE_MAX];

	if (s->scan->seen[row] != NULL)
		return s->scan->seen[row];
	(void)snprintf(place, sizeof(place), "%s:%" PRIu32, s->file, line);
	s->scan->seen[row] = mem_cstr(slice_of(place));
	return NULL;
}

static bool scan_block(struct scanning *, const struct conf_section *,
    uint32_t opened);

static uint32_t
hash_of(struct slice s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)ascii_lower(s.p[i])) * 16777619u;
	return h;
}

/* Another section of that kind and title, or NULL. */
static const char *
find_start(const struct scan *scan, const struct conf_section *section,
    struct slice title)
{
	uint32_t hash = hash_of(title);

	for (size_t i = 0; i < scan->start_count; i++)
		if (scan->starts[i].hash == hash &&
		    scan->starts[i].section == section &&
		    slice_eq_nocase(slice_of(scan->starts[i].title), title))
			return scan->starts[i].place;
	return NULL;
}

static void
note_start(struct scanning *s, const struct conf_section *section,
    uint32_t line, struct slice title)
{
	struct scan *scan = s->scan;
	char place[PLACE_MAX];

	(void)snprintf(place, sizeof(place), "%s:%" PRIu32, s->file, line);
	if ((scan->start_count & (scan->start_count - 1)) == 0)
		scan->starts = mem_resize(scan->starts,
		    scan->start_count == 0 ? 1 : scan->start_count * 2,
		    sizeof(*scan->starts));
	scan->starts[scan->start_count++] = (struct scan_start){ section,
		mem_cstr(slice_of(place)), mem_cstr(title), hash_of(title) };
}

/* [ title ] "{" ... "}" behind a section's name, which was emitted. */
static bool
scan_section(struct scanning *s, const struct conf_section *section,
    uint32_t line)
{
	bool titled = s->now.kind == TOKEN_WORD;
	struct slice title = SLICE_NONE;
	const char *before = NULL;

	if (titled) {
		title = without_quotes(s->now.text);
		emit_and_advance(s);
	}
	if (s->now.kind != TOKEN_OPEN) {
		complainf(s, line, "%s: an opening brace is missing",
		    section->name);
		return false;
	}
	emit_and_advance(s);
	if (section->title != NULL && !titled)
		complainf(s, line,
		    "%s: a title is missing: %s \"...\" { ... }, "
		    "where the title is %s",
		    section->name, section->name, section->title);
	if (section->title == NULL && titled)
		complainf(s, line, "%s: takes no title", section->name);
	before = find_start(s->scan, section, title);
	if (before != NULL)
		complainf(s, line, "section %s%s%.*s%s stands in %s already",
		    section->name, titled ? " \"" : "", SLICE_ARGS(title),
		    titled ? "\"" : "", before);
	if (!scan_block(s, section, line) || before != NULL ||
	    titled != (section->title != NULL))
		return false;
	note_start(s, section, line, title);
	return true;
}

/* A section that nobody knows: on behind its closing brace. */
static void
skip_section(struct scanning *s)
{
	unsigned depth = 0;

	do {
		if (s->now.kind == TOKEN_OPEN)
			depth++;
		else if (s->now.kind == TOKEN_CLOSE)
			depth--;
		advance(s);
	} while (depth > 0 && s->now.kind != TOKEN_END);
}

static bool
check_repeated(struct scanning *s, const struct conf_section *section,
    const struct conf_key *key, uint32_t line, uint32_t *lines)
{
	size_t row = (size_t)(key - section->keys);
	const char *before = NULL;

	must(row < KEYS_MAX);
	if (section == conf_sections) {
		before = note_seen(s, row, line);
		if (before != NULL)
			complainf(s, line, "%s: stands in %s already",
			    key->name, before);
		return before == NULL;
	}
	if (lines[row] != 0) {
		complainf(s, line, "%s: stands in line %" PRIu32 " already",
		    key->name, lines[row]);
		return false;
	}
	lines[row] = line;
	return true;
}

/* One statement; `lines` remembers where each key stood. */
static void
scan_statement(struct scanning *s, const struct conf_section *section,
    uint32_t *lines)
{
	struct mark start = mark_out(s);
	uint32_t line = s->now.line;
	const struct conf_section *inner = NULL;
	const struct conf_key *key;
	char name[NAME_SHOWN];

	if (s->now.kind != TOKEN_WORD) {
		complainf(s, line, "a name is expected here, not \"%.*s\"",
		    SLICE_ARGS(s->now.text));
		advance(s);
		resume(s, line);
		return;
	}
	(void)slice_to_cstr(slice_head(s->now.text, sizeof(name) - 1), name,
	    sizeof(name));
	key = conf_key_find(section, name);
	if (section == conf_sections && name[0] != '\0')
		inner = conf_section_find(name);
	emit_and_advance(s);
	if (s->now.kind == TOKEN_PAREN && section == conf_sections &&
	    strcmp(name, "include") == 0) {
		scan_include(s);
		take_back(s, start);
	} else if (s->now.kind == TOKEN_EQUALS) {
		bool good = scan_value(s, name, key);

		if (key == NULL && inner != NULL)
			complainf(s, line, "%s: is a section: %s { ... }", name,
			    name);
		else if (key == NULL)
			complain_unknown(s, section, name, line);
		else
			good = check_repeated(s, section, key, line, lines) &&
			    good;
		if (key == NULL || !good)
			take_back(s, start);
	} else if (inner != NULL) {
		if (!scan_section(s, inner, line))
			take_back(s, start);
	} else {
		if (key != NULL)
			complainf(s, line, "%s: a \"=\" is missing", name);
		else
			complain_unknown(s, section, name, line);
		if (s->now.kind == TOKEN_WORD)
			advance(s);
		if (s->now.kind == TOKEN_OPEN)
			skip_section(s);
		else
			resume(s, line);
		take_back(s, start);
	}
}

/* Statements up to the closing brace, or at the top up to the end. */
static bool
scan_block(struct scanning *s, const struct conf_section *section,
    uint32_t opened)
{
	bool top = section == conf_sections;
	uint32_t lines[KEYS_MAX] = { 0 };

	for (;;) {
		if (s->now.kind == TOKEN_END) {
			if (!top)
				complainf(s, opened,
				    "section %s begins here, and its closing "
				    "brace is missing",
				    section->name);
			return top;
		}
		if (s->now.kind == TOKEN_CLOSE && !top) {
			emit_and_advance(s);
			return true;
		}
		if (s->now.kind == TOKEN_CLOSE) {
			complain(s, s->now.line, "a closing brace too many");
			advance(s);
			continue;
		}
		scan_statement(s, section, lines);
	}
}

/* --- the whole --- */

void
scan_init(struct scan *scan, struct conf_errors *errors)
{
	*scan = (struct scan){ .errors = errors };
	scan->seen = mem_array(KEYS_MAX, sizeof(*scan->seen));
}

void
scan_done(struct scan *scan)
{
	for (size_t i = 0; i < KEYS_MAX; i++)
		mem_free(scan->seen[i]);
	mem_free(scan->seen);
	for (size_t i = 0; i < scan->start_count; i++) {
		mem_free(scan->starts[i].place);
		mem_free(scan->starts[i].title);
	}
	mem_free(scan->starts);
	*scan = (struct scan){ 0 };
}

void
scan_file(struct scan *scan, const char *file, struct slice text,
    struct buf *out)
{
	struct scanning s = { .scan = scan,
		.file = file,
		.rest = text,
		.line = 1,
		.out = out,
		.out_line = 1 };
	size_t nul = slice_find(text, '\0');

	for (size_t i = 0; i < nul && nul < text.n; i++)
		s.line += text.p[i] == '\n';
	if (nul < text.n) {
		complain(&s, s.line, "a NUL byte: this is no text");
		return;
	}
	(void)slice_take_prefix(&s.rest, "\xef\xbb\xbf");
	advance(&s);
	(void)scan_block(&s, conf_sections, 0);
	buf_add_char(out, '\n');
}

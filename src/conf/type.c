/*
 * conf/type.c - the types of settings, one group of functions each, and the
 * table that binds them. What a value means to others is checked elsewhere.
 */
#include "conf/type.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/err.h"
#include "conf/target.h"
#include "conf/value.h"
#include "mail/address.h"
#include "mail/expand.h"

static void *
field_of(const struct conf_key *key, void *section)
{
	return (char *)section + key->offset;
}

static const void *
const_field_of(const struct conf_key *key, const void *section)
{
	return (const char *)section + key->offset;
}

static struct slice
word_of(const struct strings *words)
{
	must(words->n == 1);
	return slice_of(words->v[0]);
}

/* --- the bytes of a packed conf --- */

void
conf_put_u64(uint64_t value, struct buf *out)
{
	buf_add(out, slice_from(&value, sizeof(value)));
}

bool
conf_get_u64(struct slice *in, uint64_t *out)
{
	if (in->n < sizeof(*out))
		return false;
	memcpy(out, in->p, sizeof(*out));
	*in = slice_skip(*in, sizeof(*out));
	return true;
}

void
conf_put_text(struct slice s, struct buf *out)
{
	conf_put_u64(s.n, out);
	buf_add(out, s);
}

bool
conf_get_text(struct slice *in, struct slice *out)
{
	struct slice rest = *in;
	uint64_t n;

	if (!conf_get_u64(&rest, &n) || n > rest.n)
		return false;
	*out = slice_head(rest, n);
	*in = slice_skip(rest, n);
	return true;
}

/* A text that will be a C string. */
static bool
get_cstr(struct slice *in, char **out)
{
	struct slice s;

	if (!conf_get_text(in, &s) || slice_has(s, '\0'))
		return false;
	mem_free(*out);
	*out = mem_cstr(s);
	return true;
}

/* --- lists of texts --- */

void
strings_add(struct strings *list, struct slice s)
{
	list->v = mem_resize(list->v, list->n + 1, sizeof(*list->v));
	list->v[list->n++] = mem_cstr(s);
}

void
strings_done(struct strings *list)
{
	for (size_t i = 0; i < list->n; i++)
		mem_free(list->v[i]);
	mem_free(list->v);
	*list = (struct strings){ 0 };
}

void
conf_preset_words(const struct conf_key *key, struct strings *out)
{
	struct slice rest = slice_of(key->preset);

	if (!conf_type_facts(key->type)->is_list)
		strings_add(out, rest);
	else
		while (rest.n > 0)
			strings_add(out, slice_take_until(&rest, ','));
}

/* --- texts --- */

static void
set_text(const struct conf_key *key, void *section, struct slice s)
{
	char **field = field_of(key, section);

	mem_free(*field);
	*field = mem_cstr(s);
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (ascii_is_control(s.p[i]))
			return true;
	return false;
}

static bool
text_fits(const struct conf_key *key, struct slice s, struct why *why)
{
	if (has_control(s)) {
		why_set(why, "holds a control character");
		return false;
	}
	if (key->high > 0 && (s.n < key->low || s.n > key->high)) {
		why_set(why,
		    "is not a text of %" PRIu64 " to %" PRIu64 " characters",
		    key->low, key->high);
		return false;
	}
	return true;
}

static bool
read_text(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (!text_fits(key, word_of(words), why))
		return false;
	set_text(key, section, word_of(words));
	return true;
}

static bool
read_name(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);
	char **field = field_of(key, section);

	(void)conf;
	if (s.n > 0 && !domain_is_valid(s, true)) {
		why_set(why, "is no host or domain name");
		return false;
	}
	set_text(key, section, s);
	for (char *p = *field; *p != '\0'; p++)
		*p = ascii_lower(*p);
	return true;
}

static bool
read_address(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);
	struct address a;

	(void)conf;
	if (s.n > 0 &&
	    (address_parse(s, true, &a) != PARSE_OK || a.domain.n == 0)) {
		why_set(why, "is no address of the form local@domain");
		return false;
	}
	set_text(key, section, s);
	return true;
}

static bool
is_path(struct slice s)
{
	return s.n > 1 && s.n < 4096 && s.p[0] == '/' && !has_control(s);
}

static bool
read_path(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (!is_path(word_of(words))) {
		why_set(why, "is no path from / on");
		return false;
	}
	set_text(key, section, word_of(words));
	return true;
}

static bool
read_events(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);

	(void)conf;
	if (s.n > 0 && (!slice_take_prefix(&s, "file:") || !is_path(s))) {
		why_set(why, "is not of the form \"file:/PATH\", or empty");
		return false;
	}
	set_text(key, section, s);
	return true;
}

static bool
target_fits(const struct conf_key *key, struct slice s, struct why *why)
{
	struct why inner = { "" };
	struct target t;

	if (!target_parse(s, &t, &inner)) {
		why_set(why, "is wrong: %s", inner.text);
		return false;
	}
	if (t.kind == TARGET_MBOX || t.kind == TARGET_PIPE) {
		why_set(why, "is not available yet");
		return false;
	}
	if (t.kind == TARGET_MAILDIR && !expand_is_valid(t.path, &inner)) {
		why_set(why, "is wrong: %s", inner.text);
		return false;
	}
	if ((target_bit(t.kind) & key->low) == 0) {
		why_set(why, "has no place here: %s: is not accepted for %s",
		    target_kind_name(t.kind), key->name);
		return false;
	}
	return true;
}

static bool
read_target(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (!target_fits(key, word_of(words), why))
		return false;
	set_text(key, section, word_of(words));
	return true;
}

static void
put_text(const struct conf_key *key, const void *section, struct buf *out)
{
	char *const *field = const_field_of(key, section);

	conf_put_text(slice_of(*field), out);
}

static bool
get_text(const struct conf_key *key, void *section, struct slice *in)
{
	return get_cstr(in, field_of(key, section));
}

static void
done_text(const struct conf_key *key, void *section)
{
	char **field = field_of(key, section);

	mem_free(*field);
	*field = NULL;
}

/* --- numbers --- */

static bool
read_number(const struct conf_key *key, const struct strings *words,
    uint64_t *out, struct why *why)
{
	if (slice_to_u64(word_of(words), key->high, out) && *out >= key->low)
		return true;
	why_set(why, "is not a number from %" PRIu64 " to %" PRIu64, key->low,
	    key->high);
	return false;
}

static bool
read_uint(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	uint32_t *field = field_of(key, section);
	uint64_t value;

	(void)conf;
	if (!read_number(key, words, &value, why))
		return false;
	*field = (uint32_t)value;
	return true;
}

static void
put_uint(const struct conf_key *key, const void *section, struct buf *out)
{
	const uint32_t *field = const_field_of(key, section);

	conf_put_u64(*field, out);
}

static bool
get_uint(const struct conf_key *key, void *section, struct slice *in)
{
	uint32_t *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > UINT32_MAX)
		return false;
	*field = (uint32_t)value;
	return true;
}

static bool
read_port(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	uint16_t *field = field_of(key, section);
	uint64_t value;

	(void)conf;
	if (!read_number(key, words, &value, why))
		return false;
	*field = (uint16_t)value;
	return true;
}

static void
put_port(const struct conf_key *key, const void *section, struct buf *out)
{
	const uint16_t *field = const_field_of(key, section);

	conf_put_u64(*field, out);
}

static bool
get_port(const struct conf_key *key, void *section, struct slice *in)
{
	uint16_t *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > UINT16_MAX)
		return false;
	*field = (uint16_t)value;
	return true;
}

static bool
read_size(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	uint64_t *field = field_of(key, section);
	struct buf text;
	uint64_t value;

	(void)conf;
	if (value_size(word_of(words), &value) && value >= key->low &&
	    value <= key->high) {
		*field = value;
		return true;
	}
	buf_init(&text, 100);
	value_write_size(key->low, &text);
	buf_add_cstr(&text, " to ");
	value_write_size(key->high, &text);
	why_set(why, "is not a size from %s, like \"50MB\"", buf_cstr(&text));
	buf_done(&text);
	return false;
}

static void
put_size(const struct conf_key *key, const void *section, struct buf *out)
{
	const uint64_t *field = const_field_of(key, section);

	conf_put_u64(*field, out);
}

static bool
get_size(const struct conf_key *key, void *section, struct slice *in)
{
	return conf_get_u64(in, field_of(key, section));
}

static bool
duration_fits(const struct conf_key *key, struct slice s, int64_t *out,
    struct why *why)
{
	struct buf text;

	if (value_duration(s, out) && *out >= (int64_t)key->low &&
	    *out <= (int64_t)key->high)
		return true;
	buf_init(&text, 200);
	value_write_duration((int64_t)key->low, &text);
	buf_add_cstr(&text, " to ");
	value_write_duration((int64_t)key->high, &text);
	why_set(why, "is not a duration from %s, like \"30s\" or \"1h30m\"",
	    buf_cstr(&text));
	buf_done(&text);
	return false;
}

static bool
read_time(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	int64_t *field = field_of(key, section);
	int64_t value;

	(void)conf;
	if (!duration_fits(key, word_of(words), &value, why))
		return false;
	*field = value;
	return true;
}

static void
put_time(const struct conf_key *key, const void *section, struct buf *out)
{
	const int64_t *field = const_field_of(key, section);

	conf_put_u64((uint64_t)*field, out);
}

static bool
get_time(const struct conf_key *key, void *section, struct slice *in)
{
	int64_t *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > INT64_MAX)
		return false;
	*field = (int64_t)value;
	return true;
}

static size_t *
count_of(const struct conf_key *key, void *section)
{
	void *count = (char *)section + key->count;

	return count;
}

static size_t
get_count_of(const struct conf_key *key, const void *section)
{
	const void *count = (const char *)section + key->count;

	return *(const size_t *)count;
}

static bool
read_times(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	int64_t **field = field_of(key, section);
	int64_t *values;

	(void)conf;
	if (words->n == 0) {
		why_set(why, "is empty; at least one duration is needed");
		return false;
	}
	values = mem_array(words->n, sizeof(*values));
	for (size_t i = 0; i < words->n; i++)
		if (!duration_fits(key, slice_of(words->v[i]), &values[i],
			why)) {
			mem_free(values);
			return false;
		}
	mem_free(*field);
	*field = values;
	*count_of(key, section) = words->n;
	return true;
}

static void
put_times(const struct conf_key *key, const void *section, struct buf *out)
{
	int64_t *const *field = const_field_of(key, section);
	size_t n = get_count_of(key, section);

	conf_put_u64(n, out);
	for (size_t i = 0; i < n; i++)
		conf_put_u64((uint64_t)(*field)[i], out);
}

static bool
get_times(const struct conf_key *key, void *section, struct slice *in)
{
	int64_t **field = field_of(key, section);
	uint64_t n, value;

	if (!conf_get_u64(in, &n) || n > in->n / sizeof(value))
		return false;
	mem_free(*field);
	*field = mem_array(n, sizeof(**field));
	*count_of(key, section) = n;
	for (uint64_t i = 0; i < n; i++) {
		if (!conf_get_u64(in, &value) || value > INT64_MAX)
			return false;
		(*field)[i] = (int64_t)value;
	}
	return true;
}

static void
done_times(const struct conf_key *key, void *section)
{
	int64_t **field = field_of(key, section);

	mem_free(*field);
	*field = NULL;
	*count_of(key, section) = 0;
}

static bool
read_rate(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (value_rate(word_of(words), field_of(key, section)))
		return true;
	why_set(why, "is not a rate like \"10/s\", \"600/m\" or \"5000/h\"");
	return false;
}

static void
put_rate(const struct conf_key *key, const void *section, struct buf *out)
{
	buf_add(out, slice_from(const_field_of(key, section), sizeof(double)));
}

static bool
get_rate(const struct conf_key *key, void *section, struct slice *in)
{
	double *field = field_of(key, section);

	if (in->n < sizeof(*field))
		return false;
	memcpy(field, in->p, sizeof(*field));
	*in = slice_skip(*in, sizeof(*field));
	return *field >= 0 && *field < 1e12;
}

/* --- one of some words --- */

static bool
read_bool(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (value_bool(word_of(words), field_of(key, section)))
		return true;
	why_set(why, "is neither true nor false");
	return false;
}

static void
put_bool(const struct conf_key *key, const void *section, struct buf *out)
{
	const bool *field = const_field_of(key, section);

	conf_put_u64(*field, out);
}

static bool
get_bool(const struct conf_key *key, void *section, struct slice *in)
{
	bool *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > 1)
		return false;
	*field = value != 0;
	return true;
}

static bool
read_word(const struct conf_key *key, const struct strings *words, int *out,
    struct why *why)
{
	const struct conf_word *w;
	struct buf text;

	for (w = key->words; w->word != NULL; w++)
		if (slice_is(word_of(words), w->word)) {
			*out = w->value;
			return true;
		}
	buf_init(&text, 400);
	for (w = key->words; w->word != NULL; w++)
		buf_addf(&text, "%s%s",
		    w == key->words         ? ""
			: w[1].word == NULL ? " or "
					    : ", ",
		    w->word);
	why_set(why, "is not %s", buf_cstr(&text));
	buf_done(&text);
	return false;
}

/* An enum has the size of an int, which the schema has the compiler check. */
static bool
read_choice(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	int value;

	(void)conf;
	if (!read_word(key, words, &value, why))
		return false;
	memcpy(field_of(key, section), &value, sizeof(value));
	return true;
}

static void
put_choice(const struct conf_key *key, const void *section, struct buf *out)
{
	int value;

	memcpy(&value, const_field_of(key, section), sizeof(value));
	conf_put_u64((uint64_t)value, out);
}

static bool
get_choice(const struct conf_key *key, void *section, struct slice *in)
{
	uint64_t value;

	if (!conf_get_u64(in, &value))
		return false;
	for (const struct conf_word *w = key->words; w->word != NULL; w++)
		if ((uint64_t)w->value == value) {
			memcpy(field_of(key, section), &w->value,
			    sizeof(w->value));
			return true;
		}
	return false;
}

static bool
read_switch(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	bool *field = field_of(key, section);
	int value;

	(void)conf;
	if (!read_word(key, words, &value, why))
		return false;
	*field = value != 0;
	return true;
}

static bool
read_char(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct slice s = word_of(words);
	char *field = field_of(key, section);

	(void)conf;
	if (s.n > 1 ||
	    (s.n == 1 &&
		(!ascii_is_graphic(s.p[0]) || ascii_is_alnum(s.p[0]) ||
		    s.p[0] == '@' || s.p[0] == '.'))) {
		why_set(why,
		    "is not one character like \"+\" or \"-\", or empty");
		return false;
	}
	*field = s.n == 0 ? '\0' : s.p[0];
	return true;
}

static void
put_char(const struct conf_key *key, const void *section, struct buf *out)
{
	const char *field = const_field_of(key, section);

	conf_put_u64((unsigned char)*field, out);
}

static bool
get_char(const struct conf_key *key, void *section, struct slice *in)
{
	char *field = field_of(key, section);
	uint64_t value;

	if (!conf_get_u64(in, &value) || value > 127)
		return false;
	*field = (char)value;
	return true;
}

/* delivery.ip fills ipv4 and ipv6, which have rows of their own to be packed.
 */
static bool
read_families(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct delivery_conf *delivery = section;
	bool both = slice_is(word_of(words), "both");
	bool ipv4 = both || slice_is(word_of(words), "ipv4");
	bool ipv6 = both || slice_is(word_of(words), "ipv6");

	(void)conf;
	(void)key;
	if (!ipv4 && !ipv6) {
		why_set(why, "is not both, ipv4 or ipv6");
		return false;
	}
	delivery->ipv4 = ipv4;
	delivery->ipv6 = ipv6;
	return true;
}

/* --- lists --- */

static void
set_strings(const struct conf_key *key, void *section,
    const struct strings *words)
{
	struct strings *field = field_of(key, section);

	strings_done(field);
	for (size_t i = 0; i < words->n; i++)
		strings_add(field, slice_of(words->v[i]));
}

static bool
read_texts(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	for (size_t i = 0; i < words->n; i++)
		if (!text_fits(key, slice_of(words->v[i]), why))
			return false;
	set_strings(key, section, words);
	return true;
}

static bool
read_targets(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	(void)conf;
	if (words->n == 0) {
		why_set(why, "is empty; at least one next hop is needed");
		return false;
	}
	for (size_t i = 0; i < words->n; i++)
		if (!target_fits(key, slice_of(words->v[i]), why))
			return false;
	set_strings(key, section, words);
	return true;
}

static void
put_texts(const struct conf_key *key, const void *section, struct buf *out)
{
	const struct strings *field = const_field_of(key, section);

	conf_put_u64(field->n, out);
	for (size_t i = 0; i < field->n; i++)
		conf_put_text(slice_of(field->v[i]), out);
}

static bool
get_texts(const struct conf_key *key, void *section, struct slice *in)
{
	struct strings *field = field_of(key, section);
	struct slice s;
	uint64_t n;

	if (!conf_get_u64(in, &n))
		return false;
	strings_done(field);
	for (uint64_t i = 0; i < n; i++) {
		if (!conf_get_text(in, &s) || slice_has(s, '\0'))
			return false;
		strings_add(field, s);
	}
	return true;
}

static void
done_texts(const struct conf_key *key, void *section)
{
	strings_done(field_of(key, section));
}

static bool
read_nets(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct ip_nets *field = field_of(key, section);
	struct ip_net *nets = mem_array(words->n, sizeof(*nets));

	(void)conf;
	for (size_t i = 0; i < words->n; i++) {
		if (ip_net_parse(slice_of(words->v[i]), &nets[i]))
			continue;
		why_set(why,
		    "holds \"%s\", which is no address or network like "
		    "\"192.0.2.1\", \"192.0.2.0/24\" (no bits behind "
		    "the mask) or \"2001:db8::/32\"",
		    words->v[i]);
		mem_free(nets);
		return false;
	}
	mem_free(field->v);
	*field = (struct ip_nets){ nets, words->n };
	return true;
}

static void
put_nets(const struct conf_key *key, const void *section, struct buf *out)
{
	const struct ip_nets *field = const_field_of(key, section);

	conf_put_u64(field->n, out);
	for (size_t i = 0; i < field->n; i++) {
		conf_put_u64(field->v[i].ip.version, out);
		conf_put_u64(field->v[i].bits, out);
		conf_put_text(slice_from(field->v[i].ip.bytes,
				  sizeof(field->v[i].ip.bytes)),
		    out);
	}
}

static bool
get_net(struct slice *in, struct ip_net *out)
{
	struct slice bytes;
	uint64_t version, bits;

	if (!conf_get_u64(in, &version) || !conf_get_u64(in, &bits) ||
	    !conf_get_text(in, &bytes) || bytes.n != sizeof(out->ip.bytes) ||
	    (version != 4 && version != 6) ||
	    bits > (version == 4 ? 32u : 128u))
		return false;
	out->ip.version = (uint8_t)version;
	out->bits = (uint8_t)bits;
	memcpy(out->ip.bytes, bytes.p, sizeof(out->ip.bytes));
	return true;
}

static bool
get_nets(const struct conf_key *key, void *section, struct slice *in)
{
	struct ip_nets *field = field_of(key, section);
	uint64_t n;

	if (!conf_get_u64(in, &n) || n > in->n / 24)
		return false;
	mem_free(field->v);
	field->v = mem_array(n, sizeof(*field->v));
	field->n = n;
	for (uint64_t i = 0; i < n; i++)
		if (!get_net(in, &field->v[i]))
			return false;
	return true;
}

static void
done_nets(const struct conf_key *key, void *section)
{
	struct ip_nets *field = field_of(key, section);

	mem_free(field->v);
	*field = (struct ip_nets){ 0 };
}

/* --- files and tables --- */

/* The file's bytes with a NUL behind; or -errno. */
static int
read_whole(const char *path, size_t max, struct blob *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	char *bytes;
	size_t n = 0;
	int rc = 0;

	if (fd == -1)
		return -errno;
	if (fstat(fd, &st) == -1)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	bytes = mem_zero(max + 1);
	while (rc == 0 && n <= max) {
		ssize_t got = read(fd, bytes + n, max + 1 - n);

		if (got == -1 && errno != EINTR)
			rc = -errno;
		if (got == 0)
			break;
		if (got > 0)
			n += (size_t)got;
	}
	(void)close(fd);
	if (rc == 0 && n > max)
		rc = -EFBIG;
	if (rc == 0)
		*out = (struct blob){ mem_cstr(slice_of(path)),
			mem_cstr(slice_from(bytes, n)), n };
	mem_free_secret(bytes, max + 1);
	return rc;
}

static void
blob_done(struct blob *b)
{
	mem_free(b->path);
	mem_free_secret(b->bytes, b->n);
	*b = (struct blob){ 0 };
}

static bool
read_file(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct blob *field = field_of(key, section);
	struct blob blob;
	int rc;

	(void)conf;
	if (!is_path(word_of(words))) {
		why_set(why, "is no path from / on");
		return false;
	}
	rc = read_whole(words->v[0], key->high, &blob);
	if (rc != 0) {
		why_set(why, "can't be read: %s", err_text(rc));
		return false;
	}
	if (blob.n == 0) {
		blob_done(&blob);
		why_set(why, "is an empty file");
		return false;
	}
	blob_done(field);
	*field = blob;
	return true;
}

static bool
read_password(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	enum { PASSWORD_MAX = 4096 };
	struct blob *field = field_of(key, section);
	struct slice s = word_of(words);
	struct blob blob;
	size_t line;
	int rc;

	(void)conf;
	if (s.n == 0) {
		blob_done(field);
		return true;
	}
	if (!slice_take_prefix(&s, "file:") || !is_path(s)) {
		/* Not the value itself: it may be a password. */
		why_set(why, "is not of the form \"file:/PATH\"");
		return false;
	}
	rc = read_whole(s.p, PASSWORD_MAX, &blob);
	if (rc != 0) {
		why_set(why, "can't be read: %s", err_text(rc));
		return false;
	}
	line = strcspn(blob.bytes, "\r\n");
	explicit_bzero(blob.bytes + line, blob.n - line);
	blob.n = line;
	if (blob.n == 0) {
		blob_done(&blob);
		why_set(why, "has no password in its first line");
		return false;
	}
	blob_done(field);
	*field = blob;
	return true;
}

static void
put_blob(const struct conf_key *key, const void *section, struct buf *out)
{
	const struct blob *field = const_field_of(key, section);

	conf_put_text(slice_of(field->path), out);
	conf_put_text(slice_from(field->bytes, field->n), out);
}

static bool
get_blob(struct slice *in, struct blob *out)
{
	struct slice bytes;

	blob_done(out);
	if (!get_cstr(in, &out->path) || !conf_get_text(in, &bytes))
		return false;
	out->bytes = mem_cstr(bytes);
	out->n = bytes.n;
	return true;
}

static bool
get_file(const struct conf_key *key, void *section, struct slice *in)
{
	return get_blob(in, field_of(key, section));
}

static void
done_file(const struct conf_key *key, void *section)
{
	blob_done(field_of(key, section));
}

/* The number of that table, from 1; loaded unless it is there already. */
static uint32_t
find_or_load(struct conf *conf, const char *where, bool secret, struct why *why)
{
	struct conf_table *slot;
	struct table *table;

	for (size_t i = 0; i < conf->table_count; i++)
		if (strcmp(conf->tables[i].where, where) == 0 &&
		    conf->tables[i].secret == secret)
			return (uint32_t)i + 1;
	table = table_load(where, why);
	if (table == NULL)
		return 0;
	conf->tables = mem_resize(conf->tables, conf->table_count + 1,
	    sizeof(*conf->tables));
	slot = &conf->tables[conf->table_count++];
	*slot = (struct conf_table){ .where = mem_cstr(slice_of(where)),
		.table = table,
		.secret = secret };
	return (uint32_t)conf->table_count;
}

static bool
take_table(struct conf *conf, const char *where, bool secret, uint32_t *out,
    struct why *why)
{
	struct slice path = slice_of(where);
	struct why inner = { "" };

	if (!slice_is(path, "system") &&
	    ((!slice_take_prefix(&path, "file:") &&
		 !slice_take_prefix(&path, "db:")) ||
		!is_path(path))) {
		why_set(why, "is no table like \"file:/PATH\" or \"db:/PATH\"");
		return false;
	}
	*out = find_or_load(conf, where, secret, &inner);
	if (*out == 0)
		why_set(why, "can't be loaded: %s", inner.text);
	return *out != 0;
}

static bool
read_table(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	uint32_t *field = field_of(key, section);

	if (word_of(words).n == 0) {
		*field = 0;
		return true;
	}
	return take_table(conf, words->v[0], false, field, why);
}

static bool
read_users(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct auth_conf *auth = section;
	struct slice s = word_of(words);
	enum auth_backend backend = AUTH_TABLE;
	struct slice where = SLICE_NONE;

	(void)key;
	if (s.n == 0) {
		backend = AUTH_NONE;
	} else if (slice_take_prefix(&s, "pam:")) {
		backend = AUTH_PAM;
		where = s;
		if (s.n == 0 || slice_has(s, '/') || has_control(s)) {
			why_set(why, "is not of the form \"pam:SERVICE\"");
			return false;
		}
	} else if (slice_take_prefix(&s, "dovecot:")) {
		backend = AUTH_DOVECOT;
		where = s;
		if (!is_path(s)) {
			why_set(why, "is not of the form \"dovecot:/SOCKET\"");
			return false;
		}
	} else if (!take_table(conf, words->v[0], true, &auth->users_at, why)) {
		return false;
	}
	auth->backend = backend;
	mem_free(auth->where);
	auth->where = mem_cstr(where);
	return true;
}

/* --- DKIM keys: "SELECTOR:FILE" --- */

static void
done_keys(const struct conf_key *key, void *section)
{
	struct dkim_key_conf **field = field_of(key, section);
	size_t *count = count_of(key, section);

	for (size_t i = 0; i < *count; i++) {
		mem_free((*field)[i].selector);
		blob_done(&(*field)[i].pem);
	}
	mem_free(*field);
	*field = NULL;
	*count = 0;
}

static bool
read_key(const struct conf_key *key, const char *word,
    struct dkim_key_conf *out, struct why *why)
{
	struct slice path = slice_of(word);
	struct slice selector = slice_take_until(&path, ':');
	int rc;

	if (!domain_is_valid(selector, false) || !is_path(path)) {
		why_set(why, "is not of the form \"SELECTOR:/FILE\"");
		return false;
	}
	rc = read_whole(path.p, key->high, &out->pem);
	if (rc != 0) {
		why_set(why, "can't be read: %s", err_text(rc));
		return false;
	}
	out->selector = mem_cstr(selector);
	return true;
}

static bool
read_keys(struct conf *conf, const struct conf_key *key,
    const struct strings *words, void *section, struct why *why)
{
	struct dkim_key_conf **field = field_of(key, section);

	(void)conf;
	if (words->n == 0) {
		why_set(why, "is empty; at least one key is needed");
		return false;
	}
	done_keys(key, section);
	*field = mem_array(words->n, sizeof(**field));
	*count_of(key, section) = words->n;
	for (size_t i = 0; i < words->n; i++)
		if (!read_key(key, words->v[i], &(*field)[i], why)) {
			done_keys(key, section);
			return false;
		}
	return true;
}

static void
put_keys(const struct conf_key *key, const void *section, struct buf *out)
{
	struct dkim_key_conf *const *field = const_field_of(key, section);
	size_t n = get_count_of(key, section);

	conf_put_u64(n, out);
	for (size_t i = 0; i < n; i++) {
		const struct dkim_key_conf *k = &(*field)[i];

		conf_put_text(slice_of(k->selector), out);
		conf_put_text(slice_of(k->pem.path), out);
		conf_put_text(slice_from(k->pem.bytes, k->pem.n), out);
	}
}

static bool
get_keys(const struct conf_key *key, void *section, struct slice *in)
{
	struct dkim_key_conf **field = field_of(key, section);
	uint64_t n;

	if (!conf_get_u64(in, &n) || n > in->n / 24)
		return false;
	done_keys(key, section);
	*field = mem_array(n, sizeof(**field));
	*count_of(key, section) = n;
	for (uint64_t i = 0; i < n; i++)
		if (!get_cstr(in, &(*field)[i].selector) ||
		    !get_blob(in, &(*field)[i].pem))
			return false;
	return true;
}

/* A key whose fields have rows of their own. */
static void
put_nothing(const struct conf_key *key, const void *section, struct buf *out)
{
	(void)key;
	(void)section;
	(void)out;
}

static bool
get_nothing(const struct conf_key *key, void *section, struct slice *in)
{
	(void)key;
	(void)section;
	(void)in;
	return true;
}

/* clang-format off */
static const struct conf_type_facts types[] = {
	/*		    list   read		  put		get	     done */
	[CONF_TEXT]	= { false, read_text,	  put_text,	get_text,    done_text },
	[CONF_NAME]	= { false, read_name,	  put_text,	get_text,    done_text },
	[CONF_ADDRESS]	= { false, read_address,  put_text,	get_text,    done_text },
	[CONF_PATH]	= { false, read_path,	  put_text,	get_text,    done_text },
	[CONF_EVENTS]	= { false, read_events,	  put_text,	get_text,    done_text },
	[CONF_TARGET]	= { false, read_target,	  put_text,	get_text,    done_text },
	[CONF_UINT]	= { false, read_uint,	  put_uint,	get_uint,    NULL },
	[CONF_PORT]	= { false, read_port,	  put_port,	get_port,    NULL },
	[CONF_SIZE]	= { false, read_size,	  put_size,	get_size,    NULL },
	[CONF_TIME]	= { false, read_time,	  put_time,	get_time,    NULL },
	[CONF_TIMES]	= { true,  read_times,	  put_times,	get_times,   done_times },
	[CONF_BOOL]	= { false, read_bool,	  put_bool,	get_bool,    NULL },
	[CONF_CHOICE]	= { false, read_choice,	  put_choice,	get_choice,  NULL },
	[CONF_SWITCH]	= { false, read_switch,	  put_bool,	get_bool,    NULL },
	[CONF_CHAR]	= { false, read_char,	  put_char,	get_char,    NULL },
	[CONF_RATE]	= { false, read_rate,	  put_rate,	get_rate,    NULL },
	[CONF_TEXTS]	= { true,  read_texts,	  put_texts,	get_texts,   done_texts },
	[CONF_TARGETS]	= { true,  read_targets,  put_texts,	get_texts,   done_texts },
	[CONF_NETS]	= { true,  read_nets,	  put_nets,	get_nets,    done_nets },
	[CONF_TABLE]	= { false, read_table,	  put_uint,	get_uint,    NULL },
	[CONF_FILE]	= { false, read_file,	  put_blob,	get_file,    done_file },
	[CONF_PASSWORD]	= { false, read_password, put_blob,	get_file,    done_file },
	[CONF_KEYS]	= { true,  read_keys,	  put_keys,	get_keys,    done_keys },
	[CONF_USERS]	= { false, read_users,	  put_nothing,	get_nothing, NULL },
	[CONF_FAMILIES]	= { false, read_families, put_nothing,	get_nothing, NULL },
};
/* clang-format on */

const struct conf_type_facts *
conf_type_facts(enum conf_type type)
{
	return &types[type];
}

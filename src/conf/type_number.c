/*
 * conf/type_number.c - types that are numbers: counts, ports, sizes, durations,
 * rates, networks.
 */
#include "conf/field.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "conf/value.h"

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

/* --- networks --- */

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

/* clang-format off */
static const struct conf_type_facts types[] = {
	/*		    list   read		  put		get	     done */
	[CONF_UINT]	= { false, read_uint,	  put_uint,	get_uint,    NULL },
	[CONF_PORT]	= { false, read_port,	  put_port,	get_port,    NULL },
	[CONF_SIZE]	= { false, read_size,	  put_size,	get_size,    NULL },
	[CONF_TIME]	= { false, read_time,	  put_time,	get_time,    NULL },
	[CONF_TIMES]	= { true,  read_times,	  put_times,	get_times,   done_times },
	[CONF_RATE]	= { false, read_rate,	  put_rate,	get_rate,    NULL },
	[CONF_NETS]	= { true,  read_nets,	  put_nets,	get_nets,    done_nets },
};
/* clang-format on */

const struct conf_type_facts *
conf_number_type(enum conf_type type)
{
	if (type >= sizeof(types) / sizeof(types[0]) ||
	    types[type].read == NULL)
		return NULL;
	return &types[type];
}

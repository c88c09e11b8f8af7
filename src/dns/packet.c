/*
 * dns/packet.c - reads DNS answers. It trusts no length and no pointer.
 */
#include "dns/packet.h"

#include <string.h>

#include "base/ascii.h"

enum {
	HEADER_SIZE = 12,
	CLASS_IN = 1,
	FLAG_RESPONSE = 0x8000,
	FLAG_TRUNCATED = 0x0200,
	RCODE_MASK = 0x000f,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	POINTER = 0xc0,
	LABEL_MAX = 63,
	JUMPS_MAX = 128,
};

/* A name as text. Names that are not fit for text compare equal to none. */
struct name {
	bool fit;
	size_t n;
	char text[DNS_NAME_SIZE];
};

/* Reads forward; `at` never passes the packet's end. */
struct reader {
	struct slice packet;
	size_t at;
};

/* One resource record, its rdata still as it lies in the packet. */
struct raw_record {
	struct name owner;
	unsigned type;
	unsigned class;
	uint32_t ttl;
	size_t rdata; /* offset */
	size_t length;
};

struct parse {
	struct slice packet;
	size_t answers; /* offset of the answer section */
	unsigned answer_count;
	struct arena *arena;
	struct dns_answer *out;
};

static unsigned
byte_at(struct slice packet, size_t at)
{
	return (unsigned char)packet.p[at];
}

static bool
take_u16(struct reader *r, unsigned *out)
{
	if (r->packet.n - r->at < 2)
		return false;
	*out = byte_at(r->packet, r->at) << 8 | byte_at(r->packet, r->at + 1);
	r->at += 2;
	return true;
}

static bool
take_u32(struct reader *r, uint32_t *out)
{
	unsigned high, low;

	if (!take_u16(r, &high) || !take_u16(r, &low))
		return false;
	*out = (uint32_t)high << 16 | low;
	return true;
}

/* What a label of a name may hold to be one as text, without escapes. */
static bool
is_name_char(char c)
{
	return ascii_is_graphic(c) && c != '.' && c != '\\';
}

static void
add_label(struct name *name, struct slice label)
{
	size_t dot = name->n > 0 ? 1 : 0;

	if (label.n + dot > DNS_NAME_MAX - name->n) {
		name->fit = false;
		return;
	}
	if (dot != 0)
		name->text[name->n++] = '.';
	for (size_t i = 0; i < label.n; i++) {
		if (!is_name_char(label.p[i]))
			name->fit = false;
		name->text[name->n++] = ascii_lower(label.p[i]);
	}
}

/*
 * A name (RFC 1035, 4.1.4). Pointers may lead backwards only, and each before
 * the one that it came from, so that the walk ends.
 */
static bool
take_name(struct reader *r, struct name *name)
{
	size_t at = r->at, limit = r->at;
	bool jumped = false;

	name->fit = true;
	name->n = 0;
	for (int jumps = 0; jumps < JUMPS_MAX;) {
		unsigned length;

		if (at >= r->packet.n)
			return false;
		length = byte_at(r->packet, at);
		if (length == 0) {
			if (!jumped)
				r->at = at + 1;
			name->text[name->n] = '\0';
			return true;
		}
		if ((length & POINTER) == POINTER) {
			size_t to;

			if (r->packet.n - at < 2)
				return false;
			to = (length & ~(unsigned)POINTER) << 8 |
			    byte_at(r->packet, at + 1);
			if (to >= limit)
				return false;
			if (!jumped)
				r->at = at + 2;
			jumped = true;
			jumps++;
			at = limit = to;
			continue;
		}
		if (length > LABEL_MAX || r->packet.n - at - 1 < length)
			return false;
		add_label(name, slice_from(r->packet.p + at + 1, length));
		at += 1 + length;
	}
	return false;
}

static bool
take_record(struct reader *r, struct raw_record *rr)
{
	unsigned length;

	if (!take_name(r, &rr->owner) || !take_u16(r, &rr->type) ||
	    !take_u16(r, &rr->class) || !take_u32(r, &rr->ttl) ||
	    !take_u16(r, &length) || r->packet.n - r->at < length)
		return false;
	/* RFC 2181, 8: a time of more than 31 bits is none. */
	if (rr->ttl > INT32_MAX)
		rr->ttl = 0;
	rr->rdata = r->at;
	rr->length = length;
	r->at += length;
	return true;
}

/* The name at `at`, which has to end where the rdata ends. */
static bool
rdata_name(const struct parse *p, const struct raw_record *rr, size_t skip,
    struct name *name)
{
	struct reader r = { p->packet, rr->rdata };

	if (rr->length < skip)
		return false;
	r.at += skip;
	return take_name(&r, name) && r.at == rr->rdata + rr->length &&
	    name->fit;
}

static struct slice
keep(const struct parse *p, const char *bytes, size_t n)
{
	struct slice copy = arena_copy(p->arena, slice_from(bytes, n));

	return copy.p == NULL ? SLICE_NONE : copy;
}

static bool
read_address(const struct parse *p, const struct raw_record *rr,
    struct dns_record *out)
{
	size_t n = rr->type == DNS_A ? 4 : 16;

	if (rr->length != n)
		return false;
	out->ip.version = rr->type == DNS_A ? 4 : 6;
	memcpy(out->ip.bytes, p->packet.p + rr->rdata, n);
	return true;
}

static bool
read_host(const struct parse *p, const struct raw_record *rr,
    struct dns_record *out)
{
	struct name name;

	if (!rdata_name(p, rr, 0, &name))
		return false;
	out->data = keep(p, name.text, name.n);
	return true;
}

static bool
read_mx(const struct parse *p, const struct raw_record *rr,
    struct dns_record *out)
{
	struct reader r = { p->packet, rr->rdata };
	unsigned preference;
	struct name name;

	if (!take_u16(&r, &preference) || !rdata_name(p, rr, 2, &name))
		return false;
	out->preference = (uint16_t)preference;
	out->data = keep(p, name.text, name.n);
	return true;
}

static bool
read_text(const struct parse *p, const struct raw_record *rr,
    struct dns_record *out)
{
	size_t at = rr->rdata, end = rr->rdata + rr->length, n = 0;
	char *text = arena_alloc(p->arena, rr->length + 1, 1);

	if (text == NULL)
		return false;
	while (at < end) {
		size_t length = byte_at(p->packet, at++);

		if (end - at < length)
			return false;
		memcpy(text + n, p->packet.p + at, length);
		n += length;
		at += length;
	}
	out->data = (struct slice){ text, n };
	return true;
}

static bool
read_bytes(const struct parse *p, const struct raw_record *rr,
    struct dns_record *out)
{
	out->data = keep(p, p->packet.p + rr->rdata, rr->length);
	return true;
}

/* clang-format off */
static const struct {
	enum dns_type type;
	const char *name;
	bool (*read)(const struct parse *, const struct raw_record *,
	    struct dns_record *);
} types[] = {
	{ DNS_A,	"A",		read_address },
	{ DNS_AAAA,	"AAAA",		read_address },
	{ DNS_MX,	"MX",		read_mx },
	{ DNS_TXT,	"TXT",		read_text },
	{ DNS_PTR,	"PTR",		read_host },
	{ DNS_NS,	"NS",		read_host },
	{ DNS_CNAME,	"CNAME",	read_host },
	{ DNS_TLSA,	"TLSA",		read_bytes },
};

static const char *const outcome_names[] = {
	[DNS_FOUND] =		"found",
	[DNS_NO_DATA] =		"no such record",
	[DNS_NO_NAME] =		"no such name",
	[DNS_BOGUS] =		"bogus",
	[DNS_TEMPORARY] =	"no answer",
};
/* clang-format on */

static size_t
type_row(enum dns_type type)
{
	size_t i = 0;

	while (types[i].type != type) {
		i++;
		must(i < sizeof(types) / sizeof(types[0]));
	}
	return i;
}

static bool
same_name(const struct name *a, const struct name *b)
{
	return a->fit && b->fit && a->n == b->n &&
	    memcmp(a->text, b->text, a->n) == 0;
}

static void
lower_ttl(struct dns_answer *out, uint32_t ttl, bool *first)
{
	if (*first || ttl < out->ttl)
		out->ttl = ttl;
	*first = false;
}

/*
 * The next name of the chain, if there is a CNAME of this one. Servers write
 * the chain in order, but nothing says that they must.
 */
static bool
follow_alias(const struct parse *p, struct name *name, bool *first)
{
	struct reader r = { p->packet, p->answers };
	struct raw_record rr;

	for (unsigned i = 0; i < p->answer_count; i++) {
		struct name to;

		if (!take_record(&r, &rr))
			return false;
		if (rr.type != DNS_CNAME || rr.class != CLASS_IN ||
		    !same_name(&rr.owner, name) || !rdata_name(p, &rr, 0, &to))
			continue;
		lower_ttl(p->out, rr.ttl, first);
		*name = to;
		return true;
	}
	return false;
}

/* First how many there are, then the array, then their values. */
static bool
gather_records(const struct parse *p, enum dns_type type,
    const struct name *name, bool *first)
{
	size_t row = type_row(type), matching = 0;
	struct dns_answer *out = p->out;
	struct reader r = { p->packet, p->answers };
	struct raw_record rr;

	for (unsigned i = 0; i < p->answer_count; i++) {
		if (!take_record(&r, &rr))
			return false;
		if (rr.type == type && rr.class == CLASS_IN &&
		    same_name(&rr.owner, name))
			matching++;
	}
	if (matching > DNS_RECORDS_MAX)
		matching = DNS_RECORDS_MAX;
	out->records = arena_alloc(p->arena, matching, sizeof(*out->records));
	if (out->records == NULL)
		return false;
	r.at = p->answers;
	for (unsigned i = 0; i < p->answer_count && out->count < matching;
	     i++) {
		struct dns_record *record = &out->records[out->count];

		if (!take_record(&r, &rr))
			return false;
		if (rr.type != type || rr.class != CLASS_IN ||
		    !same_name(&rr.owner, name))
			continue;
		record->data = SLICE_NONE;
		record->ttl = rr.ttl;
		if (!types[row].read(p, &rr, record))
			continue;
		lower_ttl(out, rr.ttl, first);
		out->count++;
	}
	return true;
}

/* The header and the one question; *name is then what was asked for. */
static bool
take_question(struct parse *p, enum dns_type type, struct name *name,
    unsigned *rcode)
{
	struct reader r = { p->packet, 2 };
	unsigned flags, questions, asked, class;

	if (p->packet.n < HEADER_SIZE || !take_u16(&r, &flags) ||
	    !take_u16(&r, &questions) || !take_u16(&r, &p->answer_count))
		return false;
	r.at = HEADER_SIZE;
	if ((flags & FLAG_RESPONSE) == 0 || (flags & FLAG_TRUNCATED) != 0 ||
	    questions != 1 || !take_name(&r, name) || !name->fit ||
	    !take_u16(&r, &asked) || !take_u16(&r, &class) ||
	    asked != (unsigned)type || class != CLASS_IN)
		return false;
	*rcode = flags & RCODE_MASK;
	p->answers = r.at;
	return true;
}

static bool
parse_packet(struct parse *p, enum dns_type type)
{
	struct dns_answer *out = p->out;
	struct name name;
	bool first = true;

	if (!take_question(p, type, &name, &out->rcode))
		return false;
	if (out->rcode != 0 && out->rcode != RCODE_NXDOMAIN)
		return true;
	for (int i = 0; type != DNS_CNAME && i <= DNS_ALIASES_MAX; i++) {
		if (!follow_alias(p, &name, &first))
			break;
		if (i == DNS_ALIASES_MAX)
			return false;
	}
	if (!gather_records(p, type, &name, &first))
		return false;
	out->canonical = keep(p, name.text, name.n);
	if (out->count > 0)
		out->outcome = DNS_FOUND;
	else if (out->rcode == RCODE_NXDOMAIN)
		out->outcome = DNS_NO_NAME;
	else
		out->outcome = DNS_NO_DATA;
	return true;
}

bool
dns_packet_parse(struct slice packet, enum dns_type type, struct arena *arena,
    struct dns_answer *out)
{
	struct parse p = { .packet = packet, .arena = arena, .out = out };

	*out = (struct dns_answer){
		.outcome = DNS_TEMPORARY,
		.rcode = RCODE_SERVFAIL,
		.canonical = SLICE_NONE,
	};
	if (parse_packet(&p, type))
		return true;
	*out = (struct dns_answer){
		.outcome = DNS_TEMPORARY,
		.rcode = RCODE_SERVFAIL,
		.canonical = SLICE_NONE,
	};
	return false;
}

static bool
has_valid_labels(struct slice name, bool with_spaces)
{
	struct slice rest = name;

	if (name.n == 0 || name.n > DNS_NAME_MAX || name.p[name.n - 1] == '.')
		return false;
	while (rest.n > 0) {
		struct slice label = slice_take_until(&rest, '.');

		if (label.n == 0 || label.n > LABEL_MAX)
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!is_name_char(label.p[i]) &&
			    !(with_spaces && label.p[i] == ' '))
				return false;
	}
	return true;
}

bool
dns_name_is_valid(struct slice name)
{
	return has_valid_labels(name, false);
}

bool
dns_question_is_valid(struct slice name)
{
	return has_valid_labels(name, true);
}

const char *
dns_outcome_name(enum dns_outcome outcome)
{
	must((unsigned)outcome <= DNS_TEMPORARY);
	return outcome_names[outcome];
}

const char *
dns_type_name(enum dns_type type)
{
	return types[type_row(type)].name;
}

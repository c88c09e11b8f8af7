/*
 * verify/arc.c - the sets of a chain, gathered and judged. Their hashes are
 * taken while the header is at hand; keys come later.
 */
#include "verify/arc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/ascii.h"
#include "mail/header.h"
#include "verify/arc_hash.h"
#include "verify/auth_results.h"
#include "verify/dkim_tags.h"
#include "verify/key_record.h"

/*
 * FIELDS_MAX and NAMES_MAX keep what one message costs small: h= lists are
 * looked up in the fields for each of the newest signatures.
 */
enum {
	FIELDS_MAX = 1000,
	NAMES_MAX = 200,
	SIGNATURE_MAX = 512,
	DOMAIN_SIZE = DNS_NAME_SIZE
};

enum part { PART_AAR, PART_AMS, PART_AS, PARTS };

/* What is kept of a signature or seal. */
struct signature {
	enum key_algorithm algorithm;
	char domain[DOMAIN_SIZE];
	char selector[DOMAIN_SIZE];
	uint8_t hash[DKIM_HASH_SIZE]; /* of what it signs */
	size_t size;
	char bytes[SIGNATURE_MAX];
};

struct set {
	struct header_field fields[PARTS]; /* during arc_header() only */
	unsigned counts[PARTS];
	struct signature seal;
	struct signature message;
	bool has_message; /* the newest few: message and body_hash are set */
	bool body_relaxed;
	uint8_t body_hash[DKIM_HASH_SIZE];
	bool saw_dmarc_pass;
};

struct arc {
	unsigned instances;
	bool has_failed;
	char reason[ARC_REASON_SIZE];
	struct dkim_hash *bodies[2]; /* owned; simple, relaxed */
	uint8_t hashes[2][DKIM_HASH_SIZE];
	struct set *sets; /* owned; instance 1 is sets[0]; NULL: no chain */
	/* During arc_header() only. */
	struct header_field *fields; /* owned */
	size_t field_count;
};

struct arc *
arc_new(void)
{
	return mem_zero(sizeof(struct arc));
}

void
arc_free(struct arc **arc)
{
	if (*arc == NULL)
		return;
	dkim_hash_free(&(*arc)->bodies[0]);
	dkim_hash_free(&(*arc)->bodies[1]);
	mem_free((*arc)->sets);
	mem_free(*arc);
	*arc = NULL;
}

static bool fail(struct arc *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* The first reason is kept. Returns false. */
static bool
fail(struct arc *arc, const char *format, ...)
{
	va_list args;

	if (!arc->has_failed) {
		va_start(args, format);
		(void)vsnprintf(arc->reason, sizeof(arc->reason), format, args);
		va_end(args);
	}
	arc->has_failed = true;
	return false;
}

/* --- gathering the sets --- */

static const char *const part_names[PARTS] = {
	[PART_AAR] = "ARC-Authentication-Results",
	[PART_AMS] = "ARC-Message-Signature",
	[PART_AS] = "ARC-Seal",
};

static enum part
part_of(struct slice name)
{
	enum part part = 0;

	while (part < PARTS && !slice_is_nocase(name, part_names[part]))
		part++;
	return part;
}

/* 1*2DIGIT, 1 to 50; or 0. */
static unsigned
instance_from(struct slice value)
{
	uint32_t n;

	if (value.n > 2 || !slice_to_u32(value, ARC_INSTANCES_MAX, &n))
		return 0;
	return n;
}

static unsigned
instance_of(const struct header_field *field, enum part part)
{
	struct slice body = field->body;
	struct slice number;
	struct dkim_tags tags;

	if (part == PART_AAR)
		return auth_results_take_instance(&body, &number)
		    ? instance_from(number)
		    : 0;
	if (!dkim_tags_parse(field->body, &tags))
		return 0;
	return instance_from(dkim_tags_value(&tags, "i"));
}

static void
gather(struct arc *arc, const struct header_field *field, enum part part)
{
	unsigned i = instance_of(field, part);
	struct set *set;

	if (i == 0) {
		(void)fail(arc, "%s is malformed", part_names[part]);
		return;
	}
	if (i > arc->instances)
		arc->instances = i;
	set = &arc->sets[i - 1];
	set->fields[part] = *field;
	if (++set->counts[part] > 1)
		(void)fail(arc, "more than one %s i=%u", part_names[part], i);
}

static bool
are_sets_whole(struct arc *arc)
{
	for (unsigned i = 0; i < arc->instances; i++)
		for (enum part part = 0; part < PARTS; part++)
			if (arc->sets[i].counts[part] == 0)
				return fail(arc, "no %s i=%u", part_names[part],
				    i + 1);
	return true;
}

/* --- reading signatures --- */

static bool
is_name_like(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alnum(s.p[i]) && !slice_has(SLICE("-_."), s.p[i]))
			return false;
	return dns_name_is_valid(s);
}

static bool
copy_name(struct slice s, char out[DOMAIN_SIZE])
{
	if (!is_name_like(s) || !slice_to_cstr(s, out, DOMAIN_SIZE))
		return false;
	for (; *out != '\0'; out++)
		*out = ascii_lower(*out);
	return true;
}

static bool
is_time(const struct dkim_tags *tags)
{
	struct slice t;
	uint64_t seconds;

	return !dkim_tags_get(tags, "t", &t) ||
	    slice_to_u64(t, UINT64_MAX, &seconds);
}

static bool
read_signature(const struct dkim_tags *tags, struct signature *out)
{
	struct buf bytes;
	bool good;

	out->algorithm = key_algorithm_of(dkim_tags_value(tags, "a"));
	if (out->algorithm == KEY_UNKNOWN || !is_time(tags) ||
	    !copy_name(dkim_tags_value(tags, "d"), out->domain) ||
	    !copy_name(dkim_tags_value(tags, "s"), out->selector))
		return false;
	buf_init(&bytes, SIGNATURE_MAX);
	good = dkim_value_decode(dkim_tags_value(tags, "b"), &bytes);
	out->size = bytes.n;
	if (good)
		memcpy(out->bytes, bytes.p, bytes.n);
	buf_done(&bytes);
	return good;
}

/* --- seals --- */

static bool
read_seal(struct arc *arc, unsigned i)
{
	struct set *set = &arc->sets[i - 1];
	struct dkim_tags tags;
	struct slice none;

	if (!dkim_tags_parse(set->fields[PART_AS].body, &tags) ||
	    dkim_tags_get(&tags, "h", &none) ||
	    !read_signature(&tags, &set->seal))
		return fail(arc, "ARC-Seal i=%u is not valid", i);
	if (!slice_is(dkim_tags_value(&tags, "cv"), i == 1 ? "none" : "pass"))
		return fail(arc, "ARC-Seal i=%u says the chain has failed", i);
	return true;
}

/*
 * Seal i signs all sets up to its own, each as AAR, AMS, AS (RFC 8617, 5.1.1).
 * The sets below are hashed once and shared.
 */
static bool
read_seals(struct arc *arc)
{
	struct dkim_hash *below = dkim_hash_new();
	bool good = true;

	for (unsigned i = 1; i <= arc->instances && good; i++) {
		struct set *set = &arc->sets[i - 1];
		struct dkim_hash *own;

		good = read_seal(arc, i);
		arc_hash_field(below, &set->fields[PART_AAR], true);
		arc_hash_field(below, &set->fields[PART_AMS], true);
		own = dkim_hash_copy(below);
		arc_hash_signer(own, &set->fields[PART_AS], true);
		dkim_hash_end(own, set->seal.hash);
		dkim_hash_free(&own);
		arc_hash_field(below, &set->fields[PART_AS], true);
	}
	dkim_hash_free(&below);
	return good;
}

/* --- message signatures --- */

/*
 * The next field of that name from the bottom up; `taken` marks those that
 * earlier names took (RFC 6376, 5.4.2). NULL: none is left, which signs that
 * there is none.
 */
static const struct header_field *
take_field(const struct arc *arc, struct slice name, bool *taken)
{
	for (size_t i = arc->field_count; i-- > 0;)
		if (!taken[i] && slice_eq_nocase(arc->fields[i].name, name)) {
			taken[i] = true;
			return &arc->fields[i];
		}
	return NULL;
}

static bool
hash_signed(const struct arc *arc, struct slice h, bool relaxed,
    struct dkim_hash *hash)
{
	bool taken[FIELDS_MAX] = { false };

	for (size_t n = 0; h.n > 0; n++) {
		struct slice name = slice_trim(slice_take_until(&h, ':'));
		const struct header_field *field;

		if (n == NAMES_MAX || slice_is_nocase(name, "ARC-Seal"))
			return false;
		field = take_field(arc, name, taken);
		if (field != NULL)
			arc_hash_field(hash, field, relaxed);
	}
	return true;
}

/* c= "relaxed" / "simple", each half; the second is simple when left out. */
static bool
read_canon(struct slice c, bool *header_relaxed, bool *body_relaxed)
{
	struct slice header = slice_take_until(&c, '/');

	*header_relaxed = slice_is(header, "relaxed");
	*body_relaxed = slice_is(c, "relaxed");
	return (*header_relaxed || slice_is(header, "simple")) &&
	    (*body_relaxed || c.n == 0 || slice_is(c, "simple"));
}

static bool
read_body_hash(const struct dkim_tags *tags, uint8_t out[DKIM_HASH_SIZE])
{
	struct buf bytes;
	bool good;

	buf_init(&bytes, 4 * DKIM_HASH_SIZE);
	good = dkim_value_decode(dkim_tags_value(tags, "bh"), &bytes) &&
	    bytes.n == DKIM_HASH_SIZE;
	if (good)
		memcpy(out, bytes.p, DKIM_HASH_SIZE);
	buf_done(&bytes);
	return good;
}

/* A part of the body alone (l=) is not what we want vouched for. */
static bool
read_message(struct arc *arc, struct set *set)
{
	const struct header_field *field = &set->fields[PART_AMS];
	struct dkim_tags tags;
	struct slice c, h, none;
	bool relaxed;
	struct dkim_hash *hash;
	bool good;

	if (!dkim_tags_parse(field->body, &tags) ||
	    !dkim_tags_get(&tags, "c", &c) || !dkim_tags_get(&tags, "h", &h) ||
	    dkim_tags_get(&tags, "l", &none) ||
	    !read_canon(c, &relaxed, &set->body_relaxed) ||
	    !read_body_hash(&tags, set->body_hash) ||
	    !read_signature(&tags, &set->message))
		return false;
	hash = dkim_hash_new();
	good = hash_signed(arc, h, relaxed, hash);
	arc_hash_signer(hash, field, relaxed);
	dkim_hash_end(hash, set->message.hash);
	dkim_hash_free(&hash);
	return good;
}

/* The newest must be good; of the older ones what is good is kept. */
static bool
read_messages(struct arc *arc)
{
	for (unsigned n = 0; n < arc->instances && n < ARC_BODIES_MAX; n++) {
		struct set *set = &arc->sets[arc->instances - 1 - n];

		set->has_message = read_message(arc, set);
		if (set->has_message && arc->bodies[set->body_relaxed] == NULL)
			arc->bodies[set->body_relaxed] = set->body_relaxed
			    ? dkim_hash_new()
			    : dkim_hash_new_simple();
		if (n == 0 && !set->has_message)
			return fail(arc,
			    "ARC-Message-Signature i=%u is not valid",
			    arc->instances);
	}
	return true;
}

/* Fields past the maximum can't be looked up, so a chain fails. */
static void
read_fields(struct arc *arc, struct slice header)
{
	struct header_field field;

	while (header_take(&header, &field)) {
		enum part part = part_of(field.name);

		if (part != PARTS)
			gather(arc, &field, part);
		if (arc->field_count < FIELDS_MAX)
			arc->fields[arc->field_count++] = field;
		else
			(void)fail(arc, "too many header fields");
	}
}

static bool
has_chain(struct slice header)
{
	struct header_field field;

	while (header_take(&header, &field))
		if (part_of(field.name) != PARTS)
			return true;
	return false;
}

/* What a sealer says that he has seen. */
static void
read_claims(struct arc *arc)
{
	for (unsigned i = 0; i < arc->instances; i++) {
		struct set *set = &arc->sets[i];
		struct slice body = set->fields[PART_AAR].body;
		struct slice number;

		set->saw_dmarc_pass =
		    auth_results_take_instance(&body, &number) &&
		    auth_results_has(body, "dmarc", "pass");
	}
}

void
arc_header(struct arc *arc, struct slice header)
{
	must(arc->sets == NULL);
	if (!has_chain(header))
		return;
	arc->sets = mem_zero(ARC_INSTANCES_MAX * sizeof(*arc->sets));
	arc->fields = mem_zero(FIELDS_MAX * sizeof(*arc->fields));
	read_fields(arc, header);
	if (!arc->has_failed && are_sets_whole(arc) && read_seals(arc) &&
	    read_messages(arc))
		read_claims(arc);
	mem_free(arc->fields);
	arc->fields = NULL;
}

bool
arc_wants_body(const struct arc *arc)
{
	return arc->sets != NULL && !arc->has_failed;
}

void
arc_body(struct arc *arc, struct slice piece)
{
	for (int i = 0; i < 2; i++)
		if (arc->bodies[i] != NULL)
			dkim_hash_body(arc->bodies[i], piece);
}

void
arc_body_end(struct arc *arc)
{
	for (int i = 0; i < 2; i++) {
		if (arc->bodies[i] == NULL)
			continue;
		dkim_hash_end(arc->bodies[i], arc->hashes[i]);
		dkim_hash_free(&arc->bodies[i]);
	}
}

/* --- the verdict --- */

static enum key_verdict
verify(struct answers *answers, const struct signature *s)
{
	return key_verify(answers, slice_of(s->selector), slice_of(s->domain),
	    s->algorithm, s->hash, slice_from(s->bytes, s->size));
}

static bool
has_same_body(const struct arc *arc, const struct set *set)
{
	return set->has_message &&
	    memcmp(set->body_hash, arc->hashes[set->body_relaxed],
		DKIM_HASH_SIZE) == 0;
}

static enum key_verdict
verify_message(const struct arc *arc, struct answers *answers,
    const struct set *set)
{
	if (!has_same_body(arc, set))
		return KEY_BAD;
	return verify(answers, &set->message);
}

static const char *
key_trouble(enum key_verdict verdict)
{
	static const char *const texts[] = { "", "", "does not verify",
		"has no key in the DNS", "has a revoked key",
		"has a key that is not fit", "can't be verified: DNS trouble" };

	return texts[verdict];
}

static bool
is_missing(struct answers *answers, const struct signature *s)
{
	return key_is_missing(answers, slice_of(s->selector),
	    slice_of(s->domain));
}

/* All keys are asked for before any is needed. */
static bool
is_again(const struct arc *arc, struct answers *answers)
{
	bool again = false;

	for (unsigned i = 0; i < arc->instances; i++) {
		const struct set *set = &arc->sets[i];

		again |= is_missing(answers, &set->seal);
		if (has_same_body(arc, set))
			again |= is_missing(answers, &set->message);
	}
	return again;
}

static bool
do_seals_verify(struct arc *arc, struct answers *answers)
{
	for (unsigned i = arc->instances; i > 0; i--) {
		enum key_verdict v = verify(answers, &arc->sets[i - 1].seal);

		if (v != KEY_GOOD)
			return fail(arc, "ARC-Seal i=%u %s", i, key_trouble(v));
	}
	return true;
}

static void
judge(struct arc *arc, struct answers *answers, struct arc_verdict *out)
{
	const struct set *newest = &arc->sets[arc->instances - 1];
	enum key_verdict v = verify_message(arc, answers, newest);
	unsigned i = arc->instances;

	if (v != KEY_GOOD)
		(void)fail(arc, "ARC-Message-Signature i=%u %s", i,
		    key_trouble(v));
	if (arc->has_failed || !do_seals_verify(arc, answers))
		return;
	while (i > 1 &&
	    verify_message(arc, answers, &arc->sets[i - 2]) == KEY_GOOD)
		i--;
	out->oldest_pass = i;
	out->result = ARC_PASS;
}

void
arc_evaluate(struct arc *arc, struct answers *answers, struct arc_verdict *out)
{
	*out = (struct arc_verdict){ .result = ARC_FAIL,
		.instances = arc->instances };
	if (arc->sets == NULL) {
		out->result = ARC_NONE;
		return;
	}
	if (!arc->has_failed) {
		if (is_again(arc, answers)) {
			out->result = ARC_AGAIN;
			return;
		}
		judge(arc, answers, out);
	}
	(void)snprintf(out->reason, sizeof(out->reason), "%s", arc->reason);
}

const char *
arc_sealer(const struct arc *arc, unsigned instance)
{
	must(instance >= 1 && instance <= ARC_INSTANCES_MAX);
	if (arc->sets == NULL)
		return "";
	return arc->sets[instance - 1].seal.domain;
}

/*
 * Who has the message go through his hands may change it and seal it anew, on
 * top of a trusted set. So the trusted one's signature must still hold.
 */
bool
arc_is_vouched(const struct arc *arc, const struct arc_verdict *v,
    const struct slice *trusted, size_t trusted_count, unsigned *instance)
{
	if (v->result != ARC_PASS)
		return false;
	for (unsigned i = v->instances; i >= v->oldest_pass; i--) {
		const struct set *set = &arc->sets[i - 1];

		if (!set->saw_dmarc_pass)
			continue;
		for (size_t k = 0; k < trusted_count; k++)
			if (slice_is_nocase(trusted[k], set->seal.domain) &&
			    strcmp(set->seal.domain, set->message.domain) ==
				0) {
				*instance = i;
				return true;
			}
	}
	return false;
}

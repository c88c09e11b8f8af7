/*
 * verify/dkim_verify.c - signatures by libopendkim, without waiting.
 *
 * The library canonicalizes, hashes and does the arithmetic. What a signature
 * and a key record say is judged by our own parsers, since the library takes
 * the first half of a malformed field for a good one, lets rsa-sha1 pass, has
 * no limit on signatures, and swallows a lookup that failed. It works in the
 * mode DELAYSIGPROC: keys are asked for at the end of the message alone, and
 * all of them are at hand by then.
 */
#include "verify/dkim_verify.h"

#include <stdint.h>
#include <stdio.h>

#include <dkim.h>
#include <openssl/err.h>

#include "base/alloc.h"
#include "mail/header.h"
#include "verify/dkim_length.h"
#include "verify/dkim_record.h"

struct dkim_library {
	DKIM_LIB *lib;
};

struct slot {
	struct dkim_signature sig;
	struct dkim_record record; /* what the library's question gets */
	DKIM_SIGINFO *info;        /* the library's; NULL: it was not told */
	bool told;
};

struct dkim_verify {
	DKIM *dkim; /* owned; NULL: no memory, or no longer of use */
	size_t count;
	size_t ignored;
	bool has_header;
	bool has_end;
	bool counts; /* some signature has l= */
	bool judged;
	bool holds_cr; /* the run ended within CRLF, maybe */
	bool has_body; /* at least one octet */
	char last;     /* octet that the library got */
	char before_last;
	struct dkim_length length;
	struct slot slot[DKIM_SIGNATURES_MAX];
};

/* The library does not write to what it is given, it only fails to say so. */
static unsigned char *
lend(const char *p)
{
	return (unsigned char *)(uintptr_t)p;
}

static void
refuse(struct slot *s, enum dkim_result result, const char *reason)
{
	if (s->sig.field.result != DKIM_RESULT_PASS)
		return;
	s->sig.field.result = result;
	s->sig.field.reason = reason;
}

static void
refuse_all(struct dkim_verify *v, enum dkim_result result, const char *reason)
{
	for (size_t i = 0; i < v->count; i++)
		refuse(&v->slot[i], result, reason);
}

static bool
has_candidate(const struct dkim_verify *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->slot[i].sig.field.result == DKIM_RESULT_PASS)
			return true;
	return false;
}

/* --- the library --- */

/* dkim_eom() asks for each key; all answers are here. */
static DKIM_CBSTAT
on_key_wanted(DKIM *dkim, DKIM_SIGINFO *info, unsigned char *out, size_t size)
{
	struct dkim_verify *v = dkim_get_user_context(dkim);

	for (size_t i = 0; i < v->count; i++) {
		const struct dkim_record *r = &v->slot[i].record;
		int n;

		if (v->slot[i].info != info)
			continue;
		/* The record as we have understood it, not as it came. */
		n = snprintf((char *)out, size, "k=%s;p=%s",
		    r->type == DKIM_KEY_ED25519 ? "ed25519" : "rsa", r->key);
		return n > 0 && (size_t)n < size ? DKIM_CBSTAT_CONTINUE
						 : DKIM_CBSTAT_NOTFOUND;
	}
	return DKIM_CBSTAT_NOTFOUND;
}

struct dkim_library *
dkim_library_new(void)
{
	struct dkim_library *library;
	unsigned flags =
	    DKIM_LIBFLAGS_DELAYSIGPROC | DKIM_LIBFLAGS_BADSIGHANDLES;
	DKIM_LIB *lib = dkim_init(NULL, NULL);

	if (lib == NULL)
		return NULL;
	if (!dkim_libfeature(lib, DKIM_FEATURE_SHA256) ||
	    !dkim_libfeature(lib, DKIM_FEATURE_ED25519) ||
	    dkim_options(lib, DKIM_OP_SETOPT, DKIM_OPTS_FLAGS, &flags,
		sizeof(flags)) != DKIM_STAT_OK ||
	    dkim_set_key_lookup(lib, on_key_wanted) != DKIM_STAT_OK) {
		dkim_close(lib);
		return NULL;
	}
	library = mem_zero(sizeof(*library));
	library->lib = lib;
	return library;
}

void
dkim_library_free(struct dkim_library **library)
{
	if (*library == NULL)
		return;
	dkim_close((*library)->lib);
	mem_free(*library);
	*library = NULL;
}

static void
drop_handle(struct dkim_verify *v)
{
	if (v->dkim != NULL)
		(void)dkim_free(v->dkim);
	v->dkim = NULL;
	for (size_t i = 0; i < v->count; i++)
		v->slot[i].info = NULL;
}

/* Its memory is out, or it is confused: we know nothing about the signatures.
 */
static void
give_up(struct dkim_verify *v)
{
	refuse_all(v, DKIM_RESULT_TEMPERROR, "the signature can't be checked");
	drop_handle(v);
}

struct dkim_verify *
dkim_verify_new(struct dkim_library *library)
{
	struct dkim_verify *v = mem_zero(sizeof(*v));
	DKIM_STAT status;

	v->dkim = dkim_verify(library->lib, (const unsigned char *)"-", NULL,
	    &status);
	if (v->dkim != NULL)
		(void)dkim_set_user_context(v->dkim, v);
	return v;
}

void
dkim_verify_free(struct dkim_verify **v)
{
	if (*v == NULL)
		return;
	drop_handle(*v);
	mem_free(*v);
	*v = NULL;
}

/* --- the header section --- */

static bool
is_signature(const struct header_field *field)
{
	return slice_is_nocase(field->name, DKIM_SIGNHEADER);
}

/* What the fields say, and how much work they ask of the library. */
static void
read_signatures(struct dkim_verify *v, struct slice header)
{
	struct header_field field;
	size_t fields = 0, names = 0;

	while (header_take(&header, &field)) {
		struct slot *s = &v->slot[v->count];

		fields++;
		if (!is_signature(&field))
			continue;
		if (v->count == DKIM_SIGNATURES_MAX) {
			v->ignored++;
			continue;
		}
		v->count++;
		dkim_field_parse(field.body, &s->sig.field);
		s->told = s->sig.field.signed_names > 0 &&
		    s->sig.field.signed_names <= DKIM_SIGNED_MAX;
		names += s->told ? s->sig.field.signed_names : 0;
	}
	if (fields > DKIM_FIELDS_MAX || names * fields > DKIM_COMPARISONS_MAX)
		refuse_all(v, DKIM_RESULT_POLICY,
		    "the header section has too many fields");
}

static bool
tell_field(struct dkim_verify *v, const struct header_field *field)
{
	struct slice raw = field->raw;
	DKIM_STAT status;

	if (slice_ends_nocase(raw, "\r\n"))
		raw.n -= 2;
	status = dkim_header(v->dkim, lend(raw.p), raw.n);
	/* A field that it finds malformed counts all the same. */
	return status == DKIM_STAT_OK || status == DKIM_STAT_SYNTAX;
}

/*
 * All fields but the signatures that are beyond our limits or no tag list.
 * When a signature names every field of the message, the library writes past
 * the end of an array; so the first field is one that none can name, for a
 * space stands within its name.
 */
static bool
tell_header(struct dkim_verify *v, struct slice header)
{
	static const char unnamed[] = "no name:";
	struct header_field field;
	size_t seen = 0;

	if (dkim_header(v->dkim, lend(unnamed), sizeof(unnamed) - 1) !=
	    DKIM_STAT_OK)
		return false;
	while (header_take(&header, &field)) {
		if (is_signature(&field) &&
		    (seen == v->count || !v->slot[seen++].told))
			continue;
		if (!tell_field(v, &field))
			return false;
	}
	return true;
}

/* Its handles are in the order of the fields that it was told. */
static bool
take_handles(struct dkim_verify *v)
{
	DKIM_SIGINFO **infos = NULL;
	int count = 0, next = 0;

	if (dkim_getsiglist(v->dkim, &infos, &count) != DKIM_STAT_OK)
		return false;
	for (size_t i = 0; i < v->count; i++) {
		if (!v->slot[i].told)
			continue;
		if (next == count)
			return false;
		v->slot[i].info = infos[next++];
	}
	return next == count;
}

/* What the library finds wrong with a signature, by itself or at the end. */
static void
refuse_by_error(struct slot *s)
{
	/* clang-format off */
	static const struct {
		DKIM_SIGERROR error;
		enum dkim_result result;
		const char *reason;
	} rows[] = {
		{ DKIM_SIGERROR_EXPIRED,     DKIM_RESULT_POLICY,    "the signature has expired" },
		{ DKIM_SIGERROR_FUTURE,      DKIM_RESULT_POLICY,    "the signature is from the future" },
		{ DKIM_SIGERROR_TIMESTAMPS,  DKIM_RESULT_NEUTRAL,   "the signature expired before it was made" },
		{ DKIM_SIGERROR_DOMAIN,      DKIM_RESULT_PERMERROR, "i= is not in the domain of d=" },
		{ DKIM_SIGERROR_TOOLARGE_L,  DKIM_RESULT_FAIL,      "the body is shorter than what was signed" },
		{ DKIM_SIGERROR_KEYDECODE,   DKIM_RESULT_PERMERROR, "the key does not fit the algorithm" },
		{ DKIM_SIGERROR_KEYTOOSMALL, DKIM_RESULT_POLICY,    "the key is too short" },
		{ DKIM_SIGERROR_BADSIG,      DKIM_RESULT_FAIL,      "the signature does not verify" },
	};
	/* clang-format on */
	DKIM_SIGERROR error = dkim_sig_geterror(s->info);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].error == error)
			refuse(s, rows[i].result, rows[i].reason);
	refuse(s, DKIM_RESULT_NEUTRAL, "the signature is malformed");
}

static void
judge_early(struct dkim_verify *v)
{
	for (size_t i = 0; i < v->count; i++) {
		struct slot *s = &v->slot[i];

		if (s->info == NULL)
			continue;
		if (dkim_sig_geterror(s->info) != DKIM_SIGERROR_UNKNOWN)
			refuse_by_error(s);
		if (s->sig.field.result != DKIM_RESULT_PASS)
			(void)dkim_sig_ignore(s->info);
	}
}

void
dkim_verify_header(struct dkim_verify *v, struct slice header)
{
	must(!v->has_header);
	v->has_header = true;
	read_signatures(v, header);
	if (!has_candidate(v)) {
		drop_handle(v);
		return;
	}
	if (v->dkim == NULL || !tell_header(v, header) ||
	    dkim_eoh(v->dkim) != DKIM_STAT_OK || !take_handles(v)) {
		give_up(v);
		return;
	}
	judge_early(v);
	for (size_t i = 0; i < v->count; i++)
		if (v->slot[i].sig.field.length < UINT64_MAX)
			v->counts = true;
	if (!has_candidate(v))
		drop_handle(v);
}

/* --- the body --- */

static void
tell_body(struct dkim_verify *v, struct slice run)
{
	if (run.n == 0 || v->dkim == NULL)
		return;
	v->before_last = run.n > 1 ? run.p[run.n - 2] : v->last;
	v->last = run.p[run.n - 1];
	v->has_body = true;
	if (v->counts)
		dkim_length_add(&v->length, run);
	if (dkim_body(v->dkim, lend(run.p), run.n) != DKIM_STAT_OK)
		give_up(v);
}

/*
 * A CR at the end of a run waits for the next: the library's state machines are
 * not to be trusted with a CRLF in two halves.
 */
void
dkim_verify_body(struct dkim_verify *v, struct slice run)
{
	must(v->has_header && !v->has_end);
	if (run.n == 0 || v->dkim == NULL)
		return;
	if (v->holds_cr) {
		char pair[2] = { '\r', run.p[0] };

		/* A second CR may begin a CRLF itself: it is held again. */
		tell_body(v, slice_from(pair, run.p[0] == '\r' ? 1 : 2));
		run = slice_skip(run, run.p[0] == '\r' ? 0 : 1);
	}
	v->holds_cr = run.n > 0 && run.p[run.n - 1] == '\r';
	tell_body(v, slice_head(run, run.n - (v->holds_cr ? 1 : 0)));
}

/* The last line's end may be missing; it is signed as if it were not. */
void
dkim_verify_end(struct dkim_verify *v)
{
	must(v->has_header && !v->has_end);
	if (v->holds_cr)
		tell_body(v, SLICE("\r"));
	if (v->has_body && (v->before_last != '\r' || v->last != '\n'))
		tell_body(v, SLICE("\r\n"));
	v->has_end = true;
}

/* --- the verdict --- */

bool
dkim_verify_ask(const struct dkim_verify *v, struct answers *answers)
{
	bool complete = true;

	must(v->has_header);
	for (size_t i = 0; i < v->count; i++) {
		const struct dkim_field *f = &v->slot[i].sig.field;

		if (f->result == DKIM_RESULT_PASS &&
		    answers_get(answers, slice_of(f->key_name), DNS_TXT) ==
			NULL)
			complete = false;
	}
	return complete;
}

static void
refuse_by_record(struct slot *s)
{
	const struct dkim_record *r = &s->record;
	static const enum dkim_result results[] = {
		[DKIM_RECORD_GOOD] = DKIM_RESULT_PASS,
		[DKIM_RECORD_BAD] = DKIM_RESULT_PERMERROR,
		[DKIM_RECORD_REVOKED] = DKIM_RESULT_PERMERROR,
		[DKIM_RECORD_SHORT] = DKIM_RESULT_POLICY,
		[DKIM_RECORD_MISSING] = DKIM_RESULT_PERMERROR,
		[DKIM_RECORD_LATER] = DKIM_RESULT_TEMPERROR,
	};

	if (r->state != DKIM_RECORD_GOOD)
		refuse(s, results[r->state], r->reason);
	else if (r->type != s->sig.field.type)
		refuse(s, DKIM_RESULT_PERMERROR,
		    "the key is of another type than the signature");
	else if (r->strict && !dkim_field_is_exact(&s->sig.field))
		refuse(s, DKIM_RESULT_PERMERROR,
		    "the key is not for subdomains");
}

static void
judge_record(struct slot *s, struct answers *answers)
{
	if (s->sig.field.result != DKIM_RESULT_PASS)
		return;
	dkim_record_choose(answers_get(answers, slice_of(s->sig.field.key_name),
			       DNS_TXT),
	    &s->record);
	s->sig.testing = s->record.testing;
	s->sig.bits = s->record.bits;
	refuse_by_record(s);
	if (s->sig.field.result != DKIM_RESULT_PASS && s->info != NULL)
		(void)dkim_sig_ignore(s->info);
}

/* l= signs the beginning of a body alone; whatever follows is a stranger's. */
static bool
is_partial(const struct dkim_verify *v, const struct dkim_field *f)
{
	uint64_t whole = f->relaxed ? dkim_length_relaxed(&v->length)
				    : dkim_length_simple(&v->length);

	return f->length < whole;
}

/* Good is only what passes by all three of the library's marks. */
static void
judge_by_library(struct dkim_verify *v, struct slot *s)
{
	unsigned flags = dkim_sig_getflags(s->info);
	int hash = dkim_sig_getbh(s->info);
	DKIM_SIGERROR error = dkim_sig_geterror(s->info);

	if (s->sig.field.result != DKIM_RESULT_PASS)
		return;
	if (error == DKIM_SIGERROR_UNKNOWN)
		refuse(s, DKIM_RESULT_TEMPERROR,
		    "the signature can't be checked");
	else if (hash == DKIM_SIGBH_MISMATCH)
		refuse(s, DKIM_RESULT_FAIL, "the body was changed");
	else if (error != DKIM_SIGERROR_OK)
		refuse_by_error(s);
	else if ((flags & DKIM_SIGFLAG_PASSED) == 0 || hash != DKIM_SIGBH_MATCH)
		refuse(s, DKIM_RESULT_FAIL, "the signature does not verify");
	else if (is_partial(v, &s->sig.field))
		refuse(s, DKIM_RESULT_POLICY,
		    "text was added behind what was signed");
}

/*
 * Who tests (t=y) wants no harm from a signature that fails: his mail is as if
 * it were unsigned (RFC 6376, 3.6.1).
 */
static void
judge_test(struct slot *s)
{
	struct dkim_field *f = &s->sig.field;

	if (s->sig.testing && f->result == DKIM_RESULT_FAIL)
		f->result = DKIM_RESULT_NEUTRAL;
	if (f->result == DKIM_RESULT_PASS)
		f->reason = s->sig.testing ? "good, made in a test" : "good";
}

bool
dkim_verify_judge(struct dkim_verify *v, struct answers *answers)
{
	must(v->has_end);
	if (v->judged)
		return true;
	if (!dkim_verify_ask(v, answers))
		return false;
	v->judged = true;
	for (size_t i = 0; i < v->count; i++)
		judge_record(&v->slot[i], answers);
	if (has_candidate(v)) {
		must(v->dkim != NULL);
		/* What it returns is about one of them; each is looked at. */
		(void)dkim_eom(v->dkim, NULL);
		ERR_clear_error();
	}
	for (size_t i = 0; i < v->count; i++) {
		if (v->slot[i].info != NULL)
			judge_by_library(v, &v->slot[i]);
		judge_test(&v->slot[i]);
	}
	drop_handle(v);
	return true;
}

size_t
dkim_verify_count(const struct dkim_verify *v)
{
	return v->count;
}

size_t
dkim_verify_ignored(const struct dkim_verify *v)
{
	return v->ignored;
}

const struct dkim_signature *
dkim_verify_signature(const struct dkim_verify *v, size_t index)
{
	must(index < v->count);
	return &v->slot[index].sig;
}

/*
 * mail/fate.c - status codes read, replies judged, fates packed.
 */
#include "mail/fate.h"

#include "base/ascii.h"
#include "base/err.h"
#include "mail/pack.h"

enum { STATUS_PART_MAX = 999, STATUS_DIGITS_MAX = 3, SMTP_CODE_DIGITS = 3 };

static const char *const names[] = {
	[FATE_NONE] = "none",
	[FATE_DELIVERED] = "delivered",
	[FATE_RELAYED] = "relayed",
	[FATE_DEFERRED] = "deferred",
	[FATE_FAILED] = "failed",
	[FATE_EXPANDED] = "expanded",
	[FATE_PASSED] = "passed",
};

const char *
fate_name(enum fate_kind kind)
{
	must(kind <= FATE_PASSED);
	return names[kind];
}

bool
fate_is_final(enum fate_kind kind)
{
	return kind != FATE_NONE && kind != FATE_DEFERRED;
}

/* "." 1*3DIGIT, without leading zeros (RFC 3463, 2). */
static bool
take_status_part(struct slice *s, uint16_t *out)
{
	struct slice at = *s;
	size_t digits = 0;
	uint32_t value;

	if (!slice_take_char(&at, '.'))
		return false;
	while (digits < at.n && ascii_is_digit(at.p[digits]))
		digits++;
	if (digits > STATUS_DIGITS_MAX || (digits > 1 && at.p[0] == '0') ||
	    !slice_to_u32(slice_head(at, digits), STATUS_PART_MAX, &value))
		return false;
	*out = (uint16_t)value;
	*s = slice_skip(at, digits);
	return true;
}

bool
status_code_take(struct slice *in, struct status_code *out)
{
	struct slice s = slice_skip(*in, 1);
	struct status_code code = { 0 };

	if (in->n == 0 ||
	    (in->p[0] != '2' && in->p[0] != '4' && in->p[0] != '5'))
		return false;
	code.class = (uint8_t)(in->p[0] - '0');
	if (!take_status_part(&s, &code.subject) ||
	    !take_status_part(&s, &code.detail) ||
	    (s.n > 0 && !slice_take_char(&s, ' ')))
		return false;
	*in = s;
	*out = code;
	return true;
}

/* Three digits at the front; 0 if there are none. */
static int
leading_code(struct slice *s)
{
	uint32_t code = 0;

	if (!slice_to_u32(slice_head(*s, SMTP_CODE_DIGITS), 999, &code) ||
	    s->n < SMTP_CODE_DIGITS || code < 100)
		return 0;
	*s = slice_skip(*s, SMTP_CODE_DIGITS);
	(void)slice_take_char(s, ' ');
	return (int)code;
}

struct fate
fate_from_reply(int smtp_code, struct slice reply)
{
	struct slice text = reply;
	struct status_code status = { 0 };
	struct fate fate = { .smtp_code = smtp_code, .reply = reply };

	switch (smtp_code / 100) {
	case 2:
		fate.kind = FATE_DELIVERED;
		break;
	case 4:
		fate.kind = FATE_DEFERRED;
		break;
	case 5:
		fate.kind = FATE_FAILED;
		break;
	default:
		fate.kind = FATE_DEFERRED;
		fate.code = (struct status_code){ 4, 5, 0 };
		return fate;
	}
	(void)leading_code(&text);
	fate.code.class = (uint8_t)(smtp_code / 100);
	if (status_code_take(&text, &status) && status.class == fate.code.class)
		fate.code = status;
	return fate;
}

struct fate
fate_ours(enum fate_kind kind, unsigned subject, unsigned detail,
    struct slice reply)
{
	/* clang-format off */
	static const uint8_t classes[] = {
		[FATE_NONE] = 0,     [FATE_DELIVERED] = 2, [FATE_RELAYED] = 2,
		[FATE_DEFERRED] = 4, [FATE_FAILED] = 5,	   [FATE_EXPANDED] = 2,
		[FATE_PASSED] = 2,
	};
	/* clang-format on */
	struct slice text = reply;

	must(kind <= FATE_PASSED && subject <= STATUS_PART_MAX &&
	    detail <= STATUS_PART_MAX);
	return (struct fate){
		.kind = kind,
		.code = { classes[kind], (uint16_t)subject, (uint16_t)detail },
		.smtp_code = leading_code(&text),
		.reply = reply,
		.ours = true,
	};
}

void
fates_encode(const struct fate *fates, size_t n, struct buf *out)
{
	pack_u64(out, n);
	for (size_t i = 0; i < n; i++) {
		must(fates[i].smtp_code >= 0 && fates[i].smtp_code <= 999);
		pack_u64(out, fates[i].kind);
		pack_u64(out, fates[i].code.class);
		pack_u64(out, fates[i].code.subject);
		pack_u64(out, fates[i].code.detail);
		pack_u64(out, (uint64_t)fates[i].smtp_code);
		pack_u64(out, fates[i].ours);
		pack_bytes(out, fates[i].reply);
	}
}

static bool
take_fate(struct slice *s, struct fate *out)
{
	uint64_t kind, class, subject, detail, smtp_code, ours;

	if (!pack_take_u64(s, FATE_PASSED, &kind) ||
	    !pack_take_u64(s, 5, &class) ||
	    !pack_take_u64(s, STATUS_PART_MAX, &subject) ||
	    !pack_take_u64(s, STATUS_PART_MAX, &detail) ||
	    !pack_take_u64(s, 999, &smtp_code) || !pack_take_u64(s, 1, &ours) ||
	    !pack_take_bytes(s, &out->reply))
		return false;
	out->kind = (enum fate_kind)kind;
	out->code.class = (uint8_t) class;
	out->code.subject = (uint16_t)subject;
	out->code.detail = (uint16_t)detail;
	out->smtp_code = (int)smtp_code;
	out->ours = ours == 1;
	return true;
}

int
fates_decode(struct slice in, struct arena *arena, struct fate **fates,
    size_t *n)
{
	enum { FATE_PACKED_MIN = 7 };
	struct slice s = in;
	struct fate *list;
	uint64_t count;

	/* No more fates than bytes for them, before memory is asked for. */
	if (!pack_take_u64(&s, in.n / FATE_PACKED_MIN, &count))
		return ERR_CORRUPT;
	list = arena_alloc(arena, (size_t)count, sizeof(*list));
	if (list == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < count; i++)
		if (!take_fate(&s, &list[i]))
			return ERR_CORRUPT;
	if (s.n > 0)
		return ERR_CORRUPT;
	*fates = list;
	*n = (size_t)count;
	return 0;
}

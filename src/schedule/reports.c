/*
 * schedule/reports.c - bounce/ decides and words; this keeps and sends.
 */
#include "schedule/reports.h"

#include <string.h>

#include "base/alloc.h"
#include "base/id.h"
#include "base/log.h"
#include "bounce/bounce.h"
#include "mail/address.h"
#include "schedule/dates.h"

enum { FULL_MAX = 64 << 10, ENVELOPE_MAX = 8 << 10, KINDS = 5 };

/* The store's text of a reply, for recipients that are put off. */
struct owed {
	const struct reports *reports;
	const struct round *round;
	bool is_late; /* long enough for a warning */
	bool to_postmaster;
};

/* A report under way; freed when it is written. */
struct report {
	struct reports *reports;
	struct round *round;
};

static bool
same_address(struct slice a, struct slice b)
{
	struct address x;
	struct address y;

	return address_parse(a, true, &x) == PARSE_OK &&
	    address_parse(b, true, &y) == PARSE_OK && address_eq(&x, &y);
}

static void
owed_init(struct owed *o, const struct reports *reports, const struct round *r)
{
	const struct conf *conf = reports->conf;

	*o = (struct owed){ .reports = reports, .round = r };
	o->is_late =
	    dates_is_late(&conf->delivery, r->envelope, reports->wall_ms);
	/* Any of them: an alias may stand between him and his mailbox. */
	if (r->envelope->sender.n == 0)
		for (uint32_t i = 0; i < r->envelope->recipient_count; i++)
			o->to_postmaster |=
			    same_address(r->envelope->recipients[i].address,
				slice_of(conf->postmaster));
}

static enum bounce_kind
kind_of(const struct owed *o, uint32_t index, enum fate_kind fate)
{
	const struct bounce_case c = {
		.fate = fate,
		.notify = o->round->envelope->recipients[index].notify,
		.null_sender = o->round->envelope->sender.n == 0,
		.warned = (o->round->entry->flags & ENTRY_WARNED) != 0,
		.wants_relays = o->round->envelope->by == BY_NOTIFY ||
		    o->round->envelope->by_trace,
		.to_postmaster = o->to_postmaster,
	};

	return bounce_decide(&c);
}

static bool
is_put_off(const struct round *r, uint32_t index)
{
	const struct note *note;

	if (entry_recipient(r->entry, index)->kind != FATE_DEFERRED)
		return false;
	STAILQ_FOREACH (note, &r->notes, link)
		if (note->index == index && note->is_pending)
			return false;
	return true;
}

bool
reports_are_owed(const struct reports *reports, const struct round *r)
{
	const struct note *note;
	struct owed o;

	owed_init(&o, reports, r);
	STAILQ_FOREACH (note, &r->notes, link)
		if (kind_of(&o, note->index, note->fate.kind) != BOUNCE_NOTHING)
			return true;
	if (!o.is_late)
		return false;
	for (uint32_t i = 0; i < r->entry->recipient_count; i++)
		if (is_put_off(r, i) &&
		    kind_of(&o, i, FATE_DEFERRED) == BOUNCE_DELAY)
			return true;
	return false;
}

/* --- who is named in a report --- */

static size_t
gather_notes(const struct owed *o, enum bounce_kind kind,
    struct bounce_recipient *out)
{
	const struct note *note;
	size_t n = 0;

	STAILQ_FOREACH (note, &o->round->notes, link) {
		if (kind_of(o, note->index, note->fate.kind) != kind)
			continue;
		out[n++] = (struct bounce_recipient){
			.recipient =
			    &o->round->envelope->recipients[note->index],
			.fate = note->fate,
			.host = note->host,
			.last_attempt_ms = note->at_ms,
			/* A sender's own limit is final (RFC 2852): 5.4.7. */
			.expired = note->has_expired &&
			    !dates_is_over(o->round->envelope,
				o->reports->wall_ms),
		};
	}
	return n;
}

static size_t
gather_delayed(const struct owed *o, struct bounce_recipient *out)
{
	struct queue_store *store = disk_store(o->reports->disk);
	struct queue_entry *e = o->round->entry;
	size_t n = 0;

	for (uint32_t i = 0; i < e->recipient_count; i++) {
		const struct queue_recipient *r = entry_recipient(e, i);

		if (!is_put_off(o->round, i) ||
		    kind_of(o, i, FATE_DEFERRED) != BOUNCE_DELAY)
			continue;
		out[n++] = (struct bounce_recipient){
			.recipient = &o->round->envelope->recipients[i],
			.fate = {
			    .kind = FATE_DEFERRED,
			    .code = { r->class, r->subject, r->detail },
			    .smtp_code = r->smtp_code,
			    .reply = queue_store_text(store, r->reply),
			    .ours = r->ours,
			},
			.host = queue_store_text(store, r->host),
			.last_attempt_ms = o->reports->wall_ms,
		};
	}
	return n;
}

/* --- writing one --- */

struct original {
	struct queue_reader *reader;
	struct queue_message message;
};

static int64_t
read_original(uint64_t offset, char *bytes, size_t n, void *arg)
{
	struct original *o = arg;

	return queue_message_read(o->reader, &o->message, offset, bytes, n);
}

static void
on_piece(struct slice piece, void *arg)
{
	disk_write_add(arg, piece);
}

static void
on_report_written(void *who, uint64_t id, int rc, const struct place *place,
    struct slice encoded)
{
	struct report *report = who;
	struct reports *reports = report->reports;
	struct round *r = report->round;

	mem_free(report);
	must(r->reports > 0);
	r->reports--;
	r->report_failed |= rc != 0;
	reports->done(r, rc, id, place, encoded, reports->arg);
}

/*
 * As urgent as the message, so that the news of urgent mail is urgent; but of
 * success not above all other mail.
 */
static int8_t
priority_of(const struct bounce *b)
{
	int8_t priority = b->envelope->priority;

	return b->kind == BOUNCE_SUCCESS && priority > 0 ? 0 : priority;
}

static void
submit(struct disk_write **write, const struct bounce *b,
    const struct bounce_envelope *be)
{
	struct recipient to = { .address = be->recipient };
	const struct envelope e = {
		.id = b->id,
		.arrived_ms = b->now_ms,
		.size = disk_write_finish(*write, b->now_ms),
		.body = be->body,
		.smtputf8 = be->smtputf8,
		/* RFC 8689, 5: the report is as private as the message. */
		.require_tls = b->envelope->require_tls,
		.priority = priority_of(b),
		.service = SLICE("dsn"),
		.recipient_count = 1,
		.recipients = &to,
	};
	struct buf encoded;

	buf_init(&encoded, ENVELOPE_MAX);
	envelope_encode(&e, &encoded);
	must(!buf_failed(&encoded));
	disk_write_submit(write, buf_slice(&encoded));
	buf_done(&encoded);
}

static void
log_report(const struct bounce *b, const struct bounce_envelope *be)
{
	static const char *const names[KINDS] = {
		[BOUNCE_NOTHING] = "nothing",
		[BOUNCE_FAILURE] = "failure",
		[BOUNCE_DOUBLE] = "double",
		[BOUNCE_DELAY] = "delay",
		[BOUNCE_SUCCESS] = "success",
	};
	char id[ID_TEXT_SIZE];
	char report[ID_TEXT_SIZE];
	struct log_text to;

	id_text(b->envelope->id, id);
	id_text(b->id, report);
	log_info("schedule report queue=%s report=%s kind=%s to=%s", id, report,
	    names[b->kind], log_text(be->recipient, &to));
}

static int
write_report(struct reports *reports, struct round *r, enum bounce_kind kind,
    const struct bounce_recipient *recipients, size_t count)
{
	const struct conf *conf = reports->conf;
	struct original original = { .reader = disk_reader(reports->disk) };
	struct place place =
	    queue_store_place(disk_store(reports->disk), r->entry);
	struct bounce b = {
		.kind = kind,
		.envelope = r->envelope,
		.recipients = recipients,
		.count = count,
		.hostname = slice_of(conf->hostname),
		.postmaster = slice_of(conf->postmaster),
		.now_ms = reports->wall_ms,
		.expires_ms = dates_end(&conf->delivery, r->envelope),
		.full_max = FULL_MAX,
		.read = read_original,
		.read_arg = &original,
	};
	struct bounce_envelope be;
	struct disk_write *write;
	struct report *report;
	int rc;

	rc = queue_reader_open(original.reader, &place, &original.message);
	if (rc != 0)
		return rc;
	report = mem_zero(sizeof(*report));
	report->reports = reports;
	report->round = r;
	b.id = disk_new_id(reports->disk, reports->wall_ms);
	write = disk_write_new(reports->disk, b.id, on_report_written, report);
	rc = bounce_write(&b, on_piece, write, &be);
	if (rc == 0) {
		r->reports++;
		submit(&write, &b, &be);
		log_report(&b, &be);
	} else {
		disk_write_cancel(&write);
		mem_free(report);
	}
	queue_message_done(original.reader, &original.message);
	return rc;
}

void
reports_start(struct reports *reports, struct round *r)
{
	static const enum bounce_kind kinds[] = { BOUNCE_FAILURE, BOUNCE_DOUBLE,
		BOUNCE_SUCCESS, BOUNCE_DELAY };
	struct owed o;
	struct bounce_recipient *named;
	uint32_t most = r->entry->recipient_count;
	const struct note *note;

	owed_init(&o, reports, r);
	STAILQ_FOREACH (note, &r->notes, link)
		most++;
	named = mem_array(most, sizeof(*named));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = 0;
		int rc;

		if (kinds[i] != BOUNCE_DELAY)
			n = gather_notes(&o, kinds[i], named);
		else if (o.is_late)
			n = gather_delayed(&o, named);
		if (n == 0)
			continue;
		rc = write_report(reports, r, kinds[i], named, n);
		if (rc != 0) {
			log_error("schedule report-failed id=%016llx rc=%d",
			    (unsigned long long)r->entry->id, rc);
			r->report_failed = true;
		} else if (kinds[i] == BOUNCE_DELAY) {
			queue_store_set_warned(disk_store(reports->disk),
			    r->entry);
		}
	}
	mem_free(named);
}

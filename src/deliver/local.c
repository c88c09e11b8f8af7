/*
 * deliver/local.c - from a recipient to a mailbox's path and user.
 */
#include "deliver/local.h"

#include "base/alloc.h"
#include "base/ascii.h"
#include "base/log.h"
#include "mail/address.h"
#include "mail/expand.h"
#include "route/route.h"

enum {
	PATH_MAX_OCTETS = 4096,
	USER_MAX = 256,
	HEADER_MAX = 2048,
	REPLY_KEPT = 512
};

/* One recipient's delivery, while the agent works on it. */
struct handover {
	struct local *local; /* borrowed */
	size_t index;        /* of the recipient */
	bool is_pending;
};

struct local {
	struct job *job;       /* borrowed */
	struct agents *agents; /* borrowed */
	size_t pending;
	struct handover *handovers; /* the job's arena; one a recipient */
};

/* What the path is made of. */
struct mailbox {
	struct address address;
	char separator; /* of the subaddress; NUL: none */
	struct slice home;
	bool is_system;
};

static void
local_end(struct local *l)
{
	struct job *j = l->job;

	must(l->pending == 0 && job_is_settled(j));
	j->work = NULL;
	mem_free(l);
	job_done(j);
}

static void
settle_one(struct local *l, size_t index, enum fate_kind kind, unsigned subject,
    unsigned detail, const char *reply)
{
	l->job->fates[index] =
	    fate_ours(kind, subject, detail, slice_of(reply));
}

static void
on_answer(uint32_t code, struct slice reply, void *arg)
{
	struct handover *h = arg;
	struct local *l = h->local;

	must(h->is_pending);
	h->is_pending = false;
	l->job->fates[h->index] =
	    fate_from_reply((int)code, job_keep(l->job, reply, REPLY_KEPT));
	l->job->fates[h->index].ours = true;
	if (--l->pending == 0)
		local_end(l);
}

/* "UID:GID:HOME" of the system's user, if the domain's mailboxes are those. */
static void
find_home(const struct domain_conf *domain, struct mailbox *box)
{
	struct slice value;

	if (domain == NULL)
		return;
	box->separator = domain->subaddress;
	if (!domain->mailboxes_are_system || domain->mailboxes == NULL ||
	    !table_get_address(domain->mailboxes, box->address.local,
		box->address.domain, domain->subaddress, &value))
		return;
	(void)slice_take_until(&value, ':');
	(void)slice_take_until(&value, ':');
	box->home = value;
	box->is_system = true;
}

static bool
expand(const struct mailbox *box, struct slice path, struct buf *out)
{
	struct expand_values values = { .address = box->address,
		.subaddress = { &box->separator,
		    box->separator == '\0' ? 0 : 1 },
		.home = box->home };
	struct why why;

	if (expand_path(path, &values, out, &why))
		return true;
	log_warning("deliver no-path why=\"%s\"", why.text);
	return false;
}

static void
add_address(struct buf *out, struct slice address)
{
	for (size_t i = 0; i < address.n; i++)
		buf_add_char(out,
		    ascii_is_control(address.p[i]) ? '?' : address.p[i]);
}

/* RFC 5321, 4.4: the final delivery adds Return-Path. */
static void
write_header(struct buf *out, struct slice sender, struct slice recipient)
{
	buf_add_cstr(out, "Return-Path: <");
	add_address(out, sender);
	buf_add_cstr(out, ">\r\nDelivered-To: ");
	add_address(out, recipient);
	buf_add_cstr(out, "\r\n");
}

static void
hand_over(struct local *l, size_t index, const struct mailbox *box)
{
	struct job *j = l->job;
	struct buf target, user, header;

	buf_init(&target, PATH_MAX_OCTETS);
	buf_init(&user, USER_MAX);
	buf_init(&header, HEADER_MAX);
	buf_add_cstr(&target, "maildir:");
	write_header(&header, j->envelope.sender,
	    j->envelope.recipients[index].address);
	if (!expand(box, j->target.path, &target) ||
	    (box->is_system && !expand(box, SLICE("%{user}"), &user))) {
		settle_one(l, index, FATE_FAILED, 1, 3,
		    "550 5.1.3 No mailbox can have that name");
	} else {
		struct agent_request request = { .user = buf_slice(&user),
			.target = buf_slice(&target),
			.header = buf_slice(&header),
			.message = &j->message };

		l->handovers[index] = (struct handover){ l, index, true };
		l->pending++;
		agents_deliver(l->agents, &request, on_answer,
		    &l->handovers[index]);
	}
	buf_done(&target);
	buf_done(&user);
	buf_done(&header);
}

void
local_start(struct job *j, struct agents *agents)
{
	struct local *l = mem_zero(sizeof(*l));
	const struct domain_conf *domain =
	    j->is_domain ? route_domain(j->tools->conf, j->route) : NULL;
	size_t n = j->envelope.recipient_count;

	l->job = j;
	l->agents = agents;
	j->work = l;
	l->handovers = arena_alloc(j->arena, n, sizeof(*l->handovers));
	if (j->target.kind != TARGET_MAILDIR || l->handovers == NULL) {
		j->trouble = TROUBLE_LOCAL;
		job_settle_ours(j, FATE_DEFERRED, 3, 5,
		    "450 4.3.5 This kind of mailbox is not available yet");
		local_end(l);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct mailbox box = { .home = SLICE_NONE };

		if (j->fates[i].kind != FATE_NONE)
			continue;
		if (address_parse(j->envelope.recipients[i].address, true,
			&box.address) != PARSE_OK) {
			settle_one(l, i, FATE_FAILED, 1, 3,
			    "550 5.1.3 The address is malformed");
			continue;
		}
		find_home(domain, &box);
		hand_over(l, i, &box);
	}
	if (l->pending == 0)
		local_end(l);
}

void
local_abandon(struct job *j)
{
	struct local *l = j->work;

	if (l == NULL)
		return;
	for (size_t i = 0; i < j->envelope.recipient_count; i++)
		if (l->handovers != NULL && l->handovers[i].is_pending)
			agents_forget(l->agents, &l->handovers[i]);
	j->work = NULL;
	mem_free(l);
}

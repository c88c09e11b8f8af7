/*
 * schedule/routing.c - aliases, domains, routes; then sites.
 */
#include "schedule/routing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/ascii.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/log.h"
#include "mail/address.h"
#include "route/route.h"
#include "schedule/hops.h"

_Static_assert((int)HOPS_MAX >= (int)ROUTE_HOPS_MAX, "a hop each");

enum {
	JOB_ENVELOPE_MAX = 40 << 10, /* of recipients, in a job */
	RECIPIENT_OVERHEAD = 32,
	TEXT_MAX = 4096,
	COST_RECIPIENTS = 10,
	COST_OCTETS = 256 << 10,
};

/* The texts of a want that are made here. */
struct want_texts {
	struct buf target;
	struct buf name;
	struct buf policy;
};

static void
texts_init(struct want_texts *t)
{
	buf_init(&t->target, TEXT_MAX);
	buf_init(&t->name, TEXT_MAX);
	buf_init(&t->policy, TEXT_MAX);
}

static void
texts_done(struct want_texts *t)
{
	buf_done(&t->target);
	buf_done(&t->name);
	buf_done(&t->policy);
}

static void
add_lower(struct buf *to, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		buf_add_char(to, ascii_lower(s.p[i]));
}

/* user@[192.0.2.1]: that host, without MX. False: no literal we know. */
static bool
literal_target(const struct conf *conf, struct slice domain, struct buf *to)
{
	struct slice inside = slice_head(slice_skip(domain, 1), domain.n - 2);
	char text[IP_TEXT_SIZE];
	struct ip ip;

	(void)slice_take_prefix_nocase(&inside, "IPv6:");
	if (!ip_parse(inside, &ip))
		return false;
	ip_text(&ip, text);
	buf_addf(to, ip.version == 6 ? "smtp:[%s]:%u" : "smtp:%s:%u", text,
	    (unsigned)conf->delivery.mx_port);
	return true;
}

/* What tells connections of one host apart: the route's security and login. */
static void
add_policy(struct buf *to, const struct route_conf *route)
{
	buf_addf(to, "tls=%d user=%s helo=%s", (int)route->tls, route->user,
	    route->helo);
	for (size_t i = 0; i < route->source.n; i++)
		buf_addf(to, " source=%s", route->source.v[i]);
}

/* False: there is no way, *reply says why. */
static bool
want_of_target(const struct conf *conf, const struct target *target,
    struct slice domain, struct want_texts *t, struct site_want *want,
    struct slice *reply)
{
	want->is_remote = target_is_remote(target->kind);
	want->destination = target->host.n > 0 ? target->host : domain;
	if (target->kind == TARGET_MX && target->host.n == 0 && domain.n > 2 &&
	    domain.p[0] == '[') {
		if (!literal_target(conf, domain, &t->target)) {
			*reply = SLICE("550 5.1.2 address literal not "
				       "understood");
			return false;
		}
	} else if (target->kind == TARGET_MX && target->host.n == 0) {
		buf_add_cstr(&t->target, "mx:");
		add_lower(&t->target, domain);
		if (target->port != 0)
			buf_addf(&t->target, ":%u", (unsigned)target->port);
	} else {
		target_write(target, &t->target);
	}
	if (want->is_remote) {
		buf_add(&t->name, buf_slice(&t->target));
	} else {
		want->destination = domain;
		buf_addf(&t->name, "%s:", target_kind_name(target->kind));
		add_lower(&t->name, domain);
	}
	want->target = buf_slice(&t->target);
	want->name = buf_slice(&t->name);
	want->policy = buf_slice(&t->policy);
	if (!buf_failed(&t->target) && !buf_failed(&t->name) &&
	    !buf_failed(&t->policy))
		return true;
	*reply = SLICE("451 4.3.5 route too long");
	return false;
}

enum way { WAY_SITE, WAY_SETTLED, WAY_ALIAS, WAY_NONE };

/* Who asks for a way. */
struct way_for {
	const struct address *address;
	bool final;
	uint64_t message;
	unsigned attempts;
	const struct load *from; /* that has failed elsewhere; or NULL */
};

static enum hop_state
state_of(const struct routing *r, const struct site_want *want,
    const struct load *from)
{
	const struct site *site =
	    r->sites == NULL ? NULL : site_peek(r->sites, want);
	struct plan_facts facts;

	if (site == NULL)
		return HOP_OPEN;
	if (from != NULL && load_has_tried(from, site->number))
		return HOP_TRIED;
	plan_site_facts(site->plan, &facts);
	if (facts.state == SITE_OPEN)
		return HOP_OPEN;
	if (facts.state == SITE_SUSPENDED || facts.until_ms > r->mono_ms)
		return HOP_DOWN;
	return facts.ready + facts.under_way == 0 ? HOP_PROBE : HOP_PROBED;
}

static enum way
settle_reply(struct slice reply, struct fate *fate)
{
	struct slice digits = slice_head(reply, 3);
	uint32_t code = 451;

	(void)slice_to_u32(digits, 599, &code);
	*fate = fate_from_reply((int)code, reply);
	return WAY_SETTLED;
}

/* One target text of a route or domain section. */
static enum way
way_of_text(const struct routing *r, struct slice text, struct slice domain,
    struct want_texts *t, struct site_want *want, struct fate *fate)
{
	struct target target;
	struct slice reply;

	buf_reset(&t->target);
	buf_reset(&t->name);
	if (!target_parse(text, &target, NULL)) /* conf/ has checked it */
		return settle_reply(SLICE("451 4.3.5 bad target"), fate);
	if (target.kind == TARGET_ERROR) {
		*fate = fate_from_reply(target.smtp_code, target.reply);
		return WAY_SETTLED;
	}
	if (target.kind == TARGET_DISCARD) {
		*fate = fate_ours(FATE_DELIVERED, 0, 0,
		    SLICE("250 2.0.0 discarded"));
		return WAY_SETTLED;
	}
	if (!want_of_target(r->conf, &target, domain, t, want, &reply))
		return settle_reply(reply, fate);
	return WAY_SITE;
}

/* Which of the route's several hops. */
static size_t
choose_hop(const struct routing *r, const struct way_for *who,
    const struct route_conf *route, struct want_texts *t)
{
	struct hop hops[HOPS_MAX];
	const struct hops_question question = {
		.share = route->balance,
		.at_worst = who->from == NULL ? HOP_DOWN : HOP_PROBE,
		.message = who->message,
		.turn = who->attempts,
	};
	size_t n = route->via.n;

	must(n <= HOPS_MAX);
	for (size_t i = 0; i < n; i++) {
		struct slice text = slice_of(route->via.v[i]);
		struct site_want want = { 0 };
		struct target target = { 0 };
		struct fate fate;

		/* One that can't be read says so when it is chosen. */
		if (!target_parse(text, &target, NULL))
			target.kind = TARGET_ERROR;
		hops[i] = (struct hop){ HOP_OPEN, target.kind };
		if (way_of_text(r, text, who->address->domain, t, &want,
			&fate) == WAY_SITE)
			hops[i].state = state_of(r, &want, who->from);
	}
	return hops_choose(hops, n, &question);
}

static enum way
way_of_route(const struct routing *r, const struct way_for *who,
    const struct route_conf *route, struct want_texts *t,
    struct site_want *want, struct fate *fate)
{
	size_t hop = 0;

	add_policy(&t->policy, route);
	if (route->via.n > 1)
		hop = choose_hop(r, who, route, t);
	else if (who->from != NULL)
		return WAY_NONE;
	if (hop >= route->via.n)
		return WAY_NONE;
	want->route = slice_of(route->title);
	want->has_others = route->via.n > 1;
	return way_of_text(r, slice_of(route->via.v[hop]), who->address->domain,
	    t, want, fate);
}

static enum way
way_of(const struct routing *r, const struct way_for *who, struct want_texts *t,
    struct site_want *want, struct fate *fate)
{
	struct route_answer answer;

	*want = (struct site_want){ 0 };
	buf_reset(&t->policy);
	route_recipient(r->conf, who->address, who->final, &answer);
	if (who->from != NULL && answer.kind != ROUTE_RELAY)
		return WAY_NONE;
	switch (answer.kind) {
	case ROUTE_ALIAS:
		return WAY_ALIAS;
	case ROUTE_DOMAIN:
		want->is_domain = true;
		want->route = slice_of(answer.domain->name);
		return way_of_text(r, slice_of(answer.domain->deliver),
		    want->route, t, want, fate);
	case ROUTE_RELAY:
		return way_of_route(r, who, answer.route, t, want, fate);
	case ROUTE_REJECT:
	case ROUTE_TRICK:
		break;
	}
	return settle_reply(answer.reply, fate);
}

/* --- aliases --- */

/*
 * One new address goes on as the old one did. Several: this is where success
 * is reported, as "expanded", so they do not report it (RFC 3461, 5.2.7).
 */
static uint8_t
notify_of_expanded(uint8_t notify, size_t count)
{
	if (count == 1 || (notify & NOTIFY_SUCCESS) == 0)
		return notify;
	return notify == NOTIFY_SUCCESS ? NOTIFY_NEVER
					: (uint8_t)(notify & ~NOTIFY_SUCCESS);
}

static bool
envelope_grow(struct round *r, const struct recipient *more, uint32_t count)
{
	struct envelope *e = r->envelope;
	struct recipient *all =
	    arena_alloc(r->arena, e->recipient_count + count, sizeof(*all));

	if (all == NULL)
		return false;
	memcpy(all, e->recipients, e->recipient_count * sizeof(*all));
	memcpy(all + e->recipient_count, more, count * sizeof(*all));
	e->recipients = all;
	e->recipient_count += count;
	return true;
}

static int
expand(const struct routing *r, struct round *round, uint32_t index,
    const struct address *address, struct why *why)
{
	struct recipient old = round->envelope->recipients[index];
	struct expansion expansion;
	struct recipient *more;
	int rc;

	rc = route_expand(r->conf, address, round->arena, &expansion, why);
	if (rc != 0)
		return rc;
	more = arena_alloc(round->arena, expansion.count + 1, sizeof(*more));
	if (more == NULL)
		return ERR_LIMIT;
	for (size_t i = 0; i < expansion.count; i++) {
		more[i].address = expansion.addresses[i];
		more[i].orcpt = old.orcpt;
		more[i].notify =
		    notify_of_expanded(old.notify, expansion.count);
	}
	if (!envelope_grow(round, more, (uint32_t)expansion.count))
		return ERR_LIMIT;
	rc = queue_store_expand(r->store, round->entry, index, more,
	    (uint32_t)expansion.count);
	if (rc != 0)
		round->envelope->recipient_count -= (uint32_t)expansion.count;
	return rc;
}

static void
do_alias(const struct routing *r, struct round *round, uint32_t index,
    const struct address *address)
{
	struct why why = { "" };
	char reply[WHY_MAX + 64];
	struct fate fate;
	uint32_t before = round->envelope->recipient_count;
	int rc = expand(r, round, index, address, &why);

	if (rc == 0) {
		(void)snprintf(reply, sizeof(reply),
		    "250 2.1.5 expanded to %u addresses",
		    round->envelope->recipient_count - before);
		fate = fate_ours(FATE_EXPANDED, 1, 5, slice_of(reply));
	} else {
		/* The postmaster can mend it: the mail waits for that. */
		log_error("schedule alias-broken id=%016llx reason=\"%s\"",
		    (unsigned long long)round->entry->id,
		    why.text[0] != '\0' ? why.text : err_text(rc));
		(void)snprintf(reply, sizeof(reply), "451 4.3.5 alias: %s",
		    why.text[0] != '\0' ? why.text : err_text(rc));
		fate = fate_ours(FATE_DEFERRED, 3, 5, slice_of(reply));
	}
	r->settled(round, index, &fate, r->arg);
}

/* --- loads --- */

static uint16_t
load_cost(const struct load *load, uint32_t message_size)
{
	uint32_t cost =
	    1 + load->count / COST_RECIPIENTS + message_size / COST_OCTETS;

	return (uint16_t)(cost < PLAN_COST_MAX ? cost : PLAN_COST_MAX);
}

static void
put_into_load(struct round *round, struct site *site, uint32_t index)
{
	const struct recipient *rcpt = &round->envelope->recipients[index];
	uint32_t octets =
	    (uint32_t)(rcpt->address.n + rcpt->orcpt.n) + RECIPIENT_OVERHEAD;
	struct load *load = site->filling;

	if (load == NULL || load->count >= site->recipients_per_message ||
	    load->octets + octets > JOB_ENVELOPE_MAX)
		load = load_new(round, site);
	site->filling = load;
	load_add(load, index, octets);
	load->plan.cost = load_cost(load, round->entry->size);
	entry_recipient(round->entry, index)->marks = site->number;
}

static struct way_for
way_for(const struct round *round, uint32_t index,
    const struct address *address, const struct load *from)
{
	return (struct way_for){ .address = address,
		.final = index >= round->original_count,
		.message = round->entry->id,
		.attempts = entry_recipient(round->entry, index)->attempts,
		.from = from };
}

static void
route_one(const struct routing *r, struct round *round, uint32_t index,
    struct want_texts *t)
{
	struct slice text = round->envelope->recipients[index].address;
	struct address address;
	struct way_for who = way_for(round, index, &address, NULL);
	struct site_want want;
	struct fate fate;
	enum way way;

	entry_recipient(round->entry, index)->marks = 0;
	if (address_parse(text, true, &address) == PARSE_OK)
		way = way_of(r, &who, t, &want, &fate);
	else
		way = settle_reply(SLICE("550 5.1.3 bad address"), &fate);
	must(way != WAY_NONE);
	if (way == WAY_ALIAS)
		do_alias(r, round, index, &address);
	else if (way == WAY_SETTLED)
		r->settled(round, index, &fate, r->arg);
	else
		put_into_load(round,
		    site_get(r->sites, r->conf, &want, r->mono_ms), index);
}

static void
close_loads(struct round *round)
{
	struct load *load;

	TAILQ_FOREACH (load, &round->loads, in_round)
		load->site->filling = NULL;
}

void
routing_run(const struct routing *r, struct round *round)
{
	struct want_texts texts;

	texts_init(&texts);
	/* The list grows under way, by aliases. */
	for (uint32_t i = 0; i < round->envelope->recipient_count; i++)
		if (recipient_is_open(entry_recipient(round->entry, i)))
			route_one(r, round, i, &texts);
	close_loads(round);
	texts_done(&texts);
}

bool
routing_elsewhere(const struct routing *r, struct load *from, uint32_t index)
{
	struct round *round = from->round;
	struct address address;
	struct way_for who = way_for(round, index, &address, from);
	struct want_texts texts;
	struct site_want want;
	struct fate fate;
	struct site *site;
	bool moved = false;

	if (!from->site->has_others || !load_can_move(from) ||
	    round->wish != WISH_NOTHING || round->entry->state == QUEUE_HELD ||
	    round->envelope == NULL ||
	    address_parse(round->envelope->recipients[index].address, true,
		&address) != PARSE_OK)
		return false;
	texts_init(&texts);
	if (way_of(r, &who, &texts, &want, &fate) == WAY_SITE) {
		site = site_get(r->sites, r->conf, &want, r->mono_ms);
		put_into_load(round, site, index);
		load_note_tried(site->filling, from);
		moved = true;
	}
	texts_done(&texts);
	return moved;
}

void
routing_elsewhere_done(struct round *round)
{
	close_loads(round);
}

struct slice
routing_site_name(const struct conf *conf, struct slice text, bool utf8,
    bool final, struct arena *arena)
{
	const struct routing r = { .conf = conf };
	struct want_texts texts;
	struct slice name = SLICE_NONE;
	struct address address;
	const struct way_for who = { .address = &address, .final = final };
	struct site_want want;
	struct fate fate;

	texts_init(&texts);
	if (address_parse(text, utf8, &address) == PARSE_OK &&
	    way_of(&r, &who, &texts, &want, &fate) == WAY_SITE)
		name = arena_copy(arena, want.name);
	texts_done(&texts);
	return name.p == NULL ? SLICE_NONE : name;
}

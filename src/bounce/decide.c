/*
 * bounce/decide.c - who is told what (RFC 3461, 4.1 and 5.2).
 */
#include "bounce/bounce.h"

/*
 * Failures are reported unless the sender forbade it. With nobody to send the
 * report to, the postmaster hears of it, but never of mail to himself: such a
 * report could fail as the first did, for ever.
 */
static enum bounce_kind
on_failure(const struct bounce_case *c)
{
	if (c->notify != 0 && (c->notify & NOTIFY_FAILURE) == 0)
		return BOUNCE_NOTHING;
	if (!c->null_sender)
		return BOUNCE_FAILURE;
	return c->to_postmaster ? BOUNCE_NOTHING : BOUNCE_DOUBLE;
}

/* Without NOTIFY the sender hears of a delay once, as it always was. */
static enum bounce_kind
on_delay(const struct bounce_case *c)
{
	if (c->null_sender || c->warned)
		return BOUNCE_NOTHING;
	return c->notify == 0 || (c->notify & NOTIFY_DELAY) != 0
	    ? BOUNCE_DELAY
	    : BOUNCE_NOTHING;
}

static enum bounce_kind
on_success(const struct bounce_case *c)
{
	return !c->null_sender && (c->notify & NOTIFY_SUCCESS) != 0
	    ? BOUNCE_SUCCESS
	    : BOUNCE_NOTHING;
}

/*
 * RFC 2852: with a deadline the sender hears, too, that it went to a server
 * that does not know of it, or that it went on at all; if he wants to hear of
 * delays.
 */
static enum bounce_kind
on_relay(const struct bounce_case *c)
{
	if (c->wants_relays && !c->null_sender &&
	    (c->notify == 0 || (c->notify & NOTIFY_DELAY) != 0))
		return BOUNCE_SUCCESS;
	return on_success(c);
}

enum bounce_kind
bounce_decide(const struct bounce_case *c)
{
	if ((c->notify & NOTIFY_NEVER) != 0)
		return BOUNCE_NOTHING;
	switch (c->fate) {
	case FATE_FAILED:
		return on_failure(c);
	case FATE_DEFERRED:
		return on_delay(c);
	case FATE_RELAYED:
		return on_relay(c);
	case FATE_DELIVERED:
	case FATE_EXPANDED:
		return on_success(c);
	case FATE_NONE:
	case FATE_PASSED: /* the next hop reports */
		break;
	}
	return BOUNCE_NOTHING;
}

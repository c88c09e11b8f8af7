/*
 * route/forward.c - mail/srs.h with the conf's secrets.
 */
#include "route/forward.h"

#include "io/hmac.h"
#include "route/route.h"

static bool
set_up(const struct conf *conf, struct srs *out)
{
	*out = (struct srs){ .domain = slice_of(conf->srs.domain),
		.secrets = { conf->srs.secret.bytes, conf->srs.secret.n },
		.hash = hmac_sha256 };
	return out->domain.n > 0 && out->secrets.n > 0;
}

/* Our own name in SPF is right for it. */
static bool
is_own(const struct conf *conf, struct slice sender)
{
	size_t at = slice_find_last(sender, '@');
	struct slice domain = slice_skip(sender, at < sender.n ? at + 1 : at);

	return domain.n == 0 || route_domain(conf, domain) != NULL ||
	    slice_is_nocase(domain, conf->srs.domain) ||
	    slice_is_nocase(domain, conf->hostname);
}

struct slice
forward_sender(const struct conf *conf, struct slice sender, int64_t wall_ms,
    struct buf *out)
{
	struct srs srs;

	if (!set_up(conf, &srs) || is_own(conf, sender))
		return sender;
	buf_reset(out);
	return srs_forward(&srs, sender, wall_ms, out) && !buf_failed(out)
	    ? buf_slice(out)
	    : sender;
}

enum srs_verdict
forward_back(const struct conf *conf, struct slice recipient, int64_t wall_ms,
    struct buf *out)
{
	struct srs srs;

	return set_up(conf, &srs) ? srs_reverse(&srs, recipient, wall_ms, out)
				  : SRS_OTHER;
}

/*
 * mtad/rights.c - see rights.h. Becoming a user is worker/identity's.
 */
#include "mtad/rights.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <linux/capability.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "worker/identity.h"

/* clang-format off */
static const int kept[] = {
	CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER,
	CAP_KILL,		/* workers are another user's */
	CAP_SETUID, CAP_SETGID,	/* becoming mtad, and mailboxes' users */
	CAP_NET_BIND_SERVICE,
	CAP_SYS_CHROOT,
	CAP_SETPCAP,		/* giving up the others */
	CAP_AUDIT_WRITE,	/* PAM */
};
/* clang-format on */

static void
drop_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[2] = { { 0 } };

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		data[CAP_TO_INDEX(kept[i])].permitted |= CAP_TO_MASK(kept[i]);
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++) {
		if ((data[CAP_TO_INDEX(cap)].permitted & CAP_TO_MASK(cap)) != 0)
			continue;
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	}
	/* What the service manager has not given us can't be asked for. */
	{
		struct __user_cap_data_struct have[2] = { { 0 } };

		if (syscall(SYS_capget, &header, have) == -1) {
			log_warning("master capabilities-kept error=\"%s\"",
			    err_text(-errno));
			return;
		}
		for (int i = 0; i < 2; i++) {
			data[i].permitted &= have[i].permitted;
			data[i].effective = data[i].permitted;
		}
	}
	if (syscall(SYS_capset, &header, data) == -1)
		log_warning("master capabilities-kept error=\"%s\"",
		    err_text(-errno));
}

static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1 ||
	    limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
		log_warning("master descriptor-limit-kept error=\"%s\"",
		    err_text(-errno));
}

void
rights_reduce(void)
{
	raise_descriptor_limit();
	if (identity_can_change())
		drop_capabilities();
}

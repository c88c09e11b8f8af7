/*
 * mtad/dkim_keys.c - see dkim_keys.h. It signs nothing: the keys are parsed
 * here to see that they can be, and again by each process that signs.
 */
#include "mtad/dkim_keys.h"

#include <sys/stat.h>
#include <unistd.h>

#include "verify/dkim_signers.h"

enum { FOR_OTHERS = 07, FOR_GROUP = 070, MODE_BITS = 07777 };

/* The key belongs to root, mtad's user or whoever starts it, to nobody else. */
static bool
is_private(const char *path, const struct identity *user, struct why *why)
{
	struct stat st;

	if (stat(path, &st) == -1) {
		why_set(why, "can't be looked at");
		return false;
	}
	if (st.st_uid != 0 && st.st_uid != user->uid &&
	    st.st_uid != geteuid()) {
		why_set(why, "belongs to another user than root or %s",
		    user->name);
		return false;
	}
	if ((st.st_mode & FOR_OTHERS) != 0 ||
	    ((st.st_mode & FOR_GROUP) != 0 && st.st_gid != user->gid)) {
		why_set(why,
		    "can be read or written by others (mode %04o); 0600 is "
		    "right",
		    (unsigned)st.st_mode & MODE_BITS);
		return false;
	}
	return true;
}

void
dkim_keys_check(const struct conf *conf, const struct identity *user,
    struct buf *errors)
{
	struct dkim_signers *signers = dkim_signers_new();

	for (size_t i = 0; i < conf->dkim_count; i++) {
		const struct dkim_conf *d = &conf->dkims[i];

		for (size_t k = 0; k < d->key_count; k++) {
			const struct dkim_key_conf *key = &d->keys[k];
			struct why why;

			if (is_private(key->pem.path, user, &why) &&
			    dkim_signers_add(signers, slice_of(d->domain),
				slice_of(key->selector),
				slice_from(key->pem.bytes, key->pem.n), &why))
				continue;
			buf_addf(errors, "%s: keys: \"%s:%s\" %s\n", d->place,
			    key->selector, key->pem.path, why.text);
		}
	}
	dkim_signers_free(&signers);
}

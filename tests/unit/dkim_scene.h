/*
 * unit/dkim_scene.h - messages that are signed, changed and verified, with a
 * DNS out of a table.
 */
#ifndef UNIT_DKIM_SCENE_H
#define UNIT_DKIM_SCENE_H

#include "dns/answers.h"
#include "verify/dkim_key.h"
#include "verify/dkim_sign.h"
#include "verify/dkim_verify.h"

/* Keys of nobody: RSA of 2048 bits, Ed25519. */
extern const char scene_rsa_pem[];
extern const char scene_ed25519_pem[];

struct answers *scene_answers(void);
void scene_put_txt(struct answers *, const char *name, struct slice text);
void scene_put_outcome(struct answers *, const char *name, enum dns_outcome);
/* The record of a key, with other tags in front of p= ("" for none). */
void scene_put_key(struct answers *, const char *name, const char *pem,
    const char *tags);

/* Feeds a whole message in runs of that size, and ends it. */
struct dkim_verify *scene_verify(struct dkim_library *, struct slice message,
    size_t run);
/*
 * Adds the message with a relaxed/relaxed rsa-sha256 signature in front, over
 * From and Subject. `tags` go in before b=; `wanted` (l=) is how much of the
 * body to hash.
 */
void scene_sign(const char *tags, struct slice message, size_t wanted,
    struct buf *out);
/* Signs by dkim_sign.c, in runs of that size; adds the signed message. */
int scene_sign_whole(const struct dkim_signer *, struct slice message,
    size_t run, struct buf *out);

#endif

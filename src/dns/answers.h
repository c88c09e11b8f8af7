/*
 * dns/answers.h - a set of DNS answers, over which checks run without waiting.
 *
 * A check is a pure function of the message and such a set. What it asks for
 * and the set lacks is noted as missing, and the check says "again"; once
 * dns/fetch.h has put all that is missing in, the check runs again, until
 * nothing is missing. Tests fill the set from a table.
 */
#ifndef DNS_ANSWERS_H
#define DNS_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/must.h"
#include "base/slice.h"
#include "dns/packet.h"

struct answers;

/*
 * At most that many questions, and that much memory for their answers. Beyond
 * either, answers_get() gives a DNS_TEMPORARY answer: never NULL for ever.
 */
struct answers *answers_new(size_t questions_max, size_t bytes_max) MUST_USE;
void answers_free(struct answers **);
/* Empty again, for the next message. */
void answers_reset(struct answers *);

/*
 * The answer, the set's until answers_reset(); or NULL: it is missing, and
 * noted as such. Names are compared without case and final dot. A name that
 * can't be in the DNS is answered DNS_NO_NAME at once.
 */
const struct dns_answer *answers_get(struct answers *, struct slice name,
    enum dns_type);
/* Copies it in, in place of an older one. */
void answers_put(struct answers *, struct slice name, enum dns_type,
    const struct dns_answer *);

/* Is there a question that lacks an answer and that nobody was asked yet? */
bool answers_has_questions(const struct answers *);
/*
 * The next question that lacks an answer and that nobody was asked yet: it
 * counts as asked from here on. False: no more.
 */
bool answers_take_missing(struct answers *, struct slice *name,
    enum dns_type *);
/*
 * Nothing more will come, until answers_reset(): what is missing, now or later,
 * is DNS_TEMPORARY.
 */
void answers_close(struct answers *);

/* The questions that lack an answer, from 0 on; false: no more. */
bool answers_missing(const struct answers *, size_t index, struct slice *name,
    enum dns_type *);
/* All questions in the order in which they were asked; NULL: no answer yet. */
bool answers_nth(const struct answers *, size_t index, struct slice *name,
    enum dns_type *, const struct dns_answer **);

#endif

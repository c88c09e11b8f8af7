/*
 * bounce/advice.h - what happened and what the sender can do, in plain words.
 */
#ifndef BOUNCE_ADVICE_H
#define BOUNCE_ADVICE_H

#include "mail/fate.h"

/* Sentences about one recipient's fate; a static text, never empty. */
const char *advice_for(const struct fate *);

#endif

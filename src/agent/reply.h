/*
 * agent/reply.h - what a delivery's outcome is called in SMTP.
 */
#ifndef AGENT_REPLY_H
#define AGENT_REPLY_H

#include <stdint.h>

/* Code and text "452 4.2.2 ..." for 0 or an error. Only temporary ones. */
struct agent_reply {
	uint32_t code;
	const char *text; /* static */
};

struct agent_reply agent_reply_for(int rc);

#endif

/*
 * agent/agent.h - the local delivery agent: with one user's rights it puts
 * messages where deliverers say.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/must.h"

/* The process's main function; its exit code. */
int agent_main(void) MUST_USE;

#endif

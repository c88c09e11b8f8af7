/*
 * mtad/master.h - the master process: reads the configuration, binds what is
 * listened on, starts the workers and keeps them alive. It parses no byte
 * that comes from the network.
 */
#ifndef MTAD_MASTER_H
#define MTAD_MASTER_H

#include <stdbool.h>

#include "base/must.h"

/* Until it is told to stop; the exit code. `verbose`: log level debug. */
int master_run(const char *conf_path, bool verbose) MUST_USE;

#endif

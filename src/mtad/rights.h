/*
 * mtad/rights.h - what the master keeps of root's rights, and its limits.
 */
#ifndef MTAD_RIGHTS_H
#define MTAD_RIGHTS_H

/*
 * As root: all capabilities but those that the master and its children need
 * are given up, for good. Descriptors up to the hard limit. Trouble is logged.
 */
void rights_reduce(void);

#endif

/*
 * base/step.h - what a protocol engine wants next.
 */
#ifndef BASE_STEP_H
#define BASE_STEP_H

enum step {
	STEP_MORE,  /* go on: feed me what there is */
	STEP_WAIT,  /* somebody will resume me; feed me nothing */
	STEP_TLS,   /* send what I wrote, then start TLS and resume me */
	STEP_CLOSE, /* send what I wrote, then close */
};

#endif

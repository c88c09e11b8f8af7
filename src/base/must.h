/*
 * base/must.h - what has to be true, or the program is wrong.
 *
 * must() is always compiled in. When it fails the process logs the expression
 * and aborts; the spool is crash-safe and the master starts it again.
 */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#define MUST_USE __attribute__((warn_unused_result))

#define must(expr) \
	((expr) ? (void)0 : must_fail(#expr, __FILE__, __LINE__, __func__))

_Noreturn void must_fail(const char *expr, const char *file, int line,
    const char *func);

#endif

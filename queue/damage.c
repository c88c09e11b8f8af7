/*
 * queue/damage.c - one text for each damaged place.
 */
#include "queue/damage.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/err.h"
#include "queue/quarantine.h"
#include "queue/spool.h"

enum { TEXT_SIZE = 256 };

void
damage_tell(struct damage *d, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list args;

	d->count++;
	if (d->tell == NULL)
		return;
	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	d->tell(text, d->arg);
}

/* What is not there at all cannot be kept, and has been told of. */
static void
note(struct damage *d, const char *name, int rc)
{
	if (rc == QUARANTINE_MADE)
		d->kept++;
	else if (rc < 0 && rc != -ENOENT)
		damage_tell(d, "%s: no copy could be put into quarantine: %s",
		    name, err_text(rc));
}

void
damage_keep_octets(struct damage *d, uint64_t id, uint64_t segment,
    uint32_t from, uint32_t to)
{
	char name[VFS_NAME_MAX];

	if (d->vfs == NULL)
		return;
	spool_name("segments", segment, name);
	note(d, name, quarantine_octets(d->vfs, id, segment, from, to));
}

void
damage_keep_file(struct damage *d, const char *name)
{
	if (d->vfs != NULL)
		note(d, name, quarantine_file(d->vfs, name));
}

void
damage_keep_message(struct damage *d, uint64_t id, const struct place *p,
    bool is_large)
{
	char name[VFS_NAME_MAX];

	damage_keep_octets(d, id, p->segment, p->offset, p->offset + p->length);
	if (!is_large)
		return;
	spool_name("large", id, name);
	damage_keep_file(d, name);
}

/*
 * table/memfile.c - sealed memory files. It knows nothing of their content.
 */
#include "table/memfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

static int
write_all(int fd, struct slice bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? -EIO : -errno;
		bytes = slice_skip(bytes, (size_t)n);
	}
	return 0;
}

int
memfile_new(const char *name, struct slice bytes)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int rc;

	if (fd == -1)
		return -errno;
	rc = write_all(fd, bytes);
	if (rc == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == -1)
		rc = -errno;
	if (rc != 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}

int
memfile_map(int fd, struct slice *out)
{
	struct stat st;
	void *p;
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals == -1 || (seals & SEALS) != SEALS)
		return ERR_CORRUPT;
	if (fstat(fd, &st) == -1)
		return -errno;
	if (st.st_size == 0) {
		*out = SLICE_NONE;
		return 0;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -errno;
	*out = slice_from(p, (size_t)st.st_size);
	return 0;
}

void
memfile_unmap(struct slice *bytes)
{
	if (bytes->n > 0) {
		union {
			const char *in;
			void *out;
		} p = { .in = bytes->p };

		(void)munmap(p.out, bytes->n);
	}
	*bytes = SLICE_NONE;
}

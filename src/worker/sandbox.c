/*
 * worker/sandbox.c - the lists. One filter for all roles: they differ by the
 * descriptors they hold and the root they see, not by the kind of calls.
 */
#include "worker/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

/* clang-format off */
static const char *const allowed[] = {
	/* reading and writing what is open */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv",
	"pwritev", "preadv2", "pwritev2", "close", "close_range", "lseek",
	"_llseek", "dup", "dup2", "dup3", "fcntl", "fcntl64", "flock",
	"fsync", "fdatasync", "sync_file_range", "fallocate", "fadvise64",
	"fadvise64_64", "ftruncate", "ftruncate64", "sendfile", "sendfile64",
	"copy_file_range", "splice", "pipe", "pipe2",
	/* files by name: the spool is the root, or the user's rights hold */
	"open", "openat", "stat", "stat64", "lstat", "lstat64", "fstat",
	"fstat64", "newfstatat", "fstatat64", "statx", "statfs", "statfs64",
	"fstatfs", "fstatfs64", "access", "faccessat", "faccessat2", "readlink",
	"readlinkat", "getdents", "getdents64", "mkdir", "mkdirat", "unlink",
	"unlinkat", "rmdir", "rename", "renameat", "renameat2", "link",
	"linkat", "fchmod", "fchmodat", "utimensat", "umask", "getcwd",
	/* waiting */
	"epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
	"epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "timerfd_create",
	"timerfd_settime", "timerfd_gettime", "poll", "ppoll", "select",
	"pselect6", "_newselect", "nanosleep", "clock_nanosleep",
	"restart_syscall",
	/* memory and threads (mmap, mprotect, clone: see below) */
	"brk", "munmap", "mremap", "madvise", "futex", "futex_waitv",
	"set_robust_list", "rseq", "set_tid_address", "membarrier",
	"sched_yield", "sched_getaffinity", "get_mempolicy", "memfd_create",
	/* itself */
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid",
	"getegid", "getuid32", "geteuid32", "getgid32", "getegid32",
	"getrandom", "getrusage", "getrlimit", "ugetrlimit", "sysinfo",
	"uname", "times", "exit", "exit_group", "rt_sigaction",
	"rt_sigprocmask", "rt_sigreturn", "sigreturn", "rt_sigpending",
	"rt_sigtimedwait", "sigaltstack", "tgkill", "capget",
	/* time */
	"clock_gettime", "clock_gettime64", "clock_getres", "gettimeofday",
	"time",
	/* sockets (socket: see below) */
	"connect", "bind", "listen", "accept", "accept4", "shutdown",
	"sendto", "sendmsg", "sendmmsg", "recvfrom", "recvmsg", "recvmmsg",
	"send", "recv", "getsockopt", "setsockopt", "getsockname",
	"getpeername", "socketpair",
};

static const char *const deadly[] = {
	"execve", "execveat", "fork", "vfork", "ptrace", "process_vm_readv",
	"process_vm_writev", "pidfd_getfd", "mount", "umount2", "move_mount",
	"fsopen", "open_tree", "pivot_root", "chroot", "setns", "unshare",
	"bpf", "perf_event_open", "init_module", "finit_module",
	"delete_module", "kexec_load", "kexec_file_load", "reboot", "swapon",
	"swapoff", "add_key", "keyctl", "request_key", "userfaultfd",
	"io_uring_setup", "open_by_handle_at", "personality", "mknod",
	"mknodat", "setuid", "setgid", "setreuid", "setregid", "setresuid",
	"setresgid", "setgroups", "capset", "settimeofday", "clock_settime",
	"adjtimex", "clock_adjtime", "sethostname", "acct", "quotactl",
};

/* Allowed when argument `arg`, under `mask`, is `value`. */
static const struct {
	const char *name;
	unsigned arg;
	scmp_datum_t mask, value;
} conditional[] = {
	/* No new code: all libraries are loaded before. */
	{ "mmap",     2, PROT_EXEC, 0 },
	{ "mmap2",    2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	/* Threads, no processes and no namespaces. */
	{ "clone",    0, CLONE_THREAD | CLONE_NEWUSER, CLONE_THREAD },
	{ "socket",   0, ~0UL, AF_UNIX },
	{ "socket",   0, ~0UL, AF_INET },
	{ "socket",   0, ~0UL, AF_INET6 },
	{ "socket",   0, ~0UL, AF_NETLINK },
	{ "ioctl",    1, 0xffffffffUL, FIONREAD },
	{ "ioctl",    1, 0xffffffffUL, FIONBIO },
	{ "prctl",    0, 0xffffffffUL, PR_SET_NAME },
	{ "prctl",    0, 0xffffffffUL, PR_GET_NAME },
	/* Limits may be read: a new one must be NULL. */
	{ "prlimit64", 2, ~0UL, 0 },
};
/* clang-format on */

/* Names that this architecture or library does not have are passed over. */
static int
add(scmp_filter_ctx filter, const char *name, uint32_t action,
    unsigned condition_count, const struct scmp_arg_cmp *condition)
{
	int number = seccomp_syscall_resolve_name(name);

	if (number == __NR_SCMP_ERROR)
		return 0;
	return seccomp_rule_add_array(filter, action, number, condition_count,
	    condition);
}

static int
fill(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(allowed) / sizeof(*allowed);
	     i++)
		rc = add(filter, allowed[i], SCMP_ACT_ALLOW, 0, NULL);
	for (size_t i = 0; rc == 0 && i < sizeof(deadly) / sizeof(*deadly); i++)
		rc = add(filter, deadly[i], SCMP_ACT_KILL_PROCESS, 0, NULL);
	for (size_t i = 0;
	     rc == 0 && i < sizeof(conditional) / sizeof(*conditional); i++) {
		const struct scmp_arg_cmp is =
		    SCMP_CMP(conditional[i].arg, SCMP_CMP_MASKED_EQ,
			conditional[i].mask, conditional[i].value);

		rc = add(filter, conditional[i].name, SCMP_ACT_ALLOW, 1, &is);
	}
	/* Its flags lie in memory, out of reach: glibc then takes clone. */
	if (rc == 0)
		rc = add(filter, "clone3", SCMP_ACT_ERRNO(ENOSYS), 0, NULL);
	return rc;
}

int
sandbox_enter(void)
{
	scmp_filter_ctx filter;
	int rc;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -errno;
#ifdef MTAD_ASAN
	return 0;
#endif
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (filter == NULL)
		return -ENOMEM;
	rc = fill(filter);
	/* Where the kernel can, what fails with EPERM is logged. */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

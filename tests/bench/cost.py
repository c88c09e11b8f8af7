"""tests/bench/cost.py - system calls of a message, memory of those that are
stuck: parts of tests/bench/run.
"""
import pathlib
import signal
import socket
import subprocess
import time

REASONS = {
    "recvfrom": "what a client or server said, as much as is there",
    "sendto": "a reply, or all that may be said without an answer",
    "epoll_wait": "a turn of a loop, for all connections that are ready",
    "epoll_ctl": "a new connection; one that waits for room to write",
    "pread64": "a record: its head with the envelope, its content",
    "pwritev": "a batch of messages to the segment; the journal's records",
    "fdatasync": "a batch: before 250; the journal's, before it is forgotten",
    "futex": "a batch to its helper thread and back",
    "read": "the wake of a loop by its helper thread",
    "write": "a log line each (received, delivered); the wake of a loop",
    "sendmsg": "between processes: what a turn has to say",
    "recvmsg": "between processes: what is there",
    "accept4": "a connection, and the look whether there is another",
    "close": "a connection's end",
    "shutdown": "a connection's end",
    "socket": "a connection out",
    "connect": "a connection out",
    "setsockopt": "no delay for what is small",
    "getsockopt": "whether a connection out was made",
    "getsockname": "the addresses of a connection, for log and policy",
    "getrandom": "the salt of a batch",
    "clock_gettime": "the processor's time of a turn: its loop tells the "
                     "longest",
    "fstatfs": "is there room on the disk?",
    "openat": "a file; none for a message below 1 MiB",
}
PART = 1000 << 10  # of a message, and then silence


def family(root):
    """The processes below root, and itself."""
    found, grown = {root}, True
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            rest = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(rest[1])
    while grown:
        more = {p for p, up in parents.items() if up in found} - found
        found |= more
        grown = bool(more)
    return found


def counted(mta, act, out):
    """{system call: how often}, of all processes while act() runs."""
    words = [w for p in family(mta.root()) for w in ("-p", str(p))]
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", out, *words],
                              stderr=subprocess.DEVNULL)
    time.sleep(1)
    act()
    time.sleep(1)
    tracer.send_signal(signal.SIGINT)
    tracer.wait()
    counts = {}
    for line in out.read_text().splitlines():
        words = line.split()
        if len(words) >= 5 and words[0][0].isdigit() and words[-1] != "total":
            counts[words[-1]] = int(words[3])
    return counts


def table(counts, messages, lines):
    lines += ["| call | a message | why it remains |", "|---|---|---|"]
    rare = 0
    for name, n in sorted(counts.items(), key=lambda c: -c[1]):
        if n / messages < 0.01:
            rare += n
            continue
        lines.append(f"| {name} | {n / messages:.2f} | "
                     f"{REASONS.get(name, '')} |")
    lines.append(f"| the others | {rare / messages:.2f} | |")
    lines.append(f"| **all** | **{sum(counts.values()) / messages:.2f}** | |")


COPIES = """
Copies of each octet of content: the socket's to the buffer that all
connections share; from there to the draft's chunk (1 MiB at most: larger ones
go on from the buffer); to the page cache; and, on the way out, from the page
cache to a block; from the block to the socket. One of these is mtad's own, the
others are the kernel's at its border: content is looked at on the way in (line
ends, dots, checksum) and out (dots), so it has to pass through.""".strip()


def half_sent(port):
    s = socket.create_connection(("127.0.0.1", port), 60)
    stream = s.makefile("rb")

    def reply():
        while stream.readline()[3:4] == b"-":
            pass

    reply()
    for command in ("EHLO bench.example", "MAIL FROM:<a@bench.example>",
                    "RCPT TO:<to@sink.example>", "DATA"):
        s.sendall(command.encode() + b"\r\n")
        reply()
    s.sendall((b"y" * 68 + b"\r\n") * (PART // 70))
    return s


def memory(root, role):
    total = 0
    for pid in family(root):
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        if status.startswith(f"Name:\t{role}"):
            line = next(s for s in status.splitlines()
                        if s.startswith("RssAnon"))
            total += int(line.split()[1]) * 1024
    return total


def stuck(mta, count, lines):
    before = memory(mta.root(), "receiver")
    sessions = [half_sent(mta.port) for _ in range(count)]
    time.sleep(1)
    grown = memory(mta.root(), "receiver") - before
    for s in sessions:
        s.close()
    lines += ["", "## Sessions that are stuck", "",
              f"{count} sessions, each silent after {PART >> 10} KiB of a "
              f"message: the receivers together grew by {grown / 2**20:.0f} "
              f"MiB ({count * PART / 2**20:.0f} MiB were sent; the bound of "
              "src/receive/README is 32 MiB each and 64 KiB a session)."]

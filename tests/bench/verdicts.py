"""tests/bench/verdicts.py - what the checks of who sent a message cost, and how
long a receiver's loop is busy with one turn of them: part of tests/bench/run.

The messages are those of tests/integration/senders.py, with all kinds of
verdicts, made larger; strangers send them at a steady rate from two addresses.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
RATE = 1000  # messages a second
SIGNED = 20  # and so many of a user, each signed
REPORTS = 6  # seconds: receivers report every five
OFF = 'checks { spf = "off" dkim = "off" dmarc = "off" arc = "off" }\n'
ON = 'checks { spf = "observe" dmarc = "observe" }\n'
COMMON = """domain "sink.example" {{ deliver = "discard:" }}
domain "here.test" {{ deliver = "discard:" }}
log {{ target = "file:{0}/log" level = "info" }}
"""


def write_messages(senders, made, folder):
    """{source address: (file, how many)}"""
    found = {}
    for message, _ in made.values():
        content = message.raw.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        found.setdefault(senders.LOCAL[message.source], []).append(
            f"{message.sender} {len(content)}\n".encode() + content)
    for source, messages in found.items():
        path = folder / source
        path.write_bytes(b"".join(messages))
        found[source] = (path, len(messages))
    return found


class Load:
    """Strangers from all addresses at once."""

    def __init__(self, args, files, port):
        whole = sum(n for _, n in files.values())
        self.sources = []
        for source, (path, n) in files.items():
            self.sources.append(subprocess.Popen(
                [args.build / "tests/bench/bench_source", "-d", "-s", "25",
                 "-r", str(RATE * n // whole), "-m",
                 str(args.messages * n // whole), "-b", source, "-f", path,
                 str(port)], stdout=subprocess.PIPE))

    def is_on(self):
        return any(s.poll() is None for s in self.sources)

    def wait(self):
        """(messages, seconds)"""
        said = [s.communicate()[0].split() for s in self.sources]
        if any(s.returncode != 0 for s in self.sources):
            sys.exit("run: a source failed")
        return sum(int(w[1]) for w in said), max(float(w[3]) for w in said)


def submit(mta, load, count):
    """A user's messages beside the strangers'."""
    text = ("From: alice@here.test\r\nTo: bob@here.test\r\nSubject: x\r\n\r\n" +
            ("y" * 70 + "\r\n") * 60)
    with mta.smtp("submissions") as s:
        s.login("alice@here.test", "secret")
        while load.is_on():
            s.sendmail("alice@here.test", ["bob@here.test"], text)
            count[0] += 1
            time.sleep(1 / SIGNED)


def noise(seconds=5):
    """How far, in ms, the processor's time of a program jumps that does nothing
    but read it: what a hypervisor takes away is counted, too."""
    end, last, longest = time.monotonic() + seconds, time.thread_time_ns(), 0
    while time.monotonic() < end:
        now = time.thread_time_ns()
        longest = max(longest, now - last)
        last = now
    return longest / 1e6


def cost(args, files, mta, cpu_of):
    """Milliseconds of a processor for a message."""
    before = cpu_of(mta.process.pid)
    count, seconds = Load(args, files, mta.ports["relay"]).wait()
    time.sleep(1)
    return (cpu_of(mta.process.pid) - before) / count * 1000, count / seconds


def longest_turn(args, files, mta):
    """(by the clock, by the processor's time, in ms; signed submissions)"""
    mta.add_user("alice@here.test", "secret")
    time.sleep(REPORTS)
    load, count = Load(args, files, mta.ports["relay"]), [0]
    user = threading.Thread(target=submit, args=(mta, load, count))
    user.start()
    load.wait()
    user.join()
    time.sleep(REPORTS)
    status = json.loads(mta.ctl("--json", "status"))
    return (*(max(r[key] for r in status["receivers"]) / 1000
              for key in ("longest_turn_us", "longest_turn_cpu_us")), count[0])


def verify(args, folder, lines, cpu_of):
    os.environ["MTAD_BUILD"] = str(args.build.resolve())
    sys.path.insert(0, str(HERE.parent / "integration"))
    import harness  # pylint: disable=import-outside-toplevel
    import senders  # pylint: disable=import-outside-toplevel

    place = folder / "verify"
    place.mkdir()
    place.chmod(0o755)
    keys = senders.Keys(place)
    files = write_messages(senders, senders.corpus(keys, 4096), place)
    dns = harness.Nsd(place / "nsd", senders.zones(keys))
    sign = f'dkim "here.test" {{ keys = {{ "rsa:{place}/rsa" }} }}\n'

    def with_mtad(name, checks, act):
        mta = harness.Mtad(place / name, dns.conf + checks +
                           COMMON.format(place / name))
        mta.start()
        try:
            return act(mta)
        finally:
            mta.stop()

    try:
        rounds = {"off": [], "on": []}
        for n in range(args.rounds):
            for name, checks in (("off", OFF), ("on", ON)):
                rounds[name].append(with_mtad(
                    f"{name}{n}", checks, lambda m: cost(args, files, m, cpu_of)))
        turns = {name: [with_mtad(f"{name}-turns{n}", checks,
                                  lambda m: longest_turn(args, files, m))
                        for n in range(args.rounds)]
                 for name, checks in (("off", OFF), ("on", ON + sign))}
    finally:
        dns.stop()
    report(args, files, rounds, turns, lines)


def report(args, files, rounds, turns, lines):
    middle = {name: [statistics.median(r[i] for r in found) for i in (0, 1)]
              for name, found in rounds.items()}
    lines += [
        "", "## Who sent this: the cost of verdicts", "",
        f"{args.messages} messages of 4,096 octets and more, of "
        f"{sum(n for _, n in files.values())} kinds (SPF, DKIM and DMARC pass, "
        f"fail, are none or in error; up to two signatures), {RATE} a second of "
        "50 persistent sessions, a local NSD with records that live two "
        "seconds. Turns are of a receiver's loop, the longest one, with a user "
        f"who submits {SIGNED} messages a second, signed with 2,048 bits where "
        "checks are on; by the clock, other programs count as well. A program "
        "that does nothing but read its processor's time saw it jump by "
        f"{noise():.2f} ms on this machine, which no loop can do better than.",
        "",
        "| checks | messages/s | CPU ms a message | longest turn, CPU ms | by "
        "the clock, ms | submissions |", "|---|---|---|---|---|---|"]
    for name in ("off", "on"):
        wall, cpu, count = (statistics.median(t[i] for t in turns[name])
                            for i in range(3))
        lines.append(f"| {name} | {middle[name][1]:,.0f} | {middle[name][0]:.3f}"
                     f" | {cpu:.2f} | {wall:.2f} | {count:.0f} |")
    lines.append(f"| **added** | | **{middle['on'][0] - middle['off'][0]:.3f}**"
                 " | | | |")

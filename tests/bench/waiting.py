"""tests/bench/waiting.py - what mail that waits costs: parts of tests/bench/run.

The spools are made by bench_spool. Each figure of memory is of the scheduler
alone, beyond what one with an empty queue has (RssAnon).
"""
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

DOMAIN_SHARE = 10  # messages to a domain
ASKED = 5  # times; the median counts


def filled(build, folder, messages, domains, *words):
    spool = folder / "spool"
    shutil.rmtree(folder, ignore_errors=True)
    spool.mkdir(parents=True)
    folder.chmod(0o755)
    subprocess.run([build / "tests/bench/bench_spool", spool, str(messages),
                    str(domains), *words], check=True)
    for place in (spool, *spool.rglob("*")):
        shutil.chown(place, "nobody")


def ctl(build, folder, *words):
    """(seconds, what it printed)"""
    start = time.monotonic()
    done = subprocess.run([build / "mtactl", "-c", folder / "main.conf",
                           *words], check=False, capture_output=True,
                          text=True)
    if done.returncode != 0:
        sys.exit(f"run: mtactl {' '.join(words)}: {done.stderr}")
    return time.monotonic() - start, done.stdout


def asked(build, folder, *words):
    return statistics.median(ctl(build, folder, *words)[0]
                             for _ in range(ASKED))


def scheduler_memory(root):
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
            status = (stat.parent / "status").read_text()
        except OSError:
            continue
        if "(scheduler" in text and int(text.rsplit(")", 1)[1].split()[1]) == root:
            line = next(s for s in status.splitlines()
                        if s.startswith("RssAnon"))
            return int(line.split()[1]) * 1024
    sys.exit("run: there is no scheduler")


def one_start(kind, build, folder, messages):
    """What a start of mtad on the spool in `folder` takes."""
    start = time.monotonic()
    mta = kind(build, folder, 9)
    try:
        banner = time.monotonic() - start
        while int(ctl(build, folder, "queue", "count")[1]) < messages:
            if time.monotonic() - start > 120:
                sys.exit("run: mtad never knew its queue")
            time.sleep(0.05)
        known = time.monotonic() - start
        time.sleep(1)
        return {"banner": banner, "known": known,
                "memory": scheduler_memory(mta.root()),
                "count": asked(build, folder, "queue", "count"),
                "list": asked(build, folder, "queue", "list", "--to",
                              "@d7.bench.example", "--limit", "50")}
    finally:
        mta.stop()


def deferred(args, kind, folder, lines):
    """10,000, 100,000 and 1,000,000 messages that were put off."""
    lines += ["", "## Messages that wait", "",
              "Deferred, to 1,000 domains. A restart until the first banner, "
              "until the whole queue is known; `mtactl queue count`; `queue "
              "list --to @d7.bench.example --limit 50`.", "",
              "| messages | octets each | banner s | known s | count s | "
              "list s |", "|---|---|---|---|---|---|"]
    build, place = args.build.resolve(), folder / "deferred"
    empty = 0
    for messages in (0, *args.deferred):
        filled(build, place, messages, 1000)
        one_start(kind, build, place, messages)  # which makes its keys
        r = one_start(kind, build, place, messages)
        if messages == 0:
            empty = r["memory"]
            continue
        lines.append(f"| {messages:,} | {(r['memory'] - empty) / messages:.0f}"
                     f" | {r['banner']:.2f} | {r['known']:.2f} | "
                     f"{r['count']:.2f} | {r['list']:.2f} |")
        print(f"# {lines[-1]}", file=sys.stderr)
    shutil.rmtree(place, ignore_errors=True)


class Dns:
    """NSD with an MX host of its own for each of the domains."""

    def __init__(self, folder, port, domains):
        folder.mkdir(exist_ok=True)
        with open(folder / "zone", "w", encoding="ascii") as f:
            f.write("$ORIGIN bench.example.\n$TTL 3600\n@ SOA ns root 1 3600 "
                    "600 86400 60\n@ NS ns\nns A 127.0.0.1\n")
            for n in range(domains):
                f.write(f"d{n} MX 10 mx.d{n}\nmx.d{n} A 127.0.0.1\n")
        (folder / "nsd.conf").write_text(f"""server:
  ip-address: 127.0.0.1@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  database: ""
  xfrdfile: "{folder}/xfrd.state"
  zonelistfile: "{folder}/zone.list"
  xfrdir: "{folder}"
  rrl-ratelimit: 0
  server-count: 1
remote-control:
  control-enable: no
zone:
  name: "bench.example"
  zonefile: "zone"
""")
        self.process = subprocess.Popen(
            ["/usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"],
            stderr=subprocess.DEVNULL)
        time.sleep(2)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def drain(kind, sink, build, folder, dns_port, messages):
    """Messages a second, from the first at the sink to the last."""
    filled(build, folder, messages, messages // DOMAIN_SHARE, "due")
    before = sink.read()[0]
    mta = kind(build, folder, 9, extra=(
        f'dns {{ servers = {{ "127.0.0.1@{dns_port}" }} }}\n'
        'route ".bench.example" { via = "mx" }\n'))
    try:
        first, n, moved = None, 0, time.monotonic()
        while n < messages:
            time.sleep(0.01)
            now = sink.read()[0] - before
            if now > n:
                moved = time.monotonic()
                first = first or (moved, now)
            n = now
            if time.monotonic() - moved > 60:
                sys.exit(f"run: {messages - n} of the backlog never came")
        rate = (n - first[1]) / max(sink.read()[1] - first[0], 0.001)
        print(f"# {messages} to be drained: {rate:.0f}/s", file=sys.stderr)
        return rate
    finally:
        mta.stop()
        shutil.rmtree(folder, ignore_errors=True)


def backlog(args, kind, sink, dns_port, folder, lines):
    """The sink listens on port 25, where MX hosts do."""
    build = args.build.resolve()
    few = args.backlog // 20
    dns = Dns(folder / "dns", dns_port, args.backlog // DOMAIN_SHARE)
    try:
        rates = {n: statistics.median(
            drain(kind, sink, build, folder / "backlog", dns_port, n)
            for _ in range(rounds))
            for n, rounds in ((few, 3), (args.backlog, 1))}
    finally:
        dns.stop()
    lines += ["", "## A backlog", "",
              f"{DOMAIN_SHARE} messages to each of many domains with an MX "
              "host of its own; from the first message at the sink to the "
              "last.", "", "| messages | domains | end to end/s |",
              "|---|---|---|"]
    lines += [f"| {n:,} | {n // DOMAIN_SHARE:,} | {rate:,.0f} |"
              for n, rate in rates.items()]
    lines.append(f"| **ratio** | | **{rates[args.backlog] / rates[few]:.2f}** |")

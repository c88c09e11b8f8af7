"""The stage of the integration tests: a mtad of its own for each test, real
DNS (NSD), real and scripted peers. Everything listens on 127.0.0.0/8 or ::1,
lives in the test's folder, and is ended by its pid."""

import contextlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import threading
import time

BUILD = pathlib.Path(os.environ.get("MTAD_BUILD", "build")).resolve()
MTAD = BUILD / "mtad"
MTACTL = BUILD / "mtactl"
SANITIZED = os.environ.get("MTAD_SANITIZED") == "1"
PATIENCE = 60 if SANITIZED else 30
TEST_USER = "nobody"
TEST_GROUP = "nogroup"


# Below the kernel's own choices (32768 and up), so that no client's port is
# ever in the way; each port is given once, so that no two servers share it.
PORTS = iter(itertools.cycle(range(random.randrange(10000, 32000), 32768)))


def free_port(address="127.0.0.1"):
    """A port that nobody listens on now, and that no other call was given."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for port in PORTS:
        with socket.socket(family) as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, port))
            return port
    raise AssertionError("no port is free")


def noon(days):
    """FAKETIME for 12:00 UTC of that day from today: all reports are due then."""
    now, day = int(time.time()), 86400
    return f"{(now // day + days) * day + day // 2 - now:+d}"


def wait_for(what, condition, seconds=PATIENCE):
    """The first true value of condition(); fails the test after that long."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.05)


def can_connect(port, address="127.0.0.1"):
    with contextlib.suppress(OSError), \
            socket.create_connection((address, port), 2):
        return True
    return False


def end(process, sig=signal.SIGTERM, seconds=20):
    """Ends a process that we started, and everything it says is collected."""
    if process.poll() is None:
        process.send_signal(sig)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"{process.args[0]} did not end in {seconds} s")
    return process.returncode


def children_of(pid):
    """Pids of the living children of a process, with their command lines."""
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            if int(stat[1]) == pid and stat[0] != "Z":
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(entry.name)] = line.decode().strip()
    return found


def is_alive(pid):
    """A dying process has its sockets open until it is a zombie."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in "ZX"


def make_certificate(folder, name, names=(), ca=None, days=30):
    """A key and a certificate by openssl; self-signed, or signed by `ca`."""
    folder = pathlib.Path(folder)
    cert, key = folder / f"{name}.pem", folder / f"{name}.key"
    san = ",".join(f"DNS:{n}" for n in (names or [name]))
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
               "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out",
               cert, "-days", str(days), "-subj", f"/CN={name}"]
    if ca is None:
        command += ["-addext", f"subjectAltName={san}"]
    else:
        command += ["-addext", f"subjectAltName={san}", "-addext",
                    "basicConstraints=critical,CA:FALSE",
                    "-CA", ca[0], "-CAkey", ca[1]]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0 and ca is not None:  # openssl 3.0 lacks req -CA
        csr = folder / f"{name}.csr"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                        key, "-out", csr, "-subj", f"/CN={name}"],
                       capture_output=True, check=True)
        ext = folder / f"{name}.ext"
        ext.write_text(f"subjectAltName={san}\n")
        subprocess.run(["openssl", "x509", "-req", "-in", csr, "-CA", ca[0],
                        "-CAkey", ca[1], "-CAcreateserial", "-out", cert,
                        "-days", str(days), "-extfile", ext],
                       capture_output=True, check=True)
    elif done.returncode != 0:
        raise AssertionError(done.stderr.decode())
    os.chmod(key, 0o600)
    return cert, key


class Mtad:
    """One mtad with its own spool and ports. Sections of main.conf come from
    the test; listeners, limits of time and places are given here."""

    LISTENERS = {
        "relay": ("relay", "starttls"),
        "submissions": ("submission", "implicit"),
        "submission": ("submission", "starttls"),
        "submission-alt": ("submission", "starttls"),
    }

    def __init__(self, folder, conf="", listeners=None, hostname="mx.here.test",
                 address="127.0.0.1", trusted='"127.0.0.9"', defaults=True):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.address = address
        self.hostname = hostname
        self.ports = {n: free_port(address) for n in
                      (self.LISTENERS if listeners is None else listeners)}
        self.mail = self.folder / "mail"
        self.users = self.folder / "users"
        self.conf_file = self.folder / "main.conf"
        self.log_file = self.folder / "mtad.log"
        self.events_file = self.folder / "events.json"
        self.process = None
        self.defaults = defaults
        self.trusted = trusted
        self.users.touch()
        self.write_conf(conf)

    def write_conf(self, conf):
        lines = [f'hostname = "{self.hostname}"',
                 f'spool = "{self.folder}/spool"',
                 f'state = "{self.folder}/state"',
                 f'runtime = "{self.folder}/run"',
                 f'trusted_networks = {{ {self.trusted} }}']
        if os.geteuid() == 0:
            lines.append(f'user = "{TEST_USER}"')
            lines.append(f'control {{ group = "{TEST_GROUP}" }}')
        for name, port in self.ports.items():
            service, tls = self.LISTENERS[name]
            if f'listener "{name}"' not in conf:
                lines.append(f'listener "{name}" {{ address = {{ "{self.address}" }}'
                             f' port = {port} service = "{service}" tls = "{tls}" }}')
        if "log {" not in conf:
            lines.append(f'log {{ level = "debug" events = "file:{self.events_file}" }}')
        if self.defaults:
            if "auth {" not in conf:
                lines.append(f'auth {{ users = "file:{self.users}" }}')
            if 'domain "here.test"' not in conf:
                lines.append('domain "here.test" { deliver = '
                             f'"maildir:{self.mail}/%{{domain}}/%{{local}}" }}')
        self.conf_file.write_text("\n".join(lines) + "\n" + conf + "\n")

    def prepare(self):
        """The folders that unprivileged parts of mtad have to write to."""
        self.mail.mkdir(exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.mail, TEST_USER, TEST_GROUP)

    def start(self, *args, wait=True):
        self.prepare()
        log = open(self.log_file, "ab")
        env = dict(os.environ,
                   ASAN_OPTIONS="abort_on_error=0:exitcode=99:detect_leaks=1",
                   UBSAN_OPTIONS="print_stacktrace=1")
        self.process = subprocess.Popen([MTAD, "-c", self.conf_file, *args],
                                        stdout=log, stderr=log, env=env,
                                        stdin=subprocess.DEVNULL)
        log.close()
        if wait:
            wait_for("mtad's listeners", self.is_up)
        return self

    def is_up(self):
        assert self.process.poll() is None, \
            f"mtad ended with {self.process.returncode}:\n{self.log()[-4000:]}"
        return all(can_connect(p, self.address) for p in self.ports.values())

    def stop(self, sig=signal.SIGTERM):
        if self.process is None:
            return
        code = end(self.process, sig, PATIENCE)
        self.process = None
        assert code == 0, f"mtad ended with {code}:\n{self.log()[-4000:]}"
        self.check_log()

    def kill_all(self):
        """kill -9 of the master and every worker, at once."""
        # A child born meanwhile would hold the listeners open.
        os.kill(self.process.pid, signal.SIGSTOP)
        pids = [self.process.pid, *children_of(self.process.pid)]
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        wait_for("the killed processes to be gone",
                 lambda: not any(map(is_alive, pids)))

    def workers(self, role=None):
        found = children_of(self.process.pid)
        return {pid: line for pid, line in found.items()
                if role is None or role in line}

    def log(self):
        return self.log_file.read_text(errors="replace") \
            if self.log_file.exists() else ""

    def check_log(self):
        bad = re.search(r"AddressSanitizer|LeakSanitizer|runtime error:|must\(",
                        self.log())
        assert bad is None, self.log()[max(0, bad.start() - 500):bad.start() + 6000]

    def events(self, kind=None):
        if not self.events_file.exists():
            return []
        found = [json.loads(line) for line in
                 self.events_file.read_text().splitlines()]
        return [e for e in found if kind is None or e["event"] == kind]

    def ctl(self, *args, code=0, stdin=None):
        done = subprocess.run([MTACTL, "-c", self.conf_file, *map(str, args)],
                              capture_output=True, text=True, input=stdin,
                              timeout=PATIENCE, check=False)
        assert done.returncode == code, \
            f"mtactl {args}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout if code == 0 else done.stdout + done.stderr

    def queue(self, *args):
        return json.loads(self.ctl("--json", "queue", "list", *args))

    def queue_count(self, *args):
        return int(self.ctl("queue", "count", *args))

    def add_user(self, login, password):
        self.ctl("user", "add", login, stdin=password + "\n")
        if os.geteuid() == 0:
            shutil.chown(self.users, TEST_USER, TEST_GROUP)

    def smtp(self, name="relay", source=None, timeout=PATIENCE):
        """smtplib on a listener; `source` is the client's 127.x address."""
        cls = smtplib.SMTP_SSL if name == "submissions" else smtplib.SMTP
        kw = {"context": lax_context()} if name == "submissions" else {}
        return cls(self.address, self.ports[name], "client.test", timeout=timeout,
                   source_address=(source, 0) if source else None, **kw)

    def talk(self, name="relay", source=None):
        return Talk(self.ports[name], self.address, source,
                    implicit=name == "submissions")

    def mailbox(self, address):
        """Contents of the messages in new/ of a local maildir, oldest first."""
        local, domain = address.split("@")
        new = self.mail / domain / local / "new"
        files = sorted(new.iterdir(), key=lambda f: f.stat().st_mtime_ns) \
            if new.exists() else []
        return [f.read_bytes() for f in files]

    def wait_mail(self, address, count=1, seconds=PATIENCE):
        wait_for(f"{count} messages for {address}",
                 lambda: len(self.mailbox(address)) >= count, seconds)
        return self.mailbox(address)


def lax_context():
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Talk:
    """A raw SMTP conversation, byte for byte."""

    def __init__(self, port, address="127.0.0.1", source=None, implicit=False):
        self.sock = socket.create_connection(
            (address, port), PATIENCE, (source, 0) if source else None)
        self.sock.settimeout(PATIENCE)
        if implicit:
            self.sock = lax_context().wrap_socket(self.sock)
        self.buffer = b""

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        while b"\n" not in self.buffer:
            more = self.sock.recv(65536)
            if not more:
                rest, self.buffer = self.buffer, b""
                return rest.decode("latin-1")
            self.buffer += more
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode("latin-1").rstrip("\r")

    def reply(self):
        """One whole reply; '' when the server closed."""
        lines = []
        while True:
            line = self.line()
            lines.append(line)
            if len(line) < 4 or line[3] != "-":
                return "\n".join(lines)

    def say(self, command):
        self.send(command + "\r\n" if isinstance(command, str)
                  else command + b"\r\n")
        return self.reply()

    def starttls(self):
        assert self.say("STARTTLS").startswith("220")
        self.sock = lax_context().wrap_socket(self.sock)

    def is_closed(self):
        try:
            return self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


# Of records with a TTL of 2 in a cache that counts whole seconds.
RECORDS_LIFE = 3.5


class Nsd:
    """Authoritative DNS by NSD: zones are given as text. Programs that can ask
    nobody but port 53 get an address of their own."""

    def __init__(self, folder, zones, address="127.0.0.1", port=None):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.address, self.port = address, port or free_port()
        self.zones = {}
        for name, records in zones.items():
            self.write_zone(name, records)
        text = [f"""server:
  ip-address: {self.address}@{self.port}
  username: ""
  chroot: ""
  zonesdir: "{self.folder}"
  pidfile: "{self.folder}/nsd.pid"
  database: ""
  xfrdfile: "{self.folder}/xfrd.state"
  zonelistfile: "{self.folder}/zone.list"
  xfrdir: "{self.folder}"
  rrl-ratelimit: 0
  server-count: 1
remote-control:
  control-enable: no
"""]
        for name in zones:
            text.append(f'zone:\n  name: "{name}"\n  zonefile: "{name}.zone"\n')
        (self.folder / "nsd.conf").write_text("".join(text))
        self.log = open(self.folder / "nsd.log", "wb")
        self.process = None
        self.start()

    def write_zone(self, name, records):
        self.zones[name] = records
        (self.folder / f"{name}.zone").write_text(
            f"$ORIGIN {name}.\n$TTL 2\n@ SOA ns.{name}. root.{name}. 1 3600 600 "
            f"86400 2\n@ NS ns.{name}.\nns A 127.0.0.1\n{records}\n")

    def start(self):
        self.process = subprocess.Popen(
            ["/usr/sbin/nsd", "-d", "-c", self.folder / "nsd.conf"],
            stdout=self.log, stderr=self.log)
        wait_for("NSD", lambda: can_connect(self.port, self.address))

    def stop(self):
        end(self.process)

    @property
    def conf(self):
        return (f'dns {{ servers = {{ "{self.address}@{self.port}" }} '
                'timeout = "5s" }\n')


def stop_listening(listener):
    """Also wakes the thread that waits in accept()."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


class Sink:
    """A scripted SMTP (or LMTP) server: keeps what it got, and answers as told.

    `script` maps a verb (BANNER EHLO MAIL RCPT DATA BODY RSET QUIT STARTTLS) to
    a reply, or to a function (session, argument) -> reply; None closes.
    """

    EXTENSIONS = ("PIPELINING", "8BITMIME", "SIZE 100000000", "DSN",
                  "ENHANCEDSTATUSCODES", "SMTPUTF8")

    def __init__(self, address="127.0.0.1", port=0, script=None, extensions=None,
                 certificate=None, implicit=False, lmtp=False, path=None):
        self.script = script or {}
        self.extensions = self.EXTENSIONS if extensions is None else extensions
        self.certificate = certificate
        self.implicit = implicit
        self.lmtp = lmtp
        self.messages = []
        self.sessions = []
        self.commands = []
        self.lock = threading.Lock()
        if path is not None:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(path))
            os.chmod(path, 0o777)
            self.listener.listen(128)
        else:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            self.listener = socket.create_server(
                (address, port), family=family, backlog=512)
        self.address = address
        self.port = None if path else self.listener.getsockname()[1]
        self.closing = False
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while not self.closing:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,), daemon=True).start()

    def stop(self):
        self.closing = True
        stop_listening(self.listener)

    def answer(self, session, verb, argument, default):
        told = self.script.get(verb, default)
        if callable(told):
            told = told(session, argument)
        return told

    def serve(self, sock):
        session = {"tls": False, "helo": None, "sender": None, "rcpts": [],
                   "commands": [], "count": 0, "peer": None}
        with contextlib.suppress(OSError, IndexError):
            session["peer"] = sock.getpeername()[0]
        with self.lock:
            self.sessions.append(session)
        with contextlib.suppress(OSError, ssl.SSLError, ValueError):
            sock.settimeout(120)
            if self.implicit:
                sock = self.secure(sock, session)
            self.converse(sock, session)
        with contextlib.suppress(OSError):
            sock.close()

    def secure(self, sock, session):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, self.certificate))
        sock = context.wrap_socket(sock, server_side=True)
        session["tls"] = sock.version()
        return sock

    def put(self, sock, reply):
        if reply is None:
            raise ValueError("told to close")
        if isinstance(reply, bytes):
            sock.sendall(reply)
        else:
            sock.sendall(reply.encode("utf-8", "surrogateescape") + b"\r\n")

    def converse(self, sock, session):
        self.put(sock, self.answer(session, "BANNER", "", "220 sink.test ESMTP"))
        stream = sock.makefile("rb")
        while True:
            raw = stream.readline()
            if not raw:
                return
            line = raw.decode("utf-8", "surrogateescape").rstrip("\r\n")
            verb, _, argument = line.partition(" ")
            verb = verb.upper()
            with self.lock:
                session["commands"].append(line)
                self.commands.append(line)
            if verb in ("EHLO", "LHLO", "HELO"):
                session["helo"] = argument
                extensions = list(self.extensions) if verb != "HELO" else []
                if self.certificate and not session["tls"] and extensions:
                    extensions.append("STARTTLS")
                lines = ["sink.test"] + extensions
                self.put(sock, self.answer(
                    session, verb if verb in self.script else "EHLO" if
                    verb == "LHLO" else verb, argument, "\r\n".join(
                        f"250{' ' if i == len(lines) - 1 else '-'}{text}"
                        for i, text in enumerate(lines))))
            elif verb == "STARTTLS":
                reply = self.answer(session, verb, argument, "220 2.0.0 go ahead")
                self.put(sock, reply)
                if isinstance(reply, str) and reply.startswith("220"):
                    sock = self.secure(sock, session)
                    stream = sock.makefile("rb")
            elif verb == "MAIL":
                reply = self.answer(session, verb, argument, "250 2.1.0 ok")
                good = isinstance(reply, str) and reply.startswith("250")
                session["sender"] = argument if good else None
                session["rcpts"] = []
                self.put(sock, reply)
            elif verb == "RCPT":
                reply = "503 5.5.1 MAIL first" if session["sender"] is None \
                    else self.answer(session, verb, argument, "250 2.1.5 ok")
                if isinstance(reply, str) and reply.startswith("25"):
                    session["rcpts"].append(argument)
                self.put(sock, reply)
            elif verb == "DATA":
                reply = self.answer(session, verb, argument,
                                    "354 go on" if session["rcpts"] else
                                    "503 5.5.1 no recipients")
                self.put(sock, reply)
                if isinstance(reply, str) and reply.startswith("354"):
                    self.take_data(sock, stream, session)
            elif verb == "BDAT":
                size, *last = argument.split()
                session.setdefault("chunks", []).append(stream.read(int(size)))
                if last:
                    self.finish(sock, session, b"".join(session.pop("chunks")))
                else:
                    self.put(sock, "250 2.0.0 chunk")
            elif verb == "QUIT":
                self.put(sock, self.answer(session, verb, argument, "221 2.0.0 bye"))
                return
            else:
                self.put(sock, self.answer(session, verb, argument,
                                           "250 2.0.0 ok" if verb in
                                           ("RSET", "NOOP") else
                                           "500 5.5.1 what?"))

    def take_data(self, sock, stream, session):
        lines = []
        while True:
            line = stream.readline()
            if not line:
                return
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        self.finish(sock, session, b"".join(lines))

    def finish(self, sock, session, content):
        session["content"] = content
        session["count"] += 1
        replies = 1 if not self.lmtp else len(session["rcpts"])
        for i in range(replies):
            session["lmtp_index"] = i
            reply = self.answer(session, "BODY", content, "250 2.0.0 kept")
            if isinstance(reply, str) and reply.startswith("250") and i == 0:
                with self.lock:
                    self.messages.append({
                        "sender": session["sender"], "rcpts": session["rcpts"],
                        "content": content, "tls": session["tls"],
                        "helo": session["helo"]})
            self.put(sock, reply)

    def wait(self, count=1, seconds=PATIENCE):
        wait_for(f"{count} messages in the sink",
                 lambda: len(self.messages) >= count, seconds)
        return self.messages

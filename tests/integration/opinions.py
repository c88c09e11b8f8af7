"""Other programs that judge who sent a message: rspamd by its HTTP interface,
opendkim and opendmarc as milters. Each gives the words of RFC 8601 for what it
found; nothing here knows what is right."""

import contextlib
import email
import json
import re
import signal
import socket
import struct
import subprocess
import urllib.request

import harness

RESOLV_WRAPPER = "libresolv_wrapper.so"
ALL = ("spf", "dkim", "dmarc", "arc")
AUTHSERV_ID = "opinion.test"


def suffixes(folder):
    """A public suffix list for both programs that need one."""
    path = folder / "suffixes"
    path.write_text("test\n")
    return path


class Message:
    """A message with its envelope, as a server sees it come in."""

    def __init__(self, raw, sender, source, helo="mail.client.test"):
        self.raw, self.sender, self.source, self.helo = raw, sender, source, helo
        self.rcpt = "bob@here.test"


def opinion(fields):
    """What Authentication-Results fields say: spf of the MAIL FROM identity (or
    of the only one), dmarc, and dkim by selector."""
    found = {"dkim": {}}
    for part in re.sub(r"\([^()]*\)", " ", " ; ".join(fields)).split(";"):
        m = re.match(r"\s*(spf|dkim|dmarc|arc)=(\w+)", part)
        if m is None or "smtp.helo" in part:
            continue
        selector = re.search(r"header\.s=(\S+)", part)
        if m[1] == "dkim" and selector:
            found["dkim"][selector[1]] = m[2]
        elif m[1] != "dkim":
            found[m[1]] = m[2]
    return found


class Daemon:
    """A program in the foreground, with a folder and a port; ended by its pid."""

    def __init__(self, folder, command, port, env=None):
        self.port = port
        self.log = folder / f"{command[0].rsplit('/', 1)[-1]}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=env,
                                            stdin=subprocess.DEVNULL)
        harness.wait_for(f"{command[0]}: {self.log}", self.is_up)

    def is_up(self):
        assert self.process.poll() is None, self.log.read_text(errors="replace")
        return harness.can_connect(self.port)

    def stop(self):
        """At once: they keep nothing, and libmilter would take five seconds."""
        harness.end(self.process, signal.SIGKILL)


class Milter:
    """The side of an MTA in the milter protocol, version 6: a message goes in,
    the header fields that the filter adds come out."""

    NO_STEP = {"C": 1, "H": 2, "M": 4, "R": 8, "B": 0x10, "L": 0x20, "N": 0x40, "T": 0x200}
    LEADING_SPACE = 0x100000

    def __init__(self, port):
        self.sock = socket.create_connection(("127.0.0.1", port), harness.PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.steps = 0
        offer = sum(self.NO_STEP.values()) | self.LEADING_SPACE
        self.put("O", struct.pack(">III", 6, 0x1ff, offer))
        verb, answer = self.get()
        assert verb == "O", verb
        self.steps = struct.unpack(">I", answer[8:12])[0]

    def put(self, verb, data=b""):
        self.sock.sendall(struct.pack(">I", len(data) + 1) + verb.encode() + data)

    def take(self, size):
        data = b""
        while len(data) < size:
            more = self.sock.recv(size - len(data))
            assert more, "the filter hung up"
            data += more
        return data

    def get(self):
        data = self.take(struct.unpack(">I", self.take(4))[0])
        return chr(data[0]), data[1:]

    def step(self, verb, *texts, data=None):
        """One event; True while the filter wants to hear more."""
        if self.steps & self.NO_STEP.get(verb, 0):
            return True
        self.put(verb, b"".join(t + b"\0" for t in texts) if data is None else data)
        answer, text = self.get()
        assert answer in "ca", (verb, answer, text)
        return answer == "c"

    def macros(self, verb, **values):
        self.put("D", verb.encode() + b"".join(
            f"{k}\0{v}\0".encode() for k, v in values.items()))

    def judge(self, message):
        """The fields that the filter adds, as (name, value)."""
        self.macros("C", j=AUTHSERV_ID)
        address = message.source.encode() + b"\0"
        self.step("C", data=message.helo.encode() + b"\0004" +
                  struct.pack(">H", 25) + address)
        self.step("H", message.helo.encode())
        self.macros("M", i="queue-id")
        self.step("M", f"<{message.sender}>".encode())
        self.step("R", f"<{message.rcpt}>".encode())
        self.step("T", data=b"")
        head, body = message.raw.split(b"\r\n\r\n", 1)
        for field in re.split(rb"\r\n(?![ \t])", head):
            name, value = field.split(b":", 1)
            if not self.steps & self.LEADING_SPACE:
                value = value.removeprefix(b" ")
            if not self.step("L", name, value.replace(b"\r\n", b"\n")):
                return []
        self.step("N", data=b"")
        self.step("B", data=body)
        self.put("E")
        return self.changes()

    def changes(self):
        added = []
        while True:
            verb, data = self.get()
            if verb in "hi":
                name, value, _ = data[4 if verb == "i" else 0:].split(b"\0")
                added.append((name.decode(), value.decode()))
            elif verb not in "pm":
                assert verb in "ca", (verb, data)
                return added

    def close(self):
        with contextlib.suppress(OSError):
            self.put("Q")
        self.sock.close()


def ask_milter(port, message):
    milter = Milter(port)
    try:
        return [v for n, v in milter.judge(message) if n == "Authentication-Results"]
    finally:
        milter.close()


class OpenDkim(Daemon):
    CHECKS = ("dkim",)

    def __init__(self, folder, dns):
        self.said = {}
        port = harness.free_port()
        resolver = folder / "unbound.conf"
        resolver.write_text(
            "server:\n  do-not-query-localhost: no\n  local-zone: \"test.\" transparent\n"
            f"forward-zone:\n  name: \".\"\n  forward-addr: {dns.address}@{dns.port}\n")
        conf = folder / "opendkim.conf"
        conf.write_text(
            f"Socket inet:{port}@127.0.0.1\nMode v\nBackground no\nSyslog no\n"
            f"AuthservID {AUTHSERV_ID}\nResolverConfiguration {resolver}\n"
            "AlwaysAddARHeader yes\nOn-Default accept\nInternalHosts 127.1.1.1\n"
            "TrustAnchorFile /dev/null\n")
        super().__init__(folder, ["/usr/sbin/opendkim", "-f", "-x", str(conf)], port)

    def fields(self, message):
        if message not in self.said:
            self.said[message] = ask_milter(self.port, message)
        return self.said[message]

    def judge(self, message):
        return opinion(self.fields(message))


class OpenDmarc(Daemon):
    """Judges SPF by libspf2, and believes opendkim's results, as it is run."""

    CHECKS = ("spf", "dmarc")

    def __init__(self, folder, dns, opendkim):
        port = harness.free_port()
        self.opendkim = opendkim
        conf, resolv = folder / "opendmarc.conf", folder / "resolv.conf"
        conf.write_text(
            f"Socket inet:{port}@127.0.0.1\nBackground no\nSyslog no\n"
            f"AuthservID {AUTHSERV_ID}\nTrustedAuthservIDs {AUTHSERV_ID}\n"
            "SPFSelfValidate yes\nSPFIgnoreResults yes\nRejectFailures no\n"
            "IgnoreHosts /dev/null\n"
            f"PublicSuffixList {suffixes(folder)}\n")
        resolv.write_text(f"nameserver {dns.address}\n")
        env = {"LD_PRELOAD": RESOLV_WRAPPER, "RESOLV_WRAPPER_CONF": str(resolv)}
        super().__init__(folder, ["/usr/sbin/opendmarc", "-f", "-c", str(conf)],
                         port, env)

    def judge(self, message):
        top = "".join(f"Authentication-Results: {f}\r\n"
                      for f in self.opendkim.fields(message))
        top = re.sub(r"\r?\n(?=[ \t])", "\r\n", top).encode()
        return opinion(ask_milter(self.port, Message(
            top + message.raw, message.sender, message.source, message.helo)))


class Rspamd(Daemon):
    CHECKS = ALL
    SHARE = "/usr/share/rspamd"
    WORDS = {
        "R_SPF_ALLOW": ("spf", "pass"), "R_SPF_FAIL": ("spf", "fail"),
        "R_SPF_SOFTFAIL": ("spf", "softfail"), "R_SPF_NEUTRAL": ("spf", "neutral"),
        "R_SPF_NA": ("spf", "none"), "R_SPF_PERMFAIL": ("spf", "permerror"),
        "R_SPF_DNSFAIL": ("spf", "temperror"),
        "R_DKIM_ALLOW": ("dkim", "pass"), "R_DKIM_REJECT": ("dkim", "fail"),
        "R_DKIM_PERMFAIL": ("dkim", "permerror"), "R_DKIM_TEMPFAIL": ("dkim", "temperror"),
        "DMARC_POLICY_ALLOW": ("dmarc", "pass"), "DMARC_POLICY_REJECT": ("dmarc", "fail"),
        "DMARC_POLICY_QUARANTINE": ("dmarc", "fail"),
        "DMARC_POLICY_SOFTFAIL": ("dmarc", "fail"), "DMARC_NA": ("dmarc", "none"),
        "DMARC_BAD_POLICY": ("dmarc", "permerror"), "DMARC_DNSFAIL": ("dmarc", "temperror"),
        "ARC_ALLOW": ("arc", "pass"), "ARC_REJECT": ("arc", "fail"),
        "ARC_INVALID": ("arc", "fail"), "ARC_NA": ("arc", "none"),
    }

    def __init__(self, folder, dns):
        port = harness.free_port()
        conf = folder / "rspamd.conf"
        conf.write_text(f"""
options {{
    filters = "dkim"; tempdir = "{folder}"; pidfile = "{folder}/rspamd.pid";
    history_file = ""; hs_cache_dir = "{folder}"; cache_file = "{folder}/cache";
    disable_hyperscan = true;
    local_addrs = ["10.9.8.7"]; check_all_filters = true; explicit_modules = [];
    url_tld = "{suffixes(folder)}";
    dns {{ nameserver = ["{dns.address}:{dns.port}:10"]; timeout = 2s; sockets = 4; }}
}}
logging {{ type = "console"; level = "notice"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; }}
lang_detection {{ languages = "{folder}"; }}
modules {{ path = "{self.SHARE}/plugins/dmarc.lua"; path = "{self.SHARE}/plugins/spf.lua";
    path = "{self.SHARE}/plugins/arc.lua"; }}
arc {{ }}
spf {{ spf_cache_size = 0; }}
dkim {{ dkim_cache_size = 0; trusted_only = false; }}
dmarc {{ }}
""")
        super().__init__(folder, ["/usr/bin/rspamd", "-i", "-f", "-c", str(conf)], port)

    def judge(self, message):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/checkv2", message.raw,
            {"IP": message.source, "Helo": message.helo, "From": message.sender,
             "Rcpt": message.rcpt, "Hostname": message.helo})
        with urllib.request.urlopen(request, timeout=harness.PATIENCE) as answer:
            symbols = json.load(answer)["symbols"]
        found = {"dkim": {}}
        for name, symbol in symbols.items():
            check, word = self.WORDS.get(name, (None, None))
            if check == "dkim":
                for option in symbol["options"]:
                    found["dkim"][option.rsplit(":s=", 1)[1]] = word
            elif check is not None:
                found[check] = word
        return found


def from_mailbox(raw):
    """mtad's opinion, from a message that it delivered."""
    fields = email.message_from_bytes(raw).get_all("Authentication-Results", [])
    return opinion(fields[:1])

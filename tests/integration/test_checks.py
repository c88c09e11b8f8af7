"""Who sent this: SPF, DKIM, DMARC, block lists and Authentication-Results of
mail from strangers, with real DNS (NSD); signatures of mail that goes out."""

import contextlib
import email
import json
import os
import socket
import subprocess
import threading
import time

import dkim
import pytest

import harness

GOOD, BAD, TRUSTED = "127.0.7.1", "127.0.7.66", "127.0.0.9"
KEY_FOR = "signed.test"
ZONES = {
    "pass.test": '@ TXT "v=spf1 ip4:127.0.7.1 -all"\n',
    "fail.test": '@ TXT "v=spf1 -all exp=why.fail.test"\nwhy TXT "%{i} is none of ours"\n',
    "far.test": "".join(f'{name} TXT "v=spf1 {term} -all"\n' for name, term in (
        ("@", "include:a.far.test"), ("a", "include:b.far.test"),
        ("b", "include:c.far.test"), ("c", "ip4:127.0.7.1"))),
    "reject.test": '@ TXT "v=spf1 ip4:127.0.7.1 -all"\n_dmarc TXT "v=DMARC1; p=reject"\n',
    "quarantine.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=quarantine"\n',
    "watch.test": '@ TXT "v=spf1 -all"\n_dmarc TXT "v=DMARC1; p=none"\n',
    "bl.test": '66.7.0.127 A 127.0.0.2\n66.7.0.127 TXT "for a test"\n',
    "client.test": "mail A 127.0.7.1\n",
    "127.in-addr.arpa": "1.7.0 PTR mail.client.test.\n",
    "plain.test": "@ A 127.0.0.1\n",
}


def message(sender, extra="", body="hello\r\n"):
    return (f"From: Somebody <{sender}>\r\nTo: bob@here.test\r\nSubject: hi\r\n"
            f"Date: Tue, 24 Nov 2026 03:00:00 +0000\r\nMessage-ID: <1@x.test>\r\n"
            f"{extra}\r\n{body}")


def send(m, sender, source=GOOD, text=None, header_from=None):
    """The reply of the first command that was refused, or the last one."""
    text = text or message(header_from or sender)
    if isinstance(text, str):
        text = text.encode()
    with m.talk(source=source) as t:
        t.reply()
        t.say("EHLO mail.client.test")
        for line in (f"MAIL FROM:<{sender}>", "RCPT TO:<bob@here.test>", "DATA"):
            reply = t.say(line)
            if reply[0] not in "23":
                return reply
        t.send(text + b".\r\n")
        return t.reply()


def results(m, count=1):
    """The Authentication-Results fields of the newest message, unfolded."""
    raw = m.wait_mail("bob@here.test", count)[-1]
    parsed = email.message_from_bytes(raw)
    return [" ".join(v.split()) for v in parsed.get_all("Authentication-Results", [])], parsed


@pytest.fixture
def keys(tmp_path):
    """selector: (path, record) of two keys that mtactl made."""
    made = {}
    for selector, kind in (("r", "rsa2048"), ("e", "ed25519")):
        path = tmp_path / f"{selector}.pem"
        out = subprocess.run([harness.BUILD / "mtactl", "--json", "dkim", "keygen", KEY_FOR,
                              selector, "--type", kind, "-o", path],
                             check=True, capture_output=True)
        made[selector] = (path, json.loads(out.stdout)["record"])
    return made


def zone_text(record):
    return " ".join(f'"{record[i:i + 200]}"' for i in range(0, len(record), 200))


@pytest.fixture
def dns(stage, keys):
    signed = "".join(f"{s}._domainkey TXT {zone_text(record)}\n"
                     for s, (_, record) in keys.items())
    return stage.nsd({**ZONES, KEY_FOR: signed + '_dmarc TXT "v=DMARC1; p=reject"\n'})


@pytest.fixture
def start(stage, dns):
    return lambda conf="": stage.mtad(dns.conf + conf)


def test_what_was_found_stands_in_one_field_on_top(start):
    m = start()
    assert send(m, "me@pass.test").startswith("250 2.0.0")
    fields, parsed = results(m)
    assert len(fields) == 1 and fields[0].startswith("mx.here.test;"), fields
    assert parsed.keys().index("Authentication-Results") < parsed.keys().index("Received")
    for part in ("spf=pass", "smtp.mailfrom=pass.test", "spf=none", "smtp.helo=mail.client.test",
                 "dkim=none", "dmarc=none", "header.from=pass.test", "arc=none",
                 "iprev=pass", "policy.iprev=127.0.7.1"):
        assert part in fields[0], (part, fields[0])


def test_a_fail_is_only_observed_unless_told_otherwise(start):
    m = start()
    assert send(m, "me@fail.test").startswith("250")
    fields, _ = results(m)
    assert "spf=fail" in fields[0] and "smtp.mailfrom=fail.test" in fields[0], fields


def test_spf_enforced_refuses_at_rcpt_with_the_owners_words(start):
    m = start('checks { spf = "enforce" }\n')
    reply = send(m, "me@fail.test")
    assert reply == "550 5.7.23 SPF: 127.0.7.1 is none of ours", reply
    assert send(m, "me@pass.test").startswith("250")
    rejected = m.events("rejected")[0]
    assert rejected["stage"] == "rcpt" and rejected["reply"] == reply


def test_dmarc_reject_is_followed_and_names_the_domain(start):
    m = start()
    assert send(m, "me@reject.test").startswith("250")
    reply = send(m, "me@reject.test", source=BAD)
    assert reply.startswith("550 5.7.1 ") and "reject.test" in reply, reply
    reply = send(m, "me@pass.test", header_from="boss@reject.test")
    assert reply.startswith("550 5.7.1 ") and "reject.test" in reply, reply
    # A domain below it that does not exist is no way around.
    reply = send(m, "me@pass.test", header_from="boss@no.reject.test")
    assert reply.startswith("550 5.7.1 "), reply
    assert len(m.wait_mail("bob@here.test")) == 1


def test_dmarc_observed_refuses_nothing(start):
    m = start('checks { dmarc = "observe" }\n')
    assert send(m, "me@reject.test", source=BAD).startswith("250")
    fields, parsed = results(m)
    assert "dmarc=fail" in fields[0] and "policy.dmarc=reject" in fields[0], fields
    assert parsed["X-Quarantine"] is None


def test_p_none_is_delivered(start):
    m = start()
    assert send(m, "me@watch.test").startswith("250")
    fields, parsed = results(m)
    assert "dmarc=fail" in fields[0] and parsed["X-Quarantine"] is None, fields


def test_a_quarantine_tags_by_default(start):
    m = start()
    assert send(m, "me@quarantine.test").startswith("250")
    fields, parsed = results(m)
    assert "dmarc=fail" in fields[0], fields
    assert "quarantine.test" in parsed["X-Quarantine"]


def test_a_quarantine_holds_where_told_and_releases(start):
    m = start('checks { quarantine = "hold" }\n')
    assert send(m, "me@quarantine.test").startswith("250")
    harness.wait_for("the held message",
                     lambda: m.ctl("queue", "count", "--state", "held").strip() == "1")
    listed = json.loads(m.ctl("--json", "queue", "list"))
    assert listed[0]["state"] == "held"
    shown = m.ctl("queue", "show", listed[0]["id"])
    assert "dmarc=fail" in shown, shown
    m.kill_all()
    m.start()
    harness.wait_for("it is held after a crash",
                     lambda: m.ctl("queue", "count", "--state", "held").strip() == "1")
    m.ctl("queue", "release", listed[0]["id"])
    m.wait_mail("bob@here.test")


def dkimpy_sign(keys, text, selector="r"):
    return dkim.sign(text.encode(), selector.encode(), KEY_FOR.encode(),
                     keys[selector][0].read_bytes(), canonicalize=(b"relaxed", b"relaxed"))


def test_a_good_signature_passes_dmarc(start, keys):
    m = start()
    text = message("me@signed.test")
    signed = dkimpy_sign(keys, text) + text.encode()
    assert send(m, "bounces@fail.test", text=signed).startswith("250")
    fields, _ = results(m)
    for part in ("dkim=pass", "header.d=signed.test", "header.s=r", "header.a=rsa-sha256",
                 "dmarc=pass", "header.from=signed.test"):
        assert part in fields[0], (part, fields[0])


def test_a_changed_body_fails_and_is_refused(start, keys):
    m = start()
    text = message("me@signed.test")
    signed = dkimpy_sign(keys, text) + text.replace("hello", "gotcha").encode()
    reply = send(m, "bounces@fail.test", text=signed)
    assert reply.startswith("550 5.7.1 ") and "signed.test" in reply, reply


def test_results_in_our_name_are_taken_out_and_others_kept(start):
    m = start()
    text = message("me@pass.test",
                   "Authentication-Results: mx.here.test; dkim=pass header.d=bank.test\r\n"
                   "Authentication-Results: mx.else.test; spf=pass\r\n")
    assert send(m, "me@pass.test", text=text).startswith("250")
    fields, _ = results(m)
    assert len(fields) == 2 and "bank.test" not in " ".join(fields), fields
    assert fields[1] == "mx.else.test; spf=pass"


def test_a_listed_client_is_refused_with_the_lists_reason(start):
    m = start('checks { dnsbl = { "bl.test" } }\n')
    reply = send(m, "me@pass.test", source=BAD)
    assert reply == "550 5.7.1 Client [127.0.7.66] is listed by bl.test: for a test", reply
    assert send(m, "me@pass.test").startswith("250")


def test_a_list_answer_that_is_not_asked_for_lists_nobody(start):
    m = start('checks { dnsbl = { "bl.test=127.0.0.9" } }\n')
    assert send(m, "me@plain.test", source=BAD).startswith("250")


def test_trusted_and_authenticated_clients_are_exempt(start):
    m = start('checks { dnsbl = { "bl.test" } spf = "enforce" }\n')
    m.add_user("alice@here.test", "secret")
    assert send(m, "me@fail.test", source=TRUSTED).startswith("250")
    fields, _ = results(m)
    assert fields == []


def test_a_dead_resolver_delays_a_message_and_loses_none(stage):
    port = harness.free_port()
    m = stage.mtad(f'dns {{ servers = {{ "127.0.0.1@{port}" }} timeout = "2s" }}\n'
                   'checks { dnsbl = { "bl.test" } spf = "enforce" }\n')
    assert send(m, "me@pass.test").startswith("250")
    fields, _ = results(m)
    assert "spf=temperror" in fields[0] and "dmarc=temperror" in fields[0], fields


class SlowDns:
    """Answers by NSD, late."""

    def __init__(self, dns, seconds):
        self.dns, self.seconds = dns, seconds
        self.first = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                question, client = self.socket.recvfrom(4096)
            except OSError:
                return
            if not question:
                return
            threading.Thread(target=self.answer, args=(question, client), daemon=True).start()

    def answer(self, question, client):
        # From the first time that it was asked: question[12:] is what for.
        due = self.first.setdefault(question[12:], time.monotonic() + self.seconds)
        time.sleep(max(0, due - time.monotonic()))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(5)
            s.sendto(question, (self.dns.address, self.dns.port))
            with contextlib.suppress(OSError):
                self.socket.sendto(s.recv(65535), client)

    def stop(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(b"", ("127.0.0.1", self.port))


@pytest.mark.parametrize("timeout,verdict", [("3s", "temperror"), ("10s", "pass")])
def test_all_waits_of_a_message_together_are_bounded(stage, dns, keys, timeout, verdict):
    """SPF takes 2.8 s of the time, so not enough is left for DKIM's 0.7 s."""
    slow = SlowDns(dns, 0.7)
    stage.defer(slow.stop)
    m = stage.mtad(f'dns {{ servers = {{ "127.0.0.1@{slow.port}" }} timeout = "{timeout}" }}\n'
                   'checks { spf = "enforce" dmarc = "observe" }\n')
    text = message("me@signed.test")
    signed = dkimpy_sign(keys, text) + text.encode()
    assert send(m, "me@far.test", text=signed).startswith("250")
    fields, _ = results(m)
    assert f"dkim={verdict}" in fields[0], fields


def test_pipelined_commands_wait_for_the_checks(start):
    m = start('checks { spf = "enforce" dnsbl = { "bl.test" } }\n')
    with m.talk(source=GOOD) as t:
        t.reply()
        t.say("EHLO mail.client.test")
        t.send(b"MAIL FROM:<me@fail.test>\r\nRCPT TO:<bob@here.test>\r\n"
               b"RSET\r\nMAIL FROM:<me@pass.test>\r\nRCPT TO:<bob@here.test>\r\nDATA\r\n")
        codes = [t.reply()[:3] for _ in range(6)]
    assert codes == ["250", "550", "250", "250", "250", "354"]


def dkim_conf(keys, sign="authenticated"):
    listed = ", ".join(f'"{s}:{path}"' for s, (path, _) in keys.items())
    return f'dkim "{KEY_FOR}" {{ keys = {{ {listed} }} sign = "{sign}" }}\n'


def verify(keys, raw, index):
    """Does dkimpy find that signature good? The mailbox has LF and our trace."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")

    def lookup(name, timeout=5):
        return keys[name.decode().split(".")[0]][1].encode()
    return dkim.DKIM(raw).verify(idx=index, dnsfunc=lookup)


def test_what_a_user_sends_is_signed_by_every_key(stage, start, keys):
    m = start(dkim_conf(keys))
    m.add_user("alice@signed.test", "secret")
    text = f"From: alice@{KEY_FOR}\r\nTo: bob@here.test\r\nSubject: hi\r\n\r\nhello\r\n\r\n"
    with m.smtp("submissions") as s:
        s.login("alice@signed.test", "secret")
        s.sendmail(f"alice@{KEY_FOR}", ["bob@here.test"], text)
    raw = m.wait_mail("bob@here.test")[0]
    parsed = email.message_from_bytes(raw)
    signatures = parsed.get_all("DKIM-Signature")
    assert len(signatures) == 2, parsed.keys()
    assert {"a=rsa-sha256" in s.replace(" ", "") for s in signatures} == {True, False}
    # Date and Message-ID, which it lacked, are signed, too.
    assert all("date" in s.lower() and "message-id" in s.lower() for s in signatures)
    assert verify(keys, raw, 0) and verify(keys, raw, 1)
    assert "auth=pass" in " ".join(parsed.get_all("Authentication-Results"))


def test_what_mtad_writes_itself_is_signed(start, keys):
    m = start(dkim_conf(keys).replace(KEY_FOR, "here.test") +
              'route "*" { via = "error:550 5.1.1 nobody here" }\n')
    text = message("bob@here.test")
    with m.talk(source=TRUSTED) as t:
        t.reply()
        for line in ("EHLO c.test", "MAIL FROM:<bob@here.test>", "RCPT TO:<x@else.test>", "DATA"):
            t.say(line)
        t.send(text.encode() + b".\r\n")
        assert t.reply().startswith("250")
    raw = m.wait_mail("bob@here.test")[0]
    assert b"multipart/report" in raw and b"d=here.test" in raw
    assert verify(keys, raw, 0) and verify(keys, raw, 1)


def test_strangers_are_not_signed_for_and_trusted_ones_where_told(start, keys):
    m = start(dkim_conf(keys, "trusted"))
    text = message(f"me@{KEY_FOR}")
    assert send(m, f"me@{KEY_FOR}", source=TRUSTED, text=text).startswith("250")
    raw = m.wait_mail("bob@here.test")[0]
    assert verify(keys, raw, 0)
    assert send(m, f"me@{KEY_FOR}", source=GOOD, text=text).startswith("550 5.7.1")


def test_a_large_message_is_checked_while_it_streams_in(start, keys):
    m = start()
    text = message(f"me@{KEY_FOR}", body=("x" * 70 + "\r\n") * 70000)
    signed = dkimpy_sign(keys, text) + text.encode()
    assert send(m, "me@pass.test", text=signed).startswith("250")
    fields, _ = results(m)
    assert "dkim=pass" in fields[0] and "dmarc=pass" in fields[0], fields


def test_events_carry_the_verdicts(start):
    m = start()
    assert send(m, "me@pass.test").startswith("250")
    m.wait_mail("bob@here.test")
    received = m.events("received")[0]
    assert received["spf"] == "pass" and received["dkim"] == "none", received
    assert received["dmarc"] == "none"

"""How much TLS mail gets: DANE, MTA-STS, REQUIRETLS, and never less."""

import contextlib
import email
import glob
import gzip
import json
import socket
import threading
import time

import harness
import pytest
import zones

FAST = 'delivery { mx_port = %d retry = { "1s" } %s }\n'


def send(mtad, recipient="x@o.test", text="Subject: t\r\n\r\nhi\r\n", options=()):
    with mtad.smtp(source="127.0.0.9") as s:
        s.sendmail("a@here.test", [recipient], text, options)


class Peer:
    """An MX host "mx.o.test" of the domain o.test, with a certificate."""

    def __init__(self, stage, name="mx.o.test", ca=None, **kw):
        self.port = harness.free_port()
        self.cert = harness.make_certificate(stage.folder, name, ca=ca)
        self.sink = stage.sink("127.0.1.2", self.port, certificate=self.cert, **kw)


def zone(*more):
    return "@ MX 10 mx\nmx A 127.0.1.2\n" + "".join(f"{m}\n" for m in more)


def nsd(stage, all_zones, plain=(), forge=()):
    n = zones.SignedNsd(stage.sub("nsd"), all_zones, plain)
    stage.defer(n.stop)
    if forge:
        n.stop()
        for change in forge:
            n.forge(*change)
        n.start()
    return n


def deferred(mtad):
    return harness.wait_for("a deferred message", lambda: [
        e for e in mtad.events("deferred")])[0]


def run(stage, peer, *records, conf="", route="", plain=(), forge=()):
    dns = nsd(stage, {"o.test": zone(
        *(r.replace("PORT", str(peer.port)) for r in records))}, plain, forge)
    return stage.mtad(FAST % (peer.port, conf) + dns.conf + (
        f'route "*" {{ via = "mx" {route} }}\n' if route else ""))


# --- DANE ---

def test_a_right_tlsa_record_authenticates_the_host(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}")
    send(mtad)
    assert peer.sink.wait()[0]["tls"]
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "dane"
    assert event["tls"].startswith("TLSv1.3 ") and event["tls"].endswith(" verified")


def test_dane_holds_for_a_certificate_of_any_name(stage):
    peer = Peer(stage, name="other.example")
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}")
    send(mtad)
    assert peer.sink.wait()[0]["tls"]


def test_a_wrong_tlsa_record_puts_the_mail_off(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], wrong=True)}")
    send(mtad)
    event = deferred(mtad)
    assert event["policy"] == "dane" and "4.7.5" in event["reply"]
    assert not peer.sink.messages


def test_no_starttls_means_no_mail_where_tlsa_records_are(stage):
    port = harness.free_port()
    cert = harness.make_certificate(stage.folder, "mx.o.test")
    sink = stage.sink("127.0.1.2", port)
    dns = nsd(stage, {"o.test": zone(f"_{port}._tcp.mx {zones.tlsa(cert[0])}")})
    mtad = stage.mtad(FAST % (port, "") + dns.conf)
    send(mtad)
    assert "4.7.10" in deferred(mtad)["reply"]
    assert not sink.messages


def test_unusable_records_demand_encryption_alone(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], usage=1)}")
    send(mtad)
    assert peer.sink.wait()[0]["tls"]
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "encrypt"


def test_bogus_tlsa_records_put_the_mail_off(stage):
    peer = Peer(stage)
    right = zones.tlsa(peer.cert[0])
    mtad = run(stage, peer, f"_PORT._tcp.mx {right}",
               forge=[("o.test", r"(TLSA\s+3 1 1 )[0-9a-f]{4}", r"\g<1>0123")])
    send(mtad)
    event = deferred(mtad)
    assert "4.7.5" in event["reply"] and "TLSA" in event["reply"]
    assert not peer.sink.sessions


def test_records_of_an_unsigned_zone_count_for_nothing(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], wrong=True)}",
               plain=["o.test"])
    send(mtad)
    peer.sink.wait()
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "opportunistic"


def test_a_signed_zone_without_records_is_opportunistic(stage):
    port = harness.free_port()
    sink = stage.sink("127.0.1.2", port)
    dns = nsd(stage, {"o.test": zone()})
    mtad = stage.mtad(FAST % (port, "") + dns.conf)
    send(mtad)
    assert not sink.wait()[0]["tls"]


def test_a_trust_anchor_needs_the_right_name(stage):
    ca = harness.make_certificate(stage.folder, "ca.test")
    for name, good in (("mx.o.test", True), ("wrong.test", False)):
        peer = Peer(stage, name=name, ca=ca)
        peer.cert[0].write_text(peer.cert[0].read_text() + ca[0].read_text())
        mtad = run(stage, peer, "_PORT._tcp.mx " +
                   zones.tlsa(ca[0], usage=2, selector=0))
        send(mtad)
        if good:
            assert peer.sink.wait()[0]["tls"]
        else:
            assert "4.7.5" in deferred(mtad)["reply"]
            assert not peer.sink.messages
        peer.sink.stop()


def test_records_at_the_end_of_an_alias_come_first(stage):
    peer = Peer(stage)
    dns = nsd(stage, {"o.test": "@ MX 10 mx\nmx CNAME real\nreal A 127.0.1.2\n"
                      f"_{peer.port}._tcp.real {zones.tlsa(peer.cert[0])}\n"
                      f"_{peer.port}._tcp.mx {zones.tlsa(peer.cert[0], wrong=True)}\n"})
    mtad = stage.mtad(FAST % (peer.port, "") + dns.conf)
    send(mtad)
    assert peer.sink.wait()[0]["tls"]


def test_the_next_host_serves_where_one_fails_its_policy(stage):
    peer = Peer(stage)
    other = stage.sink("127.0.1.3", peer.port)
    dns = nsd(stage, {"o.test": "@ MX 5 bad\nbad A 127.0.1.3\n" + zone(
        f"_{peer.port}._tcp.bad {zones.tlsa(peer.cert[0])}",
        f"_{peer.port}._tcp.mx {zones.tlsa(peer.cert[0])}")})
    mtad = stage.mtad(FAST % (peer.port, "") + dns.conf)
    send(mtad)
    assert peer.sink.wait()[0]["tls"]
    assert not other.messages


@pytest.mark.parametrize("signed", [True, False])
def test_a_route_that_demands_dane_gets_it_or_waits(stage, signed):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}",
               route='tls = "dane"', plain=[] if signed else ["o.test"])
    send(mtad)
    if signed:
        assert peer.sink.wait()[0]["tls"]
    else:
        assert "4.7.10" in deferred(mtad)["reply"]
        assert not peer.sink.messages


# --- MTA-STS ---

class Sts:
    """The domain o.test with an MTA-STS record, a policy server, and hosts."""

    def __init__(self, stage, monkeypatch, name="mx.o.test", starttls=True,
                 https_name="mta-sts.o.test", record="v=STSv1; id=1;", **kw):
        self.stage = stage
        self.ca = harness.make_certificate(stage.folder, "ca.test")
        monkeypatch.setenv("SSL_CERT_FILE", str(self.ca[0]))
        self.peer = Peer(stage, name, ca=self.ca, **kw) if starttls else None
        self.port = self.peer.port if starttls else harness.free_port()
        self.sink = self.peer.sink if starttls else \
            stage.sink("127.0.1.2", self.port)
        self.https = zones.PolicyServer("127.0.1.9", harness.make_certificate(
            stage.folder, https_name, ca=self.ca))
        stage.defer(self.https.stop)
        self.https.policy()
        self.dns = nsd(stage, {"o.test": self.zone(record)}, plain=["o.test"])

    @staticmethod
    def zone(record):
        return zone("mta-sts A 127.0.1.9", f'_mta-sts TXT "{record}"')

    def mtad(self, conf=""):
        return self.stage.mtad(FAST % (
            self.port, f"sts_port = {self.https.port} {conf}") + self.dns.conf)


def test_an_enforced_policy_authenticates_by_name(stage, monkeypatch):
    sts = Sts(stage, monkeypatch)
    mtad = sts.mtad()
    send(mtad)
    assert sts.sink.wait()[0]["tls"]
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "sts" and event["tls"].endswith(" verified")
    assert sts.https.asked == [(f"mta-sts.o.test:{sts.https.port}",
                                "/.well-known/mta-sts.txt")]


@pytest.mark.parametrize("kw, mx, words", [
    ({"name": "other.test"}, "mx.o.test", "4.7.5"),
    ({"starttls": False}, "mx.o.test", "4.7.10"),
    ({}, "elsewhere.o.test", "MTA-STS policy does not list"),
    ({}, "*.mx.o.test", "MTA-STS policy does not list"),
])
def test_who_does_not_fit_an_enforced_policy_gets_no_mail(
        stage, monkeypatch, kw, mx, words):
    sts = Sts(stage, monkeypatch, **kw)
    sts.https.policy(mx=[mx])
    mtad = sts.mtad()
    send(mtad)
    event = deferred(mtad)
    assert event["policy"] == "sts" and words in event["reply"]
    assert not sts.sink.messages


@pytest.mark.parametrize("mode, policy", [("testing", "sts-testing"),
                                          ("none", "opportunistic")])
def test_a_policy_that_only_tests_or_is_none_delivers(
        stage, monkeypatch, mode, policy):
    sts = Sts(stage, monkeypatch, starttls=False)
    sts.https.policy(mode=mode, mx=["elsewhere.test"])
    mtad = sts.mtad()
    send(mtad)
    sts.sink.wait()
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == policy


@pytest.mark.parametrize("answer", [
    (404, "text/plain", b"version: STSv1\nmode: enforce\nmx: a\nmax_age: 9999\n"),
    (301, "text/plain", b"version: STSv1\nmode: enforce\nmx: a\nmax_age: 9999\n"),
    (200, "text/html", b"version: STSv1\nmode: enforce\nmx: a\nmax_age: 9999\n"),
    (200, "text/plain", b"version: STSv1\nmode: enforce\n"),
    (200, "text/plain", b"version: STSv1\nmode: enforce\nmx: a\nmax_age: 9999\n"
     + b"x: " + b"y" * 65536),
])
def test_a_policy_that_cannot_be_fetched_is_none(stage, monkeypatch, answer):
    sts = Sts(stage, monkeypatch, starttls=False)
    sts.https.answer = answer
    mtad = sts.mtad()
    send(mtad)
    sts.sink.wait()
    assert "sts-fetch-failed domain=o.test" in mtad.log()
    assert sts.https.asked
    send(mtad)
    sts.sink.wait(2)
    assert len(sts.https.asked) == 1  # not with each message


def test_a_policy_behind_a_wrong_certificate_is_none(stage, monkeypatch):
    sts = Sts(stage, monkeypatch, starttls=False, https_name="www.o.test")
    mtad = sts.mtad()
    send(mtad)
    sts.sink.wait()
    assert 'why="webpki-invalid"' in mtad.log()
    assert not sts.https.asked


def test_a_kept_policy_outlives_restart_record_and_server(stage, monkeypatch):
    sts = Sts(stage, monkeypatch, starttls=False)
    mtad = sts.mtad()
    send(mtad)
    deferred(mtad)
    mtad.stop()
    sts.https.stop()
    sts.dns.stop()
    sts.dns.write_zone("o.test", zone())
    sts.dns.start()
    mtad.events_file.unlink()
    mtad.start()
    send(mtad)
    assert deferred(mtad)["policy"] == "sts"
    assert not sts.sink.messages


def test_a_new_id_brings_a_new_policy_and_a_failed_fetch_keeps_the_old(
        stage, monkeypatch):
    sts = Sts(stage, monkeypatch, starttls=False)
    mtad = sts.mtad()
    send(mtad)
    deferred(mtad)
    sts.dns.stop()
    sts.dns.write_zone("o.test", sts.zone("v=STSv1; id=2;"))
    sts.https.answer = (500, "text/plain", b"")
    sts.dns.start()
    harness.wait_for("the fetch", lambda: "sts-fetch-failed" in mtad.log())
    send(mtad)
    assert not sts.sink.messages
    mtad.stop()
    sts.https.policy(mode="none")
    mtad.start()
    sts.sink.wait(2)


def test_dane_comes_before_mta_sts(stage, monkeypatch):
    sts = Sts(stage, monkeypatch, name="other.test")
    sts.dns.stop()
    sts.dns.plain.clear()
    sts.dns.write_zone("o.test", sts.zone("v=STSv1; id=1;") +
                       f"_{sts.port}._tcp.mx {zones.tlsa(sts.peer.cert[0])}\n")
    sts.dns.start()
    mtad = sts.mtad()
    send(mtad)
    sts.sink.wait()
    event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
    assert event["policy"] == "dane"


# --- REQUIRETLS, and its opposite ---

def send_requiring(mtad, options=("REQUIRETLS",), text="Subject: t\r\n\r\nhi\r\n"):
    with mtad.smtp(source="127.0.0.9") as s:
        s.starttls(context=harness.lax_context())
        s.ehlo()
        assert s.has_extn("REQUIRETLS")
        s.sendmail("a@here.test", ["x@o.test"], text, options)


REQUIRETLS = (*harness.Sink.EXTENSIONS, "REQUIRETLS")


def test_requiretls_is_not_offered_in_plain_text(stage):
    mtad = stage.mtad()
    with mtad.smtp(source="127.0.0.9") as s:
        s.ehlo()
        assert not s.has_extn("REQUIRETLS")


def test_requiretls_goes_on_where_all_is_proved(stage):
    peer = Peer(stage, extensions=REQUIRETLS)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}")
    send_requiring(mtad)
    message = peer.sink.wait()[0]
    assert message["tls"] and "REQUIRETLS" in message["sender"]


@pytest.mark.parametrize("extensions, plain, code", [
    (harness.Sink.EXTENSIONS, [], "5.7.30"),
    (REQUIRETLS, ["o.test"], "5.7.10"),
])
def test_requiretls_comes_back_where_something_is_missing(
        stage, extensions, plain, code):
    peer = Peer(stage, extensions=extensions)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}", plain=plain)
    send_requiring(mtad, ("REQUIRETLS", "RET=FULL"), "Subject: t\r\n\r\nsecret\r\n")
    bounce = mtad.wait_mail("a@here.test")[0]
    assert f"Status: {code}".encode() in bounce and b"secret" not in bounce
    assert not peer.sink.messages


@pytest.mark.parametrize("second, code", [("has it", None), ("lacks it", "5.7.30"),
                                          ("is down", "deferred")])
def test_requiretls_tries_the_other_hosts_before_it_fails(stage, second, code):
    first = Peer(stage)
    tlsa = zones.tlsa(first.cert[0])
    if second != "is down":
        sink = stage.sink(
            "127.0.1.3", first.port, certificate=first.cert, extensions=REQUIRETLS
            if second == "has it" else harness.Sink.EXTENSIONS)
    dns = nsd(stage, {"o.test": "@ MX 10 mx\n@ MX 20 mx2\nmx A 127.0.1.2\n"
                      f"mx2 A 127.0.1.3\n_{first.port}._tcp.mx {tlsa}\n"
                      f"_{first.port}._tcp.mx2 {tlsa}\n"})
    mtad = stage.mtad(FAST % (first.port, "") + dns.conf)
    send_requiring(mtad)
    if code is None:
        assert "REQUIRETLS" in sink.wait()[0]["sender"]
    elif code == "deferred":
        assert "4.4.1" in deferred(mtad)["reply"]
    else:
        bounce = mtad.wait_mail("a@here.test")[0]
        assert f"Status: {code}".encode() in bounce and not sink.messages
    assert first.sink.sessions and not first.sink.messages


@pytest.mark.parametrize("options, arrives", [((), True), (("REQUIRETLS",), False)])
def test_a_sender_may_waive_what_the_receiver_demands(stage, options, arrives):
    peer = Peer(stage, extensions=REQUIRETLS)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], wrong=True)}")
    send_requiring(mtad, options, "TLS-Required: No\r\nSubject: t\r\n\r\nhi\r\n")
    if arrives:
        peer.sink.wait()
        event = harness.wait_for("the event", lambda: mtad.events("delivered"))[0]
        assert event["policy"] == "opportunistic"
    else:
        assert "4.7.5" in deferred(mtad)["reply"]
        assert not peer.sink.messages


# --- a man in the middle ---

class Stripper:
    """Sits on the way to a sink: hides STARTTLS, or breaks its handshake."""

    def __init__(self, address, port, sink, breaks=False):
        self.sink, self.breaks = sink, breaks
        self.listener = socket.create_server((address, port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((self.sink.address, self.sink.port), 5)
            except OSError:  # the sink has been stopped, or has no room
                client.close()
                continue
            server.settimeout(None)
            for pair in (client, server, self.to_server), (server, client, self.to_client):
                threading.Thread(target=self.pump, args=pair, daemon=True).start()

    def to_client(self, data):
        return data if self.breaks else data.replace(b"STARTTLS", b"XXXXXXXX")

    def to_server(self, data):
        # The first byte of a ClientHello; in plain text it is no letter.
        return b"\xff" * len(data) if self.breaks and data[:1] == b"\x16" else data

    @staticmethod
    def pump(source, target, change):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(change(data))
        for sock in source, target:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def stop(self):
        harness.stop_listening(self.listener)


@pytest.mark.parametrize("breaks", [False, True])
@pytest.mark.parametrize("level, undercut", [
    ("none", True), ("opportunistic", True), ("encrypt", False),
    ("verify", False), ("dane", False), ("auto", True), ("auto+dane", False),
    ("auto+sts", False)])
def test_a_man_in_the_middle_never_undercuts_a_policy(
        stage, monkeypatch, level, undercut, breaks):
    ca = harness.make_certificate(stage.folder, "ca.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(ca[0]))
    port = harness.free_port()
    cert = harness.make_certificate(stage.folder, "mx.o.test", ca=ca)
    sink = stage.sink("127.0.1.3", certificate=cert)
    stage.defer(Stripper("127.0.1.2", port, sink, breaks).stop)
    https = zones.PolicyServer("127.0.1.9", harness.make_certificate(
        stage.folder, "mta-sts.o.test", ca=ca))
    stage.defer(https.stop)
    https.policy()
    records = []
    if "dane" in level:
        records.append(f"_{port}._tcp.mx {zones.tlsa(cert[0])}")
    if "sts" in level:
        records += ["mta-sts A 127.0.1.9", '_mta-sts TXT "v=STSv1; id=1;"']
    dns = nsd(stage, {"o.test": zone(*records)})
    mtad = stage.mtad(FAST % (port, f"sts_port = {https.port}") + dns.conf +
                      f'route "*" {{ tls = "{level.split("+")[0]}" }}\n')
    send(mtad)
    if undercut:
        assert not sink.wait()[0]["tls"]
    else:
        deferred(mtad)
        mtad.ctl("queue", "flush")
        harness.wait_for("the next try", lambda: len(mtad.events("deferred")) > 1)
        assert not sink.messages


# --- what the operator sees ---

def shown(mtad, *args):
    return json.loads(mtad.ctl("--json", "test", "x@o.test", *args))


def test_mtactl_test_says_which_policy_and_why(stage):
    peer = Peer(stage)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0])}")
    policy = shown(mtad)["policies"][0]
    assert (policy["host"], policy["policy"]) == ("mx.o.test", "dane")
    assert "TLSA" in policy["why"]
    assert not peer.sink.sessions
    text = mtad.ctl("test", "x@o.test")
    assert "TLSA records, proved by DNSSEC" in text


@pytest.mark.parametrize("wrong", [False, True])
def test_mtactl_test_connect_shows_the_handshake(stage, wrong):
    peer = Peer(stage, extensions=REQUIRETLS)
    mtad = run(stage, peer, f"_PORT._tcp.mx {zones.tlsa(peer.cert[0], wrong=wrong)}")
    seen = shown(mtad, "--connect")["connections"][0]
    assert seen["greeting"].startswith("220 sink.test")
    assert "REQUIRETLS" in seen["extensions"] and seen["tls"].startswith("TLSv1.3")
    assert seen["chain"][0].startswith("0 CN=mx.o.test, issued by CN=mx.o.test")
    assert ("no mail goes there" if wrong else "authenticated by DANE") in seen["verdict"]
    assert not peer.sink.messages
    assert "0 CN=mx.o.test" in mtad.ctl("test", "x@o.test", "--connect")


def test_mtactl_test_shows_mta_sts(stage, monkeypatch):
    sts = Sts(stage, monkeypatch, starttls=False)
    mtad = sts.mtad()
    seen = shown(mtad, "--connect")
    assert seen["policies"][0]["policy"] == "sts" and seen["mta_sts"] == "enforce"
    assert "no mail goes there" in seen["connections"][0]["verdict"]


# --- TLSRPT ---

def tomorrow(monkeypatch):
    library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not library or harness.SANITIZED:
        pytest.skip("needs libfaketime, and no sanitizer")
    monkeypatch.setenv("LD_PRELOAD", library[0])
    monkeypatch.setenv("FAKETIME", harness.noon(1))
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")


def reported(stage, monkeypatch, rua, domains=""):
    """Mail of one day to o.test, half of it refused; the next day mtad runs."""
    sts = Sts(stage, monkeypatch)
    sts.dns.stop()
    sts.dns.write_zone("o.test", sts.zone("v=STSv1; id=1;") +
                       '_smtp._tls TXT "v=TLSRPTv1; rua=%s"\n' % rua(sts))
    sts.dns.start()
    mtad = sts.mtad('tls_reports = "tls@here.test" idle_timeout = "0s"')
    for i in range(2):
        send(mtad)
        sts.sink.wait(i + 1)
    harness.wait_for("an empty queue", lambda: mtad.queue_count() == 0)
    other = harness.make_certificate(stage.folder, "bad.test", ca=sts.ca)
    sts.sink.certificate = other
    send(mtad)
    deferred(mtad)
    mtad.ctl("queue", "remove", "--all")
    mtad.stop()
    tomorrow(monkeypatch)
    mtad.start()
    return sts, mtad


def check_report(packed):
    report = json.loads(gzip.decompress(packed))
    assert report["organization-name"] == "mx.here.test"
    assert report["contact-info"] == "tls@here.test"
    entry, = report["policies"]
    assert entry["policy"]["policy-type"] == "sts"
    assert entry["policy"]["policy-domain"] == "o.test"
    assert entry["policy"]["mx-host"] == ["mx.o.test"]
    assert "mode: enforce" in entry["policy"]["policy-string"]
    assert entry["summary"]["total-successful-session-count"] == 2
    assert entry["summary"]["total-failure-session-count"] >= 1
    failure, = entry["failure-details"]
    assert failure["result-type"] == "certificate-host-mismatch"
    assert failure["receiving-mx-hostname"] == "mx.o.test"


def test_a_daily_report_goes_by_https_once(stage, monkeypatch):
    sts, mtad = reported(stage, monkeypatch, lambda s:
                         f"https://mta-sts.o.test:{s.https.port}/r")
    posts = harness.wait_for("the report", lambda: [
        a for a in sts.https.asked if a[0] == "application/tlsrpt+gzip"])
    check_report(posts[0][1])
    mtad.stop()
    mtad.start()
    time.sleep(5)
    assert len([a for a in sts.https.asked if isinstance(a[1], bytes)]) == 1


def test_a_daily_report_goes_by_mail(stage, monkeypatch):
    sts, mtad = reported(stage, monkeypatch, lambda _: "mailto:rua@here.test")
    message = email.message_from_bytes(mtad.wait_mail("rua@here.test")[0])
    assert message.get_content_type() == "multipart/report"
    assert message["TLS-Report-Domain"] == "o.test"
    assert message["TLS-Required"] == "No"
    check_report(message.get_payload()[1].get_payload(decode=True))

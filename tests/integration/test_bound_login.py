"""SCRAM-SHA-256-PLUS to a next hop: the login is bound to its TLS."""

import base64
import hashlib
import hmac
import ssl

import pytest

import harness

PASSWORD = "hop password"
EXTENSIONS = harness.Sink.EXTENSIONS + (
    "AUTH PLAIN SCRAM-SHA-256 SCRAM-SHA-256-PLUS",)


def b64(data):
    return base64.b64encode(data).decode()


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class BoundHop(harness.Sink):
    """TLS 1.2 at most, and SCRAM-SHA-256-PLUS by tls-unique (RFC 5802)."""

    honest = True
    context = None

    def secure(self, sock, session):
        if self.context is None:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.maximum_version = ssl.TLSVersion.TLSv1_2
            self.context.load_cert_chain(*map(str, self.certificate))
        sock = self.context.wrap_socket(sock, server_side=True)
        session["tls"] = sock.version()
        session["reused"] = sock.session_reused
        session["binding"] = sock.get_channel_binding("tls-unique")
        return sock

    def answer(self, session, verb, argument, default):
        if verb == "AUTH":
            return self.first(session, argument)
        if "nonce" in session and not session.get("done"):
            line = session["commands"][-1]
            return self.last(session, line) if "proof" not in session else \
                self.welcome(session)
        return super().answer(session, verb, argument, default)

    def first(self, session, argument):
        mechanism, response = argument.split(" ")
        assert mechanism == "SCRAM-SHA-256-PLUS"
        first = base64.b64decode(response).decode()
        session["gs2"], session["bare"] = first[:first.index(",,") + 2], \
            first[first.index(",,") + 2:]
        assert session["gs2"] == "p=tls-unique,,"
        session["nonce"] = session["bare"].split(",r=")[1] + "ours"
        session["offer"] = f"r={session['nonce']},s={b64(b'salt')},i=4096"
        return "334 " + b64(session["offer"].encode())

    def last(self, session, line):
        final, proof = base64.b64decode(line).decode().rsplit(",p=", 1)
        bound = session["gs2"].encode() + (
            session["binding"] if self.honest else b"another channel")
        if final != f"c={b64(bound)},r={session['nonce']}":
            session["done"] = True
            return "535 5.7.8 another channel"
        auth = f"{session['bare']},{session['offer']},{final}"
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 4096)
        key = mac(salted, "Client Key")
        signature = mac(hashlib.sha256(key).digest(), auth)
        assert base64.b64decode(proof) == bytes(
            a ^ b for a, b in zip(key, signature))
        session["proof"] = True
        return "334 " + b64(b"v=" + b64(mac(mac(
            salted, "Server Key"), auth)).encode())

    def welcome(self, session):
        session["done"] = True
        return "235 2.7.0 welcome"


def relay(stage, port):
    secret = stage.folder / "secret"
    secret.write_text(PASSWORD + "\n")
    return stage.mtad(
        'deliverers = 1\ndomain "own.test" { deliver = "discard:" }\n'
        'delivery { retry = { "1h" } idle_timeout = "0s" }\n'
        f'route "*" {{ via = "submission:127.0.0.1:{port}" tls = "encrypt"\n'
        f'  user = "relay" password = "file:{secret}" }}\n', defaults=False)


def send(mtad, *recipients):
    with mtad.smtp(source="127.0.0.9") as client:
        client.sendmail("relay@far.test", recipients or ["x@there.test"],
                        "Subject: x\n\nhello\n")


@pytest.mark.parametrize("honest", [True, False])
def test_tls_1_2_is_bound_by_tls_unique(stage, honest):
    hop = BoundHop(certificate=harness.make_certificate(stage.folder, "hop.test"),
                   extensions=EXTENSIONS)
    hop.honest = honest
    stage.defer(hop.stop)
    mtad = relay(stage, hop.port)
    send(mtad)
    if honest:
        assert hop.wait()[0]["tls"] == "TLSv1.2"
        send(mtad)  # resumed: bound by the Finished of the other side
        hop.wait(2)
        assert [s["reused"] for s in hop.sessions] == [False, True]
    else:
        event = harness.wait_for("a deferral", lambda: mtad.events("deferred"))[0]
        assert "another channel" in event["reply"] and not hop.messages


def test_tls_1_3_is_bound_by_tls_exporter(stage):
    hop = stage.mtad('auth { mechanisms = { "SCRAM-SHA-256-PLUS" } match_sender '
                     f'= false users = "file:{stage.folder}/mtad1/users" }}\n',
                     start=False)
    hop.add_user("relay", PASSWORD)
    hop.start()
    mtad = relay(stage, hop.ports["submission"])
    send(mtad, "x@here.test")
    hop.wait_mail("x@here.test")
    assert PASSWORD not in mtad.log() + hop.log()

"""OAuth 2 towards a next hop: a token endpoint that speaks HTTPS, and a hop
that takes its tokens, refuses them, or has them revoked."""

import base64
import http.server
import json
import ssl
import threading
import time
import urllib.parse

import pytest

import harness

USER = "me@there.test"


class Endpoint:
    """A token endpoint: each answer has a token of its own."""

    def __init__(self, certificate, address="127.0.1.9"):
        outer = self
        self.asked = []
        self.life = 3600
        self.more = {}
        self.rotates = False
        self.thefts = 0
        self.error = None  # (status, body)
        self.good = set()
        self.delay = threading.Event()
        self.delay.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append(dict(urllib.parse.parse_qsl(form.decode())))
                assert self.headers["Content-Type"] == \
                    "application/x-www-form-urlencoded"
                outer.delay.wait(10)
                token = f"tok-{len(outer.asked)}"
                outer.good.add(token)
                if outer.rotates:
                    outer.rotate(outer.asked[-1]["refresh_token"])
                status, body = outer.error or (200, {
                    "access_token": token, "token_type": "Bearer",
                    "expires_in": outer.life, **outer.more})
                body = body if isinstance(body, bytes) else \
                    json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, certificate))
        self.server = http.server.ThreadingHTTPServer((address, 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket,
                                                 server_side=True)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def rotate(self, used):
        """What is used twice was stolen (RFC 9700, 4.14.2)."""
        if used != self.more.get("refresh_token", used):
            self.thefts += 1
            self.error = (400, {"error": "invalid_grant"})
        time.sleep(0.3)  # for others to come with the same
        self.more = {"refresh_token": f"s3cret-{len(self.asked)}"}

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class World:
    """An endpoint, a hop that asks for its tokens, and a mtad between."""

    def __init__(self, stage, monkeypatch, mechanism="XOAUTH2",
                 refresh=True, retry="1s", tls="verify", deliverers=1):
        ca = harness.make_certificate(stage.folder, "ca.test")
        monkeypatch.setenv("SSL_CERT_FILE", str(ca[0]))
        self.endpoint = Endpoint(harness.make_certificate(
            stage.folder, "login.there.test", ca=ca))
        stage.defer(self.endpoint.stop)
        self.mechanism = mechanism
        self.tokens = []
        self.sink = stage.sink(
            "127.0.1.2", extensions=harness.Sink.EXTENSIONS + (
                f"AUTH {mechanism}",),
            certificate=harness.make_certificate(stage.folder, "hop.there.test",
                                                 ca=ca),
            script={"AUTH": self.auth, "": "535 5.7.8 token refused",
                    "AQ==": "535 5.7.8 token refused"})
        dns = stage.nsd({"there.test": "login A 127.0.1.9\nhop A 127.0.1.2\n"})
        for name in ("client", "refresh"):
            path = stage.folder / name
            path.write_text(f"{name}-s3cret&+\n")
            path.chmod(0o600)
        keys = [f'via = "submission:hop.there.test:{self.sink.port}"',
                f'tls = "{tls}"', f'user = "{USER}"',
                'oauth_token_url = "https://login.there.test:'
                f'{self.endpoint.port}/oauth2/token"',
                'oauth_client_id = "it\'s me"', 'oauth_scope = "smtp send"',
                f'oauth_client_secret = "file:{stage.folder}/client"']
        if refresh:
            keys.append(f'oauth_refresh_token = "file:{stage.folder}/refresh"')
        self.mtad = stage.mtad(
            f'deliverers = {deliverers}\n' + dns.conf + f'delivery {{ retry = {{ "{retry}" }} idle_timeout = "0s" '
            '}\n' + 'route "*" {\n' + "\n".join(keys) + "\n}\n")

    def auth(self, session, argument):
        mechanism, response = argument.split(" ")
        plain = base64.b64decode(response).decode()
        assert mechanism == self.mechanism and session["tls"]
        parts = plain.split("\1")
        if mechanism == "XOAUTH2":
            assert parts[0] == f"user={USER}"
        else:
            assert parts[0] == f"n,a={USER}," and parts[3].startswith("auth=")
            assert parts[1] == "host=hop.there.test"
            assert parts[2] == f"port={self.sink.port}"
        assert parts[-2:] == ["", ""]
        token = parts[-3].removeprefix("auth=Bearer ")
        self.tokens.append(token)
        if token in self.endpoint.good:
            return "235 2.7.0 welcome"
        return "334 " + base64.b64encode(b'{"status":"401"}').decode()

    def send(self, count=1):
        with self.mtad.smtp(source="127.0.0.9") as client:
            for i in range(count):
                client.sendmail("a@far.test", [f"m{i}@there.test"],
                                "Subject: x\n\nhello\n")

    def deferred(self):
        return harness.wait_for("a deferral",
                                lambda: self.mtad.events("deferred"))[0]

    def keeps_secrets(self):
        told = self.mtad.log() + self.mtad.events_file.read_text()
        for secret in ("tok-", "s3cret", base64.b64encode(b"tok-").decode()[:4]):
            assert secret not in told


@pytest.mark.parametrize("mechanism", ["XOAUTH2", "OAUTHBEARER"])
@pytest.mark.parametrize("refresh", [True, False])
def test_both_flows_log_in_by_both_mechanisms(stage, monkeypatch, mechanism,
                                              refresh):
    world = World(stage, monkeypatch, mechanism, refresh)
    world.send()
    assert world.sink.wait()[0]["tls"]
    want = {"grant_type": "client_credentials", "client_id": "it's me",
            "client_secret": "client-s3cret&+", "scope": "smtp send"}
    if refresh:
        want.update(grant_type="refresh_token", refresh_token="refresh-s3cret&+")
    assert world.endpoint.asked == [want]
    world.send(2)
    world.sink.wait(3)
    assert set(world.tokens) == {"tok-1"} and len(world.endpoint.asked) == 1
    world.keeps_secrets()


def test_jobs_that_wait_share_one_fetch(stage, monkeypatch):
    world = World(stage, monkeypatch)
    world.endpoint.delay.clear()
    world.send(5)
    harness.wait_for("the fetch", lambda: world.endpoint.asked)
    world.endpoint.delay.set()
    world.sink.wait(5)
    assert len(world.endpoint.asked) == 1


def test_a_token_is_renewed_ahead_of_its_end(stage, monkeypatch):
    world = World(stage, monkeypatch)
    world.endpoint.life = 2
    world.endpoint.more = {"refresh_token": "next"}
    for count in range(1, 40):
        world.send()
        world.sink.wait(count)
        if "tok-3" in world.tokens:
            break
        threading.Event().wait(0.2)
    assert "tok-3" in world.tokens
    assert world.endpoint.asked[-1]["refresh_token"] == "next"
    assert world.mtad.events("deferred") == []


def test_a_refused_token_is_fetched_anew_once(stage, monkeypatch):
    world = World(stage, monkeypatch)
    world.send()
    world.sink.wait()
    world.endpoint.good.clear()
    world.send()
    world.sink.wait(2)
    assert len(world.endpoint.asked) >= 2
    assert world.mtad.events("deferred") == []


def test_a_user_whom_no_token_helps_is_put_off(stage, monkeypatch):
    world = World(stage, monkeypatch, retry="1h")
    world.sink.script["AUTH"] = \
        lambda session, argument: world.tokens.append(argument) or \
        "535 5.7.8 no such user"
    world.send()
    assert "535 5.7.8 no such user" in world.deferred()["reply"]
    assert len(world.endpoint.asked) == 2 and len(world.tokens) == 2
    show = world.mtad.ctl("queue", "show", world.mtad.queue()[0]["id"])
    assert "AUTH XOAUTH2" in show and "s3cret" not in show
    assert not any(t.split(" ")[1][:40] in show for t in world.tokens)


@pytest.mark.parametrize("error, words", [
    ((400, {"error": "invalid_grant", "error_description": "Token revoked"}),
     "login.there.test: refused: invalid_grant: Token revoked"),
    ((503, b"<html>"), "HTTP 503"),
    ((200, b'{"access_token": "a\\r\\nb"}'), "without a usable access_token"),
    ((200, b"[" * 70000), "too long"),
    (None, "onnect"),
])
def test_without_a_token_mail_waits_and_says_why(stage, monkeypatch, error,
                                                 words):
    world = World(stage, monkeypatch)
    if error is None:
        world.endpoint.stop()
    world.endpoint.error = error
    world.send()
    event = world.deferred()
    assert event["reply"].startswith("451 4.7.0 No token to log in with")
    assert words in event["reply"]
    assert not world.sink.commands
    if error is not None:
        world.endpoint.error = None
        world.sink.wait()


def test_a_rotated_refresh_token_outlives_a_restart(stage, monkeypatch):
    world = World(stage, monkeypatch, refresh=True)
    world.endpoint.more = {"refresh_token": "rotated-s3cret"}
    world.send()
    world.sink.wait()
    world.endpoint.more = {}
    for count in (2, 3):
        world.mtad.kill_all()
        world.mtad.start()
        world.send()
        world.sink.wait(count)
    assert [a["refresh_token"] for a in world.endpoint.asked] == [
        "refresh-s3cret&+", "rotated-s3cret", "rotated-s3cret"]
    # What somebody writes into the file counts from then on.
    world.mtad.stop()
    (stage.folder / "refresh").write_text("by-hand-s3cret\n")
    world.mtad.start()
    world.send()
    world.sink.wait(4)
    assert world.endpoint.asked[-1]["refresh_token"] == "by-hand-s3cret"
    world.keeps_secrets()


def test_deliverers_do_not_use_a_refresh_token_twice(stage, monkeypatch):
    world = World(stage, monkeypatch, retry="1h", deliverers=4)
    world.endpoint.rotates = True
    world.send(40)
    world.sink.wait(40)
    used = [a["refresh_token"] for a in world.endpoint.asked]
    assert len(used) > 1 and len(set(used)) == len(used)
    assert world.endpoint.thefts == 0 and not world.mtad.events("deferred")
    world.keeps_secrets()


def test_no_token_goes_out_without_tls(stage, monkeypatch):
    world = World(stage, monkeypatch, retry="1h", tls="opportunistic")
    world.sink.certificate = None
    world.send()
    world.deferred()
    assert not world.tokens

"""SCRAM-SHA-256 by an implementation of its own (RFC 5802, 7677)."""

import base64
import hashlib
import hmac
import os

from test_auth import mtad, secured  # noqa: F401


def scram(talk, login, password):
    def b64(data):
        return base64.b64encode(data).decode()
    nonce = b64(os.urandom(15))
    bare = f"n={login},r={nonce}"
    reply = talk.say("AUTH SCRAM-SHA-256 " + b64(b"n,," + bare.encode()))
    if not reply.startswith("334 "):
        return reply
    first = base64.b64decode(reply[4:]).decode()
    fields = dict(part.split("=", 1) for part in first.split(","))
    assert fields["r"].startswith(nonce)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(),
                                 base64.b64decode(fields["s"]), int(fields["i"]))
    key = hmac.digest(salted, b"Client Key", "sha256")
    without = f"c=biws,r={fields['r']}"
    message = f"{bare},{first},{without}".encode()
    signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
    proof = bytes(a ^ b for a, b in zip(key, signature))
    reply = talk.say(b64(f"{without},p={b64(proof)}".encode()))
    if reply.startswith("334 "):
        server = hmac.digest(salted, b"Server Key", "sha256")
        wanted = "v=" + b64(hmac.digest(server, message, "sha256"))
        assert base64.b64decode(reply[4:]).decode() == wanted
        reply = talk.say("")
    return reply


def test_scram_sha_256(mtad):  # noqa: F811
    with secured(mtad) as t:
        t.say("EHLO client.test")
        assert scram(t, "alice@here.test", "wrong").startswith("535 5.7.8")
        assert scram(t, "nobody@here.test", "secret").startswith("535 5.7.8")
    with secured(mtad) as t:
        t.say("EHLO client.test")
        assert scram(t, "alice@here.test", "secret").startswith("235 2.7.0")
        assert t.say("MAIL FROM:<alice@here.test>").startswith("250")

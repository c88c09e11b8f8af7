"""DKIM against dkimpy, an implementation of its own: both ways, both kinds of
keys, all canonicalizations; with keys that mtactl made. No network."""

import base64
import json
import os
import random
import subprocess

import dkim
import pytest

import harness

TOOL = os.path.join(harness.BUILD, "tests/unit/dkim_tool")
MTACTL = os.path.join(harness.BUILD, "mtactl")
FROM = b"From: A <a@b.example>\r\n"
REST = b"To: c@d.example\r\nSubject: hello\r\nDate: Tue, 24 Nov 2026 03:00:00 +0000\r\n"
MESSAGES = {
    "plain": FROM + REST + b"\r\nHello\r\nyou\r\n",
    "no body": FROM + REST + b"\r\n",
    "empty lines": FROM + REST + b"\r\n\r\n\r\n\r\n",
    "empty lines at the end": FROM + REST + b"\r\nx\r\n\r\ny\r\n\r\n\r\n",
    "white space": FROM + REST + b"\r\n \t a  b\t\tc \r\n \r\n\t\r\nd \r\n",
    "8-bit": FROM + REST + b"\r\n\xc3\xa4 \xff\xfe\x80\r\n",
    "odd folds": b"FROM:\r\n\t A\r\n <a@b.example> \r\nsubject: \t x\r\n  \ty \r\nTo:c@d.example\r\n\r\nx\r\n",
    "twice": b"Received: 1\r\nReceived: 2\r\n" + FROM + b"Cc: 1\r\nCc: 2\r\n" + REST + b"\r\nx\r\n",
    "empty field": FROM + b"Reply-To:\r\nReferences: \r\n" + REST + b"\r\nx\r\n",
}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Made by mtactl; selector: (type, path, record)."""
    folder = tmp_path_factory.mktemp("dkim")
    made = {}
    for selector, kind in (("r", "rsa2048"), ("e", "ed25519")):
        path = str(folder / f"{selector}.pem")
        out = subprocess.run(
            [MTACTL, "--json", "dkim", "keygen", "b.example", selector,
             "--type", kind, "-o", path], check=True, capture_output=True)
        answer = json.loads(out.stdout)
        assert answer["name"] == f"{selector}._domainkey.b.example"
        assert os.stat(path).st_mode & 0o777 == 0o600
        made[selector] = (kind, path, answer["record"])
    return made


def lookup(keys):
    def dnsfunc(name, timeout=5):
        selector = name.split(b".")[0].decode()
        assert name.rstrip(b".").endswith(b"._domainkey.b.example")
        return keys[selector][2].encode()
    return dnsfunc


def sign(keys, message):
    args = [TOOL, "sign", "b.example"]
    for selector in ("r", "e"):
        args += [selector, keys[selector][1]]
    return subprocess.run(args, input=message, check=True,
                          capture_output=True).stdout


def verify(keys, message):
    args = [TOOL, "verify"]
    for selector, (_, _, record) in keys.items():
        args += [f"{selector}._domainkey.b.example", record]
    out = subprocess.run(args, input=message, check=True, capture_output=True)
    return out.stdout.decode().splitlines()


def dkimpy_key(keys, selector):
    with open(keys[selector][1], "rb") as f:
        pem = f.read()
    if selector == "r":
        return pem, b"rsa-sha256"
    der = base64.b64decode(b"".join(pem.split(b"\n")[1:-2]))
    return base64.b64encode(der[-32:]), b"ed25519-sha256"


@pytest.mark.parametrize("name", MESSAGES)
def test_dkimpy_verifies_what_we_sign(keys, name):
    signed = sign(keys, MESSAGES[name])
    assert signed.count(b"DKIM-Signature:") == 2
    for index in range(2):
        d = dkim.DKIM(signed)
        assert d.verify(idx=index, dnsfunc=lookup(keys)), (index, signed)
    changed = signed.replace(b"a@b.example", b"z@b.example")
    assert not dkim.DKIM(changed).verify(dnsfunc=lookup(keys))


@pytest.mark.parametrize("selector", ["r", "e"])
@pytest.mark.parametrize("canonicalize", [
    (b"relaxed", b"relaxed"), (b"simple", b"simple"),
    (b"relaxed", b"simple"), (b"simple", b"relaxed")])
@pytest.mark.parametrize("name", MESSAGES)
def test_we_verify_what_dkimpy_signs(keys, name, canonicalize, selector):
    key, algorithm = dkimpy_key(keys, selector)
    message = MESSAGES[name]
    field = dkim.DKIM(message, signature_algorithm=algorithm).sign(
        selector.encode(), b"b.example", key, canonicalize=canonicalize)
    assert verify(keys, field + message) == ["pass: good"]
    worse = field + message + b"more\r\n"
    assert verify(keys, worse) == ["fail: the body was changed"]


def test_a_message_of_50_mb_both_ways(keys):
    words = random.Random(1)
    lines = [words.randbytes(54).hex()[:words.randint(0, 100)].encode()
             for _ in range(1000)]
    message = MESSAGES["plain"] + b"\r\n".join(lines * 950) + b"\r\n"
    while len(message) < 50 << 20:
        message += message[1000:10 << 20] + b"\r\n"
    signed = sign(keys, message)
    assert verify(keys, signed) == ["pass: good"] * 2
    assert dkim.DKIM(signed).verify(idx=1, dnsfunc=lookup(keys))
    key, algorithm = dkimpy_key(keys, "r")
    field = dkim.DKIM(message, signature_algorithm=algorithm).sign(
        b"r", b"b.example", key, canonicalize=(b"relaxed", b"simple"))
    assert verify(keys, field + message) == ["pass: good"]


def test_mtactl_holds_the_keys_against_the_dns(stage, keys):
    def zone(record_of):
        return {"b.example": "".join(
            f"{selector}._domainkey TXT " + " ".join(
                f'"{record[i:i + 200]}"' for i in range(0, len(record), 200)) + "\n"
            for selector, record in record_of.items())}
    dns = stage.nsd(zone({"r": keys["r"][2], "e": keys["e"][2]}))
    listed = ", ".join(f'"{s}:{keys[s][1]}"' for s in ("r", "e"))
    m = stage.mtad(dns.conf + f'dkim "b.example" {{ keys = {{ {listed} }} }}\n',
                   start=False)
    found = json.loads(m.ctl("--json", "dkim", "list"))
    assert [(k["domain"], k["selector"]) for k in found] == [
        ("b.example", "r"), ("b.example", "e")]
    assert m.ctl("dkim", "check", "b.example").count(": ok\n") == 2
    dns.stop()
    dns.write_zone("b.example", zone({"r": keys["r"][2].replace("p=", "p=AAAA", 1)})
                   ["b.example"])
    dns.start()
    judged = {k["selector"]: k for k in json.loads(
        m.ctl("--json", "dkim", "check", "b.example", code=1).splitlines()[0])}
    assert not judged["r"]["ok"] and not judged["e"]["ok"]
    assert judged["r"]["reason"] and judged["e"]["reason"] != judged["r"]["reason"]
    assert "no section dkim" in m.ctl("dkim", "check", "c.example", code=1)


def test_a_key_is_not_written_over(keys):
    out = subprocess.run([MTACTL, "dkim", "keygen", "b.example", "r",
                          "-o", keys["r"][1]], capture_output=True)
    assert out.returncode == 1
    assert b"File exists" in out.stderr

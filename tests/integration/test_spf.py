"""mtactl test --spf, over a DNS of its own: our verdict and libspf2's."""

import json
import os
import socket
import subprocess
import time

import pytest

import harness

MTACTL = os.path.join(harness.BUILD, "mtactl")
CRASH = "%{d}" * 127 + "x" * 600  # CVE-2023-42118


def txt(text):
    return " ".join(f'"{text[i:i + 250]}"' for i in range(0, len(text), 250))


ZONE = f"""
@       TXT "v=spf1 ip4:192.0.2.0/24 ip6:2001:db8::/32 -all exp=why.a.test"
why     TXT "%{{i}} is not of %{{d}}, says %{{r}}"
inc     TXT "v=spf1 include:a.test mx ~all"
inc     MX 10 host.a.test.
host    A 198.51.100.1
quiet   TXT "v=spf1 ?all"
void    TXT "v=spf1 a:n1.a.test a:n2.a.test a:n3.a.test +all"
twice   TXT "v=spf1 -all"
twice   TXT "v=spf1 +all"
far     TXT "v=spf1 include:lost.test -all"
crash   TXT "v=spf1 -all exp=boom.a.test"
boom    TXT {txt(CRASH)}
zero    TXT "v=spf1 ip4:192.0.2.1/0 -all"
client  TXT "v=spf1 a -all"
client  A 192.0.2.7
bell    TXT "v=spf1 -all exp=ring.a.test"
ring    TXT "ring\\007\\027[31m"
"""


@pytest.fixture(scope="module")
def nsd(tmp_path_factory):
    server = harness.Nsd(tmp_path_factory.mktemp("nsd"), {"a.test": ZONE})
    yield server
    server.stop()


def configure(folder, dns):
    path = folder / "main.conf"
    path.write_text(f'hostname = "mx.here.test"\nspool = "{folder}/spool"\n'
                    f'runtime = "{folder}/run"\nlog {{ target = "stderr" }}\n{dns}')
    return path


@pytest.fixture
def conf(nsd, tmp_path):
    return configure(tmp_path, nsd.conf)


def spf(conf, *words):
    out = subprocess.run([MTACTL, "-c", conf, "--json", "test", "--spf", "--",
                          *words], capture_output=True, timeout=60)
    assert out.returncode == 0, out.stderr
    return json.loads(out.stdout)


@pytest.mark.parametrize("client, sender, result, reason", [
    ("192.0.2.7", "me@a.test", "pass", "by term: ip4:192.0.2.0/24"),
    ("2001:db8::7", "me@a.test", "pass", "by term: ip6:2001:db8::/32"),
    ("198.51.100.1", "me@inc.a.test", "pass", "by term: mx"),
    ("192.0.2.7", "<me@inc.a.test>", "pass", "by term: include:a.test"),
    ("203.0.113.9", "me@inc.a.test", "softfail", "by term: ~all"),
    ("203.0.113.9", "quiet.a.test", "neutral", "by term: ?all"),
    ("203.0.113.9", "me@none.a.test", "none", "no SPF record: none.a.test"),
])
def test_both_agree(conf, client, sender, result, reason):
    answer = spf(conf, client, sender)
    assert (answer["result"], answer["reason"]) == (result, reason)
    assert answer["libspf2"]["result"] == result
    assert answer["identity"] == "mailfrom"


@pytest.mark.parametrize("sender, ours, theirs, reason", [
    ("me@void.a.test", "permerror", "pass",
     "too many questions without an answer: n3.a.test"),
    ("me@zero.a.test", "pass", "permerror", "by term: ip4:192.0.2.1/0"),
])
def test_where_libspf2_differs(conf, sender, ours, theirs, reason):
    answer = spf(conf, "203.0.113.9", sender)
    assert (answer["result"], answer["reason"]) == (ours, reason)
    assert answer["libspf2"]["result"] == theirs


def test_what_is_shown_of_an_evaluation(conf):
    answer = spf(conf, "203.0.113.9", "me@inc.a.test")
    assert [(t["depth"], t["term"], t["outcome"]) for t in answer["terms"]] == [
        (2, "ip4:192.0.2.0/24", "no match"), (2, "ip6:2001:db8::/32", "no match"),
        (2, "-all", "match"), (1, "include:a.test", "no match"),
        (1, "mx", "no match"), (1, "~all", "match")]
    asked = {(a["type"], a["name"]): a["records"] for a in answer["answers"]}
    assert asked["MX", "inc.a.test"] == ["host.a.test"]
    assert asked["A", "host.a.test"] == ["198.51.100.1"]
    assert asked["TXT", "inc.a.test"] == ["v=spf1 include:a.test mx ~all"]


def test_the_explanation(conf):
    answer = spf(conf, "203.0.113.9", "me@a.test")
    assert answer["result"] == "fail"
    assert answer["explanation"] == "203.0.113.9 is not of a.test, says mx.here.test"


def test_the_helo_identity(conf):
    answer = spf(conf, "192.0.2.7", "<>", "client.a.test")
    assert (answer["identity"], answer["result"]) == ("helo", "pass")
    assert "helo_check" not in answer
    answer = spf(conf, "192.0.2.8", "me@a.test", "client.a.test")
    assert (answer["identity"], answer["result"]) == ("mailfrom", "pass")
    assert answer["helo_check"]["result"] == "fail"


def test_a_record_that_crashes_libspf2_harms_nobody(conf):
    answer = spf(conf, "203.0.113.9", "me@crash.a.test")
    assert answer["result"] == "fail"
    assert answer["libspf2"] == {"result": "temperror",
                                 "reason": "it crashed (signal 6)"}


def people(conf, *words):
    return subprocess.run([MTACTL, "-c", conf, "test", "--spf", *words],
                          capture_output=True, timeout=60)


def test_the_verdict_stands_alone_on_the_last_line(conf):
    out = people(conf, "203.0.113.9", "me@inc.a.test", "client.a.test")
    lines = out.stdout.decode().splitlines()
    assert lines[-1] == "softfail"
    assert "mtad       softfail (by term: ~all)" in lines
    assert any(line.startswith("HELO alone fail") for line in lines)
    assert any(line.startswith("libspf2    softfail") for line in lines)


def test_control_bytes_do_not_reach_the_terminal(conf):
    out = people(conf, "203.0.113.9", "me@bell.a.test")
    assert out.stdout.endswith(b"\nfail\n")
    assert b"\x07" not in out.stdout and b"\x1b" not in out.stdout


@pytest.mark.parametrize("words, code", [
    ((), 2), (("192.0.2.7",), 2), (("a.test", "me@a.test"), 1),
    (("192.0.2.7", "<>"), 1), (("192.0.2.7", "", ""), 1)])
def test_wrong_words(conf, words, code):
    out = people(conf, *words)
    assert out.returncode == code and out.stdout == b"" and out.stderr != b""


def test_a_dead_server_is_a_temperror_in_time(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        conf = configure(tmp_path, f'dns {{ servers = {{ "127.0.0.1@'
                         f'{silent.getsockname()[1]}" }} timeout = "2s" }}\n')
        start = time.monotonic()
        answer = spf(conf, "203.0.113.9", "me@a.test")
        seconds = time.monotonic() - start
    assert answer["result"] == "temperror"
    assert answer["reason"] == "no answer from the DNS: a.test"
    assert answer["libspf2"]["result"] == "permerror"  # one of its errors
    assert seconds < 15


def test_a_domain_out_of_reach(conf):
    """NSD refuses what is not its own."""
    assert spf(conf, "203.0.113.9", "me@far.a.test")["result"] == "temperror"

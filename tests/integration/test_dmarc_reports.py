"""DMARC aggregate reports (RFC 9990): what strangers' mail is counted as, and
the one report a domain and day that tells so, to whom it may be told."""

import email
import glob
import gzip
import pathlib
import shutil
import subprocess
import time
import xml.etree.ElementTree as ET

import pytest

import harness
from test_checks import BAD, GOOD, keys, message, send  # noqa: F401 (a fixture)
from test_checks import zone_text

NS = {"d": "urn:ietf:params:xml:ns:dmarc-2.0"}
SCHEMA = pathlib.Path(__file__).parents[1] / "unit/dmarc_report.xsd"
DAY = 86400
SPF = '@ TXT "v=spf1 ip4:127.0.7.1 -all"\n'


def record(rua, policy="reject"):
    return SPF + f'_dmarc TXT "v=DMARC1; p={policy}; rua={rua}"\n'


ZONES = {
    "own.test": record("mailto:r@own.test"),
    "agreed.test": record("mailto:agreed@yes.test", "none"),
    "refused.test": record("mailto:refused@no.test"),
    "both.test": record("mailto:1@both.test,mailto:2@sub.both.test", "quarantine"),
    "silent.test": SPF + '_dmarc TXT "v=DMARC1; p=none"\n',
    "yes.test": 'agreed.test._report._dmarc TXT "v=DMARC1;"\n',
    "no.test": "@ A 127.0.0.1\n",
    "client.test": "mail A 127.0.7.1\n",
}


class Reports:
    """An mtad whose reports go to one sink, on days that the test chooses."""

    def __init__(self, stage, keys, monkeypatch):
        if shutil.which("xmllint") is None:
            pytest.fail("needs xmllint (libxml2-utils)")
        self.monkeypatch = monkeypatch
        self.today = int(time.time()) // DAY
        self.sink = stage.sink()
        key, public = keys["e"]
        zones = dict(ZONES)
        zones["signed.test"] = f"e._domainkey TXT {zone_text(public)}\n"
        self.dns = stage.nsd(zones)
        self.mtad = stage.mtad(
            self.dns.conf + f'''
checks {{ dmarc_reports = "dmarc@signed.test" }}
dkim "signed.test" {{ keys = {{ "e:{key}" }} sign = "trusted" }}
route "*" {{ via = "smtp:127.0.0.1:{self.sink.port}" }}
''')

    def turn_to_day(self, n):
        """Ends mtad; it lives on, n days after today."""
        library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        if not library or harness.SANITIZED:
            pytest.skip("needs libfaketime, and no sanitizer")
        if self.mtad.process is not None:
            self.mtad.stop()
        self.monkeypatch.setenv("LD_PRELOAD", library[0])
        self.monkeypatch.setenv("FAKETIME", harness.noon(n))
        self.monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        self.monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
        self.mtad.start()

    def got(self, count):
        """recipient: message of the reports in the sink."""
        self.sink.wait(count)
        return {m["rcpts"][0].split("<")[1].rstrip(">"): email.message_from_bytes(m["content"])
                for m in self.sink.messages}


def unpack(mail, folder, day, domain):
    """The report in a message, after all that must be right about it is."""
    begin = day * DAY
    assert mail["From"] == "<dmarc@signed.test>"
    assert "d=signed.test" in mail["DKIM-Signature"]
    date = time.strftime("%Y-%m-%d", time.gmtime(begin))
    assert " ".join(mail["Subject"].split()) == (
        f"Report Domain: {domain} Submitter: mx.here.test "
        f"Report-ID: <{date}.{domain}@mx.here.test>")
    part, = [p for p in mail.walk() if p.get_content_type() == "application/gzip"]
    assert part.get_filename() == \
        f"mx.here.test!{domain}!{begin}!{begin + DAY - 1}.xml.gz"
    xml = folder / "report.xml"
    xml.write_bytes(gzip.decompress(part.get_payload(decode=True)))
    lint = subprocess.run(["xmllint", "--noout", "--nonet", "--schema", SCHEMA, xml],
                          capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stderr + xml.read_text()
    root = ET.parse(xml).getroot()
    assert root.findtext("d:policy_published/d:domain", None, NS) == domain
    assert root.findtext("d:report_metadata/d:email", None, NS) == "dmarc@signed.test"
    assert int(root.findtext("d:report_metadata/d:date_range/d:begin", None, NS)) == begin
    return root


def rows(root):
    """(source, count, disposition, dkim, spf, header_from, envelope_from, spf result)"""
    paths = ("d:row/d:source_ip", "d:row/d:count",
             "d:row/d:policy_evaluated/d:disposition", "d:row/d:policy_evaluated/d:dkim",
             "d:row/d:policy_evaluated/d:spf", "d:identifiers/d:header_from",
             "d:identifiers/d:envelope_from", "d:auth_results/d:spf/d:result")
    return sorted(tuple(r.findtext(p, "", NS) for p in paths)
                  for r in root.findall("d:record", NS))


@pytest.fixture
def reports(stage, keys, monkeypatch):  # noqa: F811
    return Reports(stage, keys, monkeypatch)


def test_figures_are_what_was_sent_and_go_where_they_may(reports, tmp_path):
    m = reports.mtad
    for _ in range(3):
        assert send(m, "me@own.test").startswith("250")
    for _ in range(2):
        assert send(m, "me@own.test", source=BAD).startswith("550 5.7.1")
    assert send(m, "", header_from="me@own.test").startswith("550 5.7.1")
    assert send(m, "me@own.test", header_from="me@sub.own.test").startswith("250")
    assert send(m, "me@agreed.test", source=BAD).startswith("250")
    assert send(m, "me@refused.test").startswith("250")
    assert send(m, "me@both.test").startswith("250")
    assert send(m, "me@silent.test").startswith("250")
    m.wait_mail("bob@here.test", 8)  # so the scheduler has heard of all
    m.kill_all()
    reports.turn_to_day(1)
    got = reports.got(4)
    assert set(got) == {"r@own.test", "agreed@yes.test", "1@both.test", "2@sub.both.test"}
    root = unpack(got["r@own.test"], tmp_path, reports.today, "own.test")
    assert rows(root) == sorted([
        (GOOD, "3", "pass", "fail", "pass", "own.test", "own.test", "pass"),
        (BAD, "2", "reject", "fail", "fail", "own.test", "own.test", "fail"),
        (GOOD, "1", "reject", "fail", "fail", "own.test", "", "none"),
        (GOOD, "1", "pass", "fail", "pass", "sub.own.test", "own.test", "pass")])
    assert root.findtext("d:policy_published/d:p", None, NS) == "reject"
    root = unpack(got["agreed@yes.test"], tmp_path, reports.today, "agreed.test")
    assert rows(root) == [
        (BAD, "1", "none", "fail", "fail", "agreed.test", "agreed.test", "fail")]
    assert "dmarc-report-for-nobody domain=refused.test" in m.log()
    assert not [line for line in m.log().splitlines()
                if "dmarc-report" in line and "silent.test" in line]


def test_two_days_are_two_reports_and_a_restart_is_none(reports, tmp_path):
    m = reports.mtad
    assert send(m, "me@own.test").startswith("250")
    reports.turn_to_day(1)
    first = reports.got(1)["r@own.test"]
    assert rows(unpack(first, tmp_path, reports.today, "own.test"))[0][1] == "1"
    assert send(m, "me@own.test").startswith("250")
    assert send(m, "me@own.test").startswith("250")
    # A report of somebody else's is no reason for one.
    report = message("me@agreed.test").replace(
        "Subject: hi", "Subject: Report Domain: here.test Submitter: agreed.test")
    assert send(m, "me@agreed.test", text=report).startswith("250")
    m.stop()
    m.start()
    time.sleep(5)  # the reporter's first look at the rows
    assert len(reports.sink.messages) == 1
    reports.turn_to_day(2)
    second = reports.got(2)["r@own.test"]
    assert rows(unpack(second, tmp_path, reports.today + 1, "own.test"))[0][1] == "2"
    assert first["Message-ID"] != second["Message-ID"]
    time.sleep(1)
    assert len(reports.sink.messages) == 2

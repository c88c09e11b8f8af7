"""Reads the reports of print_report with the parser of the standard library."""
import base64
import email
import email.policy
import subprocess
import sys

PRINT = sys.argv[1]
ACTIONS = {"delay": "delayed", "success": "relayed", "mailbox": "delivered"}


def run(*args):
    return subprocess.run([PRINT, *args], check=True, capture_output=True).stdout


def check(name):
    report = email.message_from_bytes(run(name), policy=email.policy.SMTP)
    assert not report.defects, report.defects
    assert report.get_content_type() == "multipart/report"
    assert report.get_param("report-type") == "delivery-status"
    assert report["Auto-Submitted"] == "auto-replied"
    assert report["Date"].datetime.year == 2026
    assert len(report["To"].addresses) == 1
    assert report["Bcc"] is None

    parts = report.get_payload()
    assert len(parts) == 3, [p.get_content_type() for p in parts]
    for part in report.walk() if name != "utf8-to-ascii" else parts:
        # (Python takes the base64 of message/global-headers for a message.)
        assert not part.defects, (part.get_content_type(), part.defects)
    words, status, original = parts
    assert words.get_content_type() == "text/plain"
    assert "mail system at mx.example.org" in words.get_content()

    # One group about the message, one a recipient.
    if name == "utf8":
        assert status.get_content_type() == "message/global-delivery-status"
        text = status.as_bytes().decode().split("\r\n\r\n", 1)[1]
        groups = [email.message_from_string(g) for g in text.strip().split("\r\n\r\n")]
    else:
        assert status.get_content_type() == "message/delivery-status"
        groups = [g for g in status.get_payload() if g.keys()]
    assert groups[0]["Reporting-MTA"] == "dns; mx.example.org"
    assert groups[0]["Arrival-Date"]
    recipients = groups[1:]
    assert len(recipients) == {"full": 3, "delay": 2, "no-header": 50}.get(name, 1)
    for group in recipients:
        assert group["Action"] == ACTIONS.get(name, "failed"), group["Action"]
        assert group["Final-Recipient"].split(";")[0] in ("rfc822", "utf-8")
        assert len(group["Status"].split(".")) == 3
        assert (group["Will-Retry-Until"] is not None) == (name == "delay")

    kind = original.get_content_type()
    if name == "full":
        assert kind == "message/rfc822"
        inner = original.get_payload(0)
        assert inner["Message-ID"] == "<one@example.org>"
        assert inner.get_content().split() == ["Shall", "we?", "."]
    elif name == "eight-bit":
        assert "grüß dich" in original.get_payload(0).get_payload(decode=True).decode()
    elif name == "utf8":
        assert kind == "message/global"
    elif name == "utf8-to-ascii":
        assert kind == "message/global-headers"
        assert original["Content-Transfer-Encoding"] == "base64"
        text = base64.b64decode(original.as_bytes().split(b"\r\n\r\n", 1)[1])
        assert "Subject: grüß\r\n" in text.decode(), text
    else:
        assert kind == "text/rfc822-headers"
        headers = email.message_from_string(original.get_content())
        if name not in ("hostile", "no-header"):
            assert headers["Message-ID"] == "<one@example.org>"


names = run().decode().split()
assert len(names) >= 10, names
for each in names:
    try:
        check(each)
    except Exception:
        print(f"in the report {each!r}:", file=sys.stderr)
        raise
print(f"{len(names)} reports read")

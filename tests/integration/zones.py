"""Signed zones for NSD (by ldns), TLSA records, and an HTTPS server."""

import hashlib
import http.server
import pathlib
import re
import ssl
import subprocess
import threading

import harness


class SignedNsd(harness.Nsd):
    """NSD whose zones are signed, but for those named in `plain`."""

    def __init__(self, folder, zones, plain=()):
        self.plain = set(plain)
        self.anchors = {}
        super().__init__(folder, zones)

    def write_zone(self, name, records):
        super().write_zone(name, records)
        if name not in self.plain:
            self.sign(name)

    def run(self, *args):
        done = subprocess.run(args, cwd=self.folder, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, f"{args}: {done.stderr}"
        return done.stdout.strip()

    def sign(self, name):
        """By one key; its DNSKEY goes among the trust anchors."""
        if name not in self.anchors:
            self.anchors[name] = self.run(
                "ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name)
        key = self.anchors[name]
        zone = self.folder / f"{name}.zone"
        self.run("ldns-signzone", "-f", f"{name}.signed", zone.name, key)
        zone.write_text((self.folder / f"{name}.signed").read_text())

    def forge(self, name, pattern, replacement):
        """Changes records behind the back of their signatures."""
        zone = self.folder / f"{name}.zone"
        text, count = re.subn(pattern, replacement, zone.read_text())
        assert count > 0, f"{pattern} is not in {name}"
        zone.write_text(text)

    @property
    def conf(self):
        anchor = self.folder / "anchors"
        anchor.write_text("".join(
            (self.folder / f"{key}.key").read_text()
            for key in self.anchors.values()))
        return (f'dns {{ servers = {{ "127.0.0.1@{self.port}" }} timeout = "5s"'
                f' trust_anchor = "{anchor}" }}\n')


def tlsa(certificate, usage=3, selector=1, wrong=False):
    """The rdata that fits a PEM file's first certificate, by SHA-256."""
    pem = pathlib.Path(certificate).read_text()
    if selector == 0:
        der = ssl.PEM_cert_to_DER_cert(pem)
    else:
        key = subprocess.run(
            ["openssl", "x509", "-pubkey", "-noout", "-in", certificate],
            capture_output=True, check=True).stdout
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"],
                             input=key, capture_output=True, check=True).stdout
    digest = hashlib.sha256(der + (b"wrong" if wrong else b"")).hexdigest()
    return f"TLSA {usage} {selector} 1 {digest}"


class PolicyServer:
    """HTTPS for mta-sts.DOMAIN: answers by path, and counts."""

    def __init__(self, address, certificate, port=0):
        outer = self
        self.answer = (200, "text/plain", b"")
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.headers["Host"], self.path))
                status, kind, body = outer.answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                if status in (301, 302):
                    self.send_header("Location", "https://elsewhere.test/")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self):
                size = int(self.headers["Content-Length"])
                outer.asked.append((self.headers["Content-Type"],
                                    self.rfile.read(size)))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, certificate))
        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        self.server.socket = context.wrap_socket(self.server.socket,
                                                 server_side=True)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       daemon=True)
        self.thread.start()

    def policy(self, mode="enforce", mx=("mx.o.test",), max_age=86400):
        lines = ["version: STSv1", f"mode: {mode}", *[f"mx: {m}" for m in mx],
                 f"max_age: {max_age}"]
        self.answer = (200, "text/plain", "\r\n".join(lines).encode() + b"\r\n")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

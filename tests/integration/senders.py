"""Messages of every kind of sender, with what is right to say of each, and the
zones that say who they are. Signatures are dkimpy's."""

import subprocess

import dkim

import opinions

# libspf2 and rspamd let all of 127.0.0.0/8 pass, so each client has two addresses.
GOOD, BAD = "192.0.2.1", "198.51.100.66"
LOCAL = {GOOD: "127.0.7.1", BAD: "127.0.7.66"}
KEYS = {  # selector: (openssl's arguments, tags of its record)
    "rsa": (("rsa", "rsa_keygen_bits:2048"), "v=DKIM1; k=rsa"),
    "ed": (("ed25519", None), "v=DKIM1; k=ed25519"),
    "mid": (("rsa", "rsa_keygen_bits:1024"), "v=DKIM1"),
    "short": (("rsa", "rsa_keygen_bits:768"), "v=DKIM1; k=rsa"),
    "strict": (("rsa", "rsa_keygen_bits:1024"), "v=DKIM1; t=s"),
    "trial": (("rsa", "rsa_keygen_bits:1024"), "v=DKIM1; t=y"),
    "sha1only": (("rsa", "rsa_keygen_bits:1024"), "v=DKIM1; h=sha1"),
    "other": (("rsa", "rsa_keygen_bits:1024"), "v=DKIM1; s=other"),
    "revoked": (("rsa", "rsa_keygen_bits:1024"), None),
    "missing": (("rsa", "rsa_keygen_bits:1024"), None),
}
SPF = {
    "pass": "v=spf1 ip4:127.0.7.1 ip4:192.0.2.1 -all",
    "soft": "v=spf1 ip4:127.0.7.1 ip4:192.0.2.1 ~all",
    "neutral": "v=spf1 ?all", "include": "v=spf1 include:pass.test -all",
    "redirect": "v=spf1 redirect=pass.test", "mx": "v=spf1 mx -all",
    "exists": "v=spf1 exists:%{ir}.%{v}.ok.exists.test -all",
    "typo": "v=spf1 ipv4:127.0.7.1 ipv4:192.0.2.1 -all", "loop": "v=spf1 include:loop.test -all",
}
POLICIES = {
    "reject": "v=DMARC1; p=reject", "quarantine": "v=DMARC1; p=quarantine; sp=none",
    "watch": "v=DMARC1; p=none; rua=mailto:a@watch.test",
    "narrow": "v=DMARC1; p=reject; adkim=s; aspf=s", "garbage": "v=DMARC1; q=reject",
}


class Signer(dkim.DKIM):
    """dkimpy, with tags that it does not write itself."""

    def __init__(self, raw, tags, algorithm):
        self.tags = tags
        super().__init__(raw, signature_algorithm=algorithm, minkey=512)

    def gen_header(self, fields, *rest, **kw):
        for tag, value in self.tags.items():
            fields[:] = [f for f in fields if f[0] != tag.encode()]
            fields.insert(3, (tag.encode(), str(value).encode()))
        return super().gen_header(fields, *rest, **kw)


class Keys:
    def __init__(self, folder):
        self.folder = folder
        for selector, ((kind, option), _) in KEYS.items():
            subprocess.run(["openssl", "genpkey", "-algorithm", kind, "-out",
                            folder / selector] +
                           (["-pkeyopt", option] if option else []),
                           check=True, capture_output=True)

    def records(self):
        lines = []
        for selector, (_, tags) in KEYS.items():
            der = subprocess.run(["openssl", "pkey", "-in", self.folder / selector,
                                  "-pubout", "-outform", "DER"],
                                 check=True, capture_output=True).stdout
            key = dkim.base64.b64encode(der[-32:] if selector == "ed" else der).decode()
            if selector == "missing":
                continue
            text = f"{tags}; p={key}" if tags else "v=DKIM1; p="
            chunks = " ".join(f'"{text[i:i + 200]}"' for i in range(0, len(text), 200))
            lines.append(f"{selector}._domainkey TXT {chunks}\n")
        return "".join(lines)

    def seal(self, raw):
        raw = b"Authentication-Results: relay.test; spf=none\r\n" + raw
        return b"".join(dkim.arc_sign(raw, b"rsa", b"signed.test",
                                      (self.folder / "rsa").read_bytes(),
                                      b"relay.test")) + raw

    def sign(self, raw, selector, domain="signed.test", canon="relaxed/relaxed",
             algorithm=None, length=False, **tags):
        key = (self.folder / selector).read_bytes()
        if selector == "ed":
            algorithm = "ed25519-sha256"
            der = dkim.base64.b64decode(b"".join(key.split(b"\n")[1:-2]))
            key = dkim.base64.b64encode(der[-32:])
        signer = Signer(raw, tags, (algorithm or "rsa-sha256").encode())
        return signer.sign(selector.encode(), domain.encode(), key, length=length,
                           canonicalize=tuple(c.encode() for c in canon.split("/"))) + raw


def plain(header_from, body="hello,  world \r\n\r\n"):
    return (f"From: Somebody <me@{header_from}>\r\nTo: bob@here.test\r\nSubject: a\r\n"
            "  folded\tone\r\nDate: Tue, 24 Nov 2026 03:00:00 +0000\r\n"
            f"Message-ID: <1@{header_from}>\r\n\r\n{body}").encode()


def corpus(keys):
    """name: (message, what is right)."""
    made = {}

    def add(name, raw, sender, source=GOOD, **right):
        made[name] = (opinions.Message(raw, f"me@{sender}", source),
                      {"dkim": {}, "dmarc": "none", "arc": "none", **right})

    for name, (good, bad) in {
            "pass": ("pass", "fail"), "soft": ("pass", "softfail"),
            "neutral": ("neutral", "neutral"), "include": ("pass", "fail"),
            "redirect": ("pass", "fail"), "mx": ("pass", "fail"),
            "exists": ("pass", "fail"), "typo": ("permerror", "permerror"),
            "loop": ("permerror", "permerror"), "nothing": ("none", "none")}.items():
        add(f"spf {name}", plain(f"{name}.test"), f"{name}.test", spf=good)
        add(f"spf {name}, elsewhere", plain(f"{name}.test"), f"{name}.test", BAD, spf=bad)

    for name in ("reject", "quarantine", "watch", "narrow"):
        add(f"dmarc {name} by spf", plain(f"{name}.test"), f"{name}.test", spf="pass",
            dmarc="pass")
        add(f"dmarc {name} fails", plain(f"{name}.test"), f"{name}.test", BAD, spf="fail",
            dmarc="fail")
        add(f"dmarc {name}, another sender", plain(f"{name}.test"), "pass.test", spf="pass",
            dmarc="fail")
    add("dmarc sender below", plain("reject.test"), "sub.reject.test", spf="pass",
        dmarc="pass")
    add("dmarc From below", plain("sub.reject.test"), "reject.test", spf="pass", dmarc="pass")
    add("dmarc strict, sender below", plain("narrow.test"), "sub.narrow.test", spf="pass",
        dmarc="fail")
    add("dmarc no policy in the record", plain("garbage.test"), "garbage.test", spf="pass",
        dmarc="permerror")

    def signed(name, results, header_from="signed.test", dmarc=None, change=None, base=None,
               **how):
        raw = base or plain(header_from)
        for selector in results:
            raw = keys.sign(raw, selector, **how)
        if change:
            assert change[0] in raw
            raw = raw.replace(*change)
        if dmarc is None:
            dmarc = "pass" if "pass" in results.values() else "fail"
        add(f"dkim {name}", raw, "pass.test", spf="pass", dkim=results, dmarc=dmarc)

    for canon in ("simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"):
        signed(canon, {"rsa": "pass"}, canon=canon)
        signed(f"{canon}, other body", {"rsa": "fail"}, canon=canon,
               change=(b"hello", b"gotcha"))
    signed("ed25519", {"ed": "pass"})
    signed("two keys", {"rsa": "pass", "ed": "pass"})
    signed("1024 bits", {"mid": "pass"})
    signed("other subject", {"rsa": "fail"}, change=(b"Subject: a", b"Subject: b"))
    signed("both other subject", {"rsa": "fail", "ed": "fail"},
           change=(b"Subject: a", b"Subject: b"))
    signed("relaxed white space", {"rsa": "pass"}, change=(b"hello,  world ", b"hello, world"))
    signed("simple white space", {"rsa": "fail"}, canon="simple/simple",
           change=(b"hello,  world ", b"hello, world"))
    signed("expired", {"rsa": "policy"}, t=1600000000, x=1600086400)
    signed("not yet expired", {"rsa": "pass"}, t=1600000000, x=4000000000)
    signed("whole body by l=", {"rsa": "pass"}, length=True)
    signed("text after l=", {"rsa": "policy"}, length=True,
           change=(b"world \r\n\r\n", b"world \r\n\r\nbuy more\r\n"))
    signed("sha1", {"rsa": "policy"}, algorithm="rsa-sha1")
    signed("short key", {"short": "policy"})
    signed("key for sha1 alone", {"sha1only": "permerror"})
    signed("key for other services", {"other": "permerror"})
    signed("revoked", {"revoked": "permerror"})
    signed("no key", {"missing": "permerror"})
    signed("strict key, i= is the domain", {"strict": "pass"})
    signed("strict key, i= below", {"strict": "permerror"}, i="@sub.signed.test")
    signed("i= elsewhere", {"rsa": "permerror"}, i="@pass.test")
    signed("of a trial", {"trial": "pass"})
    signed("From unsigned domain", {"rsa": "pass"}, header_from="reject.test", dmarc="fail")
    signed("From below the signer", {"rsa": "pass"}, header_from="sub.signed.test")
    sealed = keys.seal(plain("nothing.test"))
    for name, raw, verdict in (
            ("one seal", sealed, "pass"), ("two seals", keys.seal(sealed), "pass"),
            ("other body", sealed.replace(b"hello", b"gotcha"), "fail"),
            ("other results", sealed.replace(b"spf=none", b"spf=pass"), "fail"),
            ("other body between", keys.seal(sealed.replace(b"hello", b"gotcha")), "fail")):
        add(f"arc {name}", raw, "nothing.test", spf="none", arc=verdict)
    return made


def zones(keys):
    """What the DNS says of them."""
    found = {f"{name}.test": f'@ TXT "{text}"\n' for name, text in SPF.items()}
    found["mx.test"] += "@ MX 1 out\nout A 127.0.7.1\nout A 192.0.2.1\n"
    found["exists.test"] += "".join(f"{name}.in-addr.ok A 127.0.0.2\n"
                                    for name in ("1.2.0.192", "1.7.0.127"))
    found["nothing.test"] = "@ A 127.0.0.1\n"
    found["signed.test"] = keys.records() + (
        '_dmarc TXT "v=DMARC1; p=reject"\nsub A 127.0.0.1\n')
    for name, policy in POLICIES.items():
        found[f"{name}.test"] = "".join(
            f'{host} A 127.0.0.1\n{host} TXT "{SPF["pass"]}"\n'
            for host in ("@", "sub")) + f'_dmarc TXT "{policy}"\n'
    found["client.test"] = "mail A 127.0.7.1\nmail A 192.0.2.1\n"
    found["2.0.192.in-addr.arpa"] = "1 PTR mail.client.test.\n"
    found["127.in-addr.arpa"] = "1.7.0 PTR mail.client.test.\n"
    return found

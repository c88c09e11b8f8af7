"""Turns the RFC 7208 test suite (YAML) into lines that spf_suite reads.

zone NAME TYPE DATA...     test NAME CLIENT HELO MAILFROM RESULTS EXPLANATION
Fields stand between tabs; bytes that are not printable ASCII as \\xHH.
"""
import sys
import yaml


def field(value):
    raw = str(value).encode("latin-1", "replace")
    return "".join(chr(b) if 32 <= b < 127 and b != 92 else f"\\x{b:02x}" for b in raw)


def line(*fields):
    print("\t".join(field(f) for f in fields))


def zone(name, records):
    # Records of type SPF stand for TXT where the suite gives no TXT itself.
    has_txt = any(isinstance(r, dict) and "TXT" in r for r in records)
    for r in records:
        if not isinstance(r, dict):
            line("zone", name, r)
            continue
        for kind, data in r.items():
            if kind == "SPF":
                if has_txt:
                    continue
                kind = "TXT"
            if kind == "MX":
                line("zone", name, "MX", data[1])
            elif kind == "TXT" and data == "NONE":
                line("zone", name, "NODATA")
            elif kind in ("TIMEOUT", "CNAMELOOP"):
                line("zone", name, "TIMEOUT")
            else:
                line("zone", name, kind,
                     "".join(map(str, data)) if isinstance(data, list) else data)


for scenario in yaml.safe_load_all(open(sys.argv[1], encoding="utf-8")):
    line("scenario", scenario["description"])
    for name, records in scenario["zonedata"].items():
        zone(name, records)
    for name, test in scenario["tests"].items():
        results = test["result"]
        if isinstance(results, list):
            results = ",".join(results)
        explanation = test.get("explanation", "*")
        line("test", name, test["host"], test["helo"], test["mailfrom"], results,
             "" if explanation == "DEFAULT" else explanation)

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Holds what ketenwacht says of pairs of schemas, and reads of their datums, against Java's and fastavro's answers.

Every disagreement is one of those that are named here, or a failure. Usage: evolutions_compare.py KETENWACHT FOLDER, where
FOLDER holds pairs.jsonl and the answers to it, java.jsonl and fastavro.jsonl.
"""

import collections
import json
import pathlib
import struct
import subprocess
import sys

# What others do that their own verdict, or Avro's specification, does not say; each comes up among the stored pairs.
NAMED = {
    "java-guard": "Java refuses lists whose items the reader has larger than the writer (a field more, a promotion), near the end of the bytes",
    "java-default": "Java refuses to read when an alias renames a field that stands in a default of the writer",
    "java-parse": "Java cannot parse a default of a record that is not yet whole",
    "fastavro-short-name": "fastavro chooses in a union by the name without namespace, and of several the first",
    "fastavro-reference": "fastavro does not find a branch that is written as the name of a type",
    "fastavro-float": "fastavro keeps all digits of a whole number that is read as float",
}


def bare(schema):
    """Without logical types: what is compared is what was written."""
    if isinstance(schema, list):
        return [bare(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: bare(value) if key in ("type", "items", "values", "fields") else value for key, value in schema.items() if key != "logicalType"}


def single(number):
    try:
        return struct.unpack("<f", struct.pack("<f", number))[0]
    except OverflowError:
        return None


def same(a, b, rounded=False):
    """Whether two values in JSON are the same; numbers also when they are one float, whatever digits it is written with, or @rounded to one."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key], rounded) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y, rounded) for x, y in zip(a, b))
    if isinstance(a, bool) or isinstance(b, bool) or not isinstance(a, (int, float)) or not isinstance(b, (int, float)):
        return type(a) is type(b) and a == b
    return a == b or (single(a) == single(b) and (rounded or single(a) in (a, b)))


def hexed(value):
    """fastavro gives a default of bytes or fixed as the text that stands in the schema: the generator's are these."""
    if isinstance(value, dict):
        return {key: hexed(v) for key, v in value.items()}
    if isinstance(value, list):
        return [hexed(v) for v in value]
    return value.encode("latin-1").hex() if isinstance(value, str) and value and set(value) <= {"\u00fe", "\u00ff"} else value


def short_names_meet(schema):
    """Whether somewhere a union has two named types that are called the same, or nearly."""
    seen = {}

    def note(s, space):
        if isinstance(s, list):
            return any([note(b, space) for b in s] + [len(names(s)) > len(set(names(s)))])
        if not isinstance(s, dict):
            return False
        space = s["name"].rpartition(".")[0] if "." in s.get("name", "") else s.get("namespace", space)
        seen[s.get("name")] = space
        return any(note(x, space) for x in [s.get("items"), s.get("values"), *[f["type"] for f in s.get("fields", [])]])

    def names(branches):
        made = []
        for b in branches:
            name = b.get("name") if isinstance(b, dict) else b
            made += [n.rpartition(".")[2] for n in [name, *(b.get("aliases", []) if isinstance(b, dict) else [])] if n]
        return made

    return note(schema, "")


class Comparison:
    """All pairs of a folder."""

    def __init__(self, ketenwacht, folder):
        self.ketenwacht, self.folder = ketenwacht, pathlib.Path(folder)
        self.counts, self.failures = collections.Counter(), 0

    def fail(self, pair, what):
        self.failures += 1
        if self.failures <= 5:
            print(f"pair {pair['pair']}: {what}\n  writer {json.dumps(pair['writer'])}\n  reader {json.dumps(pair['reader'])}")

    def schema(self, name, schema):
        path = self.folder / name
        path.write_text(json.dumps(schema), encoding="utf-8")
        return str(path)

    def run(self, *words, data=b""):
        return subprocess.run([self.ketenwacht, *words], input=data, capture_output=True, check=False)

    def verdict(self, pair):
        """None when a schema is refused, else the reasons."""
        got = self.run("schema", "compatible", "--level", "BACKWARD", "--json", "--lang", "en", self.schema("w.avsc", pair["writer"]),
                       self.schema("r.avsc", pair["reader"]))
        if got.returncode == 2:
            return None
        return [json.loads(line) for line in got.stdout.splitlines()][:-1]

    def judged(self, pair, reasons, java):
        """Whether both say the same, and of a stored pair what is stored."""
        if pair.get("wanted", java["reads"]) != java["reads"]:
            self.fail(pair, f"Java's verdict is not the stored one: {java['reads']}")
        if java["reads"] and any(r["avro"] for r in reasons):
            self.fail(pair, f"Java reads it, we do not: {reasons[0]['reason']}")
        elif not java["reads"] and not reasons:
            self.fail(pair, "Java does not read it, we do")
        elif java["reads"] and reasons:
            for code in {r["code"] for r in reasons}:
                self.counts["stricter: " + code] += 1
        self.counts["compatible" if not reasons else "not compatible"] += 1

    def known(self, pair, who, answer, ours):
        """The name of what @who does, or None."""
        error = answer.get("error", "")
        if who == "java":
            return "java-guard" if "Collection claims" in error else "java-default" if "Invalid default for field" in error else None
        if "value" in answer and same(ours, hexed(answer["value"]), rounded=True):
            return "fastavro-float"
        if short_names_meet(pair["reader"]):
            return "fastavro-short-name"
        return "fastavro-reference" if "string indices must be integers" in error else None

    def read(self, pair, answers):
        """Each datum by all three; both schemas go together."""
        data = [bytes.fromhex(text) for text in pair["data"]]
        if not all(data):  # what takes no bytes cannot be told from nothing
            return
        got = self.run("decode", "--writer", self.schema("w.avsc", bare(pair["writer"])), "--reader", self.schema("r.avsc", bare(pair["reader"])),
                       data=b"".join(data))
        ours = [json.loads(line) for line in got.stdout.splitlines()]
        if got.returncode or len(ours) != len(data):
            self.fail(pair, f"we do not read it: {got.stderr.decode()}")
            return
        for who, answer in answers.items():
            for i, one in enumerate(answer["data"]):
                value = hexed(one["value"]) if who == "fastavro" and "value" in one else one.get("value")
                self.counts[f"values compared with {who}"] += 1
                if "error" not in one and same(ours[i], value):
                    continue
                name = self.known(pair, who, one, ours[i])
                if name:
                    self.counts[name] += 1
                else:
                    self.fail(pair, f"datum {pair['data'][i]}: we read {json.dumps(ours[i])}, {who} {json.dumps(one)}")

    def canonical(self, pair, java):
        got = self.run("schema", "canonical", self.schema("w.avsc", pair["writer"]))
        if got.stdout.decode().rstrip("\n") != java["canonical"]:
            self.fail(pair, f"canonical: we say {got.stdout.decode()}, Java {java['canonical']}")

    def one(self, pair, java, fastavro):
        reasons = self.verdict(pair)
        if reasons is not None and "Schema fields not set yet" in java.get("refused", ""):
            self.counts["java-parse"] += 1
        elif (reasons is None) != ("refused" in java):
            self.fail(pair, f"a schema is refused by one of us: {java.get('refused')}")
        elif reasons is not None:
            self.judged(pair, reasons, java)
            self.canonical(pair, java)
            if not reasons and pair["data"] and "refused" not in fastavro:
                self.read(pair, {"java": java, "fastavro": fastavro})

    def all(self):
        files = [(self.folder / name).open(encoding="utf-8") for name in ("pairs.jsonl", "java.jsonl", "fastavro.jsonl")]
        for lines in zip(*files):
            self.one(*map(json.loads, lines))
        for name, n in sorted(self.counts.items()):
            print(f"{n:8} {name}{': ' + NAMED[name] if name in NAMED else ''}")
        for what in ("compatible", "not compatible", "values compared with java", "values compared with fastavro", *NAMED):
            if not self.counts[what]:
                print(f"nothing was seen of {what}: say so where it is described, and take its row away")
                self.failures += 1
        print(f"{self.failures} disagreements without a name")
        return 1 if self.failures else 0


if __name__ == "__main__":
    sys.exit(Comparison(*sys.argv[1:]).all())

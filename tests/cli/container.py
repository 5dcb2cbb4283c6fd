#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Events from container files are what they are from JSON lines.

Usage: container.py KETENWACHT ROOT

Goal: replay, explain and report take a container file wherever they take JSON lines, from a file or a pipe, whoever wrote it, and say the same.
Method: the events of the stories, written as one file whose schema is a union of their types, in an order that nobody recorded, by a few lines of
Avro here that share nothing with the product; and files that are damaged or hold something else.
"""

import datetime
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import zlib

SYNC = b"0123456789abcdef"
MINUTE = 60


def fail(what):
    sys.exit(f"not as promised: {what}")


# -- Avro, as the specification says it --

def number(n):
    n = (n << 1) ^ (n >> 63)
    out = bytearray()
    while n > 0x7f:
        out.append(n & 0x7f | 0x80)
        n >>= 7
    return bytes(out + bytes([n]))


def text(s):
    s = s if isinstance(s, bytes) else s.encode()
    return number(len(s)) + s


def value(schema, v):
    if isinstance(schema, list):
        index = next(i for i, branch in enumerate(schema) if (branch == "null") == (v is None))
        return number(index) + value(schema[index], v)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "null":
        return b""
    if kind == "boolean":
        return bytes([v])
    if kind == "enum":
        return number(schema["symbols"].index(v))
    if kind == "string":
        return text(v)
    if kind in ("int", "long") and isinstance(v, str):
        if schema["logicalType"] == "date":
            return number((datetime.date.fromisoformat(v) - datetime.date(1970, 1, 1)).days)
        return number(round(datetime.datetime.fromisoformat(v.replace("Z", "+00:00")).timestamp() * 1000))
    if kind in ("int", "long"):
        return number(v)
    return fail(f"these tests write no {kind}")


def container(schema, data, codec="null", at_once=7):
    pack = {"null": lambda b: b, "deflate": lambda b: zlib.compress(b)[2:-4]}[codec]
    out = b"Obj\x01" + number(2) + text("avro.schema") + text(json.dumps(schema)) + text("avro.codec") + text(codec) + number(0) + SYNC
    for i in range(0, len(data), at_once):
        block = pack(b"".join(data[i:i + at_once]))
        out += number(len(data[i:i + at_once])) + text(block) + SYNC
    return out


# -- Events --

def is_whole(event, schemas):
    """Whether it can be written at all: what is refused as JSON alone cannot."""
    schema = schemas.get(event.get("event"))
    return schema and all(f["name"] in event or "default" in f for f in schema["fields"]) and "key" not in event


def datum(event, schema):
    return b"".join(value(f["type"], event.get(f["name"], f.get("default"))) for f in schema["fields"])


def union_of(events, schemas):
    names = sorted({e["event"] for e in events})
    return [schemas[n] for n in names], [number(names.index(e["event"])) + datum(e, schemas[e["event"]]) for e in events]


def instant(event):
    return datetime.datetime.fromisoformat(event["recorded_at"].replace("Z", "+00:00"))


class Run:
    def __init__(self, ketenwacht, root, config):
        self.ketenwacht, self.root, self.config = ketenwacht, root, config

    def __call__(self, command, data, *arguments, status=0):
        run = subprocess.run([self.ketenwacht, *command.split(), *arguments, "--config", self.config, "--schemas", self.root / "schemas"], input=data,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=MINUTE, check=False)
        if run.returncode != status:
            fail(f"{command}: status {run.returncode}, not {status}: {run.stderr.decode()}")
        return run.stdout.decode() if status == 0 else run.stderr.decode()


def effects(said):
    """What was told, in order; and how many were refused, which is said of a container before anything is told."""
    lines = said.splitlines()
    refused = [line for line in lines if line.startswith('{"effect":"rejected"')]
    return [line for line in lines if line not in refused], len(refused)


def is_same(run, command, events, schemas):
    """What JSON lines in recorded order say, a container says, in whatever order its data stand."""
    wanted = effects(run(command, "".join(json.dumps(e) + "\n" for e in events).encode()))
    if not wanted[0]:
        fail(f"{command} says nothing of the events of {run.config}: this would test nothing")
    mixed = events[:]
    random.Random(1).shuffle(mixed)
    for order, codec in ((events, "null"), (mixed, "deflate")):
        if effects(run(command, container(*union_of(order, schemas), codec=codec))) != wanted:
            fail(f"{command}: a container of {codec} says something else than JSON lines of the same events")


def stories(ketenwacht, root, schemas):
    seen = 0
    for story in sorted((root / "tests/stories/examples").glob("[0-9]*")):
        lines = (line for line in (story / "events.jsonl").read_text().splitlines() if line.startswith("{") and line.endswith("}"))
        events = sorted((e for e in map(json.loads, lines) if is_whole(e, schemas)), key=instant)
        if len({e["recorded_at"] for e in events}) < len(events):
            continue # what was recorded at once may be told in either order
        is_same(Run(ketenwacht, root, story.parent / "config"), "replay", events, schemas)
        seen += 1
    if seen < 5:
        fail(f"only {seen} stories could be tried")


# -- Files that are not what they should be --

def files(ketenwacht, root, schemas):
    run = Run(ketenwacht, root, root / "tests/stories/examples/config")
    lines = (root / "tests/stories/examples/01-deadline/events.jsonl").read_text().splitlines()
    events = [e for e in map(json.loads, filter(None, lines)) if "event" in e]
    started = [e for e in events if e["event"] == "measure-started"]
    schema = schemas["measure-started"]
    good = container(schema, [datum(e, schema) for e in started])
    with tempfile.TemporaryDirectory() as folder:
        # Whatever the file is called.
        path = pathlib.Path(folder) / "events.jsonl"
        path.write_bytes(good)
        for command in ("replay", "report norms --at 2024-01-01T00:00:00+01:00", f"explain --case {started[0]['case_id']}"):
            if run(command, b"", path) != run(command, good, "-"):
                fail(f"{command}: a file and a pipe differ")
        # The number of the datum that is refused.
        wrong = dict(started[0], source="gi-nowhere", event_id="620a59ce-9c7b-52e0-99a7-5dc3091f42f5")
        said = run("replay", container(schema, [datum(started[0], schema), datum(wrong, schema)]))
        if '"effect":"rejected","line":2,"code":"UNKNOWN_ORGANISATION"' not in said:
            fail(f"the second datum is of no known organisation, and replay says: {said}")
        # Damaged and foreign files end with 2 and the place.
        for data, place in ((good[:-3], f"standard input: byte {len(good) - 3}: the file is cut off here"),
                            (container(schema, [datum(started[0], schema) + b"x"]), "standard input: datum 1, in the block at byte"),
                            (container("string", [text("x")]), "holds no events")):
            said = run("replay", data, status=2)
            if place not in said:
                fail(f"{place!r} does not stand in: {said}")


def tails(ketenwacht, root):
    """One file has one schema; what has none of its own is refused before anything is asked of a broker."""
    run = Run(ketenwacht, root, root / "config")
    for topics, says in (("inbox.gm0014", "inbox.gm0014 holds events of several types"), ("case-state", "ketenwacht export --state writes them"),
                         ("plan-due escalation-raised", "name one topic, not 2"), ("plan-deu", "is the topic of no event type (did you mean 'plan-due'?)")):
        said = run(f"tail {topics} --format avro", b"", status=2)
        if says not in said:
            fail(f"tail {topics} --format avro: {says!r} does not stand in: {said}")


def decodes(ketenwacht, root):
    """decode prints data of any schema, by the one that the file brings or by another."""
    run = Run(ketenwacht, root, root / "config")
    schema = {"type": "record", "name": "R", "fields": [{"name": "s", "type": "string"}, {"name": "n", "type": ["null", "long"]}]}
    data = [text(f"datum {i}") + number(1) + number(i) for i in range(20)]
    for codec in ("null", "deflate"):
        lines = run("decode -", container(schema, data, codec)).splitlines()
        if lines != [json.dumps({"s": f"datum {i}", "n": i}, separators=(",", ":")) for i in range(20)]:
            fail(f"decode of {codec}: {lines[:3]}")
    with tempfile.TemporaryDirectory() as folder:
        reader, path = pathlib.Path(folder) / "reader.avsc", pathlib.Path(folder) / "f.avro"
        reader.write_text(json.dumps({"type": "record", "name": "R", "fields": [{"name": "n", "type": ["null", "double"]},
                                                                              {"name": "x", "type": "int", "default": 7}]}))
        path.write_bytes(container(schema, data[:1]))
        said = run("decode", b"", path, "--reader", reader)
        if said not in ('{"n":0,"x":7}\n', '{"n":0.0,"x":7}\n'):
            fail(f"decode --reader: {said}")
    for bad, arguments, status, says in (
            (container(schema, data)[:-1], ["-"], 1, "the file is cut off here"),
            (container(schema, [data[0], data[1][:-1]]), ["-"], 1, "standard input: datum 2, in the block at byte"),
            (container(schema, [data[0] + b"xx"]), ["-"], 1, "has 2 bytes behind its last datum"),
            (b"{}\n", ["-"], 2, "is no container file; say --writer FILE"),
            (b"", ["-", "--framing", "single"], 2, "--framing is not for a container file"),
            (b"", [root / "schemas/nothing.avro"], 2, "cannot open")):
        said = run("decode", bad, *arguments, status=status)
        if says not in said:
            fail(f"decode {arguments}: {says!r} does not stand in: {said}")


def main():
    ketenwacht, root = sys.argv[1], pathlib.Path(sys.argv[2])
    schemas = {p.stem: json.loads(p.read_text()) for p in (root / "schemas").glob("*.avsc")}
    stories(ketenwacht, root, schemas)
    files(ketenwacht, root, schemas)
    tails(ketenwacht, root)
    decodes(ketenwacht, root)
    print("as promised")


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A case is explained the same when only who matters to it is played.

Usage: explain_alone.py KETENWACHT ROOT

Goal: `explain FILE --case` plays a few cases of the file and says what it says when all are played, to the byte. Method: the worked examples as one
file, spoilt by seeds: late and repeated lines, ids that say something else, corrections of another's fact (each refused with an instant far ahead, which
must not move the clock), clock lines, lines that are none, escapes. Each case is explained from the file, and from standard input, where all are played.
"""

import collections
import glob
import json
import os
import random
import subprocess
import sys
import tempfile
import uuid

KETENWACHT, ROOT = sys.argv[1:3]
SEEDS = 3
CASES = 9 # of each file: beside every kind of mistake a few


def events():
    for path in sorted(glob.glob(f"{ROOT}/tests/stories/examples/*/events.jsonl")):
        for line in open(path, encoding="utf-8"):
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "recorded_at" in event:
                yield event


def written(event, way):
    if way == 0:
        return json.dumps(event)
    line = json.dumps(event, separators=(",", ":"))
    return line.replace('"event"', '"\\u0065vent"', 1) if way == 1 else line


def ahead(event, chance):
    """The same with an instant that lies years ahead."""
    at = f"{chance.randint(2027, 2035)}-01-01T10:00:00+01:00"
    return dict(event, recorded_at=at, occurred_at=at)


def spoil(event, before, chance):
    """What comes before an event."""
    kind, other = chance.randrange(12), chance.choice(before) if before else event
    if kind == 0:
        yield other
    elif kind == 1 and before:
        yield ahead(other, chance) # its id said something else
    elif kind == 2 and before:
        stranger = next((e for e in reversed(before) if e["event"] == other["event"] and e["source"] != other["source"]), None)
        if stranger: # of another source, in the case of what it replaces
            yield dict(ahead(stranger, chance), case_id=other["case_id"], event_id=str(uuid.UUID(int=chance.getrandbits(128))), replaces=other["event_id"])
    elif kind == 3:
        yield dict(ahead(other, chance), source="niemand", event_id=str(uuid.UUID(int=chance.getrandbits(128))))
    elif kind == 4:
        yield {"clock": event["recorded_at"]}


def lines(seed):
    chance = random.Random(seed)
    ordered, before = sorted(events(), key=lambda e: e["recorded_at"]), []
    for i in range(len(ordered) - 1):
        if chance.randrange(6) == 0: # late
            to = min(i + chance.randint(1, 9), len(ordered) - 1)
            ordered.insert(to, ordered.pop(i))
    for event in ordered:
        for spoilt in spoil(event, before, chance):
            yield written(spoilt, chance.randrange(4))
        yield written(event, chance.randrange(4))
        before.append(event)
    yield "{}"


def explained(arguments, given=None):
    run = subprocess.run([KETENWACHT, "explain", *arguments, "--config", f"{ROOT}/tests/stories/examples/config", "--schemas", f"{ROOT}/schemas"],
                         input=given, capture_output=True, timeout=60)
    return run.returncode, run.stdout, run.stderr


def main():
    for seed in range(SEEDS):
        text = "".join(line + "\n" for line in lines(seed)).encode()
        cases = collections.Counter(json.loads(line).get("case_id") for line in text.splitlines())
        chosen = [case for case in sorted(filter(None, cases))]
        random.Random(seed).shuffle(chosen)
        with tempfile.NamedTemporaryFile() as file:
            file.write(text)
            file.flush()
            for i, case in enumerate(chosen[:CASES] + [str(uuid.UUID(int=seed))]):
                more = ["--case", case] + (["--at", "2024-10-01T12:00:00+02:00"] if i % 3 == 2 else []) + (["--json"] if i % 2 else [])
                alone, beside = explained([file.name, *more]), explained(["-", *more], text)
                if alone != beside:
                    kept = os.path.join(tempfile.gettempdir(), "explain_alone.jsonl")
                    open(kept, "wb").write(text)
                    sys.exit(f"seed {seed}: explain {kept} {' '.join(more)}: {alone[0]}\n{alone[1].decode()}{alone[2].decode()}\n"
                             f"and with all of them: {beside[0]}\n{beside[1].decode()}{beside[2].decode()}")


main()

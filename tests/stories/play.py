#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Plays a story with the real binary and compares what is told with what is expected.

Usage: play.py BINARY CONFIG SCHEMAS EVENTS EXPECTED [--settle INSTANT]

Both sides must hold the same effects, each as often; only the keys that the contract names for an effect are looked at;
effects come in order of `at`, and the order of those with equal `at` is free.
"""

import collections
import json
import subprocess
import sys

KEYS = {
    "routed": ["effect", "at", "event", "event_id", "to", "role"],
    "plan-due": ["effect", "at", "case_id", "protocol", "norm", "instance", "stage", "due_date", "to", "role"],
    "escalation-raised": ["effect", "at", "alert_id", "case_id", "protocol", "norm", "instance", "rung", "due_date", "to", "role"],
    "escalation-resolved": ["effect", "at", "alert_id", "case_id", "protocol", "norm", "instance", "rung", "reason", "to"],
    "event-refused": ["effect", "at", "event_id", "code", "to"],
    "rejected": ["effect", "line", "code"],
}


def read(lines):
    return [json.loads(line) for line in lines if line.strip()]


def essence(effect):
    return json.dumps({key: effect.get(key) for key in KEYS[effect["effect"]]}, sort_keys=True)


def main():
    binary, config, schemas, events, expected, *rest = sys.argv[1:]
    run = subprocess.run([binary, "replay", "--config", config, "--schemas", schemas, events, *rest], stdout=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        sys.exit(f"replay ended with {run.returncode}")
    with open(expected, encoding="utf-8") as file:
        want = read(file)
    got = read(run.stdout.splitlines())
    times = [effect["at"][:19] for effect in got if "at" in effect]
    # The offset changes twice a year; within a story no two effects lie in one repeated hour.
    if times != sorted(times):
        sys.exit("the effects are not in order of at")
    missing = collections.Counter(map(essence, want)) - collections.Counter(map(essence, got))
    extra = collections.Counter(map(essence, got)) - collections.Counter(map(essence, want))
    for line in missing:
        print("missing", line)
    for line in extra:
        print("extra  ", line)
    sys.exit(1 if missing or extra else 0)


if __name__ == "__main__":
    main()

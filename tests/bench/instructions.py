#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Counts the instructions of codec and engine, and compares them with the bounds in tests/bench/instructions.

Usage: instructions.py BENCH SOURCES [--renew], BENCH being the program that measures, ketenwacht-bench

A fixed amount of work runs under callgrind; only what stands in the functions that the benchmarks measure is counted, so the
figures are those of one record or one event. They are the same on every machine but for a few per cent (libraries choose
their ways by processor), and belong to the build of ops/test: gcc, -O2. --renew writes the bounds anew: what was measured
and two per cent.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOM = 1.02
# meson has malloc fill what it hands out, which is work too.
PLAIN = {name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_TUNABLES"))}
RECORDS = 64 * 1500  # of one round of bench codec
NAMES = 8 * 2000  # of one round of bench ids
EVENTS = 2000  # of cases of 5 and 10 facts; a tenth of them of longer cases, one case at least
SIZES = {5: EVENTS, 10: EVENTS, 100: EVENTS // 10, 1000: 1000}


def counts(binary, arguments, function):
    """The instructions of each call of the function, in order."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--toggle-collect={function}", f"--dump-after={function}"]
        run = subprocess.run([*command, binary, *arguments], capture_output=True, text=True, check=False, env=PLAIN)
        if run.returncode:
            sys.exit(f"bench {' '.join(arguments)} under valgrind ended with {run.returncode}: {run.stderr[-2000:]}")
        dumps = sorted(pathlib.Path(folder).glob("out.[0-9]*"), key=lambda dump: int(dump.suffix[1:]))
        totals = [re.search(r"^(?:totals|summary): (\d+)", dump.read_text(encoding="utf-8"), re.MULTILINE) for dump in dumps]
    found = [int(total[1]) for total in totals if total and int(total[1]) > 0]
    return found or sys.exit(f"bench {' '.join(arguments)}: the function {function} was not found in the binary")


def measure(binary, sources):
    schemas = ["--schemas", str(sources / "schemas")]
    found = {}
    for name in ["decode", "encode"]:
        found[f"codec-{name}"] = counts(binary, ["codec", "--rounds", "1", *schemas], f"bench_codec_{name}")[0] / RECORDS
    for name, config, sizes in [("four", sources / "tests/bench/four-deadlines", SIZES), ("all", sources / "config", {10: EVENTS})]:
        only = ["--facts", str(next(iter(sizes)))] if len(sizes) == 1 else []
        arguments = ["engine", "--rounds", "1", "--events", str(EVENTS), *only, "--config", str(config), *schemas]
        for (facts, events), count in zip(sizes.items(), counts(binary, arguments, "bench_engine_events"), strict=True):
            found[f"engine-{name}-{facts}"] = count / events
    # Eight by the plain way come first, and behind five rounds of one by vectors eight: valgrind's processor has no instructions for SHA-1.
    ids = counts(binary, ["ids"], "bench_ids_lanes")
    found["ids-plain-eight"], found["ids-vectors-eight"] = ids[0] / NAMES, ids[6] / NAMES
    return found


def main():
    binary, sources = sys.argv[1], pathlib.Path(sys.argv[2])
    path = sources / "tests/bench/instructions"
    found = measure(binary, sources)
    if "--renew" in sys.argv[3:]:
        text = "# Instructions of one record or event, at most. Written by tests/bench/instructions.py --renew, which says more.\n"
        path.write_text(text + "".join(f"{name} {round(count * ROOM)}\n" for name, count in found.items()), encoding="utf-8")
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    bounds = {name: int(bound) for name, bound in lines}
    failed = sorted(set(found) ^ set(bounds))
    for name in failed:
        print(f"{name}: stands in one of {path} and what is measured, not in both")
    for name, count in found.items():
        bound = bounds.get(name, 0)
        print(f"{name:18} {count:9.1f} instructions, at most {bound}")
        if count > bound:
            failed.append(name)
    if failed:
        sys.exit(
            f"too many instructions: {', '.join(failed)}. Find what costs more (valgrind --tool=callgrind), or, when it is worth it, renew the\n"
            f"bounds in a build of ops/test and say why in the commit: tests/bench/instructions.py build/gcc/src/ketenwacht-bench . --renew"
        )
    if any(count < bounds[name] * 0.8 for name, count in found.items()):
        print("some are far below their bound: renew the bounds, so that what was gained is kept")


if __name__ == "__main__":
    main()

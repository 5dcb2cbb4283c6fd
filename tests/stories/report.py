#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Runs the reports of a story and compares what they print with what is expected.

Usage: report.py BINARY CONFIG SCHEMAS FOLDER. FOLDER/reports.jsonl holds one object a line: "args" of ketenwacht report (a name that ends in
.jsonl is a file of the folder), and what must come: "lines", the JSON lines in their order (of norms: of the norms that stand in them); "count", how
many lines; or "file", the exact output as a file of the folder.
"""

import json
import pathlib
import subprocess
import sys


def run(binary, config, schemas, folder, args):
    args = [str(folder / arg) if arg.endswith(".jsonl") else arg for arg in args]
    command = [binary, "report", "--config", config, "--schemas", schemas, *args]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def check(row, output, folder):
    if "file" in row:
        return output == (folder / row["file"]).read_bytes()
    lines = [json.loads(line) for line in output.decode().splitlines()]
    if "count" in row and len(lines) != row["count"]:
        return False
    if "lines" not in row:
        return True
    wanted = {(line.get("protocol"), line.get("norm")) for line in row["lines"]}
    lines = [line for line in lines if (line.get("protocol"), line.get("norm")) in wanted]
    return [list(line.items()) for line in lines] == [list(line.items()) for line in row["lines"]]


def main():
    binary, config, schemas, folder = sys.argv[1:]
    folder = pathlib.Path(folder)
    failed = 0
    for text in (folder / "reports.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(text)
        output = run(binary, config, schemas, folder, row["args"])
        if not check(row, output, folder):
            failed = 1
            print("report", *row["args"], "\n  expected", json.dumps({k: v for k, v in row.items() if k != "args"}), "\n  printed\n" + output.decode())
    sys.exit(failed)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Runs the very lines of README.md, on the embedded broker or on a real one.

Usage: readme.py BINARY ROOT protocol|demo|kafka|part

Goal: a newcomer who copies the lines sees what the text promises. Method: the blocks are cut out of README.md by their
names and run by bash in an empty folder beside links to config, schemas and ops; what they print is looked at.
"""

import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

DEADLINE_S = 180


def block(root, name):
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        found = re.search(rf"^```sh {name}\n(.*?)^```", file.read(), re.S | re.M)
    if not found:
        sys.exit(f"README.md has no block {name}")
    return found.group(1)


def without(text, line_start):
    lines = text.splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(line_start)]
    if len(kept) == len(lines):
        sys.exit(f"no line begins with {line_start}")
    return "".join(kept)


def bash(script, folder, binary):
    environment = dict(os.environ, PATH=os.path.dirname(binary) + ":" + os.environ["PATH"])
    run = subprocess.run(["bash", "-c", script], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                         timeout=DEADLINE_S)
    print(run.stdout)
    return run.stdout


def expect(what, truth):
    if not truth:
        sys.exit(f"not as promised: {what}")


def records(output, event, norm):
    found = []
    for line in output.splitlines():
        if line.startswith('{"topic"'):
            record = json.loads(line)
            if record["event"] == event and record["value"]["norm"] == norm:
                found.append(record)
    return found


def check_story(output, looked_at=False):
    raised = records(output, "escalation-raised", "protector-assigned")
    resolved = records(output, "escalation-resolved", "protector-assigned")
    told = [json.loads(line) for line in output.splitlines() if line.startswith('{"topic"')]
    expect("what was written to an outbox is admitted, once", [r["topic"] for r in told if r["event"] == "first-contact-held"] == ["first-contact-held"])
    expect("and what may not be said refused", [r["value"]["code"] for r in told if r["topic"] == "inbox.gi-jbn"] == ["NOT_ALLOWED"])
    expect("the alert stands in the inbox of gm0014, once", [r["topic"] for r in raised] == ["inbox.gm0014"])
    expect("explain says that it was not met", "Jeugdbeschermer binnen vijf werkdagen: niet gehaald" in output)
    expect("the protector resolves it, late", resolved and all(r["value"]["reason"] == "MET_LATE" for r in resolved))
    if looked_at:
        page = re.search(r"^(http://127\.0\.0\.1:\d+/zaken/[0-9a-f-]{36})$", output, re.M)
        case = next((json.loads(line) for line in output.splitlines() if line.startswith("{") and '"obligations"' in line), {})
        expect("the console has the case, also for programs", page and page.group(1).endswith(case["case_id"]) and case["obligations"])
    expect("the resolution names the alert that was raised", raised[0]["value"]["alert_id"] in [r["value"]["alert_id"] for r in resolved])


def run_demo(binary, root, folder):
    demo = subprocess.Popen([binary, "demo", "--keep", "--speed", "0", "--cases", "10"], cwd=folder, stdout=subprocess.DEVNULL)
    deadline, env = time.monotonic() + DEADLINE_S, ". .cache/demo.env" # after which it does not matter where one stands
    try:
        while not os.path.exists(os.path.join(folder, ".cache/demo.env")):
            expect("the demonstration goes on", demo.poll() is None)
            expect("the demonstration is ready in time", time.monotonic() < deadline)
            time.sleep(0.1)
        check_story(bash(block(root, "first-event").replace(env, env + "\ncd /") + block(root, "first-answer") + block(root, "first-outbox") +
                         block(root, "look"), folder, binary), looked_at=True)
    finally:
        demo.send_signal(signal.SIGTERM)
        status = demo.wait(timeout=60)
    expect("the demonstration ends cleanly", status == 0)


def run_kafka(binary, root, folder):
    if "KETENWACHT_TEST_BOOTSTRAP" not in os.environ:
        sys.exit(77)
    os.environ["KETENWACHT_BOOTSTRAP"] = os.environ["KETENWACHT_TEST_BOOTSTRAP"]
    start = block(root, "real-broker")
    for line in ["ops/build", "export KETENWACHT_BOOTSTRAP=", "export PATH="]: # the test's own are there
        start = without(start, line)
    start = "export GI_HTTP=http://127.0.0.1:8080\ntrap 'kill $(jobs -p); wait' EXIT\n" + start
    event = without(block(root, "first-event"), ". .cache/demo.env")
    check_story(bash(start + event + block(root, "first-answer") + block(root, "first-outbox"), folder, binary))


def run_protocol(binary, root, folder):
    output = bash(block(root, "first-protocol"), folder, binary)
    expect("check accepts it", "1 protocols, 1 norms" in output or "1 protocol" in output)
    expect("the term explains itself", "10 werkdagen na vrijdag 1 mei 2026" in output)
    expect("both hear of it", '"to":"gm0014"' in output and output.count('"effect":"escalation-raised"') == 2)


def rows_of_part(root):
    """Of the table "How do I take part": the files of a row, and its lines."""
    with open(os.path.join(root, "README.md"), encoding="utf-8") as file:
        text = re.search(r"^## How do I take part\n(.*?)^## ", file.read(), re.S | re.M).group(1)
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in text.splitlines() if line.startswith("| ")][1:]
    rows = []
    for _, files, lines, _ in cells:
        files = re.findall(r"`([^`]+\.yaml)`", files) or re.findall(r"config/connectors/[a-z0-9-]+\.yaml", lines)
        rows.append(([file if "/" in file else "config/connectors/" + file for file in files], re.findall(r"`(ketenwacht [^`]+)`", lines)))
    return rows


def run_part(binary, root, folder):
    """With what the block sets and makes every file of the table is ready, in copies whose folders are the test's own; tables are printed."""
    os.unlink(os.path.join(folder, "config"))
    shutil.copytree(os.path.join(root, "config"), os.path.join(folder, "config"))
    rows = rows_of_part(root)
    files = {file for some, _ in rows for file in some}
    expect("every sample stands in the table, but the one for many", files | {"config/connectors/webhooks.yaml"} ==
           {os.path.relpath(path, root) for path in glob.glob(os.path.join(root, "config/connectors/*.yaml"))})
    for file in files:
        path = os.path.join(folder, file)
        with open(path, encoding="utf-8") as sample:
            text = sample.read()
        with open(path, "w", encoding="utf-8") as copy:
            copy.write(re.sub(r"(?m)^(\w+: )(/var/)", rf"\1{folder}\2", text))
    before = block(root, "take-part").replace(" /var/", f" {folder}/var/")
    bare = bash(f"for file in {' '.join(sorted(files))}; do ketenwacht connect check $file; done", folder, binary)
    expect("without the secrets it is said which are missing", "the environment has no variable KETENWACHT_TOKEN_GI_JBN" in bare)
    output = bash(before + "".join(f"ketenwacht connect check {file}\n" for file in sorted(files)), folder, binary)
    expect("each is ready", output.count("ready to run") == len(files))
    for some, lines in rows:
        for file in some:
            name = os.path.basename(file).removesuffix(".yaml")
            if any("ddl" in line for line in lines):
                expect(f"its tables are printed: {name}", "CREATE TABLE" in bash(before + f"ketenwacht connect ddl {file}", folder, binary))
            if re.match("files-|ijw", name):
                expect(f"a try without effect goes well: {name}", "ready to run" in bash(before + f"ketenwacht connect check --try {file}", folder, binary))


def main():
    binary, root, kind = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="ketenwacht-readme-") as folder:
        for name in ["config", "schemas", "ops"]:
            os.symlink(os.path.join(root, name), os.path.join(folder, name))
        {"protocol": run_protocol, "demo": run_demo, "kafka": run_kafka, "part": run_part}[kind](binary, root, folder)


if __name__ == "__main__":
    main()

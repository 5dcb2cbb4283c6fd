#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The demonstration tells what replay tells, every time, and leaves nothing behind.

Usage: demo.py BINARY ROOT mock|kafka

Goal: what people see in the demonstration is what the engine decides, whatever the machine. Method: a generated year and a
file of one's own go through the whole chain as fast as it can, on the embedded broker and on a real one; the summary is compared with
the effects of `ketenwacht replay` over the same lines.
"""

import collections
import contextlib
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

DEADLINE_S = 180


def expect(what, truth):
    if not truth:
        sys.exit(f"not as promised: {what}")


class Program:
    def __init__(self, binary, root, more):
        self.binary, self.root, self.more, self.folder = binary, root, more, None

    def run(self, *arguments, status=0, text=None):
        folders = ["--config", os.path.join(self.root, "config"), "--schemas", os.path.join(self.root, "schemas")]
        run = subprocess.run([self.binary, *arguments, *folders], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False,
                             timeout=DEADLINE_S, cwd=self.folder)
        sys.stderr.write(run.stderr)
        expect(f"{' '.join(arguments)} ends with {status}, not {run.returncode}", run.returncode == status)
        return run

    def summary(self, *arguments):
        return json.loads(self.run("demo", "--json", "--speed", "0", *arguments, *self.more).stdout)

    def replay(self, lines):
        counts, alerts = collections.Counter(), collections.defaultdict(collections.Counter)
        for line in self.run("replay", "-", text=lines).stdout.splitlines():
            effect = json.loads(line)
            kind = effect.get("stage", effect["effect"])
            counts[kind] += 1
            if kind in ("escalation-raised", "escalation-resolved"):
                alerts[effect["to"]][kind] += 1
        return counts, {org: (n["escalation-raised"], n["escalation-resolved"]) for org, n in alerts.items()}


def told_to(program, lines, organisation):
    """What replay tells an organisation: copies by event, alerts and resolutions by norm."""
    copies, alerts = collections.Counter(), collections.Counter()
    for line in program.run("replay", "-", text=lines).stdout.splitlines():
        effect = json.loads(line)
        if effect.get("to") == organisation and effect["effect"] == "routed":
            copies[effect["event"]] += 1
        elif effect.get("to") == organisation and effect["effect"] in ("escalation-raised", "escalation-resolved"):
            alerts[effect["norm"]] += 1
    return copies, alerts


def compare(program, lines, summary):
    counts, alerts = program.replay(lines)
    told = {"copies": "routed", "announced": "ANNOUNCED", "reminded": "REMINDER", "raised": "escalation-raised", "resolved": "escalation-resolved"}
    for name, kind in told.items():
        expect(f"{name} as replay: {summary[name]}, {counts[kind]}", summary[name] == counts[kind])
    expect("alerts by organisation as replay", {o: (a["raised"], a["resolved"]) for o, a in summary["alerts"].items()} == alerts)
    expect("something was delivered", summary["delivered"] > 0)


@contextlib.contextmanager
def database(root):
    """A PostgreSQL as ops/demo starts it; its port."""
    folder = tempfile.mkdtemp(prefix="ketenwacht-test-database-")
    os.chmod(folder, 0o755) # its owner is another user when root starts it
    script, place = os.path.join(root, "ops", "postgres"), os.path.join(folder, "cluster")
    try:
        with tempfile.TemporaryFile("w+") as out: # a pipe would stay open for as long as it lives
            started = subprocess.run([script, "start", "--dir", place], stdout=out, check=False, timeout=DEADLINE_S)
            expect("a database starts", started.returncode == 0)
            out.seek(0)
            yield out.read().strip()
    finally:
        subprocess.run([script, "stop", "--dir", place], check=False, timeout=DEADLINE_S)
        shutil.rmtree(folder, ignore_errors=True)


def a_year(program, folder):
    arguments = ["--cases", "12", "--seed", "7"]
    lines = program.run("demo", "--print", *arguments).stdout
    program.folder = folder
    with database(program.root) as port:
        summary = program.summary("--with", "mail,postgres", "--postgres", port, *arguments)
    expect(f"each record is one row: {summary['rows']} of {summary['delivered']}", summary["rows"] == summary["delivered"])
    alerts = summary["alerts"]["gm0014"]["raised"] + summary["alerts"]["gm0014"]["resolved"]
    expect(f"each alert and resolution is one mail: {summary['mailed']} of {alerts}", summary["mailed"] == alerts > 0)
    copies, alerts_on = told_to(program, lines, "gm0014")
    for event in ("court-decided", "allocation-requested", "help-ended"):
        expect(f"the database has each {event}: {summary['rows_of']}, {copies}", summary["rows_of"][event] == copies[event] > 0)
    for norm in ("verdict-taken-up", "allocation-answered", "allocation-decided"):
        expect(f"mails on {norm}: {summary['mailed_on']}, {alerts_on}", summary["mailed_on"][norm] == alerts_on[norm])
    expect("some of them", sum(summary["mailed_on"].values()) > 0)
    expect("and one file", len(glob.glob(os.path.join(folder, ".cache/demo-mail/*.eml"))) == alerts)
    expect("everything was posted", summary["posted"] == len(lines.splitlines()) and summary["not_taken"] == 0 and summary["dead"] == 0)
    own = [line for line in lines.splitlines() if json.loads(line)["source"] == "gi-wss"]
    expect("one takes part by its outbox and inbox alone", summary["written"] == len(own) > 0 and summary["collected"] > 0)
    expect("each event once", summary["facts"] == len(set(lines.splitlines())))
    compare(program, lines, summary)


def a_file(program, folder):
    lines = program.run("demo", "--print", "--cases", "1").stdout.splitlines()
    source = [line for line in lines if json.loads(line)["event"] == "measure-started"] + [
        'no event\n', '{"clock":"2022-04-01T00:00:00+02:00"}'] + [line for line in lines if json.loads(line)["event"] == "help-started"]
    path = os.path.join(folder, "events.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write("\n".join(source) + "\n")
    summary = program.summary("--file", path)
    expect("the line that is none is left out", summary["not_taken"] == 1)
    compare(program, "\n".join(source), summary)


def stopped_early(program):
    """A signal at any time ends it cleanly; the folder with its tokens is gone."""
    demo = subprocess.Popen([program.binary, "demo", "--cases", "3", "--config", os.path.join(program.root, "config"), "--schemas",
                             os.path.join(program.root, "schemas"), *program.more], stdout=subprocess.PIPE, text=True)
    expect("it says that it starts", "Starting" in demo.stdout.readline())
    demo.stdout.readline() # the first line of progress: it plays
    demo.send_signal(signal.SIGTERM)
    demo.stdout.read()
    expect("a stop is no failure", demo.wait(timeout=DEADLINE_S) == 0)


def mistakes(program):
    program.run("demo", "--cases", "0", status=2)
    program.run("demo", "--file", "/nonexistent", status=2)
    program.run("demo", "--with", "mail,post", status=2)
    program.run("demo", "--with", "postgres", status=2)
    program.run("demo", "--file", "-", status=2, text="\n")
    expect("a broker that is gone: one sentence", "127.0.0.1:1" in program.run("demo", "--bootstrap", "127.0.0.1:1", status=3).stderr)


def topics_of_demos(bootstrap):
    listing = subprocess.run(["kcat", "-b", bootstrap, "-L", "-J"], stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE_S).stdout
    return {t["topic"] for t in json.loads(listing)["topics"] if t["topic"].startswith("demo-")}


def main():
    binary, root, kind = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
    bootstrap = os.environ.get("KETENWACHT_TEST_BOOTSTRAP")
    if kind == "kafka" and not bootstrap:
        sys.exit(77)
    others = topics_of_demos(bootstrap) if kind == "kafka" else set()
    program = Program(binary, root, ["--bootstrap", bootstrap] if kind == "kafka" else [])
    with tempfile.TemporaryDirectory(prefix="ketenwacht-test-") as folder:
        os.environ["TMPDIR"] = folder
        a_file(program, folder)
        if kind == "mock":
            a_year(program, folder)
            mistakes(program)
        stopped_early(program)
        expect("no scratch folder is left", not glob.glob(os.path.join(folder, "ketenwacht-demo-*")))
    if kind == "kafka":
        expect("no topic is left", topics_of_demos(bootstrap) <= others)


if __name__ == "__main__":
    main()

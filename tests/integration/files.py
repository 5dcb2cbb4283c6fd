#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Files become events, and inboxes files: all of it once, whatever dies, also with SFTP on the other side of the folder.

Usage: files.py BINARY ROOT TOPIC_TOOL CASE

Goal: every good line of a file is a fact once, every wrong one is said, and every record of an inbox stands in one row of the files of its days. Method:
lines of the load of the fault tests in both forms, with wrong ones among them; the connectors are killed with -9 at moments drawn from the seed; then
facts, dead letters, reports, `deliveries` and the rows of all files are compared with what was written and with the inbox. `sftp`: OpenSSH's server with
internal-sftp on 127.0.0.1, and its client, put files there and fetch them.
"""

import csv
import getpass
import glob
import io
import os
import re
import shutil
import socket
import subprocess

import fault_load
from canary import BIRTH, BSN, NAME, Canaries
from every_step import FILES, every_step
from fault_run import WAIT_S, expect, jsonl, say, wait_for
from faults import main

OWNER, TOLD = "gi-a", "gm0001"
MANY = 10000
STATES = {"PUBLISHED", "REFUSED"}


def world_of(trial):
    """In the suite `full` no broker is given."""
    if trial.bootstrap == "its own":
        trial.own_broker()
    return trial.world()


class Folders:
    """Where files go in and come out, with the connectors on them."""

    def __init__(self, world, percent=20):
        self.world = world
        self.within, self.outside = (os.path.join(world.folder, name) for name in ("in", "out"))
        os.makedirs(self.within)
        os.makedirs(self.outside)
        self.into = f"connector: files-in\norganisation: {OWNER}\nfolder: {self.within}\nbad_percent: {percent}\n"
        self.out = f"connector: files-out\norganisation: {TOLD}\nfolder: {self.outside}\nparallel: 64\n"

    def put(self, name, text):
        """As who knows how: written under another name, and renamed."""
        path = os.path.join(self.within, "." + name)
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        os.rename(path, os.path.join(self.within, name))

    def over(self, end, name):
        return os.path.exists(os.path.join(self.within, end, name))

    def report(self, end, name):
        with open(os.path.join(self.within, end, name + ".report.csv"), encoding="utf-8-sig", newline="") as file:
            text = file.read()
        Canaries().silent(f"the report of {name}", text.encode())
        return list(csv.DictReader(io.StringIO(text), delimiter=";"))

    def rows(self, torn=False, within=""):
        """Of all files, those of today included, which nobody fetches yet. torn: a row may be cut off. within: a folder in the folder."""
        return rows_of(os.path.join(self.outside, within), torn)


def rows_of(folder, torn=False):
    found = []
    for path in glob.glob(os.path.join(folder, "*.csv")) + glob.glob(os.path.join(folder, ".*.csv.tmp")):
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
        expect(f"{path} has whole lines", torn or not text or text.endswith("\r\n"))
        found += csv.DictReader(io.StringIO(text), delimiter=";")
    return found


def mine(trial, least):
    """Lines that the owner may send, of measures and their protectors."""
    lines = []
    while len(lines) < least:
        lines += [line for line in trial.load.case() if line["source"] == OWNER and line["event"] in ("measure-started", "protector-assigned")]
    unique = {line["event_id"]: line for line in lines}
    return list(unique.values())


def table(lines, separator=";"):
    """As a spreadsheet would write it, dates as people write them; without the event_ids of half of them."""
    names = sorted({name for line in lines for name in line} - {"source"})
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, lineterminator="\r\n")
    writer.writerow(names)
    for line in lines:
        writer.writerow("" if line.get(name) is None else "ja" if line[name] is True else line[name] for name in names)
    return "\ufeff" + out.getvalue()


def wrong(line):
    return {**line, "event_id": fault_load.id_of(line["event_id"], "wrong"), "birth_date": f"{BSN}, {NAME}, {BIRTH}", "event": "measure-started"}


def leaking(line):
    """Lines that are wrong, each with a person in another place."""
    return [{**line, "event": NAME}, {**line, "case_id": BSN}, {**line, "event_id": BSN}, {**line, "source": BSN}, {**line, "kind": BSN}, {**line, NAME: BSN},
            {**line, "verdict_date": NAME}, {**line, "municipality": BSN}, {**line, "gi": NAME}, {**line, "occurred_at": BSN}, {**line, "measure_id": BSN}]


def published(world):
    return [record["value"] for record in world.tail("measure-started", "protector-assigned")]


def letters(world, name):
    return [letter for letter in world.tail("dead-letters") if letter["headers"]["kw-topic"] == "outside." + name]


def check_facts(world, lines, once=True):
    """All of them stand there; each once on its topic, or (after kills) at least in the state."""
    wanted = {line["event_id"] for line in lines}
    got = [value["event_id"] for value in published(world)]
    expect(f"{len(set(got))} events, {len(wanted)} lines", set(got) == wanted)
    expect("each once", not once or len(got) == len(wanted))
    world.once("--now", "2099-01-01T00:00:00Z")
    facts = world.facts()
    expect(f"{len(facts)} facts, each once", sorted(facts) == sorted(wanted))


def check_rows(world, folders, connector):
    """Each record of the inbox in one row, and settled."""
    inbox = world.tail("inbox." + TOLD)

    def settled():
        connector.look_after()
        told = [row["value"] for row in world.tail("deliveries")]
        return {row["inbox_offset"] for row in told if row["outcome"] == "DELIVERED"} == {record["offset"] for record in inbox}

    wait_for("everything is delivered, and deliveries say each", settled, look=0.3)
    rows = folders.rows()
    expect(f"{len(rows)} rows for {len(inbox)} records", len(rows) == len(inbox) > 0)
    expect("each delivery once", len({row["delivery_id"] for row in rows}) == len(rows))
    expect("the rows are the records", sorted((row["event"], row["event_id"], row["case_id"]) for row in rows) ==
           sorted((record["event"], record["value"]["event_id"], record["key"]) for record in inbox))
    say(f"  {len(rows)} rows, each once")


def both(trial):
    """A table and lines of JSON with wrong ones among them, a file twice, one that is refused whole; and what is told of it as files."""
    world = world_of(trial)
    folders = Folders(world)
    connector = world.connector("files-in", folders.into, "--metrics", "0")
    lines = mine(trial, 60)
    measures = [line for line in lines if line["event"] == "measure-started"]
    others = [line for line in lines if line["event"] != "measure-started"]
    folders.put("measure-started-1.csv", table(measures + [wrong(measures[0])]))
    folders.put("others.jsonl", jsonl(others) + "\n{\n")
    folders.put("z-refused.csv", table([wrong(line) for line in measures] + measures[:1], ","))
    leaks = leaking(measures[0])
    folders.put("z-leaking.jsonl", jsonl(leaks) + f'{{"event": "{NAME}\n{BSN}\n{{"{BSN}"}}\n')
    wait_for("the last file is over", lambda: folders.over("refused", "z-refused.csv"))
    expect("each line that leaks is wrong", len(folders.report("refused", "z-leaking.jsonl")) == len(leaks) + 4)
    expect("the first ones are done", folders.over("done", "measure-started-1.csv") and folders.over("done", "others.jsonl"))
    report = folders.report("done", "measure-started-1.csv")
    expect(f"the report names the line: {report}", [(row["line"], row["code"]) for row in report] == [(str(len(measures) + 2), "BAD_VALUE"), ("", "PUBLISHED")])
    report = folders.report("done", "others.jsonl")
    expect(f"the report names the line: {report}", (report[0]["line"], report[0]["code"]) == (str(len(others) + 2), "MALFORMED"))
    expect("the refused one says why", folders.report("refused", "z-refused.csv")[-1]["code"] == "REFUSED")
    told = letters(world, "files-in")
    expect(f"dead letters: {told}", sorted(letter["headers"]["kw-code"] for letter in told) == ["BAD_VALUE", "FILE_REFUSED", "FILE_REFUSED", "MALFORMED"])
    expect("without what stood there", not any(letter["value"] for letter in told))
    folders.put("measure-started-1.csv", table(measures))
    wait_for("the second one is over", lambda: folders.over("done", "measure-started-1.2.csv"))
    check_facts(world, lines, once=False)
    Canaries().metrics(connector)
    connector.stop()
    out = world.connector("files-out", folders.out, "--metrics", "0")
    check_rows(world, folders, out)
    Canaries().nowhere(world, [out])
    out.stop()
    return world


def progress(count, most):
    """There is something to lose: more than when it was asked, or all."""
    before = count()
    wait_for("it does something", lambda: count() > min(before, most - 1), look=0.01)


def killed(trial):
    """Both are killed again and again; one wrong line among ten thousand costs itself alone."""
    world = world_of(trial)
    folders = Folders(world)
    lines, files = mine(trial, MANY), max(10, 2 * trial.kills)
    size = -(-len(lines) // files)
    for number in range(files):
        some = lines[number * size:(number + 1) * size]
        folders.put(f"{number:05}.jsonl", jsonl(some[:5] + ([wrong(some[0])] if number == 3 else []) + some[5:]))
    connector = world.connector("files-in", folders.into)
    for _ in range(trial.kills):
        progress(lambda: len(glob.glob(os.path.join(folders.within, "done", "*.jsonl"))), files)
        trial.pause(0, 0.05)
        connector.kill()
        connector.start()
    wait_for("all files are over", lambda: not connector.look_after() and not glob.glob(os.path.join(folders.within, "*.jsonl")))
    connector.stop()
    expect("none was refused", not os.listdir(os.path.join(folders.within, "refused")))
    told = letters(world, "files-in")
    expect(f"the wrong line and nothing else is told: {told[:2]}", {letter["headers"]["kw-offset"] for letter in told} == {"6"})
    check_facts(world, lines, once=False)
    say(f"  {trial.kills} kills, {len(lines)} lines, each a fact once, {len(told)} letters of the wrong one")
    out = world.connector("files-out", folders.out)
    inbox, kills = len(world.tail("inbox." + TOLD)), 0
    while kills < trial.kills and len(folders.rows(torn=True)) < inbox:
        progress(lambda: len(folders.rows(torn=True)), inbox)
        out.kill()
        out.start()
        kills += 1
    say(f"  {kills} kills of what writes {inbox} rows")
    check_rows(world, folders, out)
    out.stop()
    Canaries().nowhere(world)
    return world


def steps_in(trial):
    """files-in is killed before every step: each time a file with three good lines and one that names a person."""
    world = world_of(trial)
    folders = Folders(world, percent=50)
    lines, given = mine(trial, 4 * (trial.kills + 5)), []

    def make(number, before):
        some = lines[3 * number:3 * number + 3]
        given.extend(some)
        folders.put(f"{number:03}.jsonl", jsonl(some[:1] + [wrong(some[0])] + some[1:]))
        return world.connector("files-in", folders.into, before=before)

    tried = every_step(trial, make, lambda number, _: folders.over("done", f"{number:03}.jsonl"), (*FILES, "sendmsg"),
                       f"{re.escape(folders.within)}|TCP:\\[", trial.kills)
    for name in sorted(os.listdir(folders.within + "/done")):
        if name.endswith(".jsonl"):
            report = [(row["line"], row["code"]) for row in folders.report("done", name)]
            expect(f"{name} is reported whole: {report}", report == [("2", "BAD_VALUE"), ("", "PUBLISHED")])
    expect("nothing is left of it", not glob.glob(folders.within + "/*.jsonl") and not glob.glob(folders.within + "/done/.*"))
    check_facts(world, given, once=False)
    told = letters(world, "files-in")
    expect(f"{len(told)} letters of {len(given) // 3} wrong lines", len(given) // 3 <= len(told) <= len(given) // 3 + tried)
    Canaries().nowhere(world, allowed=("birth_date",))
    return world


def steps_out(trial):
    """files-out is killed before every step: each time under another name, in a folder of its own, for the same inbox."""
    world = world_of(trial)
    world.publish(trial.load.cases(20))
    world.once()
    inbox = world.tail("inbox." + TOLD)
    wanted = sorted((record["event"], record["value"]["event_id"], record["key"]) for record in inbox)
    folders = {}

    def make(number, before):
        folders[number] = os.path.join(world.folder, "out", str(number))
        os.makedirs(folders[number])
        text = f"connector: files-out\nname: out-{number}\norganisation: {TOLD}\nfolder: {folders[number]}\n"
        return world.connector(f"out-{number}", text, before=before)

    def rows(number):
        return rows_of(folders[number], torn=True)

    def over(number, _):
        if len(rows(number)) < len(inbox):
            return False
        told = [row["value"] for row in world.tail("deliveries") if row["value"]["connector"] == f"out-{number}"]
        return {row["inbox_offset"] for row in told if row["outcome"] == "DELIVERED"} == {record["offset"] for record in inbox}

    every_step(trial, make, over, (*FILES, "sendmsg"), f"{re.escape(world.folder)}/out|TCP:\\[", trial.kills)
    for number, folder in folders.items():
        found = rows_of(folder)
        expect(f"{len(found)} rows for {len(inbox)} records, each once: {number}", len({row["delivery_id"] for row in found}) == len(found) == len(inbox) > 0)
        expect("the rows are the records", sorted((row["event"], row["event_id"], row["case_id"]) for row in found) == wanted)
    expect("no record has another outcome", {row["value"]["outcome"] for row in world.tail("deliveries")} == {"DELIVERED"})
    return world


def twins(trial):
    """Two of each on one folder: the second waits, and takes over when the first is killed."""
    world = world_of(trial)
    folders = Folders(world)
    lines = mine(trial, 400)
    first, second = (world.connector(name, folders.into) for name in ("files-in", "files-in-2"))
    folders.put("1.jsonl", jsonl(lines[:200]))
    wait_for("the first file is over", lambda: folders.over("done", "1.jsonl"))
    first.kill()
    folders.put("2.jsonl", jsonl(lines[200:]))
    wait_for("the second file is over", lambda: folders.over("done", "2.jsonl") and not second.look_after())
    second.kill()
    check_facts(world, lines)
    older, younger = (world.connector(name, folders.out) for name in ("files-out", "files-out-2")) # two groups: each is to write all
    inbox = len(world.tail("inbox." + TOLD))
    wait_for("one of them has written all", lambda: len(folders.rows()) >= inbox)
    wait_for("the other waits", lambda: older.said("connect-folder-fails") or younger.said("connect-folder-fails"))
    if older.said("connect-folder-fails"):
        older, younger = younger, older
    older.kill()
    wait_for("both are done", lambda: len({(row["value"]["connector"], row["value"]["inbox_offset"]) for row in world.tail("deliveries")}) == 2 * inbox or
             younger.look_after(), look=0.3)
    rows = folders.rows()
    expect(f"{len(rows)} rows for {inbox} records", len(rows) == 2 * inbox)
    expect("each of either once", len({row["delivery_id"] for row in rows}) == len(rows))
    younger.stop()
    return world


def many(trial):
    """One process writes for many organisations, each in a folder of its own, and is killed meanwhile."""
    world = world_of(trial)
    folders = Folders(world)
    connector = world.connector("files-in", folders.into)
    folders.put("1.jsonl", jsonl(mine(trial, 600)))
    wait_for("the file is over", lambda: folders.over("done", "1.jsonl"))
    connector.stop()
    world.once("--now", "2099-01-01T00:00:00Z")
    inboxes = {name: len(world.tail("inbox." + name)) for name in (*fault_load.MUNICIPALITIES, OWNER)}
    for name in inboxes:
        os.makedirs(os.path.join(folders.outside, name))
    out = world.connector("files-out", "connector: files-out\norganisations:\n" +
                          "".join(f"  {name}: {{folder: {folders.outside}/{name}}}\n" for name in inboxes))

    def written():
        return sum(len(folders.rows(torn=True, within=name)) for name in inboxes)

    for _ in range(min(trial.kills, 5)):
        progress(written, sum(inboxes.values()))
        out.kill()
        out.start()
    wait_for("all is written", lambda: not out.look_after() and written() >= sum(inboxes.values()), look=0.3)
    out.stop()
    for name, records in inboxes.items():
        rows = folders.rows(within=name)
        expect(f"{len(rows)} rows of {name} for {records} records", len({row["delivery_id"] for row in rows}) == len(rows) == records > 0)
    return world


class Sftp:
    """OpenSSH's server, for one user and with internal-sftp alone, and its client."""

    CONFIG = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "ssh")
        os.makedirs(self.folder)
        if os.getuid() == 0:
            os.makedirs("/run/sshd", exist_ok=True) # where the server locks itself in before it knows the user
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("host", "user"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(self.folder, name)], check=True)
        path = os.path.join(self.folder, "config")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.CONFIG.format(port=self.port, folder=self.folder))
        with open(os.path.join(self.folder, "log"), "wb") as log:
            self.server = subprocess.Popen([shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-e", "-f", path], stderr=log)
        wait_for("the SFTP server", self.answers)

    def answers(self):
        expect("the SFTP server runs", self.server.poll() is None)
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def do(self, *lines):
        command = ["sftp", "-q", "-b", "-", "-P", str(self.port), "-i", os.path.join(self.folder, "user"), "-o", "StrictHostKeyChecking=no",
                   "-o", f"UserKnownHostsFile={self.folder}/known", "-o", "IdentitiesOnly=yes", f"{getpass.getuser()}@127.0.0.1"]
        run = subprocess.run(command, input="\n".join(lines) + "\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=WAIT_S)
        expect(f"sftp does {lines}: {run.stderr}", run.returncode == 0)
        return run.stdout

    def end(self):
        self.server.terminate()
        self.server.wait()


def sftp(trial):
    """A file is put under its own name and not renamed, reports are read, and the day before is fetched and removed, while both connectors run."""
    world = world_of(trial)
    folders = Folders(world)
    peer = Sftp(world.folder)
    try:
        lines = mine(trial, 300)
        local = os.path.join(world.folder, "local.jsonl")
        with open(local, "w", encoding="utf-8") as file:
            file.write(jsonl(lines) + "{\n")
        connector = world.connector("files-in", folders.into)
        peer.do(f"put {local} {folders.within}/slow.jsonl", f"put {local} {folders.within}/.second.jsonl",
                f"rename {folders.within}/.second.jsonl {folders.within}/second.jsonl")
        wait_for("both files are over", lambda: "slow.jsonl.report.csv" in peer.do(f"ls {folders.within}/done") and folders.over("done", "second.jsonl"))
        peer.do(f"get {folders.within}/done/slow.jsonl.report.csv {local}.report")
        with open(local + ".report", encoding="utf-8-sig") as file:
            expect("the report names the line", f"{len(lines) + 1};MALFORMED;" in file.read())
        check_facts(world, lines, once=False)
        connector.stop()
        out = world.connector("files-out", folders.out)
        check_rows(world, folders, out)
        out.stop()
        today = glob.glob(os.path.join(folders.outside, ".*.csv.tmp"))
        expect("nothing is to be fetched before the day is over", len(today) == 1 and not glob.glob(os.path.join(folders.outside, "*.csv")))
        yesterday = os.path.join(folders.outside, f".{TOLD}-2020-01-02.csv.tmp") # as if the day were over
        os.rename(today[0], yesterday)
        out.start()
        wait_for("the day appears", lambda: f"{TOLD}-2020-01-02.csv" in peer.do(f"ls {folders.outside}"))
        peer.do(f"get {folders.outside}/{TOLD}-2020-01-02.csv {local}.csv", f"rm {folders.outside}/{TOLD}-2020-01-02.csv")
        with open(local + ".csv", encoding="utf-8-sig", newline="") as file:
            fetched = list(csv.DictReader(file, delimiter=";"))
        expect(f"{len(fetched)} rows were fetched", len(fetched) == len(world.tail("inbox." + TOLD)))
        out.stop()
    finally:
        peer.end()
    return world


if __name__ == "__main__":
    main({"both": both, "killed": killed, "many": many, "steps-in": steps_in, "steps-out": steps_out, "twins": twins, "sftp": sftp})

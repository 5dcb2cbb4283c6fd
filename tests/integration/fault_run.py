# SPDX-License-Identifier: EUPL-1.2
"""The processes of the fault tests: a broker of one's own, workers, a publisher under whom the broker may go, and the commands that look.

Knows how to start, stop, kill and wait; knows nothing of what is right. Every wait has a deadline and says what did not come.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import fault_load

WAIT_S = 120 # for anything that must come
LOOK_S = 0.05 # between two looks
PUBLISH_TRIES = 20
RESTART_S = 1 # a supervisor waits before it starts again what gave up at once
WRITTEN = ("case-state", "plan-due", "escalation-raised", "escalation-resolved", *("inbox." + name for name in fault_load.ORGANISATIONS))


class Broken(Exception):
    """Something is not as promised."""


def expect(what, truth):
    if not truth:
        raise Broken(what)


STARTED = time.monotonic()


def say(text):
    print(f"{time.monotonic() - STARTED:6.1f} {text}", file=sys.stderr, flush=True)


def wait_for(what, probe, seconds=WAIT_S, look=LOOK_S):
    """Until the probe gives something; that."""
    deadline = time.monotonic() + seconds
    while True:
        got = probe()
        if got:
            return got
        expect(f"{what} within {seconds} s", time.monotonic() < deadline)
        time.sleep(look)


class Broker:
    """A broker that may be killed: ops/kafka with a folder of its own."""

    def __init__(self, root, folder):
        self.program, self.folder = os.path.join(root, "ops", "kafka"), os.path.join(folder, "kafka")
        self.bootstrap = self.run("start", "--port", "0")

    def run(self, command, *more):
        # A file for its output: a pipe would stay open for as long as the broker lives.
        with tempfile.TemporaryFile("w+") as out:
            run = subprocess.run([self.program, command, "--dir", self.folder, *more], stdout=out, check=False, timeout=WAIT_S)
            expect(f"ops/kafka {command} ends well", run.returncode == 0)
            out.seek(0)
            return out.read().strip()

    def start(self):
        self.run("start")

    def kill(self):
        self.run("kill")

    def stop(self):
        self.run("stop")


class World:
    """Topics under a prefix that no other run has, a folder, and the program on them."""

    def __init__(self, binary, root, tool, bootstrap, folder):
        self.binary, self.tool, self.bootstrap, self.folder = binary, tool, bootstrap, folder
        self.prefix = f"t{time.time_ns()}-{os.getpid()}."
        self.config, self.schemas = fault_load.write_configuration(folder, root, bootstrap, self.prefix)
        self.workers = []
        self.run("topics", "apply")

    def command(self, *arguments):
        return [self.binary, *arguments, "--config", self.config, "--schemas", self.schemas]

    def run(self, *arguments, text=None, status=(0,)):
        run = subprocess.run(self.command(*arguments), input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=WAIT_S)
        expect(f"{' '.join(arguments)} ends with {run.returncode}: {run.stderr}", run.returncode in status)
        return run.stdout

    def failing(self, *arguments, status):
        """What it says to people, with which it ends."""
        run = subprocess.run(self.command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=WAIT_S)
        expect(f"{' '.join(arguments)} ends with {run.returncode}: {run.stderr}", run.returncode == status)
        return run.stderr

    def tail(self, *topics, more=()):
        return [json.loads(line) for line in self.run("tail", *topics, "--until-end", "--clear", *more).splitlines()]

    def replay(self, lines, settled_at):
        return [json.loads(line) for line in self.run("replay", "-", "--settle", settled_at, text=jsonl(lines)).splitlines()]

    def publish(self, lines):
        self.run("publish", "-", text=jsonl(lines))

    def worker(self, name, *more):
        self.workers.append(Worker(self, name, more))
        return self.workers[-1]

    def connector(self, name, text, *more, before=()):
        """A connector, by what stands in its file. before: words before its command, as of strace; the process must be what we start."""
        path = os.path.join(self.folder, f"{name}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        self.workers.append(Connector(self, name, (path, *more), before))
        return self.workers[-1]

    def following(self, *topics):
        """Somebody who looks at topics for as long as they are written."""
        self.workers.append(Follower(self, "tail", topics))
        return self.workers[-1]

    def once(self, *more):
        return json.loads(self.run("rules", "--instance", "a", "--once", *more))

    def facts(self):
        """event_ids of the facts that are committed, as often as they stand there."""
        return [record["value"]["event_id"] for record in self.tail("case-state") if record.get("row") == "fact" and record["value"]]

    def leftovers(self, since=frozenset()):
        """Where records stand of transactions that came to nothing, or are open still, without those of before: what commits meanwhile is not among them."""
        place = re.compile(r'^{"topic":"([^"]+)","partition":(\d+),"offset":(\d+)', re.MULTILINE)
        everything = set(place.findall(self.run("tail", *WRITTEN, "--until-end", "--uncommitted")))
        return everything - set(place.findall(self.run("tail", *WRITTEN, "--until-end"))) - since

    def set_topic(self, topic, name, value):
        run = subprocess.run([self.tool, self.bootstrap, "set", self.prefix + topic, name, value], check=False, timeout=WAIT_S)
        expect(f"{name} of {topic} can be set", run.returncode == 0)

    def grow_topics(self, partitions, beginning=""):
        """Those of a case get so many partitions."""
        run = subprocess.run([self.tool, self.bootstrap, "grow", self.prefix + beginning, str(partitions)], check=False, timeout=WAIT_S)
        expect("the topics can be given more partitions", run.returncode == 0)

    def produce(self, topic, partition, key, value, headers):
        """Any bytes at all. A value of None is a record without one."""
        command = ["kcat", "-P", "-b", self.bootstrap, "-t", self.prefix + topic, "-p", str(partition)]
        command += [word for name, text in headers.items() for word in ("-H", f"{name}={text}")]
        path = os.path.join(self.folder, "bytes")
        with open(path, "wb") as file:
            file.write(key.encode() + b"\t\n" if value is None else value)
        command += ["-Z", "-K", "\\t", "-l", path] if value is None else ["-k", key, path] if key is not None else [path]
        expect(f"kcat can write to {topic}", subprocess.run(command, check=False, timeout=WAIT_S).returncode == 0)

    def produce_all(self, topic, partition, key, values):
        """Many values, under one key."""
        paths = [os.path.join(self.folder, f"bytes-{number}") for number in range(len(values))]
        for path, value in zip(paths, values):
            with open(path, "wb") as file:
                file.write(value)
        command = ["kcat", "-P", "-b", self.bootstrap, "-t", self.prefix + topic, "-p", str(partition), "-k", key, *paths]
        expect(f"kcat can write to {topic}", subprocess.run(command, check=False, timeout=WAIT_S).returncode == 0)

    def raw(self, topic):
        """Key and value of each record of a topic, as they are."""
        run = subprocess.run(["kcat", "-C", "-b", self.bootstrap, "-t", self.prefix + topic, "-e", "-q", "-f", "%K:%k%S:%s"], stdout=subprocess.PIPE,
                             check=True, timeout=WAIT_S)
        rest, records = run.stdout, []
        while rest:
            parts = []
            for _ in ("key", "value"):
                size, rest = rest.split(b":", 1)
                there = max(0, int(size)) # -1: none
                parts.append(rest[:there])
                rest = rest[there:]
            records.append((parts[0].decode(), parts[1]))
        return records

    def move(self, name):
        """Goes on under another prefix, in a copy of the configuration whose version is one higher. The folder of before."""
        old, self.config = self.config, os.path.join(self.folder, name)
        shutil.copytree(old, self.config)
        self.prefix = f"{self.prefix}{name}."
        for file, change in (("broker.yaml", lambda text: re.sub("(?m)^prefix: .*", f'prefix: "{self.prefix}"', text)),
                             ("version", lambda text: f"{int(text) + 1}\n")):
            path = os.path.join(self.config, file)
            with open(path, encoding="utf-8") as before:
                text = change(before.read())
            with open(path, "w", encoding="utf-8") as after:
                after.write(text)
        return old

    def cut_topics(self, beginning):
        """All their records are deleted, as retention would."""
        run = subprocess.run([self.tool, self.bootstrap, "cut", self.prefix + beginning], check=False, timeout=WAIT_S)
        expect("records can be deleted", run.returncode == 0)

    def end(self):
        """All processes, each by its number."""
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.process.kill()
                worker.process.wait()

    def forget_group(self, group):
        run = subprocess.run([self.tool, self.bootstrap, "forget", self.prefix + group], check=False, timeout=WAIT_S)
        expect(f"the group {group} can be deleted", run.returncode == 0)

    def delete_topics(self, beginning=""):
        run = subprocess.run([self.tool, self.bootstrap, "delete", self.prefix + beginning], check=False, timeout=WAIT_S)
        expect("the topics can be deleted", run.returncode == 0)


def jsonl(lines):
    return "".join(json.dumps(line) + "\n" for line in lines)


class Worker:
    """One instance: one process at a time, with a log for each of its lives."""

    def __init__(self, world, name, more, before=()):
        self.world, self.name, self.more, self.lives, self.number = world, name, more, 0, len(world.workers) + 1
        self.left, self.before = frozenset(), before
        self.start()

    def start(self):
        self.lives += 1
        self.started = time.monotonic()
        self.log = os.path.join(self.world.folder, f"log-{self.name}-{self.number}-{self.lives}")
        with open(self.log, "wb") as log, open(self.log + ".out", "wb") as out:
            self.process = subprocess.Popen([*self.before, *self.world.command(*self.arguments())], stdout=out, stderr=log)

    def arguments(self):
        return ("rules", "--instance", self.name, *self.more)

    def lines(self):
        """The log of this life."""
        with open(self.log, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line[0] == "{" and line.endswith("}\n")] # the last may be half written, or a sentence

    def said(self, event):
        return [line for line in self.lines() if line.get("event") == event]

    def text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def printed(self):
        with open(self.log + ".out", encoding="utf-8") as file:
            return file.read()

    def lives_on(self):
        return self.process.poll() is None

    def owns(self):
        """Partitions, as its threads last said; 0 before."""
        return sum({line["instance"]: line["partitions"] for line in self.said("partitions-assigned")}.values())

    def live(self):
        """Partitions that its threads have and that have caught up."""
        live = {}
        for line in self.lines():
            if line.get("event") == "partitions-assigned":
                live[line["instance"]] = set()
            elif line.get("event") == "partition-live":
                live[line["instance"]].add(line["partition"])
        return sum(len(partitions) for partitions in live.values())

    def signal(self, number):
        expect(f"{self.name} runs: {self.text() if self.process.poll() is not None else ''}", self.process.poll() is None)
        self.process.send_signal(number)

    def kill(self):
        if not self.gave_up():
            self.signal(signal.SIGKILL)
            self.process.wait()

    def ends(self):
        """Waits until it ends by itself; its status."""
        return self.process.wait(timeout=WAIT_S)

    def stop(self):
        self.signal(signal.SIGTERM)
        expect(f"{self.name} stops with 0: {self.log}", self.ends() == 0)

    def gave_up(self):
        """Whether it has ended by itself; then as it may, with 3 and a reason."""
        status = self.process.poll()
        if status is None:
            return False
        why = [line.get("error") or f"{line['call']} did not return" for event in ("failed", "watchdog") for line in self.said(event)]
        expect(f"{self.name} ends with 3 and says why, not with {status}: {self.log}", status == 3 and why)
        say(f"  {self.name} gave up: {why[-1]}")
        return True

    def look_after(self):
        """As a supervisor: starts it again when it gave up. Whether it had to."""
        if time.monotonic() < self.started + RESTART_S or not self.gave_up():
            return False
        self.start()
        return True


class Connector(Worker):
    """A connector as a process, in the same way."""

    def arguments(self):
        return ("connect", *self.more)


class Follower(Worker):
    """`tail`, which goes on."""

    def arguments(self):
        return ("tail", *self.more)


class Publisher:
    """Publishes cases line by line while the rest happens, and in the end everything again that was not acknowledged."""

    ACTIVE = 150 # cases under way
    TICK_S = 0.02

    def __init__(self, world, load, a_second, most):
        self.world, self.load, self.a_tick, self.most = world, load, max(1, round(a_second * self.TICK_S)), most
        self.lines, self.batch, self.cases, self.going, self.failed = [], [], [], True, 0
        self.lock = threading.Lock()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.open()
        self.thread.start()

    def open(self):
        self.process = subprocess.Popen(self.world.command("publish", "-"), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        text=True)
        self.batch = []

    def next_line(self):
        random = self.load.random
        while len(self.cases) < self.ACTIVE:
            self.cases.append(self.load.case())
        place = random.randrange(len(self.cases))
        line = self.cases[place].pop(0)
        if not self.cases[place]:
            self.cases.pop(place)
        return line

    def send(self, line):
        self.batch.append(line)
        with self.lock:
            self.lines.append(line)
        self.process.stdin.write(json.dumps(line) + "\n")

    def again(self):
        """The broker went under it: everything since it was opened once more; what arrived counts once."""
        batch = self.batch
        self.failed += 1
        expect("the publisher can publish at last", self.failed <= PUBLISH_TRIES)
        self.process.stdin.close()
        self.process.wait()
        self.open()
        self.batch = batch
        self.process.stdin.write(jsonl(batch))
        self.process.stdin.flush()

    def run(self):
        while self.going:
            try:
                for _ in range(self.a_tick if len(self.lines) < self.most else 1):
                    self.send(self.next_line())
                self.process.stdin.flush()
            except BrokenPipeError:
                self.retry()
            time.sleep(self.TICK_S)

    def retry(self):
        while True:
            try:
                self.again()
                return
            except BrokenPipeError:
                time.sleep(0.5)

    def finish(self):
        """What is left of the cases under way, then the end. All lines that were published."""
        self.going = False
        self.thread.join()
        while True:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                pass
            if self.process.wait(timeout=WAIT_S) == 0:
                return self.lines
            self.failed += 1
            expect("the publisher can publish at last", self.failed <= PUBLISH_TRIES)
            batch = self.batch
            self.open()
            self.batch = batch
            try:
                self.process.stdin.write(jsonl(batch))
                self.process.stdin.flush()
            except BrokenPipeError:
                time.sleep(0.5)


def make_folder(case):
    return tempfile.mkdtemp(prefix=f"ketenwacht-{case}-")


def remove_folder(folder):
    shutil.rmtree(folder, ignore_errors=True)

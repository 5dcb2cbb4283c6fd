#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Workers come and go under load, and a new configuration goes round among them: nothing is lost, nothing is told twice, no case is split.

Usage: rebalance.py BINARY ROOT TOPIC_TOOL CASE

Goal: ownership moves with the partitions of case-state, whoever joins, leaves or dies, and two versions never take turns in telling. Method: the
real program on a real broker, under a load drawn from a seed; afterwards fault_check.py compares everything that is committed with what
`ketenwacht replay --settle` makes of the same lines. How long partitions stand still around each change is measured from the broker's own stamps
and printed, not asserted.

KETENWACHT_TEST_BOOTSTRAP: the broker; without it a case is skipped. KETENWACHT_SEED: draws the same load again; a run prints its own.
"""

import copy
import datetime
import json
import os
import signal
import time

import fault_load
import faults
from fault_load import PARTITIONS
from fault_run import Publisher, expect, say, wait_for
from faults import all_live, settle_down

A_SECOND = 100 # lines of load …
MOST = 4000 # … at most
STEADY_S = 1 # of load before a change and after it
STAMPED = ("plan-due", "escalation-raised", "escalation-resolved") # by the broker, when it appends


# -- The stall --


class Stalls:
    """What happened when, and the longest silence of each partition around it."""

    def __init__(self, world):
        self.world, self.moments = world, [("steady load", self.now())]

    @staticmethod
    def now():
        return time.time_ns() // 1000000

    def begins(self, what):
        time.sleep(STEADY_S)
        self.moments.append((what, self.now()))

    def report(self):
        """Silence: between two tellings that stand next to each other in a partition, of all topics that have it, from `begins` to the next one."""
        self.begins("the end")
        stamps = [[] for _ in range(PARTITIONS)]
        for record in self.world.tail(*STAMPED):
            stamps[record["partition"]].append(datetime.datetime.fromisoformat(record["timestamp"].replace("Z", "+00:00")).timestamp() * 1000)
        for (what, begin), (_, end) in zip(self.moments, self.moments[1:]):
            longest = []
            for of in stamps:
                inside = [begin] + sorted(stamp for stamp in of if begin < stamp < end) + [end]
                longest.append(max(after - before for before, after in zip(inside, inside[1:])))
            say(f"  {what}: the longest silence of each partition {' '.join(f'{ms:.0f}' for ms in longest)} ms")


# -- Coming and going --


def leave(worker):
    """It is told to stop; a broker that stands still too long to commit what it has open makes that 3."""
    worker.signal(signal.SIGTERM)
    status = worker.ends()
    expect(f"{worker.name} stops with 0, or fails and says why: {worker.log}", status == 0 or (status == 3 and worker.said("failed")))


def append(path, text):
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def refused(world, name, says, *more):
    worker = world.worker(name, *more)
    expect(f"{name} ends with 2: {worker.log}", worker.ends() == 2)
    expect(f"it says why: {worker.log}", says in worker.text())


def scale(trial):
    """One worker, then two, then three; one leaves, one is killed and comes back, one is killed and does not; then a process of several threads."""
    world = trial.world()
    a = world.worker("a")
    wait_for("the first works", lambda: all_live(a))
    publisher = Publisher(world, trial.load, A_SECOND, MOST)
    wait_for("it tells", world.facts)
    stalls = Stalls(world)
    stalls.begins("a second joins")
    b = world.worker("b")
    wait_for("two share", lambda: all_live(a, b))
    stalls.begins("a third joins")
    c = world.worker("c")
    wait_for("three share", lambda: all_live(a, b, c))
    stalls.begins("the first leaves (SIGTERM)")
    leave(a)
    wait_for("two are left", lambda: all_live(b, c))
    stalls.begins("one is killed and started again")
    said = len(b.said("partitions-assigned"))
    c.kill()
    c.start()
    wait_for("it has its partitions back", lambda: all_live(b, c))
    expect("nobody else noticed", len(b.said("partitions-assigned")) == said)
    stalls.begins("one is killed and stays away")
    c.kill()
    wait_for("the last takes over", lambda: all_live(b))
    stalls.begins("a process of three threads joins")
    threads = world.worker("t", "--threads", str(PARTITIONS - 1))
    wait_for("each thread has a part", lambda: all_live(b, threads) and b.owns() == 1)
    stalls.begins("the one of one thread leaves")
    leave(b)
    wait_for("the threads have everything", lambda: all_live(threads))
    stalls.report()
    settle_down(world, [threads], publisher.finish())
    one_partition_each(world)
    return world


def one_partition_each(world):
    partitions = {}
    for record in world.tail("case-state"):
        if record["row"] == "fact":
            partitions.setdefault(record["value"]["case_id"], set()).add(record["partition"])
    expect("every case lives in one partition", all(len(of) == 1 for of in partitions.values()))


# -- A new configuration goes round --

NEW_EVENT = "house-visited"
NEW_SCHEMA_OF = "first-contact-held" # but for its name
NEW_NORM = """  - norm: visit
    title: Huisbezoek binnen twintig dagen
    basis: {kind: inspection, ref: proef}
    starts: measure-started.informed_date
    term: 20 days
    met_by:
      - house-visited
    ends_with: measure-ended
    announce: [gi]
    escalate:
      - {after: 0 days, to: [municipality]}
"""


class NewLoad(fault_load.Load):
    """Cases in which the new event happens too."""

    def case(self):
        self.number += 1
        case = fault_load.Case(self.seed, self.number, datetime.datetime.now(datetime.timezone.utc))
        if case.random.random() < 0.6:
            visited = case.contact()
            visited["event"] = NEW_EVENT
            if case.random.random() < 0.3:
                case.withdraw(visited)
        return case.lines


def new_version(world, root):
    """The same world as seen from a configuration of version 2: one more event type, and a norm that it meets."""
    folder = os.path.join(world.folder, "v2")
    newer = copy.copy(world)
    newer.config, newer.schemas = fault_load.write_configuration(folder, root, world.bootstrap, world.prefix)
    with open(os.path.join(newer.schemas, NEW_SCHEMA_OF + ".avsc"), encoding="utf-8") as file:
        schema = json.load(file)
    schema["name"] = "HouseVisited"
    append(os.path.join(newer.schemas, NEW_EVENT + ".avsc"), json.dumps(schema))
    append(os.path.join(newer.config, "protocols", "proef.yaml"), NEW_NORM)
    os.remove(os.path.join(newer.config, "version"))
    append(os.path.join(newer.config, "version"), "2\n")
    return newer


def replace(newer, old):
    """As a deploy does: stops a worker that is left of the old version, or takes note that it gave up by itself, and starts a new one in its place."""
    if old.lives_on():
        old.signal(signal.SIGTERM)
    status = old.ends()
    expect(f"{old.name} ends with 0 or, because the partition is of a newer version, with 2: {status}", status in (0, 2))
    if status == 2:
        expect(f"it says why: {old.log}", "configuration version 2" in old.text())
        say(f"  {old.name} of version 1 had given up")
    return newer.worker(old.name)


def rolling(trial):
    """Three workers of version 1; the topics of version 2 are made; its events come before anyone can read them; then one worker after another."""
    world = trial.world()
    old = [world.worker(name) for name in "abc"]
    wait_for("three share", lambda: all_live(*old))
    publisher = Publisher(world, trial.load, A_SECOND, MOST)
    wait_for("they tell", world.facts)
    newer = new_version(world, trial.root)
    newer.run("topics", "apply")
    publisher_of_new = Publisher(newer, NewLoad(trial.seed + 1), A_SECOND, MOST)
    wait_for("there are new events", lambda: newer.tail(NEW_EVENT))
    stalls = Stalls(newer)
    workers = list(old)
    for place, worker in enumerate(old):
        stalls.begins(f"{worker.name} is replaced")
        workers[place] = replace(newer, worker)
        wait_for("the new one has its part", lambda: workers[place].owns() and workers[place].live() == workers[place].owns())
    wait_for("the new ones share", lambda: all_live(*workers))
    stalls.begins("one of the old version tries")
    refused(world, "A", "configuration version 2, and this worker has version 1") # by its name the first to be given partitions
    wait_for("the new ones share again", lambda: all_live(*workers))
    stalls.report()
    lines = publisher.finish() + publisher_of_new.finish()
    seen = settle_down(newer, workers, lines)
    happened = sum(1 for event, _ in seen.facts if event == NEW_EVENT)
    expect("the new events are facts", happened > 0)
    say(f"  {happened} events of the new type, lost nowhere")
    one_partition_each(newer)
    return world


# -- More partitions --


def repartitioned(trial):
    """Someone adds a partition to every topic: nobody works on, and everybody says why."""
    world = trial.world()
    world.publish(trial.load.cases(20))
    world.once()
    broker_yaml = os.path.join(world.config, "broker.yaml")
    append(broker_yaml, "kafka: {topic.metadata.refresh.interval.ms: 1000}\n") # how soon one that runs hears of it
    worker = world.worker("a")
    wait_for("it works", lambda: all_live(worker))
    world.grow_topics(PARTITIONS + 1)
    expect(f"one that runs ends with 2, and so does its next life: {worker.log}", worker.ends() == 2)
    expect(f"it says why: {worker.log}", f"has {PARTITIONS + 1} partitions now and had {PARTITIONS} when this worker began" in worker.text())
    facts = len(world.facts())
    says = f"case-state has {PARTITIONS + 1} partitions and the configuration says {PARTITIONS}"
    refused(world, "b", says)
    refused(world, "c", says, "--once")
    with open(broker_yaml, encoding="utf-8") as file:
        text = file.read()
    with open(broker_yaml, "w", encoding="utf-8") as file: # now the configuration agrees with the topics, but what stands in case-state does not
        file.write(text.replace(f"partitions: {PARTITIONS}", f"partitions: {PARTITIONS + 1}"))
    refused(world, "a", f"was written with {PARTITIONS} partitions and has {PARTITIONS + 1} now")
    expect("nothing was done meanwhile", len(world.facts()) == facts)
    return world


if __name__ == "__main__":
    faults.main({"scale": scale, "rolling": rolling, "repartitioned": repartitioned})

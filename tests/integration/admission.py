#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What organisations write to their outboxes is admitted or refused exactly once and in order, however often admission dies.

Usage: admission.py BINARY ROOT TOPIC_TOOL CASE

Goal: exactly once on Apache Kafka for what goes through `admission`. Method: `publish --as` fills the outboxes of two organisations, with lines of
another's and bytes that nobody can read among them, while the connector is killed with -9 at moments drawn from the seed, in the midst of
transactions; afterwards each record of an outbox stands either on the topic of its type, in the order of its outbox, or in dead-letters and as a refusal
in the inbox of its organisation. `steps`: killed before every call to the broker; `peers`: a proxy before the broker; `poison`: one among ten thousand.
"""

import json
import signal
import time

import fault_load
from canary import BIRTH, BSN, NAME, Canaries
from crooked import CrookedBroker, SPOILED
from every_step import every_step
from fault_run import expect, jsonl, say, wait_for
from faults import main

OWNERS = ("gi-a", "gi-b")
GROUP = "ketenwacht-connect-admission"
CASES_A_LIFE = 300
KILLED_S = 0.3 # after it has the outboxes
JUNK = 5 # of each outbox in each life
MANY = 10000
A_STEP = 3 # cases
JUNK_WORDS = f"junk of {NAME}, {BSN}, {BIRTH}"


class Outboxes:
    """What was written to each, in order: what may be said as its event_id, what may not as None."""

    def __init__(self, world, trial):
        self.world, self.trial, self.written = world, trial, {owner: [] for owner in OWNERS}

    def write(self, cases, junk=JUNK):
        lines = self.trial.load.cases(cases)
        for owner in OWNERS:
            mine = [line for line in lines if line["source"] == owner]
            mine += [line for line in lines if line["source"] != owner][:JUNK] # another's: admission refuses it
            self.world.run("publish", "-", "--as", owner, text=jsonl(mine))
            self.world.produce_all("outbox." + owner, 0, fault_load.id_of(owner, "junk"), [f"{JUNK_WORDS} {time.time_ns()} {n}".encode() for n in range(junk)])
            self.written[owner] += [line["event_id"] if line["source"] == owner else None for line in mine] + [None] * junk

    def refused(self, owner):
        return sum(event_id is None for event_id in self.written[owner])


def waiting(world):
    """What status says to wait for admission; None: nobody reads for it."""
    status = json.loads(world.run("status", "--json", status=(0, 1)))
    found = [consumer for consumer in status["consumers"] if consumer["group"] == GROUP and consumer["members"] > 0 and consumer["unowned"] == 0]
    return found[0]["waiting"] if found else None


def admitted_all(world, connector):
    connector.look_after()
    return waiting(world) == 0


def check(world, outboxes):
    """Each record is in one place, once, and of each outbox in its order within a case."""
    offsets = {}
    facts = {owner: {} for owner in OWNERS}
    for record in world.tail(*fault_load.INPUTS):
        facts[record["value"]["source"]].setdefault(record["key"], []).append((record["topic"], record["offset"], record["value"]["event_id"]))
    for owner in OWNERS:
        cases = {}
        for record in world.tail("outbox." + owner):
            if (record.get("value") or {}).get("source") == owner:
                cases.setdefault(record["key"], []).append((record["event"], record["value"]["event_id"]))
        expect(f"every case of {owner} is there", cases.keys() == facts[owner].keys())
        for key, written in cases.items():
            for topic in {event for event, _ in written}:
                want = [event_id for event, event_id in written if event == topic]
                expect(f"{topic} of {key} in the order of its outbox, each once", [e for t, _, e in sorted(facts[owner][key]) if t == topic] == want)
        letters = [letter["headers"] for letter in world.tail("dead-letters") if letter["headers"]["kw-topic"] == "outbox." + owner]
        expect(f"{len(letters)} letters of {owner}, {outboxes.refused(owner)} refused", len(letters) == outboxes.refused(owner))
        offsets[owner] = {letter["kw-offset"] for letter in letters}
        expect("each a letter of its own", len(offsets[owner]) == len(letters))
        told = [record["value"]["text"] for record in world.tail("inbox." + owner) if record["event"] == "event-refused"]
        expect(f"{len(told)} refusals told to {owner}", {text.rsplit(" ", 1)[1][:-1] for text in told} == offsets[owner] and len(told) == len(letters))
    say(f"  {sum(len(records) for of in facts.values() for records in of.values())} admitted, {sum(map(len, offsets.values()))} refused, each once")


def has_outboxes(connector):
    return any(line["parts"] for line in connector.said("connect-assigned"))


def stands_still(world, outboxes, connector):
    """SIGSTOP while it has a transaction open: what it had written before stands there already, so something new that is not committed is of this one."""
    connector.look_after()
    if not has_outboxes(connector):
        return False
    before = world.leftovers()
    outboxes.write(CASES_A_LIFE)
    connector.signal(signal.SIGSTOP)
    if world.leftovers(since=before):
        return True
    connector.signal(signal.SIGCONT)
    return False


def settle(world, outboxes, connector):
    wait_for("all is admitted", lambda: admitted_all(world, connector), look=0.3)
    connector.stop()
    check(world, outboxes)


def killed(trial):
    """Killed again and again, a moment after it has the outboxes; the last time of which is known that it left something behind."""
    world = trial.world()
    outboxes, connector = Outboxes(world, trial), None
    for life in range(trial.kills):
        outboxes.write(CASES_A_LIFE)
        if connector:
            connector.start()
        else:
            connector = world.connector("admission", "connector: admission\n")
        wait_for("it has the outboxes", lambda: has_outboxes(connector), look=0.01)
        if life == trial.kills - 1:
            wait_for("it stands still with a transaction open", lambda: stands_still(world, outboxes, connector))
        else:
            trial.pause(0, KILLED_S)
        connector.kill()
    say(f"  {trial.kills} kills, {len(world.leftovers())} records of transactions that came to nothing")
    connector.start()
    settle(world, outboxes, connector)
    return world


def twins(trial):
    """Two of one name: the older stands still in the midst of a transaction when its name is taken; let go, it ends with 3, and says why."""
    world = trial.world()
    outboxes = Outboxes(world, trial)
    older = world.connector("admission", "connector: admission\n")
    wait_for("it stands still with a transaction open", lambda: stands_still(world, outboxes, older))
    younger = world.connector("admission", "connector: admission\n")
    wait_for("the younger has the outboxes", lambda: has_outboxes(younger))
    older.signal(signal.SIGCONT)
    expect("the older ends with 3", older.ends() == 3)
    expect(f"it says why: {older.log}", "another" in older.text() or "fenced" in older.text())
    settle(world, outboxes, younger)
    return world


def steps(trial):
    """Killed before every step, each time with records in both outboxes that it has not seen. Where each of them is, and how often, is compared in the end."""
    trial.needed_broker()
    world = trial.world()
    outboxes = Outboxes(world, trial)

    def make(_, before):
        outboxes.write(A_STEP, junk=1)
        return world.connector("admission", "connector: admission\n", before=before)

    every_step(trial, make, lambda _, connector: waiting(world) == 0 and connector.lines(), ("sendmsg",), r"TCP:\[", trial.kills)
    check(world, outboxes)
    Canaries().nowhere(world, allowed=("birth_date",), unchanged=("dead-letters", *("outbox." + owner for owner in OWNERS)))
    return world


def peers(trial):
    """The broker is away, slow, silent, speaks no Kafka, and closes in the middle, one after another, while records come."""
    trial.needed_broker()
    world = trial.world()
    outboxes = Outboxes(world, trial)
    host, port = trial.bootstrap.split(":")
    broker = CrookedBroker((host, int(port)))
    connector = world.connector("admission", "connector: admission\n", "--bootstrap", f"{host}:{broker.port}")
    wait_for("it has the outboxes", lambda: has_outboxes(connector))
    for mode in SPOILED:
        before = len(connector.lines())
        broker.become(mode)
        outboxes.write(A_STEP)
        if mode == "away":
            wait_for("it says so", lambda n=before: len(connector.lines()) > n)
        else:
            wait_for(f"it meets a broker that is {mode}", lambda: broker.met)
        broker.become("pass")
        wait_for(f"all is admitted after {mode}", lambda: admitted_all(world, connector), look=0.3)
    settle(world, outboxes, connector)
    broker.close()
    return world


def poison(trial):
    """One record that nobody can read among ten thousand good ones of an outbox."""
    world = trial.world()
    lines = []
    while len(lines) < MANY:
        lines += [line for line in trial.load.case() if line["source"] == OWNERS[0]]
    outboxes = Outboxes(world, trial)
    half = len(lines) // 2
    world.run("publish", "-", "--as", OWNERS[0], text=jsonl(lines[:half]))
    world.produce("outbox." + OWNERS[0], 0, fault_load.id_of("poison"), JUNK_WORDS.encode(), {})
    world.run("publish", "-", "--as", OWNERS[0], text=jsonl(lines[half:]))
    outboxes.written[OWNERS[0]] = [line["event_id"] for line in lines[:half]] + [None] + [line["event_id"] for line in lines[half:]]
    connector = world.connector("admission", "connector: admission\n", "--metrics", "0")
    wait_for("all is admitted", lambda: admitted_all(world, connector), look=0.3)
    Canaries().metrics(connector)
    connector.stop()
    check(world, outboxes)
    expect("nothing of a person in the letter but its value", len(world.tail("dead-letters")) == 1)
    Canaries().logs(world)
    return world


if __name__ == "__main__":
    main({"killed": killed, "peers": peers, "poison": poison, "steps": steps, "twins": twins})

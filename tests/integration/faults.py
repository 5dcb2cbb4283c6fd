#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Nothing is lost and nothing is told twice, whatever dies: faults on a real broker.

Usage: faults.py BINARY ROOT TOPIC_TOOL CASE

Goal: exactly once on Apache Kafka, under kill -9, takeovers, a broker that goes and comes back, a process that is stopped for longer than its
session, a topic that takes no writes, and records that nobody can read. Method: each case runs the real program on topics of its own, with a load
drawn from a seed and faults at moments drawn from the same seed; afterwards fault_check.py compares everything that is committed with what
`ketenwacht replay --settle` makes of the same lines. Each case first proves that there was something to lose: transactions that came to nothing
left their records behind.

KETENWACHT_TEST_BOOTSTRAP: the broker; without it a case is skipped. KETENWACHT_KILLS (5): how often something is killed. KETENWACHT_SEEDS
(200): how large the load is that is there beforehand. KETENWACHT_SEED: draws the same load and the same moments again; a run prints its own.
"""

import datetime
import os
import random
import signal
import subprocess
import sys
import time

import fault_check
import fault_load
import fault_run
from fault_run import Broken, Broker, Publisher, World, expect, make_folder, remove_folder, say, wait_for

SKIPPED = 77
OWN = "its own"
CASES_A_SEED = 6
CASES_MAX = 5000 # published at once
LIVES_MAX = 4 # times the kills asked for, until one left something behind
SIGNS = ("partitions-assigned", "restore-done", "restore-done", "partition-live") # of life, after which it is killed …
ONCE_KILLED_S = 0.3 # … within this time
LIVE_KILLED_S = (0.2, 1.5) # of work between two kills
DOWN_S = 0.5
TAKEOVER_EVERY = 5 # of so many kills one waits until the other worker has everything
A_SECOND = 400 # lines of live load …
LINES_A_SEED = 20 # … until there are so many; then less
LOOKS = 3 # at what a worker that stands still has left open
TRANSACTION_S = 10 # the broker ends an older one
LETTER_BYTES = 20000 # of a record whose dead letter does not fit …
LETTER_BYTES_MAX = "10000" # … in the topic for a while
ABORTS = (3, 10) # transactions that come to nothing before it is believed that the worker stays where it is, in its first life and its second
ABORTS_IMPATIENT = 8 # of these, before it waits a whole second …
CALM_S = 10 # … unless so long passed between two


class Trial:
    """What a case gets."""

    def __init__(self, binary, root, tool, bootstrap, folder, seed):
        self.binary, self.root, self.tool, self.folder, self.seed = binary, root, tool, folder, seed
        self.random = random.Random(seed)
        self.kills = int(os.environ.get("KETENWACHT_KILLS") or 5)
        self.seeds = int(os.environ.get("KETENWACHT_SEEDS") or 200)
        self.load = fault_load.Load(seed)
        self.bootstrap = bootstrap
        self.broker = None

    def world(self):
        return World(self.binary, self.root, self.tool, self.bootstrap, self.folder)

    def needed_broker(self):
        """One of its own when KETENWACHT_TEST_BOOTSTRAP says so."""
        if self.bootstrap == OWN:
            self.own_broker()

    def own_broker(self):
        self.broker = Broker(self.root, self.folder)
        self.bootstrap = self.broker.bootstrap

    def pause(self, least, most):
        time.sleep(self.random.uniform(least, most))


def now():
    return fault_load.instant(datetime.datetime.now(datetime.timezone.utc))


def all_live(*workers):
    """Each of them has a part of the partitions, together all, and all have caught up."""
    own, live = [worker.owns() for worker in workers], [worker.live() for worker in workers]
    return all(own) and own == live and sum(own) == fault_load.PARTITIONS


def tended(workers, probe):
    """The probe, after giving what gave up its next life."""
    for worker in workers:
        worker.look_after()
    return probe()


def settle_down(world, workers, lines):
    """Everything published is known and told; then the workers stop, and nothing is left to do. Checks what there is; returns it."""
    wanted = len({line["event_id"] for line in lines})
    wait_for("every event is a fact", lambda: tended(workers, lambda: len(world.facts()) == wanted), look=0.3)
    wait_for("every partition has caught up", lambda: tended(workers, lambda: all_live(*workers)))
    alerts = fault_check.Expected(world, lines, now()).alerts
    wait_for("the alerts are open that should be", lambda: tended(workers, lambda: len(fault_check.open_alerts(world)) == len(alerts)), look=0.3)
    for worker in workers:
        worker.stop()
    expect("nothing is left to do", world.once() == {"facts": 0, "told": 0, "dead": 0})
    seen = fault_check.live(world, lines, now())
    turns = sum(len(seen.topics[topic]) for topic in fault_check.ALERTS)
    say(f"  {len(seen.facts)} facts, {len(alerts)} alerts open, raised and resolved {turns} times: as replay")
    return seen


def some_leftovers(world):
    left = world.leftovers()
    say(f"  {len(left)} records of transactions that came to nothing")
    expect("transactions came to nothing, and others did not: else nothing was tried", left and world.facts())


# -- kill -9 --


def goes_on(trial, lives, world):
    """Until there were kills enough, and they tried something."""
    return lives < trial.kills or (lives < LIVES_MAX * trial.kills and not (world.leftovers() and world.facts()))


def stopped_in_a_transaction(trial, world, worker):
    """SIGSTOP while it has a transaction open: what others had open is committed soon, and something stays."""
    trial.pause(0, DOWN_S)
    worker.look_after()
    if not worker.live():
        return False
    worker.signal(signal.SIGSTOP)
    if all(world.leftovers(since=worker.left) for _ in range(LOOKS)):
        return True
    worker.signal(signal.SIGCONT)
    return False


def stop_in_a_transaction(trial, world, worker):
    worker.left = world.leftovers()
    wait_for(f"{worker.name} stands still with a transaction open", lambda: stopped_in_a_transaction(trial, world, worker))


def kill_in_a_transaction(trial, world, worker):
    """The kill of which is known that it left something behind."""
    stop_in_a_transaction(trial, world, worker)
    worker.kill()


def killed_once(trial):
    """Input that is all there; `rules --once --now T` killed while it works through it, again and again."""
    world, lines, lives = trial.world(), [], 0
    then = fault_load.instant(datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3))
    cases = max(20, trial.seeds * CASES_A_SEED // trial.kills)
    worker = None
    while goes_on(trial, lives, world):
        if lives >= trial.kills: # none cut off a transaction: give the next one more to do
            cases = min(2 * cases, CASES_MAX)
        more = trial.load.cases(cases)
        world.publish(more)
        lines += more
        lives += 1
        if worker:
            worker.start()
        else:
            worker = world.worker("a", "--once", "--now", then)
        sign = trial.random.choice(SIGNS)
        wait_for(f"{sign} stands in the log", lambda: worker.said(sign), look=0.01)
        trial.pause(0, ONCE_KILLED_S)
        if worker.lives_on():
            worker.kill()
    some_leftovers(world)
    world.once("--now", then)
    expect("nothing is left to do", world.once("--now", then) == {"facts": 0, "told": 0, "dead": 0})
    seen = fault_check.settled(world, lines, then)
    say(f"  {len(seen.facts)} facts after {lives} lives: as replay")
    return world


def killed_live(trial):
    """Two workers under load; one or the other is killed, and comes back, or the other takes over."""
    world = trial.world()
    workers = [world.worker(name) for name in "ab"]
    wait_for("both work", lambda: all_live(*workers))
    publisher = Publisher(world, trial.load, A_SECOND, trial.seeds * LINES_A_SEED)
    takeovers = 0
    for life in range(trial.kills):
        trial.pause(*LIVE_KILLED_S)
        victim, other = trial.random.sample(workers, 2)
        if life == trial.kills - 1:
            kill_in_a_transaction(trial, world, victim)
        else:
            victim.kill()
        if life % TAKEOVER_EVERY == min(TAKEOVER_EVERY, trial.kills) // 2:
            wait_for("the other takes over", lambda: tended([other], lambda: other.owns() == fault_load.PARTITIONS))
            takeovers += 1
            trial.pause(0, DOWN_S)
        victim.start()
        trial.pause(0, DOWN_S)
    say(f"  {trial.kills} kills, {takeovers} takeovers")
    some_leftovers(world)
    settle_down(world, workers, publisher.finish())
    return world


def twins(trial):
    """Two of one name: the younger stays; the older, in the midst of a transaction when its name was taken, ends with 3 and says why."""
    world = trial.world()
    older = world.worker("a")
    wait_for("the older works", lambda: all_live(older))
    publisher = Publisher(world, trial.load, A_SECOND, trial.seeds * LINES_A_SEED)
    wait_for("it tells", world.facts)
    stop_in_a_transaction(trial, world, older)
    younger = world.worker("a")
    wait_for("the younger has the name", lambda: younger.owns() == fault_load.PARTITIONS)
    older.signal(signal.SIGCONT)
    expect("the older ends with 3", older.ends() == 3)
    expect(f"it says why: {older.log}", "another" in older.text() and "a-1" in older.text())
    wait_for("the younger works", lambda: all_live(younger))
    trial.pause(0, DOWN_S)
    some_leftovers(world)
    settle_down(world, [younger], publisher.finish())
    return world


# -- Others that go --


def broker_restarted(trial):
    """
    The broker goes under two workers and a publisher, and comes back with its data: by kill -9, or cleanly and for longer than a transaction
    may take, while one worker stands still in the midst of one.
    """
    trial.own_broker()
    world = trial.world()
    workers = [world.worker(name) for name in "ab"]
    wait_for("both work", lambda: all_live(*workers))
    publisher = Publisher(world, trial.load, A_SECOND, trial.seeds * LINES_A_SEED)
    for fault in range(max(2, trial.kills // 10)):
        before = wait_for("facts are committed", lambda: len(world.facts()))
        trial.pause(*LIVE_KILLED_S)
        if fault % 2 == 0:
            trial.broker.kill()
            trial.pause(0, DOWN_S)
            trial.broker.start()
        else:
            stop_in_a_transaction(trial, world, workers[0])
            trial.broker.stop()
            trial.pause(TRANSACTION_S, TRANSACTION_S + DOWN_S)
            trial.broker.start()
            # Sooner, it could still commit: the broker ends old transactions only now and then, and the other is live no sooner than that.
            wait_for("the other takes over", lambda: tended(workers[1:], lambda: workers[1].owns() == fault_load.PARTITIONS and all_live(workers[1])))
            workers[0].signal(signal.SIGCONT)
        wait_for("facts are committed again", lambda: tended(workers, lambda: len(world.facts()) > before), look=0.3)
        wait_for("both work again", lambda: tended(workers, lambda: all_live(*workers)))
        say(f"  the broker is back: {before} facts before, {len(world.facts())} now")
    some_leftovers(world)
    settle_down(world, workers, publisher.finish())
    return world


def stopped_long(trial):
    """SIGSTOP for longer than the session, with a transaction open; the other takes over; SIGCONT: it has lost everything and tells nothing."""
    world = trial.world()
    workers = [world.worker(name) for name in "ab"]
    wait_for("both work", lambda: all_live(*workers))
    publisher = Publisher(world, trial.load, A_SECOND, trial.seeds * LINES_A_SEED)
    wait_for("facts are committed", world.facts)
    for _ in range(max(1, trial.kills // 20)):
        sleeper, other = trial.random.sample(workers, 2)
        stop_in_a_transaction(trial, world, sleeper)
        wait_for("the other takes over", lambda: other.owns() == fault_load.PARTITIONS)
        wait_for("the other tells", lambda: all_live(other))
        trial.pause(0, DOWN_S)
        said = len(sleeper.said("partitions-assigned"))
        sleeper.signal(signal.SIGCONT)
        wait_for("it notices", lambda: not sleeper.lives_on() or len(sleeper.said("partitions-assigned")) > said)
        say(f"  let go again, it {'goes on as a new member' if sleeper.lives_on() else 'gives up'}")
        wait_for("both work again", lambda: tended(workers, lambda: all_live(*workers)))
    some_leftovers(world)
    settle_down(world, workers, publisher.finish())
    return world


# -- What cannot be processed, and what cannot be written --

POISON_TOPIC = "measure-started"
UUID = "00000000-0000-4000-8000-00000000000"


def raw(world, topic):
    """The bytes of the first record of a topic, and its key."""
    run = subprocess.run(["kcat", "-C", "-q", "-e", "-b", world.bootstrap, "-t", world.prefix + topic, "-o", "beginning", "-c", "1", "-f", "%k%s"],
                         stdout=subprocess.PIPE, check=True, timeout=fault_run.WAIT_S)
    return run.stdout[:len(UUID) + 1].decode(), run.stdout[len(UUID) + 1:]


def poisons(world):
    """name: (key, value, code, whether its publisher can be told)"""
    key, good = raw(world, POISON_TOPIC)
    other = raw(world, "protector-assigned")[1]
    source = good.index(b"gi-") # its first text beside the ids
    return {
        "no-frame": (key, b"hello, world" * 5, "UNDECODABLE", False),
        "nothing": (key, None, "UNDECODABLE", False),
        "unknown-schema": (key, good[:2] + b"\1\2\3\4\5\6\7\10" + good[10:], "UNKNOWN_SCHEMA", False),
        "of-a-registry": (key, b"\0\0\0\0\1" + good[10:], "UNKNOWN_SCHEMA", False),
        "other-event": (key, other, "UNKNOWN_SCHEMA", False),
        "cut-off": (key, good[:-5], "UNDECODABLE", False),
        "too-long": (key, good + b"xx", "UNDECODABLE", False),
        "no-text": (key, good[:source] + b"gi\xff\xfe" + good[source + 4:], "UNDECODABLE", False),
        "unknown-source": (key, good[:source] + b"gi-z" + good[source + 4:], "UNKNOWN_ORGANISATION", False),
        "wrong-key": (UUID + "1", good, "KEY_MISMATCH", True),
        "no-key": (None, good, "KEY_MISMATCH", True),
    }


def check_letters(world, kinds):
    """Each poison once in dead-letters, unchanged, with where it stood and why; and its publisher told, when it is known."""
    def what(record):
        return record["key"], record["value"], record.get("hex")
    stood = {(r["topic"], str(r["partition"]), str(r["offset"])): r for r in world.tail(POISON_TOPIC) if "poison" in r["headers"]}
    letters = world.tail("dead-letters")
    expect("each poison stands in its topic", len(stood) == len(kinds) * fault_load.PARTITIONS)
    fault_check.equal("the dead letters", (tuple(letter["headers"][name] for name in ("kw-topic", "kw-partition", "kw-offset")) for letter in letters), stood)
    for letter in letters:
        headers = letter["headers"]
        original = stood[tuple(headers[name] for name in ("kw-topic", "kw-partition", "kw-offset"))]
        name = headers["poison"]
        expect(f"{name} is kept as it was", what(letter) == what(original) and name == original["headers"]["poison"])
        expect(f"{name} is {kinds[name][2]}, not {headers['kw-code']}", headers["kw-code"] == kinds[name][2] and headers["kw-stage"] and headers["kw-error"])
    # Beside refusals the source hears of what was taken without effect, as of a withdrawal's repetition: that is another test's.
    codes = {code for _, _, code, _ in kinds.values()}
    refused = [r["value"]["code"] for topic in fault_check.INBOXES for r in world.tail(topic) if r["event"] == "event-refused" and r["value"]["code"] in codes]
    fault_check.equal("refusals that were told", refused, [code for _, _, code, told in kinds.values() if told] * fault_load.PARTITIONS)


def poison(trial):
    """In every partition one of each kind of record that nobody can process, under load, and a worker killed while it meets them."""
    world = trial.world()
    publisher = Publisher(world, trial.load, A_SECOND, trial.seeds * LINES_A_SEED)
    wait_for("there are events to copy", lambda: all(world.tail(topic) for topic in (POISON_TOPIC, "protector-assigned")))
    kinds = poisons(world)
    todo = [(name, partition) for name in kinds for partition in range(fault_load.PARTITIONS)]
    trial.random.shuffle(todo)
    workers = [world.worker(name) for name in "ab"]
    lives = max(2, trial.kills // 2)
    for life in range(lives):
        for name, partition in todo[life::lives]:
            world.produce(POISON_TOPIC, partition, *kinds[name][:2], {"poison": name})
        victim = trial.random.choice(workers)
        wait_for("it works", lambda: tended(workers, victim.live))
        if life == lives - 1:
            kill_in_a_transaction(trial, world, victim)
        else:
            victim.kill()
        victim.start()
    say(f"  {len(kinds) * fault_load.PARTITIONS} records that nobody can process, {lives} kills")
    some_leftovers(world)
    settle_down(world, workers, publisher.finish())
    check_letters(world, kinds)
    return world


def behind(world, partition):
    """event_ids that stand only behind the record that has no place in dead-letters."""
    records = [record for record in world.tail(POISON_TOPIC) if record["partition"] == partition]
    place = max(record["offset"] for record in records if "poison" in record["headers"])
    ids = [{r["value"]["event_id"] for r in records if "poison" not in r["headers"] and (r["offset"] > place) == after} for after in (True, False)]
    return ids[0] - ids[1]


def backs_off(worker):
    """Whether it waits between transactions that come to nothing, in the end for a second; unless it was slower anyway."""
    times = [datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")) for line in worker.said("transaction-aborted")]
    gaps = [(later - earlier).total_seconds() for earlier, later in zip(times, times[1:])]
    return max(gaps, default=0) > CALM_S or all(gap > 0.9 for gap in gaps[ABORTS_IMPATIENT:])


def refused_letter(trial, world, workers, break_it):
    """One record whose dead letter has no place: its worker stays before it, says so, also when it is killed; repaired, it goes on."""
    partition = trial.random.randrange(fault_load.PARTITIONS)
    name = f"large-{sum('poison' in record['headers'] for record in world.tail(POISON_TOPIC))}"
    break_it()
    before = {worker: worker.lives for worker in workers}
    lives = dict(before)
    world.produce(POISON_TOPIC, partition, UUID + "2", b"x" * LETTER_BYTES, {"poison": name})

    def complains(worker):
        """That the letter is refused, or that its topic is missing: in a life that began since."""
        refused = any(line["topic"].endswith("dead-letters") for line in worker.said("bus-undelivered"))
        patience = ABORTS[worker.lives > before[worker]]
        return worker.lives >= lives[worker] and (refused and len(worker.said("transaction-aborted")) >= patience or
                                                  any("dead-letters" in line["error"] for line in worker.said("failed")))

    def complaining():
        return tended(workers, lambda: [worker for worker in workers if complains(worker)])

    stuck = wait_for("a worker says that the dead letter was refused", complaining)[0]
    wait_for("events stand behind it", lambda: behind(world, partition))
    if stuck.lives_on():
        stuck.kill()
        stuck.start()
        lives[stuck] = stuck.lives
    wait_for("its next life says so, too", lambda: stuck in complaining())
    expect("no event behind it is a fact", not behind(world, partition) & set(world.facts()))
    expect("it does not fill the topics with transactions that come to nothing", backs_off(stuck))
    world.run("topics", "apply")
    wait_for("it goes on", lambda: tended(workers, lambda: behind(world, partition) & set(world.facts())), look=0.3)
    letters = [letter["headers"]["poison"] for letter in world.tail("dead-letters")]
    expect("the dead letter stands there, once", letters.count(name) == 1)


def letters_refused(trial):
    """dead-letters does not take a record, and then is not there at all."""
    world = trial.world()
    workers = [world.worker(name) for name in "ab"]
    wait_for("both work", lambda: all_live(*workers))
    publisher = Publisher(world, trial.load, A_SECOND, trial.seeds * LINES_A_SEED)
    wait_for("there are events", lambda: world.tail(POISON_TOPIC))
    for _ in range(max(1, trial.kills // 20)):
        refused_letter(trial, world, workers, lambda: world.set_topic("dead-letters", "max.message.bytes", LETTER_BYTES_MAX))
        say("  a dead letter that was too large for its topic")
        refused_letter(trial, world, workers, lambda: world.delete_topics("dead-letters"))
        say("  a dead letter without a topic")
    some_leftovers(world)
    settle_down(world, workers, publisher.finish())
    return world


CASES = {"killed-once": killed_once, "killed-live": killed_live, "twins": twins, "stopped-long": stopped_long,
         "broker-restarted": broker_restarted, "letters-refused": letters_refused, "poison": poison}


def main(cases):
    binary, root, tool, case = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), os.path.abspath(sys.argv[3]), sys.argv[4]
    bootstrap, seed = os.environ.get("KETENWACHT_TEST_BOOTSTRAP"), int(os.environ.get("KETENWACHT_SEED") or time.time_ns() // 1000000)
    if not bootstrap:
        sys.exit(SKIPPED)
    say(f"{case}: KETENWACHT_SEED={seed}")
    folder = make_folder(case)
    trial = Trial(binary, root, tool, bootstrap, folder, seed)
    worlds, good = [], False
    made = trial.world
    trial.world = lambda: worlds.append(made()) or worlds[-1]
    try:
        cases[case](trial)
        good = True
    except Broken as broken:
        say(f"not as promised: {broken}; KETENWACHT_SEED={seed}, the logs are in {folder}")
    finally:
        for world in worlds:
            world.end()
        if trial.broker:
            trial.broker.stop()
        elif good:
            worlds[0].delete_topics()
    if good:
        remove_folder(folder)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main(CASES)

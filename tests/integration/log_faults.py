#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A log is not what was left in it: made again, or cut by retention, under a worker that runs, stands still, or is away.

Usage: log_faults.py BINARY ROOT TOPIC_TOOL CASE

Goal: an event is never dropped without a count, a line and a reason, and never while all seems well. Method: the real program on a real broker;
topics are deleted and made again, or emptied, while a worker reads them; afterwards every event that still stands on the broker is a fact, and what
does not is counted in the log.

KETENWACHT_TEST_BOOTSTRAP: the broker; without it a case is skipped.
"""

import http.server
import json
import os
import signal
import threading
import urllib.request

import faults
import trails
from fault_load import MUNICIPALITIES, PARTITIONS
from fault_run import expect, say, wait_for
from faults import all_live, settle_down

CASES = 60
ONCE = 5 # runs of rules --once, each right after records were deleted
INBOX_OF = "gm0001"
INBOX = "inbox." + INBOX_OF
REMADE = ("measure-started", "event-withdrawn")


def known(world, lines):
    """Whether each of these events is a fact, once."""
    facts = world.facts()
    return len(facts) == len(set(facts)) and {line["event_id"] for line in lines} <= set(facts)


def at_work(trial):
    """A world, the lines of a few cases, and a worker that knows all of them."""
    world = trial.world()
    lines = trial.load.cases(CASES)
    world.publish(lines)
    worker = world.worker("a")
    wait_for("it works", lambda: all_live(worker))
    wait_for("every event is a fact", lambda: known(world, lines), look=0.3)
    return world, lines, worker


def planned(world):
    return {record["value"]["event_id"] for record in world.tail("plan-due")}


def make_again(world):
    for topic in REMADE:
        world.delete_topics(topic)
    world.run("topics", "apply")


def remade(trial):
    """Topics are deleted and made again under a worker, and while it is away: the new logs are read whole, shorter than the old ones were or longer."""
    world, lines = trial.world(), []
    worker = world.worker("a")
    wait_for("it works", lambda: all_live(worker))
    for cases, away in ((CASES, False), (CASES // 4, False), (CASES // 4, True), (2 * CASES, True)):
        more = trial.load.cases(cases)
        if lines:
            if away:
                worker.stop()
            make_again(world)
        world.publish(more)
        lines += more
        if away:
            worker.start()
        wait_for("every event is a fact", lambda: faults.tended([worker], lambda: known(world, lines)), look=0.3)
        said = len(worker.said("bus-anew"))
        say(f"  {cases} cases on {'new' if lines != more else 'the first'} topics: {said} logs said to be made anew")
    settle_down(world, [worker], lines)
    return world


class Receiver(http.server.ThreadingHTTPServer):
    """Takes what a webhook delivers, and answers as it is told; remembers the ids."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ReceiverTurn)
        self.answer, self.ids = 204, []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def post(self, world):
        return world.connector("post", f"connector: webhook\norganisation: gm0001\nurl: http://127.0.0.1:{self.server_port}/\nmode: binary\n")


class ReceiverTurn(http.server.BaseHTTPRequestHandler):
    def do_POST(self): # the name that http.server asks for
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.ids.append(self.headers["ce-id"])
        self.send_response(self.server.answer)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def values_of(trial, world):
    """Bodies of events, each of another one; no worker runs here."""
    started = {line["event_id"]: line for line in trial.load.cases(CASES) if line["event"] == "measure-started"}
    world.publish(started.values())
    return [value for _, value in world.raw("measure-started")]


def longer(trial):
    """Event topics are made anew while a worker stands still, and are longer than the old ones when it looks: it reads them whole. One that dies before it
    looks leaves it to the next."""
    world, lines, worker = at_work(trial)
    for dies in (False, True):
        worker.signal(signal.SIGSTOP)
        make_again(world)
        more = trial.load.cases((3 if dies else 2) * CASES)
        world.publish(more)
        lines += more
        worker.signal(signal.SIGCONT)
        if dies:
            wait_for("it reads on", lambda: faults.tended([worker], lambda: set(world.facts()) & {line["event_id"] for line in more}))
            worker.kill()
            worker.start()
        wait_for("every event is a fact", lambda: faults.tended([worker], lambda: known(world, lines)), look=0.3)
        say(f"  {worker.lives} lives, {len(worker.said('bus-anew'))} logs said to be made anew")
    return world


def inbox_longer(trial):
    """An inbox is made anew while its webhook stands still, and is longer than the old one when it looks: all that stands in it is delivered."""
    world, receiver = trial.world(), Receiver()
    values = values_of(trial, world)
    few, many = values[:10], values[10:40]
    world.produce_all("inbox.gm0001", 0, "key", few)
    post = receiver.post(world)
    wait_for("the inbox is delivered", lambda: len(set(receiver.ids)) == len(few))
    post.signal(signal.SIGSTOP)
    world.delete_topics("inbox.gm0001")
    world.run("topics", "apply")
    world.produce_all("inbox.gm0001", 0, "key", many)
    post.signal(signal.SIGCONT)
    wait_for("all of the new inbox is delivered", lambda: faults.tended([post], lambda: len(set(receiver.ids)) == len(few) + len(many)))
    say(f"  {post.lives} lives, {len(post.said('bus-anew'))} said to be made anew")
    return world


def deliveries_anew(trial):
    """`deliveries` is made anew under a webhook that was stopped by its receiver (410): it ends and says so, and its next life finds out again. So does
    who follows a topic."""
    world, receiver = trial.world(), Receiver()
    values = values_of(trial, world)
    receiver.answer = 410
    world.produce_all("inbox.gm0001", 0, "key", values[:3])
    post, tail = receiver.post(world), world.following("deliveries", "outbox.gi-a")
    wait_for("its receiver wants nothing", lambda: post.said("connect-braked"))
    wait_for("who follows sees it", lambda: "deliveries" in tail.printed())
    for process in (post, tail):
        process.signal(signal.SIGSTOP)
    world.delete_topics("deliveries")
    world.run("topics", "apply")
    for process in (post, tail):
        process.signal(signal.SIGCONT)
    for process in (post, tail):
        expect(f"it ends with 3 and names the topic: {process.log}", process.ends() == 3 and f"{world.prefix}deliveries" in process.text())
    post.start()
    wait_for("it finds out again", lambda: post.said("connect-braked"))
    receiver.answer = 204
    world.run("connect", "--resume", post.more[0])
    wait_for("all is delivered", lambda: len(set(receiver.ids)) == 3 and len(receiver.ids) >= 5)
    post.stop()
    return world


def cut(trial):
    """Records are deleted unread, while a worker stands still and while it is away: it says which, and reads what is left."""
    world, lines, passed = trial.world(), [], 0
    worker = world.worker("a", "--metrics", "0")
    wait_for("it works", lambda: all_live(worker))
    for away in (False, True):
        more = trial.load.cases(CASES)
        world.publish(more)
        lines += more
        wait_for("every event is a fact", lambda: known(world, lines), look=0.3)
        if away:
            worker.stop()
        else:
            worker.signal(signal.SIGSTOP)
        gone = trial.load.cases(CASES)
        world.publish(gone)
        world.cut_topics("measure-started")
        if away:
            worker.start()
        else:
            worker.signal(signal.SIGCONT)
        kept = trial.load.cases(CASES)
        world.publish(kept)
        wanted = [line for line in gone if line["event"] != "measure-started"] + kept
        wait_for("what is left is read", lambda: faults.tended([worker], lambda: known(world, wanted)), look=0.3)
        lost = {line["event_id"] for line in gone if line["event"] == "measure-started"} - set(world.facts())
        gaps = worker.said("bus-gap")
        say(f"  {len(lost)} events gone unread, {sum(line['records'] for line in gaps)} offsets said to be passed over")
        expect("the log says so for each partition", len(gaps) <= PARTITIONS and sum(line["records"] for line in gaps) >= len(lost) > 0)
        expect("it names the topic and the places", all(line["topic"].endswith("measure-started") and line["committed"] < line["first"] for line in gaps))
        lines += wanted
    worker.stop()
    for _ in range(ONCE):
        gone, kept = trial.load.cases(CASES // 10), trial.load.cases(CASES // 10)
        world.publish(gone)
        world.cut_topics("measure-started")
        world.publish(kept)
        lines += [line for line in gone if line["event"] != "measure-started"] + kept
        world.once()
        expect("--once reads what is left", known(world, lines))
    return world


def letters_in(world):
    return {record["headers"]["ce_id"] for record in world.tail(INBOX)}


def is_ready(process):
    """What /readyz says, as long as it runs."""
    said = process.said("health-listens")
    if not said:
        return False
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{said[-1]['port']}/readyz", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


def inbox(trial):
    """The inbox of a webhook is made again under it: what is told then is delivered, by a process that goes on or that ended with a sentence."""
    world, receiver, last = trial.world(), trails.Receiver(refuses=None), None
    hook = world.connector("hook", f"connector: webhook\norganisation: {INBOX_OF}\nurl: {receiver.url}\n", "--metrics", "0")
    for cases in (CASES, CASES // 10):
        letters = set()
        if last:
            world.delete_topics(INBOX)
            world.run("topics", "apply")
        while not letters:
            world.publish(trial.load.cases(cases))
            world.once()
            letters = letters_in(world)
        expect("the new log is shorter than the old one was", not last or len(letters) < len(last))
        wait_for("all that stands there is delivered", lambda: faults.tended([hook], lambda: letters <= set(receiver.taken)), look=0.3)
        wait_for("it is ready", lambda: faults.tended([hook], lambda: is_ready(hook)), look=0.3)
        say(f"  {len(letters)} letters, life {hook.lives} of the connector, {len(hook.said('bus-anew'))} inboxes said to be made anew")
        last = letters
    hook.stop()
    return world


UNSOUND = (("case-state", "delete", "compact"), ("case-state", "compact,delete", "compact"), ("measure-started", "compact", "delete"))


def unsound(trial):
    """Somebody changes the cleanup.policy of the state, or of an event topic: a worker ends with 2, does not start again, and says which."""
    folder, lines, worlds = trial.folder, trial.load.cases(CASES), []
    for number in range(len(UNSOUND)): # side by side: a worker looks every ten seconds
        trial.folder = os.path.join(folder, str(number))
        os.mkdir(trial.folder)
        worlds.append(trial.world())
        worlds[-1].publish(lines)
        worlds[-1].worker("a")
    for world, (topic, wrong, _) in zip(worlds, UNSOUND):
        wait_for("it works", lambda: all_live(*world.workers))
        world.set_topic(topic, "cleanup.policy", wrong)
    for world, (topic, wrong, right) in zip(worlds, UNSOUND):
        worker, says = world.workers[0], f"{world.prefix}{topic} has cleanup.policy '{wrong}' and must have '{right}'"
        expect(f"one that runs ends with 2: {worker.log}", worker.ends() == 2 and says in worker.text())
        worker.start()
        expect(f"it does not start again: {worker.log}", worker.ends() == 2 and says in worker.text() and not worker.said("partitions-assigned"))
        expect("topics plan shows it", "cleanup.policy" in world.run("topics", "plan", status=(0, 1)))
        world.run("topics", "apply")
        worker.start()
        say(f"  {topic} with {wrong}: refused, and repaired")
    for world in worlds[1:]:
        wait_for("it works again", lambda: all_live(*world.workers))
        world.workers[0].stop()
        world.delete_topics()
    settle_down(worlds[0], worlds[0].workers, lines)
    return worlds[0]


def forgotten(trial):
    """The state is deleted and made again under a worker, and while it is away, empty or cut: never forgotten in silence, and the way out leads out."""
    world, lines, worker = at_work(trial)
    worker.stop()
    told = planned(world)
    worker.start()
    wait_for("it works again", lambda: all_live(worker))
    world.delete_topics("case-state")
    world.run("topics", "apply")
    expect(f"one that runs ends with 3 and says so: {worker.log}", worker.ends() == 3 and "case-state" in worker.text() and worker.said("failed"))
    for away in ("made again", "cut"):
        if away == "cut":
            world.cut_topics("case-state")
        worker.start()
        says = "has lost its rows"
        expect(f"{away}, it does not start again, and says why: {worker.log}", worker.ends() == 2 and says in worker.text())
        expect(f"{away}, it was never live: {worker.log}", not worker.said("partition-live"))
        expect("nor does one that ends by itself", says in world.failing("rules", "--instance", "a", "--once", status=2))
    world.run("topics", "apply")
    world.forget_group("ketenwacht-rules")
    worker.start()
    wait_for("every event is a fact again", lambda: known(world, lines), look=0.3)
    wait_for("it works once more", lambda: all_live(worker))
    worker.stop()
    expect("what is told anew is told under the ids that it had", planned(world) == told)
    return world


def stray(trial):
    """Foreign and damaged rows in the state: named, put aside by the command with a dead letter of each, and the worker goes on with all that it knew."""
    world, lines, worker = at_work(trial)
    worker.stop()
    rows = {"somebody": b"hello", "k" * 16 + "f" + "i" * 16: b"no fact", "k" * 16 + "q" + "i" * 16: b"of tomorrow"}
    for key, value in rows.items():
        world.produce("case-state", 1, key, value, {})
    worker.start()
    says = "partition 1 of case-state, offset"
    expect(f"a worker names the first: {worker.log}", worker.ends() == 2 and says in worker.text() and "736f6d65626f6479" in worker.text())
    shown = [json.loads(line) for line in world.run("state", "repair", status=(1,)).splitlines()]
    expect("the command shows each and changes nothing",
           len(shown) == len(rows) and {row["partition"] for row in shown} == {1} and not world.tail("dead-letters"))
    world.run("state", "repair", "--apply", "--reason", "a test wrote them")
    letters = world.tail("dead-letters")
    expect("each is a dead letter, with where it stood and why", len(letters) == len(rows) and all(
        letter["headers"]["kw-topic"] == "case-state" and letter["headers"]["kw-partition"] == "1" and letter["headers"]["kw-code"] == "STRAY_ROW"
        and "a test wrote them" in letter["headers"]["kw-error"] for letter in letters))
    expect("they stood where it says", {int(letter["headers"]["kw-offset"]) for letter in letters} == {row["offset"] for row in shown})
    expect("nothing is left to repair", world.run("state", "repair") == "")
    world.run("state", "stats")
    worker.start()
    wait_for("it works again", lambda: all_live(worker))
    worker.stop()
    expect("it knows what it knew", known(world, lines) and world.once() == {"facts": 0, "told": 0, "dead": 0})
    return world


def other_text(world, worker):
    """The configuration is changed and its number is not: a worker does not go on by it, and does when the number is raised."""
    wait_for("it works", lambda: all_live(worker))
    worker.stop()
    with open(os.path.join(world.config, "calendar.yaml"), "a", encoding="utf-8") as file:
        file.write("# another text\n")
    worker.start()
    expect(f"another text of the same version is refused: {worker.log}", worker.ends() == 2 and "calendar.yaml (another text)" in worker.text())
    path = os.path.join(world.config, "version")
    number = 1
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            number = int(file.read())
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{number + 1}\n")
    worker.start()
    wait_for("it works by the newer version", lambda: all_live(worker))


def door_and_post(world):
    """gi-http, and a webhook whose receiver is not there."""
    token = os.path.join(world.folder, "token")
    with open(token, "w", encoding="utf-8") as file:
        file.write("t" * 40 + "\n")
    os.chmod(token, 0o600)
    door = world.connector("door", f"connector: gi-http\nlisten: 127.0.0.1:0\ntokens:\n  gi-a: {{file: {token}}}\n")
    post = world.connector("post", "connector: webhook\norganisation: gm0001\nurl: http://127.0.0.1:1/none\n")
    wait_for("gi-http listens", lambda: door.said("connect-listens"))
    wait_for("the webhook has its inbox", lambda: any(line["parts"] for line in post.said("connect-assigned")))
    return door, post


def grown(trial):
    """An event topic and an inbox get another partition: whoever runs notices by itself, and nobody publishes where nobody reads. Before it, its text
    changes."""
    world, _, worker = at_work(trial)
    other_text(world, worker)
    door, post = door_and_post(world)
    world.grow_topics(PARTITIONS + 1, "measure-started")
    world.grow_topics(2, "inbox.gm0001")
    expect(f"a worker that runs ends with 2 and says why: {worker.log}",
           worker.ends() == 2 and f"has {PARTITIONS + 1} partitions now and had {PARTITIONS}" in worker.text())
    says = f"{world.prefix}measure-started has {PARTITIONS + 1} partitions and {world.prefix}case-state has {PARTITIONS}"
    expect("who publishes is refused, and writes nothing", says in world.failing("publish", "/dev/null", status=2))
    expect("so is who publishes for an organisation", says in world.failing("publish", "/dev/null", "--as", "gi-a", status=2))
    for connector, what in ((door, says), (post, f"{world.prefix}inbox.gm0001 has 2 partitions and must have 1")):
        expect(f"a connector that runs ends with 2 and says why: {connector.log}", connector.ends() == 2 and what in connector.text())
        connector.start()
        expect(f"it does not start again: {connector.log}", connector.ends() == 2 and what in connector.text() and not connector.said("started"))
    return world


def bytes_of(world, lines):
    """Each of these events as it stands on a topic: keys and values, in any order."""
    config, prefix = world.config, world.prefix
    world.move("scratch")
    world.run("topics", "apply")
    world.publish(lines)
    records = world.raw("measure-started")
    world.config, world.prefix = config, prefix
    return records


def way_out(trial):
    """What was published into a partition that was added is told in the end: the steps of 'Partitions that were added' in config/README.md."""
    world, lines, worker = at_work(trial)
    worker.stop()
    hidden = [line for line in trial.load.cases(CASES) if line["event"] == "measure-started"][:10]
    world.grow_topics(PARTITIONS + 1, "measure-started")
    for key, value in bytes_of(world, hidden):
        world.produce("measure-started", PARTITIONS, key, value, {})
    expect("they stand there", len([record for record in world.tail("measure-started") if record["partition"] == PARTITIONS]) == 10)
    expect("no worker reads them", "must be equal" in world.failing("rules", "--instance", "a", "--once", status=2))
    prefix, stats = world.prefix, world.run("state", "stats").splitlines()[-1]
    old = world.move("new")
    world.run("topics", "apply")
    copied = json.loads(world.run("state", "copy", "--from", old))
    expect(f"what nobody has read comes along, and only that: {copied}", copied["events"] == len(hidden))
    kept = [json.loads(line) for line in (stats, world.run("state", "stats").splitlines()[-1])]
    expect("the state is the same", all(kept[0][key] == kept[1][key] for key in ("cases", "facts", "checksum")))
    worker.start()
    wait_for("every event is a fact", lambda: known(world, lines + hidden), look=0.3)
    wait_for("it works", lambda: all_live(worker))
    told = {record["value"]["event_id"] for record in world.tail(*("inbox." + name for name in MUNICIPALITIES))}
    expect("each is told, and nothing that was told before", told & {line["event_id"] for line in lines + hidden} == {line["event_id"] for line in hidden})
    worker.stop()
    world.prefix = prefix # of all topics: they are deleted
    return world


if __name__ == "__main__":
    faults.main({"remade": remade, "inbox": inbox, "longer": longer, "inbox-longer": inbox_longer, "deliveries": deliveries_anew, "cut": cut,
                 "unsound": unsound, "grown": grown, "way-out": way_out, "forgotten": forgotten, "stray": stray})

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What organisations ask of gi-http: what became of an event, and what is in their inboxes.

Usage: asks.py BINARY ROOT TOPIC_TOOL CASE

Goal: the answer is that of the workers, whoever of the two was started again meanwhile, and nobody's but the caller's; an inbox is read whole, once,
in pages, and a log that is not what the cursor is of is said. Method: the real program on a real broker; events are posted, workers run once or
go on, and every answer is compared with what stands on the topics.

KETENWACHT_TEST_BOOTSTRAP: the broker; without it a case is skipped.
"""

import datetime
import json
import os
import re
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request

import faults
from fault_load import id_of, instant
from fault_run import expect, say, wait_for

TOKENS = {name: f"{name}-".ljust(40, "x") for name in ("gi-a", "gi-b", "gm0001")}
NOW = datetime.datetime.now(datetime.timezone.utc)
EARLIER = NOW - datetime.timedelta(days=10)
BETWEEN = instant(NOW - datetime.timedelta(days=5)) # the present of a worker for whom NOW is too far ahead


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body.decode()
        self.json = json.loads(body) if body else None

    def next(self):
        return re.fullmatch(r'<([^>]+)>; rel="next"', self.headers["Link"]).group(1)

    def ids(self):
        return [event["id"] for event in self.json]


class Door:
    """gi-http: one process at a time."""

    def __init__(self, world):
        self.world, self.lives = world, 0
        self.file = os.path.join(world.folder, "door.yaml")
        with open(self.file, "w", encoding="utf-8") as file:
            file.write("connector: gi-http\nlisten: 127.0.0.1:0\ntokens:\n")
            file.writelines(f"  {name}: {{env: T{i}}}\n" for i, name in enumerate(TOKENS))
        self.start()

    def start(self):
        self.lives += 1
        self.log = os.path.join(self.world.folder, f"door-{self.lives}")
        environment = os.environ | {f"T{i}": token for i, token in enumerate(TOKENS.values())}
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(self.world.command("connect", self.file), stderr=log, env=environment)
        self.world.workers.append(self) # ended with them
        self.base = wait_for("gi-http listens", self.address)
        wait_for("it can say what became of events", lambda: '"desk-ready"' in self.text())

    def text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def address(self):
        expect(f"gi-http runs: {self.log}", self.process.poll() is None)
        found = re.search(r'"address":"([^"]+)"', self.text())
        return found and "http://" + found.group(1)

    def restart(self, number):
        self.process.send_signal(number)
        self.process.wait()
        self.start()

    def ask(self, path, who, body=None, method=None):
        headers = {"Authorization": "Bearer " + TOKENS[who]} if who else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.base + path, json.dumps(body).encode() if body is not None else None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def post(self, event, /, **fields):
        line = {"source": "gi-a", "occurred_at": instant(EARLIER), "recorded_at": instant(EARLIER), **fields}
        answer = self.ask("/events/" + event, line["source"], line)
        expect(f"{event} is taken: {answer.text}", answer.status == 202)
        return line

    def fate(self, line, who="gi-a"):
        return self.ask("/events/" + line["event_id"], who)

    def state(self, line):
        answer = self.fate(line)
        expect(f"it is known: {answer.text}", answer.status == 200)
        return answer.json["state"], answer.json.get("code"), [post["state"] for post in answer.json["posts"]]

    def ask_patiently(self, path, who):
        """On a busy machine a page can be late; then a client asks again, as it is told to."""
        answers = []

        def came():
            answers.append(self.ask(path, who))
            return answers[-1].status != 503 or answers[-1].json["code"] != "READING"
        wait_for(f"an answer to {path}", came)
        return answers[-1]

    def pages(self, who, path="/inbox", limit=100):
        """All pages from here on: their events, and the cursor behind them."""
        found, path = [], path + ("&" if "?" in path else "?") + f"limit={limit}"
        while True:
            answer = self.ask_patiently(path, who)
            expect(f"a page: {answer.text}", answer.status == 200 and answer.headers["Content-Type"] == "application/cloudevents-batch+json")
            expect("no more than asked for", len(answer.json) <= limit)
            if not answer.json:
                expect("the cursor of an empty page is the one before", "after" not in path or cursor(answer.next()) == cursor(path))
                return found, answer.next()
            found += answer.json
            path = answer.next()


def cursor(path):
    return re.search(r"after=(\w+)", path).group(1)


def case_of(number):
    return {"case_id": id_of("asks", number), "measure_id": id_of("asks measure", number)}


def measure(door, number, **fields):
    line = {"event_id": id_of("asks started", number), "kind": "OTS", "verdict_date": instant(EARLIER)[:10], "informed_date": instant(EARLIER)[:10],
            "gi": "gi-a", "municipality": "gm0001"}
    return door.post("measure-started", **(line | case_of(number) | fields))


def check_refused(answer, status, code):
    expect(f"{status} {code}: {answer.status} {answer.text}", answer.status == status and answer.json["code"] == code)


def fates(trial):
    """Waiting, fact, duplicate, and refused for four reasons; told to whom; nobody else's; and the same after every restart."""
    world = trial.world()
    door = Door(world)
    fact = measure(door, 1)
    twice = measure(door, 2)
    measure(door, 2)
    other = measure(door, 3)
    measure(door, 3, kind="VOOGDIJ") # another thing under the same id
    ahead = door.post("safety-raised", event_id=id_of("ahead"), case_id=id_of("asks", 1), concern_id=id_of("concern"), date=instant(NOW)[:10],
                      occurred_at=instant(NOW), recorded_at=instant(NOW))
    lines = [fact, twice, other, ahead]
    expect("nothing is a fact before a worker was there", all(set(door.state(line)[2]) == {"waiting"} for line in lines))
    expect("nobody was told yet", door.fate(fact).json["told"] == [])
    say("  all waits")
    world.once("--now", BETWEEN)

    wanted = {"fact": ("fact", None, ["fact"]), "twice": ("fact", None, ["fact", "duplicate"]),
              "other": ("refused", "DUPLICATE_ID", ["fact", "refused"]), "ahead": ("refused", "BAD_VALUE", ["refused"])}
    def check():
        for (name, want), line in zip(wanted.items(), lines):
            expect(f"{name} is {want}: {door.fate(line).text}", door.state(line) == want)
        told = door.fate(fact).json["told"]
        expect(f"the municipality was told: {told}", [copy["to"] for copy in told] == ["gm0001"] and told[0]["case_id"] == fact["case_id"])
        refused = door.fate(ahead).json
        expect(f"a sentence and when: {refused}", "recorded_at" in refused["text"] and refused["answered_at"])
        expect("and of which post", refused["posts"][0]["event"] == "safety-raised")
    check()
    unknown = door.ask("/events/" + id_of("nothing"), "gi-a")
    check_refused(unknown, 404, "NOT_FOUND")
    for who in ("gi-b", "gm0001"): # also not to whom it was told
        stranger = door.fate(fact, who)
        expect(f"another's looks like none: {stranger.text}", (stranger.status, stranger.text) == (404, unknown.text))
    check_refused(door.fate(fact, None), 401, "UNAUTHORISED")
    say("  judged")

    door.restart(signal.SIGKILL)
    check()
    worker = world.worker("a")
    wait_for("it works", lambda: faults.all_live(worker))
    gone = door.post("event-withdrawn", event_id=id_of("gone"), case_id=twice["case_id"], withdrawn=twice["event_id"], reason="MISTAKE")
    wait_for("the withdrawal is a fact", lambda: door.state(gone)[0] == "fact")
    measure(door, 2)
    want = ("refused", "WITHDRAWN", ["fact", "duplicate", "refused"])
    wait_for("what is repeated was withdrawn", lambda: door.state(twice) == want)
    worker.stop()
    door.restart(signal.SIGTERM)
    expect("that stays", door.state(twice) == want)
    check_letters(world, door, ahead)
    return world


def check_letters(world, door, ahead):
    """What no worker can read is known by its dead letter alone."""
    record = world.tail("safety-raised")[0]
    world.produce("safety-raised", record["partition"], ahead["case_id"], b"\xc3\x01nothing", {"ce_id": id_of("unread")})
    world.once("--now", BETWEEN)
    expect("its publisher is not known, so nobody is told", door.ask("/events/" + id_of("unread"), "gi-a").status == 404)
    expect("and it spoils nothing", door.state(ahead)[0] == "refused")


def inbox(trial):
    """Pages of one's own inbox, over restarts, held back until something comes; a log that was cut, and one that was made anew."""
    world = trial.world()
    door = Door(world)
    expect("an empty inbox is an empty page", door.pages("gm0001")[0] == [])
    for number in range(5):
        measure(door, number)
    world.once()
    stands = [record["headers"]["ce_id"] for record in world.tail("inbox.gm0001")]
    expect("there are several", len(stands) > 5)
    found, last = door.pages("gm0001", limit=2)
    expect("in pages of two: all that stands there, once, in order", [event["id"] for event in found] == stands)
    expect("as CloudEvents", all(event["specversion"] == "1.0" and event["data"]["event_id"] == event["id"] for event in found))
    expect("the GI's is another", door.pages("gi-a")[0] != found)
    begun = door.ask("/inbox?limit=2", "gm0001")
    door.restart(signal.SIGKILL)
    found, again = door.pages("gm0001", begun.next())
    expect("a cursor is good after a restart", begun.ids() + [event["id"] for event in found] == stands)
    expect("and the last one is the same", cursor(again) == cursor(last))
    say(f"  {len(stands)} events in pages")
    check_documented(trial, world, door, stands)
    check_status(world)
    check_queries(door, last)
    check_waiting(world, door, last)
    check_other_logs(world, door, begun.next())
    return world


def check_documented(trial, world, door, stands):
    """The lines of connectors/README.md, as they stand there, twice: the second time there is nothing new."""
    with open(os.path.join(trial.root, "connectors", "README.md"), encoding="utf-8") as file:
        lines = re.search("<!-- collect -->\n(.*?)<!-- end -->", file.read(), re.DOTALL).group(1)
    environment = os.environ | {"GI_HTTP": door.base, "TOKEN": TOKENS["gm0001"]}
    for _ in range(2):
        subprocess.run(["sh", "-ec", lines], cwd=world.folder, env=environment, check=True, timeout=60)
        with open(os.path.join(world.folder, "inbox.jsonl"), encoding="utf-8") as file:
            found = [event["id"] for page in file for event in json.loads(page)]
        expect(f"it collects all: {found}", found == stands)


def check_status(world):
    """What was read over HTTP is seen to be collected, and nobody waits for it."""
    def group():
        status = json.loads(world.run("status", "--json", status=(0, 1)))
        found = [each for each in status["consumers"] if each["group"] == "ketenwacht-pages-gm0001"]
        return found and found[0]["waiting"] == 0 and "gm0001" not in [inbox["organisation"] for inbox in status["not_collected"]]
    wait_for("status knows that the inbox is read", group)


def check_queries(door, last):
    for path in ("/inbox?after=1", "/inbox?limit=0", "/inbox?limit=1001", "/inbox?wait=31", "/inbox?affter=x", last.replace("after=01", "after=02")):
        check_refused(door.ask(path, "gm0001"), 400, "BAD_QUERY")
    check_refused(door.ask(last, "gi-a"), 400, "BAD_QUERY") # another's cursor
    check_refused(door.ask("/inbox", None), 401, "UNAUTHORISED")
    check_refused(door.ask("/inbox", "gm0001", method="DELETE"), 405, "METHOD")


def check_waiting(world, door, last):
    """What comes while a page is held back ends the wait."""
    held = []
    thread = threading.Thread(target=lambda: held.append(door.ask(last + "&wait=30", "gm0001")))
    began = time.monotonic()
    thread.start()
    measure(door, 6)
    world.once()
    thread.join()
    news = [record["headers"]["ce_id"] for record in world.tail("inbox.gm0001")]
    expect(f"the new ones come: {held[0].text}", held[0].status == 200 and held[0].ids() and news[-1] in door_ids(door, last))
    say(f"  held back for {time.monotonic() - began:.1f} s")


def door_ids(door, path):
    return [event["id"] for event in door.pages("gm0001", path)[0]]


def check_other_logs(world, door, old):
    """Cut behind an old cursor, then made anew, then longer than it was."""
    end = door.pages("gm0001")[1]
    world.cut_topics("inbox.gm0001")
    cut = door.ask(old, "gm0001")
    check_refused(cut, 410, "CURSOR_GONE")
    expect(f"from where to where: {cut.text}", 0 < cut.json["from"] <= cut.json["to"])
    expect("and where it goes on", door.ask(cut.json["next"], "gm0001").json == [])
    expect("who had read all missed nothing", door.ask(end, "gm0001").json == [])
    world.delete_topics("inbox.gm0001")
    world.run("topics", "apply")
    for numbers in (range(0), range(20, 40)):
        for number in numbers:
            measure(door, number)
        if numbers:
            world.once()
        anew = wait_for("the log is there", lambda: (lambda answer: answer.status != 503 and answer)(door.ask(end, "gm0001")))
        check_refused(anew, 410, "CURSOR_GONE")
        expect(f"nobody knows what is gone: {anew.text}", "from" not in anew.json)
        stands = [record["headers"]["ce_id"] for record in world.tail("inbox.gm0001")]
        expect("it begins at the beginning", door_ids(door, anew.json["next"]) == stands)
    expect("it was made longer than it was", len(stands) > 20)


if __name__ == "__main__":
    faults.main({"fates": fates, "inbox": inbox})

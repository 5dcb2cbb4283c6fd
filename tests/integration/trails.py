#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Where a record went: `explain`, `trace` and the console, of a case that came in by HTTP and went out to a receiver that takes some and refuses some.

Usage: trails.py BINARY ROOT TOPIC_TOOL CASE

Goal: what a receiver refused is never said to be told, what waits is said to wait, and the way of an event is told whole and in order, by whichever
of its ids; the console says the same from memory. Method: the real program on a real broker: a door, a worker that runs once, a webhook; each thing
that can become of a record happens once.

KETENWACHT_TEST_BOOTSTRAP: the broker; without it a case is skipped.
"""

import http.server
import json
import os
import re
import shutil
import subprocess
import threading
import urllib.request

import faults
from asks import Door, measure
from fault_load import id_of
from fault_run import Worker, expect, say, wait_for

REFUSED_TYPE = "escalation-raised"
INSTANT = r"[a-z]+ \d+ [a-z]+ 20\d\d \d\d:\d\d uur"


class Receiver:
    """Takes everything but what it is told to refuse, and knows what it took."""

    def __init__(self, refuses=REFUSED_TYPE):
        self.refuses, self.taken = refuses, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                refused = outer.refuses and outer.refuses in event["type"]
                if not refused:
                    outer.taken.append(event["id"])
                self.send_response(400 if refused else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *words):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Webhook:
    """The connector of gm0001's inbox: one process."""

    def __init__(self, world, receiver):
        self.file = os.path.join(world.folder, "hook.yaml")
        with open(self.file, "w", encoding="utf-8") as out:
            out.write(f"connector: webhook\norganisation: gm0001\nurl: {receiver.url}\n")
        with open(os.path.join(world.folder, "hook.log"), "wb") as log:
            self.process = subprocess.Popen(world.command("connect", self.file), stderr=log)
        world.workers.append(self) # ended with them


class Console(Worker):
    """The console, open to whoever runs this."""

    def arguments(self):
        return ("console", "--open-on-localhost", "--port", "0")

    def get(self, path):
        """What it answers, and where that was in the end."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.said('console-listens')[0]['port']}{path}", timeout=30) as answer:
            return answer.read().decode(), answer.url

    def json(self, path):
        return json.loads(self.get(path)[0])

    def trace(self, case_id):
        return self.json(f"/api/cases/{case_id}?limit=1000")["trace"]


def trace(world, option, value):
    return [json.loads(line) for line in world.run("trace", option, value, "--json").splitlines()]


def outcomes(world):
    return sorted(record["value"]["outcome"] for record in world.tail("deliveries"))


def found(what, expression, text):
    expect(f"{what}: {expression} in {text}", re.search(expression, text, re.MULTILINE))


def steps(trail, *keys):
    return [tuple(step.get(key) for key in ("step", *keys)) for step in trail]


def check_explained(world, fact):
    text = world.run("explain", "--case", fact["case_id"])
    found("refused by the receiver", rf"trede 1 aan Een \(gm0001\) als gemeente: in het postvak op {INSTANT}, geweigerd \(400\) op {INSTANT}$", text)
    found("taken by the receiver", rf"Een \(gm0001\) als gemeente: in het postvak op {INSTANT}, afgeleverd op {INSTANT} \(204, 1 poging\)$", text)
    found("an announcement too", rf"^    aan Een \(gm0001\): in het postvak op {INSTANT}, afgeleverd op {INSTANT} \(204, 1 poging\)$", text)
    found("nobody reads for the GI", rf"trede 1 aan A \(gi-a\) als GI: wacht sinds {INSTANT}; niemand leest dit postvak$", text)
    expect(f"nothing is only said to be told: {text}", "gemeld" not in text)
    case = json.loads(world.run("explain", "--case", fact["case_id"], "--json"))
    alerts = [alert for obligation in case["obligations"] for alert in obligation["alerts"] if alert["to"] == "gm0001"]
    expect(f"the same in JSON: {alerts}", [alert["inbox"][0]["delivery"][0]["status"] for alert in alerts] == [400])
    return alerts[0]["alert_id"]


def check_event(world, fact):
    """Posted three times: a fact, its repetition, and another thing under the same id."""
    trail = trace(world, "--event", fact["event_id"])
    posts = [step for step in trail if step["step"] == "published"]
    expect(f"what became of each post: {posts}", [post["state"] for post in posts] == ["fact", "duplicate", "refused"])
    expect("and why", posts[2]["code"] == "DUPLICATE_ID" and posts[2]["text"])
    expect(f"nothing of other events: {trail}", {step["event_id"] for step in trail if step.get("event") == "measure-started"} == {fact["event_id"]})
    kinds = steps(trail, "to", "event", "state")
    for want in (("fact", None, "measure-started", None), ("told", "gm0001", "measure-started", None), ("told", "gi-a", "event-refused", None),
                 ("delivery", "gm0001", "measure-started", "delivered"), ("dead-letter", None, "measure-started", None)):
        expect(f"{want} once in {kinds}", kinds.count(want) == 1)
    roles = [(step["to"], step["role"]) for step in trail if step["step"] == "told" and "role" in step]
    expect(f"in which role: {roles}", ("gm0001", "municipality") in roles)
    expect("in the order of time", [step["step"] for step in trail][:3] == ["published"] * 3 and kinds.index(("told", "gm0001", "measure-started", None)) <
           kinds.index(("delivery", "gm0001", "measure-started", "delivered")))


def check_measure(world, fact):
    """By the id of the measure: all that was told of its norms as well, and nothing of another measure."""
    trail = trace(world, "--measure", fact["measure_id"])
    raised = [step for step in trail if step.get("event") == REFUSED_TYPE]
    expect(f"told to two, refused by one: {raised}",
           sorted(step["delivery"][0]["state"] for step in raised if step["step"] == "told") == ["refused", "unread"])
    letters = [(step["code"], step["stage"]) for step in trail if step["step"] == "dead-letter" and step["event"] == REFUSED_TYPE]
    expect(f"its dead letter: {letters}", letters == [("REFUSED_BY_RECEIVER", "deliver")])
    expect("only of this measure", {step["case_id"] for step in trail if "case_id" in step} == {fact["case_id"]})
    everything = trace(world, "--case", fact["case_id"])
    expect("all of it is of the case", len(everything) >= len(trail) and all(step in everything for step in trail))
    text = world.run("trace", "--measure_id=" + fact["measure_id"])
    found("in Dutch", r"^  ingekomen: .*\(measure-started\) van A \(gi-a\): aanvaard$", text)
    found("the delivery", rf"^  bezorging aan Een \(gm0001\): geweigerd \(400\) op {INSTANT} door hook$", text)
    found("where it stands", r"^    inbox.gm0001/0/\d+, bericht [0-9a-f-]{36}$", text)


def check_collected(world, door, fact):
    """The GI reads its inbox over HTTP, and is seen to have."""
    door.pages("gi-a")
    door.pages("gi-a", door.pages("gi-a")[1])

    def seen():
        told = [step for step in trace(world, "--case", fact["case_id"]) if step["step"] == "told" and step["to"] == "gi-a"]
        return told and all(step["delivery"] == [{"state": "collected", "by": "ketenwacht-pages-gi-a"}] for step in told)
    wait_for("the GI has collected all", seen)
    found("explain says so", r"trede 1 aan A \(gi-a\) als GI: in het postvak op .*, opgehaald door ketenwacht-pages-gi-a$",
          world.run("explain", "--case", fact["case_id"]))


def add_schema(trial, world, name, version):
    """Until then there is none: nothing is asked of topics that the schemas do not know."""
    shutil.copy(os.path.join(trial.root, "schemas", name + ".avsc"), world.schemas)
    with open(os.path.join(world.config, "version"), "w", encoding="utf-8") as file:
        file.write(f"{version}\n")


def check_sent_again(trial, world, receiver, fact, alert):
    add_schema(trial, world, "audit", 2)
    receiver.refuses = None
    world.run("dead-letters", "replay", "--stage", "deliver", "--reason", "het ligt niet meer aan gm0001")
    wait_for("it is delivered", lambda: trace(world, "--alert", alert)[-1].get("state") == "delivered", look=0.3)
    trail = trace(world, "--alert", alert)
    expect(f"all that became of it: {steps(trail, 'state')}", steps(trail, "state") == [
        ("told", None), ("delivery", "refused"), ("dead-letter", None), ("sent-again", None), ("delivery", "sent-again"), ("delivery", "delivered")])
    found("explain says so again", rf"trede 1 aan Een \(gm0001\) als gemeente: in het postvak op {INSTANT}, afgeleverd op {INSTANT} \(204, 1 poging\)$",
          world.run("explain", "--case", fact["case_id"]))


def check_waiting(trial, world, door, webhook):
    """What waits for a connector that was ended, and then paused."""
    add_schema(trial, world, "connector-orders", 3)
    webhook.process.terminate()
    webhook.process.wait()
    fact = measure(door, 3)
    world.once()

    def explained(why):
        return re.search(rf"trede 1 aan Een \(gm0001\) als gemeente: wacht sinds {INSTANT}; hook {why}$", world.run("explain", "--case", fact["case_id"]),
                         re.MULTILINE)
    wait_for("it is said that nothing delivers", lambda: explained("draait niet"), look=0.3)
    world.run("connect", "--pause", webhook.file, "--reason", "gm0001 verhuist")
    wait_for("and then that it must not", lambda: explained("is door beheer gepauzeerd"), look=0.3)
    told = [step for step in trace(world, "--case", fact["case_id"]) if step["step"] == "told" and step["to"] == "gm0001"]
    expect(f"the same in a trace: {told}", told and all([outcome["why"] for outcome in step["delivery"]] == ["paused"] for step in told))


def check_console(world, door, fact):
    """From the POST to the receiver's 204, and all that became of the case before: the same as from the topics."""
    console = Console(world, "console", ())
    world.workers.append(console)
    wait_for("the console listens", lambda: console.said("console-listens"))
    new = measure(door, 4)
    world.once()

    def delivered():
        found = console.json(f"/api/cases?zoek={new['event_id']}")["hits"]
        kinds = steps(console.trace(new["case_id"])["steps"], "to", "event", "state") if found else []
        return all(step in kinds for step in (("published", None, "measure-started", "fact"), ("fact", None, "measure-started", None),
                                              ("delivery", "gm0001", "measure-started", "delivered")))
    wait_for("the console has seen it delivered", delivered)
    expect("as what it was", console.json(f"/api/cases?zoek={new['event_id']}")["hits"] == [{"case_id": new["case_id"], "field": "event_id"}])
    for case_id in (new["case_id"], fact["case_id"]):
        wait_for("memory says what the topics say", lambda case=case_id: console.trace(case)["steps"] == trace(world, "--case", case), look=0.3)
    topics = wait_for("the topics are read", lambda: console.json(f"/api/cases/{fact['case_id']}?limit=1000&trace=topics").get("trace"), look=0.3)
    expect("so do the topics, when they are read for it", topics["from"] == "topics" and topics["steps"] == console.trace(fact["case_id"])["steps"])
    page, place = console.get(f"/zaken?zoek={new['measure_id']}")
    found("a search leads to the case", f"/zaken/{new['case_id']}", place)
    found("where what was looked for is marked", '<tr id="found"', page)
    console.stop()


def trails(trial):
    world = trial.world()
    door, receiver = Door(world), Receiver()
    fact = measure(door, 1)
    measure(door, 1)
    measure(door, 1, kind="VOOGDIJ") # another thing under the same id
    other = measure(door, 2)
    expect("it waits", steps(trace(world, "--event", fact["event_id"]), "state") == [("published", "waiting")] * 3)
    world.once()
    webhook = Webhook(world, receiver)
    waiting = len(world.tail("inbox.gm0001"))
    wait_for("all are delivered or refused", lambda: len(outcomes(world)) == waiting)
    say("  delivered")
    alert = check_explained(world, fact)
    check_event(world, fact)
    check_measure(world, fact)
    expect("the other's has no refusal", "refused" not in [step.get("state") for step in trace(world, "--event", other["event_id"])])
    say("  told")
    check_collected(world, door, fact)
    check_sent_again(trial, world, receiver, fact, alert)
    check_console(world, door, fact)
    say("  seen in the console")
    check_waiting(trial, world, door, webhook)
    said = world.failing("trace", "--event", id_of("nothing"), status=1)
    found("an id that nobody knows", "nothing on the broker is about event_id " + id_of("nothing"), said)
    found("a misspelt name", "did you mean 'measure_id'", world.failing("trace", "--measur", fact["measure_id"], status=2))
    found("a misspelt option", "did you mean '--bootstrap'", world.failing("trace", "--bootstap", fact["measure_id"], status=2))
    found("what is no id", "'1b15' is no id", world.failing("trace", "--case", "1b15", status=2))
    return world


if __name__ == "__main__":
    faults.main({"trails": trails})

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Dead letters are sent again from the console exactly once, however often it dies meanwhile.

Usage: console_redrive.py BINARY ROOT TOPIC_TOOL CASE

Goal: an operator looks at letters, tries what would be accepted, sends them again with a reason, and nothing is lost or doubled by kill -9 in the midst.
Method: the real console on a real broker. A worker whose clock is wrong refuses everything; the console is asked by HTTP as a browser would; it is killed
after it has sent some, and started again; afterwards each letter stands on its topic and in audit once.

KETENWACHT_TEST_BOOTSTRAP: the broker; without it a case is skipped. KETENWACHT_KILLS (5): beyond it the console is killed more
often.
"""

import json
import urllib.parse

import fault_load
import faults
from console_client import Console
from fault_run import expect, say, wait_for

BATCH = 100 # letters of one transaction, and of one second, at most
KILLS = 2 # where not many are asked for
KILLS_MAX = 12 # each has to leave something to the next
LETTERS = "/api/dead-letters"
REDRIVE = "/api/dead-letters/redrive"
REASON = "klok van de verwerker stond verkeerd"


class Redriver(Console):
    """Who sends letters again."""

    def over(self):
        """The latest job, once it is over."""
        return wait_for("the job is over", lambda: (job := self.json(REDRIVE))["state"] == "OVER" and job)


def all_letters(console, query=""):
    """Page by page."""
    found, after = [], ""
    while True:
        page = console.json(f"{LETTERS}?limit=70{query}{after}")
        found += page["letters"]
        if "next" not in page:
            return found
        after = "&after=" + urllib.parse.quote(page["next"], safe="")


def make_letters(trial, world, n):
    """So many beginnings of cases, all refused by a worker that lives in the past."""
    cases = {}
    while len(cases) < n:
        for line in trial.load.cases(n - len(cases)):
            if line["event"] == "measure-started":
                cases.setdefault(line["case_id"], line)
    lines = list(cases.values())
    world.publish(lines)
    expect("a worker of the past refuses all", world.once("--now", "2020-01-01T12:00:00+01:00")["dead"] == len(lines))
    return lines


def check_looks(console, lines):
    """The list, its groups and one letter say what stands there."""
    wait_for("all letters are known", lambda: len(all_letters(console)) == len(lines))
    page = console.json(LETTERS)
    expect(f"one code, one topic: {page['by']}", [len(page["by"][by]) for by in ("code", "topic")] == [1, 1])
    expect("every source", {group["name"] for group in page["by"]["organisation"]} == {line["source"] for line in lines})
    found = all_letters(console)
    places = [int(one["letter"].split("/")[1]) for one in found]
    expect(f"each letter once, the latest first: {len(found)} of {len(lines)}", places == sorted(set(places), reverse=True) and len(places) == len(lines))
    source = lines[0]["source"]
    expect("those of one source", len(all_letters(console, f"&organisation={source}")) == sum(line["source"] == source for line in lines))
    one = console.json(f"{LETTERS}/0/0")
    expect(f"it would be accepted now: {one}", (one["now"], one["code"]) == ("ACCEPTED", "BAD_VALUE"))
    expect("its body is there", one["record"]["value"]["event_id"] == one["event_id"])
    wait_for("its way is known, though its case has no fact", lambda: case_of(console, one))
    expect("none of another place", console.request("GET", f"{LETTERS}/0/{2 * places[0] + 9}")[0] == 404 and console.request("GET", f"{LETTERS}/7/0")[0] == 404)
    expect("no place", console.request("GET", f"{LETTERS}?after=x")[0] == 400 and console.request("GET", f"{LETTERS}/x")[0] == 404)


def case_of(console, letter):
    """To where the link of a letter leads: the way of its event."""
    status, headers, _ = console.request("GET", f"/zaken?zoek={letter['event_id']}")
    if status != 303:
        return None
    expect("the page of its case", headers["Location"].startswith(f"/zaken/{letter['case_id']}"))
    status, _, text = console.request("GET", headers["Location"].split("#")[0])
    return status == 200 and letter["code"] in text and console.json(f"/api/cases/{letter['case_id']}")["trace"]


def try_all(console, lines):
    """A dry run, which sends nothing."""
    console.act("/dode-letters?code=BAD_VALUE", "/dode-letters/proef")
    job = console.over()
    expect(f"a dry run of all: {job}", job["dry_run"] and job["result"]["letters"] == len(lines) and job["result"]["refused"] == {})
    return job["result"]


def check_refusals(world, console):
    """What may not be: without a reason, without a dry run, of another dry run."""
    console.act("/dode-letters/opnieuw", "/dode-letters/opnieuw", want=400, reason=" ")
    console.act("/dode-letters/opnieuw", "/dode-letters/opnieuw", want=400, reason="x" * 301)
    console.act("/dode-letters/opnieuw", "/dode-letters/opnieuw", want=409, reason=REASON, proef="999")
    expect("nothing was sent, and nothing announced", not [record for record in world.tail("audit") if record["value"]["action"] == "REDRIVE"])


def check_stopped(world, console, lines):
    """Who begins it may stop it, and it is not said to be cut off; only one runs at a time."""
    console.act("/dode-letters/opnieuw", "/dode-letters/opnieuw", reason=REASON)
    console.post("/dode-letters/proef", 409, None, console.hidden("/dode-letters", "/dode-letters/proef"))
    console.act("/dode-letters/opnieuw", "/dode-letters/stoppen")
    job = console.over()
    expect(f"it stopped in the midst: {job}", job["stopped"] and "error" not in job and 0 < job["result"]["sent"] < len(lines))
    said = [record["value"]["result"] for record in world.tail("audit") if record["value"]["object"].startswith("dead-letters?")]
    expect(f"its beginning and end stand in audit: {said}", said == ["BEGUN", "STOPPED"])
    wait_for("and are known", lambda: console.json(LETTERS + "?code=BAD_VALUE")["by"]["code"][0]["sent_again"] == job["result"]["sent"])
    expect("it is not said to be cut off", "een einde is niet bekend" not in console.get("/dode-letters"))


def end(console, life):
    """By kill -9; in a long test every other time as a supervisor would."""
    if life % 4 == 3:
        console.stop()
    else:
        console.kill()


def send_until_killed(trial, console, lines, kills):
    """Each life sends some of them. Return: how many lives saw that others had sent before."""
    resumed = 0
    for life in range(kills):
        left = try_all(console, lines)
        resumed += left["already_sent"] > 0
        console.act("/dode-letters/opnieuw", "/dode-letters/opnieuw", reason=REASON)
        sent = wait_for("something is sent", lambda: (job := console.json(REDRIVE))["result"]["sent"] and job)
        expect(f"it is in the midst: {sent}", sent["state"] == "RUNNING" or sent["result"]["sent"] + left["already_sent"] < len(lines))
        trial.pause(0, 0.4)
        end(console, life)
        console.start()
        cut = wait_for("it is told that it was cut off", lambda: "een einde is niet bekend" in (text := console.get("/dode-letters")) and text)
        expect("and with which it goes on", 'href="/dode-letters?code=BAD_VALUE"' in cut)
    return resumed


def send_rest(world, console, lines):
    """The console and the command at once: one of them is put off, and whoever does it again ends it."""
    left = try_all(console, lines)
    expect("others have sent some", left["already_sent"] > 0 and left["would_be_sent"] > 0)
    console.act("/dode-letters/opnieuw", "/dode-letters/opnieuw", reason=REASON)
    world.run("dead-letters", "replay", "--code", "BAD_VALUE", "--reason", REASON, "--per-second", "10000", status=(0, 3))
    console.over()
    if try_all(console, lines)["would_be_sent"]:
        console.act("/dode-letters/opnieuw", "/dode-letters/opnieuw", reason=REASON)
    job = console.over()
    expect(f"the last came to its end: {job}", not job["stopped"] and "error" not in job)
    expect("and none is left", sum(job["result"].get(name, 0) for name in ("sent", "already_sent")) == len(lines))


def check_once(world, console, lines):
    """Each letter on its topic again once, counted, and once in audit with the reason."""
    again = sorted(record["value"]["event_id"] for record in world.tail("measure-started") if record["headers"].get("kw-redriven") == "1")
    expect(f"each once: {len(again)} of {len(lines)}", again == sorted(line["event_id"] for line in lines))
    acts = [record["value"] for record in world.tail("audit") if record["value"]["action"] == "REDRIVE"]
    sent = [act for act in acts if act["object"].startswith("dead-letters/")]
    expect("each once in audit", len(sent) == len(lines) == len({act["object"] for act in sent}))
    expect("who and why", all(act["reason"] == REASON and act["user"] and act["result"] == "DONE" for act in sent))
    expect("of the console with their roles", any("beheer" in (act["roles"] or "") for act in sent))
    expect("the last is over", [act["result"] for act in acts if act["object"].startswith("dead-letters?")][-1] in ("DONE", "FAILED"))
    wait_for("all are known as sent", lambda: console.json(LETTERS)["by"]["code"][0]["sent_again"] == len(lines))
    expect("none is left", all_letters(console, "&sent=no") == [])
    counted = world.once()
    facts = sorted(world.facts())
    expect(f"and each is a fact: {counted}, {len(facts)} facts of {len(again)}", facts == again)


def check_loop(world, console):
    """What came back three times goes no more; what cannot be read is shown as bytes, and only their beginning."""
    headers = {"kw-topic": "measure-started", "kw-partition": "0", "kw-offset": "1", "kw-stage": "decode", "kw-code": "UNDECODABLE", "kw-error": "no"}
    before = len(all_letters(console))
    world.produce("dead-letters", 0, fault_load.id_of("loop"), b"geheim " * 20, {**headers, "kw-redriven": "3"})
    wait_for("the letter is known", lambda: len(all_letters(console)) == before + 1)
    place = all_letters(console, "&code=UNDECODABLE")[0]["letter"]
    one = console.json(f"{LETTERS}/{place}")
    expect(f"a loop: {one}", one["now"] == "LOOP" and one["redriven"] == 3)
    expect("its beginning as hex", one["record"]["hex"] == b"geheim geheim geheim geheim"[:16].hex() and one["bytes"] == 140)
    console.act(f"/dode-letters?code=UNDECODABLE", "/dode-letters/proef")
    expect("none would be sent", console.over()["result"] == {"letters": 1, "would_be_sent": 0, "already_sent": 0, "refused": {"LOOP": 1}})
    console.post("/dode-letters/opnieuw", 303, None, {**console.hidden("/dode-letters", "/dode-letters/proef"), "letter": place, "reason": REASON})
    expect("nor by itself", console.over()["result"]["refused"] == {"LOOP": 1})
    return place


def check_sight(world, console, place):
    """Personal data are shown once it stands in audit why."""
    console.act(f"/dode-letters/{place}", f"/dode-letters/inzien/{place}", want=400, reason="")
    text = console.act(f"/dode-letters/{place}", f"/dode-letters/inzien/{place}", want=200, reason="vraag van gi-a")
    expect("all bytes", (b"geheim " * 20).hex() in text)
    sights = [record["value"] for record in world.tail("audit") if record["value"]["action"] == "VIEW_PERSONAL"]
    found = [(sight["reason"], sight["object"].split("@")[0]) for sight in sights]
    expect(f"it stands in audit: {sights}", found == [("vraag van gi-a", f"dead-letters/{place}")])


def check_one(world, console):
    """One letter, from its own page."""
    line = json.loads(json.dumps(world.tail("measure-started")[0]["value"]))
    line["event_id"] = fault_load.id_of("one")
    world.publish([{"event": "measure-started", **line}])
    expect("it is refused", world.once("--now", "2020-01-01T12:00:00+01:00")["dead"] == 1)
    found = wait_for("the letter is known", lambda: all_letters(console, "&sent=no&code=BAD_VALUE"))
    console.act(f"/dode-letters/{found[0]['letter']}", "/dode-letters/opnieuw", reason=REASON)
    expect("it is sent", console.over()["result"] == {"letters": 1, "sent": 1, "already_sent": 0, "refused": {}})
    console.post("/dode-letters/opnieuw", 303, None,
                 {**console.hidden("/dode-letters", "/dode-letters/proef"), "letter": found[0]["letter"], "reason": REASON})
    expect("once", console.over()["result"] == {"letters": 1, "sent": 0, "already_sent": 1, "refused": {}})


def redrive(trial):
    world = trial.world()
    kills = KILLS if trial.kills <= 5 else KILLS_MAX
    lines = make_letters(trial, world, 4 * BATCH * (kills + 1) + 1) # of a life four transactions at most, however slow the machine
    console = Redriver(world)
    check_looks(console, lines)
    try_all(console, lines)
    check_refusals(world, console)
    say(f"  {len(lines)} letters were looked at and tried")
    check_stopped(world, console, lines)
    resumed = send_until_killed(trial, console, lines, kills)
    expect(f"each life went on where another was: {resumed}", resumed == kills)
    send_rest(world, console, lines)
    check_once(world, console, lines)
    say(f"  sent once, over {kills} kills")
    check_sight(world, console, check_loop(world, console))
    check_one(world, console)
    console.stop()
    return world


if __name__ == "__main__":
    faults.main({"redrive": redrive})

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What people do in the console is done as they asked, once, and stands in audit; and nobody does it to what is another's.

Usage: console_acts.py BINARY ROOT TOPIC_TOOL CASE

Goal: an alert that is acknowledged from its form is acknowledged by the rules; a webhook that is paused stands still, and goes on. Method: the real
program on a real broker: a worker, a webhook and the console behind a login site that names who asks: an operator, and people of two municipalities.

KETENWACHT_TEST_BOOTSTRAP: the broker; without it a case is skipped.
"""

import datetime
import json
import os

import fault_load
import faults
from console_client import Console, write_proxy
from fault_load import id_of
from fault_run import expect, say, wait_for
from trails import Receiver

ACKNOWLEDGE, PAUSE, RESUME = "/meldingen/bevestigen", "/verbindingen/pauzeren", "/verbindingen/hervatten"
GROUPS = {"beheer": "roles: [meta, zaak, beheer]", "inzage": "roles: [meta, zaak]", "een": "roles: [zaak, beheer], organisation: gm0001",
          "twee": "roles: [zaak, beheer], organisation: gm0002"}
REASON = "onderhoud bij de ontvanger"


def measure(n):
    """A measure of which nobody was told a protector in time: an alert for its GI and for gm0001."""
    now = datetime.datetime.now(datetime.timezone.utc)
    day = (now - datetime.timedelta(days=7)).date().isoformat()
    return {"event": "measure-started", "event_id": id_of("acts", n), "case_id": id_of("acts case", n), "source": "gi-a",
            "occurred_at": fault_load.instant(now), "recorded_at": fault_load.instant(now), "replaces": None,
            "measure_id": id_of("acts measure", n), "kind": "OTS", "verdict_date": day, "informed_date": day, "gi": "gi-a", "municipality": "gm0001"}


def hold(world):
    """The agreement says that an acknowledgement holds higher rungs back."""
    path = os.path.join(world.config, "protocols", "proef.yaml")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace("routes:", "acknowledgement_holds: 5 days\nroutes:", 1))


def acts(world, *actions):
    return [record["value"] for record in world.tail("audit") if record["value"]["action"] in actions]


def raised(world, organisation):
    """The alert of this organisation, once it was raised."""
    return wait_for("an alert", lambda: next((record["value"] for record in world.tail("escalation-raised")
                                              if record["value"]["organisation"] == organisation), None))


def check_acknowledged(world, console, worker):
    """By the municipality that has the alert; twice the same button is once; by others not."""
    alert, other = raised(world, "gm0001"), raised(world, "gi-a")
    case = f"/zaken/{alert['case_id']}"
    wait_for("the console has the case", lambda: console.request("GET", case, None, "een")[0] == 200)
    fields = {**console.hidden(case, ACKNOWLEDGE, "een"), "by": "wijkteam"}
    expect(f"the form is of its own alert: {fields}", fields["alert"] == alert["alert_id"])
    expect("there is one alone", console.get(case, "een").count(ACKNOWLEDGE) == 1 and console.get(case, "beheer").count(ACKNOWLEDGE) == 2)
    expect("none for who may not act", ACKNOWLEDGE not in console.get(case, "inzage") and ACKNOWLEDGE not in console.get("/meldingen", "inzage"))
    expect("the same in the list", console.get("/meldingen", "een").count(ACKNOWLEDGE) == 1)
    token = console.hidden(case, ACKNOWLEDGE, "een")["token"]
    console.post(ACKNOWLEDGE, 400, "een", {**fields, "by": "  "})
    console.post(ACKNOWLEDGE, 404, "een", {**fields, "alert": other["alert_id"]})
    console.post(ACKNOWLEDGE, 404, "een", {**fields, "alert": id_of("nothing")})
    console.post(ACKNOWLEDGE, 403, "een", {**fields, "token": "x" + token[1:]})
    expect("nothing was said", world.tail("alert-acknowledged") == [] and acts(world, "ACKNOWLEDGE") == [])
    console.post(ACKNOWLEDGE, 303, "een", fields)
    console.post(ACKNOWLEDGE, 303, "een", fields)
    said = [record["value"] for record in world.tail("alert-acknowledged")]
    expect(f"it is said by whose it is: {said}", {(one["event_id"], one["alert_id"], one["source"], one["by"]) for one in said} ==
           {(said[0]["event_id"], alert["alert_id"], "gm0001", "wijkteam")})
    wait_for("it counts once", lambda: world.facts().count(said[0]["event_id"]) == 1)
    wait_for("and holds", lambda: (alert_of(console, case, alert) or {}).get("acknowledged_until"))
    found = {(act["user"], act["organisation"], act["object"]) for act in acts(world, "ACKNOWLEDGE")}
    expect(f"it stands in audit: {found}", found == {("een", "gm0001", alert["case_id"])})
    worker.look_after()
    return other


def alert_of(console, case, alert):
    found = console.json("/api/cases" + case.removeprefix("/zaken"), "beheer")["alerts"]
    return next((one for one in found if one["alert_id"] == alert["alert_id"]), None)


def check_operators(world, console, other):
    """Operators acknowledge what is anybody's."""
    case = f"/zaken/{other['case_id']}"
    fields = {**console.hidden(case, ACKNOWLEDGE, "beheer"), "by": "regie", "alert": other["alert_id"]}
    console.post(ACKNOWLEDGE, 303, "beheer", fields)
    said = [record["value"] for record in world.tail("alert-acknowledged") if record["value"]["source"] == "operators"]
    expect(f"by operators: {said}", [one["alert_id"] for one in said] == [other["alert_id"]])
    wait_for("and holds", lambda: (alert_of(console, case, other) or {}).get("acknowledged_until"))


def check_paused(world, console, receiver):
    """A webhook of gm0001 stands still, by whose it is or by an operator, and goes on."""
    page, api = "/organisaties/gm0001", "/api/organisations/gm0001"
    wait_for("something was delivered", lambda: receiver.taken)
    found = wait_for("the console knows the connector", lambda: console.json(api, "een")["deliveries"])[0]
    expect(f"how it stands: {found}", found["connector"] == "hook" and found["delivered"] > 0 and "paused_since" not in found)
    expect("what may be done", [action in console.get(page, "een") for action in (PAUSE, RESUME)] == [True, False])
    expect("not by who only looks", PAUSE not in console.get(page, "inzage"))
    expect("nor by another, to whom it is not there", console.request("GET", page, None, "twee")[0] == 404)
    form = {**console.hidden(page, PAUSE, "beheer"), "reason": REASON}
    console.post(PAUSE, 404, "beheer", {**form, "connector": "hoek"})
    console.post(PAUSE, 400, "beheer", {**form, "reason": ""})
    console.post(RESUME, 409, "beheer", form)
    console.act(page, PAUSE, 303, "een", reason=REASON)
    console.post(PAUSE, 409, "beheer", form)
    wait_for("it is paused", lambda: paused(world) == ["hook/gm0001"])
    wait_for("the page says so", lambda: RESUME in console.get(page, "een") and PAUSE not in console.get(page, "een"))
    expect("why is for operators", REASON in console.get(page, "beheer") and REASON not in console.get(page, "een"))
    wait_for("the overview says so to whose it is", lambda: RESUME in console.get("/", "een"))
    expect("and to nobody else", RESUME not in console.get("/", "twee") and RESUME not in console.get("/", "inzage"))
    console.act("/", RESUME, 303, "beheer", reason=REASON)
    expect("it goes on", paused(world) == [])
    console.post(RESUME, 409, "beheer", form)
    found = [(act["action"], act["user"], act["organisation"], act["object"], act["reason"]) for act in acts(world, "PAUSE", "RESUME")]
    inbox = "connector/hook/gm0001"  # of whoever belongs to an organisation never more than their inbox
    want = [("PAUSE", "een", "gm0001", inbox, REASON), ("RESUME", "beheer", None, inbox, REASON)]
    expect(f"both stand in audit: {found}", found == want)


def paused(world):
    """Connectors that stand still by an order."""
    return [pause["connector"] for pause in json.loads(world.run("status", "--json", status=(0, 1)))["paused"]]


def check_another(world, console):
    """Who belongs to another municipality finds neither the case nor the connector."""
    world.publish([{**measure(2), "municipality": "gm0002"}])
    case = f"/zaken/{id_of('acts case', 2)}"
    wait_for("the console has their case", lambda: console.request("GET", case, None, "twee")[0] == 200)
    wait_for("with an alert", lambda: ACKNOWLEDGE in console.get(case, "twee"))
    fields = console.hidden(case, ACKNOWLEDGE, "twee")
    theirs = next(record["value"] for record in world.tail("escalation-raised") if record["value"]["organisation"] == "gm0001")
    console.post(ACKNOWLEDGE, 404, "twee", {**fields, "by": "wijkteam", "alert": theirs["alert_id"]})
    console.post(PAUSE, 404, "twee", {"token": fields["token"], "connector": "hook", "reason": REASON})
    console.post("/dode-letters/proef", 404, "twee", {"token": fields["token"]})


def people_act(trial):
    world = trial.world()
    hold(world)
    world.publish([measure(1)])
    worker, receiver = world.worker("a"), Receiver(refuses=None)
    world.connector("hook", f"connector: webhook\norganisation: gm0001\nurl: {receiver.url}\n")
    console = Console(world, write_proxy(world, GROUPS))
    other = check_acknowledged(world, console, worker)
    check_operators(world, console, other)
    say("  acknowledged")
    check_paused(world, console, receiver)
    check_another(world, console)
    console.stop()
    return world


if __name__ == "__main__":
    faults.main({"acts": people_act})

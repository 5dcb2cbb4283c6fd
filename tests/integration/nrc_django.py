#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A zaaksysteem as those in the field are made and ketenwacht understand one another's notifications.

Usage: nrc_django.py BINARY ROOT TOPIC_TOOL CASE

Goal: what notifications-api-common sends becomes events, and what nrc-out sends is what its serializer takes. Method: nrc_zaaksysteem.py on a PostgreSQL of its
own, with the packages of PINS from pip in a venv; its notifications come by the stand-in of Open Notificaties, and resources are fetched with tokens that PyJWT
checks without leeway.
"""

import json
import os
import subprocess
import urllib.request

from fault_run import expect, say, wait_for
from faults import main
from nrc import In, Out, SECRET, TOKEN, check_told
from nrc_peers import Hub
from postgres_server import Server, free_port

PINS = ("notifications-api-common==0.13.1", "zgw-consumers==1.2.1", "Django==5.2.19", "djangorestframework==3.18.3", "djangorestframework-camel-case==1.4.2",
        "celery==5.7.0", "PyJWT==2.15.1", "psycopg2-binary==2.9.13")
FETCH_S = 600


class App:
    """The zaaksysteem as a process."""

    def __init__(self, trial, database, hub):
        venv, self.port = os.path.join(trial.folder, "venv"), free_port()
        for command in (["python3", "-m", "venv", venv], [os.path.join(venv, "bin", "pip"), "-q", "install", *PINS]):
            run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=FETCH_S)
            expect(f"{command[0]} ends well: {run.stdout[-2000:]}", run.returncode == 0)
        self.address = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.address}"
        self.log = os.path.join(trial.folder, "zaaksysteem.log")
        program = os.path.join(trial.root, "tests", "integration", "nrc_zaaksysteem.py")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([os.path.join(venv, "bin", "python"), program, str(self.port), str(database.port), SECRET, hub.url + "/api/v1"],
                                            stdout=log, stderr=log)
        wait_for("the zaaksysteem is ready", lambda: self.process.poll() is not None or '"ready"' in self.text())
        expect(f"it runs: {self.text()[-2000:]}", self.process.poll() is None)

    def text(self):
        with open(self.log, encoding="utf-8") as file:
            return file.read()

    def ask(self, method, url, value=None):
        request = urllib.request.Request(url if url.startswith("http") else self.url + url, json.dumps(value).encode() if value else None, method=method,
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def stop(self):
        self.process.terminate()
        self.process.wait()


def both_ways(trial):
    trial.own_broker()
    database, hub, app = Server(), Hub([SECRET]), None
    try:
        app = App(trial, database, hub)
        hub.channels["zaken"] = {"naam": "zaken", "filters": ["zaaktype", "vertrouwelijk"]}
        take = In(trial, app)
        status, said = hub.abonnement({"callbackUrl": take.url, "auth": f"Bearer {TOKEN}", "kanalen": [{"naam": "zaken", "filters": {}}]})
        expect(f"it subscribes: {said}", status == 201)
        notified(app, hub, take)
        tell = Out(trial, app, world=take.world)
        taken_by(app, tell)
        take.connector.stop()
        return take.world
    finally:
        if app:
            app.stop()
        database.remove()


def notified(app, hub, take):
    """Zaken that are made become measures, each once; what no rule is for does no harm."""
    zaken = [app.ask("POST", "/zaken/api/v1/zaken", {"zaaktype": "ots", "startdatum": "2022-10-10", "registratie": "2022-10-10T00:30:00+02:00",
                                                     "gemeente": "gm0001"}) for _ in range(5)]
    app.ask("PATCH", zaken[0]["url"], {"einddatum": "2022-12-01"})
    app.ask("DELETE", zaken[1]["url"])
    wait_for("each is an event", lambda: len(take.events()) == len(zaken), look=0.3)
    wait_for("the others fit no rule", lambda: take.count("unmatched") == 2)
    events = {event["case_id"]: event for event in take.events()}
    expect("of the zaak, to the letter", events.keys() == {zaak["uuid"] for zaak in zaken} and
           all((event["measure_id"], event["verdict_date"], event["informed_date"]) == (case, "2022-10-10", "2022-10-10") for case, event in events.items()))
    expect(f"what was notified: {hub.taken}", sorted(said["actie"] for said in hub.taken) == ["create"] * 5 + ["destroy", "partial_update"])
    expect("no dead letter", not take.letters())
    say(f"  {len(events)} zaken, {take.count('published')} events")


def taken_by(app, tell):
    """What stands in the inbox is what its serializer takes; the channel is made there."""
    expect("the channel is made", "was made" in tell.world.run("connect", "register", tell.path))
    expect("once", "there already" in tell.world.run("connect", "register", tell.path))
    tell.fill(3)
    tell.start()
    wait_for("all is told", tell.settled, look=0.3)
    app.taken = app.ask("GET", "/api/v1/notificaties")
    # Its parser renames the keys of the whole body, kenmerken and all.
    names = {"hoofdObject": "hoofd_object", "resourceUrl": "resource_url"}
    app.taken = [{**said, **{name: said[other] for name, other in names.items() if other in said}} for said in app.taken]
    app.channels, app.requests = {"ketenwacht": {"filters": ["organisation", "case", "occurred_at", "norm", "protocol", "rung"]}}, []
    for said in app.taken:
        said["kenmerken"].update({"occurred_at": said["kenmerken"].pop("occurredAt", said["kenmerken"].get("occurred_at"))})
    check_told(tell, app)
    expect("no dead letter", not tell.world.tail("dead-letters"))
    tell.connector.stop()
    say(f"  {len(app.taken)} notifications taken")


CASES = {"both-ways": both_ways}

if __name__ == "__main__":
    main(CASES)

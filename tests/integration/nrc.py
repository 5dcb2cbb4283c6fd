#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What a zaaksysteem notifies becomes events, once and in order, and what an inbox holds becomes notifications, whatever goes wrong.

Usage: nrc.py BINARY ROOT TOPIC_TOOL CASE

Goal: nrc-in and nrc-out do with a ZGW Notificaties API what is agreed, and lose and double nothing. Method: stand-ins of a zaaksysteem and of Open
Notificaties (nrc_peers.py), which refuse, break off and repeat as the real ones do; everything that leaves the connectors is searched for marks that stand
where personal data might.
"""

import datetime
import json
import os
import threading
import time
import uuid

from canary import metrics_of
from fault_run import expect, say, wait_for
from faults import main
from nrc_peers import Hub, Zaaksysteem, post, stamp
from told import BIRTH_DATE, GI, MARK, QUICK, Told

TOKEN, SECRET = "t" * 20 + "0123456789abcdef", "geheim-van-de-proef, van 32 tekens"
RULES = """
  - {kanaal: zaken, resource: zaak, actie: create, kenmerken: {zaaktype: ots}, event: measure-started, fields: {measure_id: uuid, kind: =OTS,
     verdict_date: startdatum, informed_date: registratie | date, gi: =gi-a, municipality: gemeente}}
  - {kanaal: zaken, resource: resultaat, actie: create, event: measure-ended, fields: {measure_id: zaak | last, date: hoofdObject.einddatum, reason: =EXPIRED}}
"""


class In:
    """nrc-in, with a zaaksysteem whose resources it fetches."""

    def __init__(self, trial, zaken=None, world=None, listen="127.0.0.1:0"):
        self.trial, self.world = trial, world or trial.world()
        self.zaken = zaken or Zaaksysteem([SECRET])
        self.write("token", TOKEN)
        self.write("secret", SECRET)
        self.connector = self.world.connector("nrc", f"connector: nrc-in\norganisation: {GI}\nlisten: {listen}\nclient_id: ketenwacht\n"
                                              f"token: {{file: token}}\nclient_secret: {{file: secret}}\nfetch_timeout: 10 s\n"
                                              f"hosts: ['{self.zaken.address}']\n"
                                              f"events:{RULES}", "--metrics", "0")

    def write(self, name, text):
        with open(os.path.join(self.world.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    @property
    def url(self):
        line = wait_for("nrc-in listens", lambda: self.connector.said("connect-listens"))[0]
        return f"http://{line['address']}/notificaties"

    def count(self, outcome):
        return int(next(line for line in metrics_of(self.connector).splitlines() if f'notifications_total{{outcome="{outcome}"}}' in line).split()[-1])

    def case(self, **fields):
        """A zaak of which a measure can be made. Its URL."""
        name = str(uuid.uuid4())
        path = f"/zaken/api/v1/zaken/{name}"
        self.zaken.resources[path] = {"url": self.zaken.url + path, "uuid": name, "startdatum": "2022-10-10", "registratie": "2022-10-09T22:30:00Z",
                                      "gemeente": "gm0001", "einddatum": "2022-12-01", "toelichting": MARK, **fields}
        return self.zaken.url + path

    def notification(self, case, resource="zaak", url=None, **fields):
        return {"kanaal": "zaken", "hoofdObject": case, "resource": resource, "resourceUrl": url or case, "actie": "create",
                "aanmaakdatum": datetime.datetime.now(datetime.timezone.utc).isoformat(), "kenmerken": {"zaaktype": "ots", "naam": MARK}, **fields}

    def send(self, value, token=TOKEN, url=None):
        status, body = post(url or self.url, value, {"Authorization": f"Bearer {token}"} if token else {})
        expect(f"no mark in the answer {body}", MARK.encode() not in body)
        return status, json.loads(body)["code"] if body else None

    def events(self, topic="measure-started"):
        return [record["value"] for record in self.world.tail(topic)]

    def letters(self):
        return [record["headers"]["kw-code"] for record in self.world.tail("dead-letters")]

    def check_privacy(self):
        """Nothing of what might be personal is on a topic, in the log or among the metrics."""
        for topic in ("measure-started", "measure-ended", "dead-letters", "connector-keys"):
            for key, value in self.world.raw(topic):
                expect(f"no mark on {topic}", MARK not in key and MARK.encode() not in value)
        expect("no mark on dead-letters, headers included", MARK not in self.world.run("tail", "dead-letters", "--until-end"))
        expect("no mark in the log", MARK not in self.connector.text())
        expect("no mark in the metrics", not self.connector.lives_on() or MARK not in metrics_of(self.connector))


def answers(take, rows):
    for what, value, wanted, *more in rows:
        got = take.send(value, *more)
        expect(f"{what}: {got}, not {wanted}", got == wanted)


def taken(trial):
    """Every kind of request, and what becomes of it."""
    take = In(trial)
    hub = Hub([SECRET])
    hub.channels["zaken"] = {"naam": "zaken", "filters": ["zaaktype"]}
    subscription = {"callbackUrl": take.url, "auth": f"Bearer {TOKEN}", "kanalen": [{"naam": "zaken", "filters": {}}]}
    path = os.path.join(take.world.folder, "nrc.yaml")
    expect("its host answers", f"{take.zaken.address}: answers" in take.world.run("connect", "check", "--try", path))
    with open(path, encoding="utf-8") as file:
        text = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(take.zaken.address, "127.0.0.1:1"))
    expect("one that is not there does not", "127.0.0.1:1 does not answer" in take.world.failing("connect", "check", "--try", path, status=1))
    expect("Open Notificaties registers it, by both probes", hub.abonnement(subscription)[0] == 201)
    case = take.case()
    good, name = take.notification(case), case.rsplit("/", 1)[-1]
    result = take.zaken.url + "/zaken/api/v1/resultaten/" + str(uuid.uuid4())
    take.zaken.resources[result.removeprefix(take.zaken.url)] = {"zaak": case, "toelichting": MARK}
    odd, gone, hidden = take.case(gemeente=MARK), take.zaken.url + f"/weg/{MARK}", take.case()
    old = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)).isoformat()
    answers(take, [
        ("without authorisation", good, (401, "UNAUTHORISED"), None), ("another's", good, (401, "UNAUTHORISED"), "x" * 36),
        ("another address", good, (404, "NOT_FOUND"), TOKEN, take.url + "x"), ("good", good, (204, None)), ("a repetition", good, (204, None)),
        ("of a resource and its zaak", take.notification(case, "resultaat", result), (204, None)),
        ("that fits no rule", take.notification(case, actie="update"), (204, None)),
        ("no notification", {"kanaal": MARK}, (400, "BAD_NOTIFICATION")), ("the same again", {"kanaal": MARK}, (400, "BAD_NOTIFICATION")),
        ("no JSON", MARK.encode(), (400, "BAD_NOTIFICATION")), ("too large", {"kanaal": "x" * 70000}, (413, "TOO_LARGE")),
        ("of which no event can be made", take.notification(odd), (400, "UNUSABLE")),
        ("of a host that is not named", take.notification(case, url="http://localhost:1/" + MARK), (400, "UNUSABLE")),
        ("not there yet", take.notification(case, url=gone), (502, "UNREACHABLE")),
        ("not there any more", take.notification(case, url=gone, aanmaakdatum=old), (204, None)),
        ("mended meanwhile", take.notification(hidden), (204, None)),
    ])
    for kind in (500, 302, 401, "garbage", "large", "close", "cut"):
        case = take.case()
        # A connection that was kept and is closed is opened again for a GET.
        take.zaken.faults[case.removeprefix(take.zaken.url)] = (kind, 2 if kind == "close" else 1)
        said = take.notification(case)
        answers(take, [(f"what is fetched is {kind}", said, (502, "UNREACHABLE")), ("and the next time it is right", said, (204, None))])
    expect("redirections are not followed", not any(path == "/elsewhere" for _, path, _ in take.zaken.requests))
    events, ended = take.events(), take.events("measure-ended")
    expect(f"{len(events)} events, each once", len(events) == 9 and len({event["event_id"] for event in events}) == 9)
    expect(f"the measure ends: {ended}", [(event["measure_id"], event["date"]) for event in ended] == [(name, "2022-12-01")])
    expect("as the rule says", all((event["source"], event["municipality"], event["informed_date"]) == (GI, "gm0001", "2022-10-10") for event in events))
    expect(f"dead letters, each once: {take.letters()}",
           sorted(take.letters()) == ["BAD_NOTIFICATION", "BAD_NOTIFICATION", "BAD_VALUE", "GONE", "HOST_NOT_NAMED"])
    expect("what cannot be fetched is said", take.connector.said("nrc-unreachable") and take.connector.said("nrc-answers"))
    expect(f"repetitions are counted: {take.count('repeated')}", take.count("repeated") == 1 and take.count("probe") == 1)
    in_order(take)
    take.check_privacy()
    take.connector.stop()
    return take.world


def in_order(take):
    """Of two of one zaak the first is held up while it is fetched; the second waits for it, another zaak does not."""
    case, other = take.case(), take.case()
    path = case.removeprefix(take.zaken.url)
    gate = take.zaken.gates[path] = threading.Event()
    first, second = take.notification(case), take.notification(case, aanmaakdatum="2022-10-11T00:00:00Z")
    threads = [threading.Thread(target=take.send, args=(said,)) for said in (first, second)]
    threads[0].start()
    wait_for("the first is being fetched", lambda: path not in take.zaken.gates)
    threads[1].start()
    expect("another overtakes", take.send(take.notification(other)) == (204, None))
    gate.set()
    for thread in threads:
        thread.join()
    stamps = [event["recorded_at"] for event in take.events() if event["case_id"] == case.rsplit("/", 1)[-1]]
    expect("in the order in which they came", len(stamps) == 2 and stamps[1].startswith("2022-10-11"))


class Out(Told):
    """nrc-out, with the inbox of a municipality."""

    def __init__(self, trial, hub, world=None):
        super().__init__(trial, "told", world)
        self.hub = hub
        self.write("hub-secret", SECRET)
        self.say(f"connector: nrc-out\norganisation: gm0001\nurl: {hub.url}/api/v1/\nbase: https://kw.example.nl/\nclient_id: ketenwacht\n"
                 f"client_secret: {{file: hub-secret}}\n{QUICK}timeout: 3 s\n")


def told(trial):
    """Every record of the inbox becomes one notification; what the hub has against one is taken for what it is."""
    hub = Hub([SECRET])
    tell = Out(trial, hub)
    tell.fill()
    wait_for("something stands in the inbox", lambda: len(tell.inbox()) >= 6, look=0.3)
    said = tell.world.failing("connect", "check", "--try", tell.path, status=1)
    expect(f"the channel is missed: {said}", "connect register FILE makes it" in said)
    tell.start()
    wait_for("it is refused", lambda: len([r for r in hub.requests if r[1].endswith("notificaties")]) > 3)
    expect("that is the operator's, and no record is lost by it", not tell.deliveries() and not tell.world.tail("dead-letters"))
    expect("the channel is made", "was made" in tell.world.run("connect", "register", tell.path))
    expect("once", "there already" in tell.world.run("connect", "register", tell.path) and len(hub.channels) == 1)
    expect("which can be asked for", "ready to run" in tell.world.run("connect", "check", "--try", tell.path))
    wait_for("all is told", tell.settled, look=0.3)
    check_told(tell, hub)
    for what, fault in (("busy", 503), ("too busy", 429), ("closing", "close"), ("sure that we are unknown", 401)):
        hub.faults = {"/api/v1/notificaties": (fault, 3)}
        before = len(tell.inbox())
        tell.fill(1)
        wait_for(f"all is told that came while it was {what}", lambda: len(tell.inbox()) > before and tell.settled(), look=0.3)
    expect("no record is lost by it", not tell.world.tail("dead-letters"))
    check_told(tell, hub, doubled=True)
    as_cloudevents(tell, hub)
    return refused(tell, hub)


def as_cloudevents(tell, hub):
    """The /cloudevents of Open Notificaties is a webhook with a ZGW token."""
    hub.faults = {}
    hook = tell.world.connector("hook", f"connector: webhook\norganisation: gm0001\nurl: {hub.url}/api/v1/cloudevents\nauth: zgw\nclient_id: ketenwacht\n"
                                        "client_secret: {file: hub-secret}\n")
    wait_for("all is told as CloudEvents", lambda: len(hub.events) == len(tell.inbox()), look=0.3)
    expect("each once", {event["id"] for event in hub.events} == {value["event_id"] for value in tell.inbox()})
    hook.stop()


def refused(tell, hub):
    """What was made in the hub's future goes again, made earlier; another 400 refuses; a channel with other filters is the operator's."""
    hub.behind_s, hub.faults = 3, {}
    taken, before = len(hub.taken), len(tell.inbox())
    tell.fill(1)
    wait_for("it is told to a hub that is behind", lambda: len(tell.inbox()) > before and tell.settled(), look=0.3)
    recorded = {value["event_id"]: stamp(value["recorded_at"]) for value in tell.inbox()}
    expect("made at the latest when the hub says that it is now",
           any(stamp(said["aanmaakdatum"]) < recorded[said["resourceUrl"].rsplit("/", 1)[-1]] - 1 for said in hub.taken[taken:]))
    hub.behind_s, hub.faults = 0, {"/api/v1/notificaties": (400, 1)}
    before = len(tell.inbox())
    tell.fill(1)
    wait_for("one is refused", lambda: len(tell.inbox()) > before and tell.settled(), look=0.3)
    letters = [record["headers"]["kw-code"] for record in tell.world.tail("dead-letters")]
    expect(f"and is a dead letter: {letters}", letters == ["REFUSED_BY_RECEIVER"])
    hub.channels["ketenwacht"]["filters"] = ["naam"]
    said = tell.world.failing("connect", "register", tell.path, status=1)
    expect(f"other filters are told: {said}", "with other filters" in said)
    tell.connector.stop()
    return tell.world


def check_told(tell, hub, doubled=False, rows=True):
    inbox = {value["event_id"]: value for value in tell.inbox()}
    told_ids = [said["resourceUrl"].rsplit("/", 1)[-1] for said in hub.taken]
    expect(f"{len(told_ids)} told of {len(inbox)}", set(told_ids) == set(inbox) and (doubled or len(told_ids) == len(inbox)))
    for said in hub.taken:
        value = inbox[said["resourceUrl"].rsplit("/", 1)[-1]]
        marks = said["kenmerken"]
        expect(f"as agreed: {said}", said["hoofdObject"] == "https://kw.example.nl/cases/" + value["case_id"] and said["actie"] == "create" and
               marks["case"] == value["case_id"] and marks["organisation"] == "gm0001" and stamp(marks["occurred_at"]) == stamp(value["occurred_at"]) and
               all(isinstance(mark, str) for mark in marks.values()) and set(marks) <= set(hub.channels["ketenwacht"]["filters"]))
    order = {}
    for said in hub.taken:
        order.setdefault(said["hoofdObject"], []).append(said["resourceUrl"].rsplit("/", 1)[-1])
    for case, ids in order.items():
        want = [event_id for event_id, value in inbox.items() if case.endswith(value["case_id"])]
        expect(f"the records of {case} in their order", list(dict.fromkeys(ids)) == want)
    expect("each is over once", not rows or len(tell.deliveries()) == len(inbox))
    expect("nothing personal is told", not any(mark in body for _, _, body in hub.requests for mark in (MARK.encode(), BIRTH_DATE.encode())))
    expect("nor logged", MARK not in tell.connector.text() and SECRET not in tell.connector.text())


CASES = {"taken": taken, "told": told}

if __name__ == "__main__":
    main(CASES)

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What the council tells of a court's decision becomes court-decided once its case is known, and no child is named anywhere.

Usage: corv.py BINARY ROOT TOPIC_TOOL CASE

Goal: Bv03 means that what follows is on the broker; what nobody knows waits over a kill and becomes an event when a list of pairs comes; what is no
notification gets Fo03 and one dead letter. Method: notifications posted as an adapter would, and laid in the folder; everything that leaves the connector is
searched for the children's numbers.
"""

import os
import shutil
import urllib.error
import urllib.request
import uuid

from canary import metrics_of
from fault_run import expect, wait_for
from faults import main

TOKEN, KEY = "t" * 20 + "0123456789abcdef", "0123456789abcdef" * 4
KNOWN, UNKNOWN, NEVER = "999910012", "999990019", "999900006"
STUF, JZ = "http://www.egem.nl/StUF/StUF0301", "http://www.stufstandaarden.nl/koppelvlak/jz0100"
ZKN, BG, SOAP = "http://www.egem.nl/StUF/sector/zkn/0310", "http://www.egem.nl/StUF/sector/bg/0310", "http://schemas.xmlsoap.org/soap/envelope/"


def notification(bsn, reference, status="Zaak afgerond", words="VOTS door AST096"):
    return f"""<JZ:notificatieDi01 xmlns:JZ="{JZ}" xmlns:StUF="{STUF}" xmlns:ZKN="{ZKN}" xmlns:BG="{BG}"><JZ:stuurgegevens>
<StUF:berichtcode>Di01</StUF:berichtcode>
<StUF:zender><StUF:organisatie>00000099000000000001</StUF:organisatie><StUF:applicatie>CORV</StUF:applicatie></StUF:zender>
<StUF:ontvanger><StUF:organisatie>00000099000000000002</StUF:organisatie><StUF:applicatie>JZA</StUF:applicatie></StUF:ontvanger>
<StUF:referentienummer>{reference}</StUF:referentienummer>
<StUF:tijdstipBericht>20260311103000</StUF:tijdstipBericht><StUF:functie>notificatieDi01</StUF:functie></JZ:stuurgegevens>
<JZ:object StUF:entiteittype="ZAK"><ZKN:identificatie>RVDK-{bsn}</ZKN:identificatie>
<ZKN:resultaat><ZKN:omschrijving>Maatregel opgelegd</ZKN:omschrijving></ZKN:resultaat>
<ZKN:isVan><ZKN:gerelateerde><ZKN:omschrijvingGeneriek>Uitvoeren onderzoek kinderbeschermingsmaatregel</ZKN:omschrijvingGeneriek>
</ZKN:gerelateerde></ZKN:isVan>
<ZKN:heeftBetrekkingOp><ZKN:gerelateerde><ZKN:natuurlijkPersoon><BG:inp.bsn>{bsn}</BG:inp.bsn></ZKN:natuurlijkPersoon></ZKN:gerelateerde>
<ZKN:omschrijving>Client (kind)</ZKN:omschrijving></ZKN:heeftBetrekkingOp>
<ZKN:heeft><ZKN:gerelateerde><ZKN:omschrijving>{status}</ZKN:omschrijving></ZKN:gerelateerde><ZKN:datumStatusGezet>20260311</ZKN:datumStatusGezet></ZKN:heeft>
<ZKN:leidtTot><ZKN:gerelateerde><ZKN:datumBeslissing>20260306</ZKN:datumBeslissing><ZKN:toelichting>{words}</ZKN:toelichting></ZKN:gerelateerde></ZKN:leidtTot>
</JZ:object></JZ:notificatieDi01>"""


class Receiver:
    """corv, with a folder and a door."""

    def __init__(self, trial):
        self.world = trial.world()
        for name in ("court-decided",):
            shutil.copy(os.path.join(trial.root, "schemas", name + ".avsc"), self.world.schemas)
        self.world.run("topics", "apply")
        self.files = os.path.join(self.world.folder, "in")
        os.mkdir(self.files)
        self.write("token", TOKEN)
        self.write("key", KEY)
        self.connector = self.world.connector("corv", "connector: corv\nlisten: 127.0.0.1:0\nfolder: in\ntoken: {file: token}\nkey: {file: key}\npairs: pairs\n"
                                              "source: gm0001\nmunicipalities: {'00000099000000000002': gm0001}\n"
                                              "kinds: {vots: VOTS, ots: OTS}\ninstitutions: {AST096: gi-a}\n", "--metrics", "0")

    def write(self, name, text, folder=None):
        path = os.path.join(folder or self.world.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.utime(path + ".new", (1, 1))
        os.rename(path + ".new", path)
        return path

    @property
    def url(self):
        line = wait_for("corv listens", lambda: self.connector.said("connect-listens"))[0]
        return f"http://{line['address']}/corv"

    def post(self, message, token=TOKEN, path=""):
        """Its status and body; one that is put off is posted again, as an adapter would."""
        body = f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body>{message}</soap:Body></soap:Envelope>'.encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "text/xml", "SOAPAction": '""', "Authorization": f"Bearer {token}"})

        def answered():
            try:
                with urllib.request.urlopen(request) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as answer:
                return None if answer.code == 503 else (answer.code, answer.read().decode())
        return wait_for("an answer that is not to come again", answered)

    def decided(self):
        return [record["value"] for record in self.world.tail("court-decided")]

    def check_privacy(self):
        for bsn in (KNOWN, UNKNOWN, NEVER):
            for topic in ("court-decided", "dead-letters", "connector-keys"):
                for key, value in self.world.raw(topic):
                    expect(f"no child on {topic}", bsn not in key and bsn.encode() not in value)
            expect("no child in a header", bsn not in self.world.run("tail", "dead-letters", "--until-end"))
            expect("no child in the log", bsn not in self.connector.text())
            expect("no child in the metrics", bsn not in metrics_of(self.connector))


def taken(trial):
    """A child who is known, one who is known later, one who never is; what is no notification; the folder; a repetition."""
    r = Receiver(trial)
    known, later = str(uuid.uuid4()), str(uuid.uuid4())
    r.write("pairs", f"{KNOWN};{known}\n")
    wait_for("the list is taken and removed", lambda: not os.path.exists(os.path.join(r.world.folder, "pairs")))
    for reference in ("ref-0001", "ref-0001"):
        status, body = r.post(notification(KNOWN, reference))
        expect(f"Bv03 for what is known: {status} {body}", status == 200 and "<StUF:Bv03Bericht>" in body and
               "<StUF:crossRefnummer>ref-0001</StUF:crossRefnummer>" in body)
    events = r.decided()
    expect(f"one decision, however often it comes: {events}", len({event["event_id"] for event in events}) == 1 and events[0] == events[-1])
    expect(f"as the words say: {events[0]}", (events[0]["case_id"], events[0]["kind"], events[0]["imposed"], events[0]["gi"], events[0]["date"]) ==
           (known, "VOTS", True, "gi-a", "2026-03-06"))
    status, body = r.post(notification(KNOWN, "ref-0002", status="Intake afgerond"))
    expect("what decides nothing is received and makes no event", status == 200 and len(r.decided()) == len(events))
    status, body = r.post(notification(UNKNOWN, "ref-0003", words="een maatregel"))
    expect("what waits is received, too", status == 200 and len(r.decided()) == len(events))
    status, body = r.post(notification("999910013", "ref-0004"))
    expect(f"Fo03 for what is none: {status} {body}", status == 500 and "<StUF:code>StUF055</StUF:code><StUF:plek>client</StUF:plek>" in body)
    expect("without a token nothing is looked at", r.post("x", token="y" * 36)[0] == 401 and r.post("x", path="x")[0] == 404)
    r.connector.kill()
    r.connector.start()
    r.write("pairs", f"{UNKNOWN};{later}\n")
    events = wait_for("what waited becomes an event over a kill", lambda: [event for event in r.decided() if event["case_id"] == later])
    expect(f"nothing is guessed: {events}", (events[0]["kind"], events[0]["gi"]) == ("UNKNOWN", None) and r.connector.lives_on())
    r.write("a.xml", notification(KNOWN, "ref-0005"), folder=r.files)
    r.write("b.xml", notification(NEVER, "ref-0006"), folder=r.files)
    r.write("c.xml", "<x>" + NEVER, folder=r.files)
    wait_for("files go where they belong", lambda: sorted(os.listdir(os.path.join(r.files, "done"))) == ["a.xml", "b.xml"] and
             os.listdir(os.path.join(r.files, "refused")) == ["c.xml"])
    letters = [record["headers"] for record in r.world.tail("dead-letters")]
    expect(f"a dead letter for each refusal: {letters}", [(letter["kw-topic"], letter["kw-code"]) for letter in letters] == [("outside.corv", "BAD_VALUE")] * 2)
    expect("three decisions", len({event["event_id"] for event in r.decided()}) == 3)
    r.check_privacy()
    r.connector.stop()


if __name__ == "__main__":
    main({"taken": taken})

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Messages of iJw and of CORV become their events, each one, whatever dies, is slow, is no message, or comes again; and no child is named anywhere.

Usage: reception_faults.py BINARY ROOT TOPIC_TOOL CASE-CONNECTOR

Goal: what was answered or moved to done/ is on the broker, whenever the connector is killed; one message that is none, among ten thousand, is one dead letter
and holds up nobody; nor does a sender that sends a byte a second, garbage, or half; a token can be changed while it runs; of two processes one works.
Method: messages about one invented child, each of which becomes one event that can be known again, in a folder and over HTTP; senders that try until they
have an answer, as those of the chain do. Afterwards everything that was left behind is searched for the child.
"""

import datetime
import os
import shutil
import socket
import threading
import urllib.error
import urllib.request

import corv
import ijw_year
from canary import BIRTH, BSN, NAME, Canaries
from every_step import FILES, PEERS, every_step
from fault_run import WAIT_S, expect, say, wait_for
from faults import main

OLD, NEW, KEY = "o" * 36, "n" * 36, "0123456789abcdef" * 4
CASE = "1b15b2de-8ab7-5c72-9d63-9cd08b0efbef"
GOOD = 10000
TRY_S = 0.2
FIRST = datetime.date(2027, 1, 1)
NO_XML = b"\x00\xff\x1f\x8b not XML, and not UTF-8"


class Ijw:
    """Requests of a provider for an allocation; its reference says which."""

    name, event, path, schemas, codes = "ijw", "allocation-requested", "/ijw", ("allocation-requested", "event-withdrawn"), ("LEVEL_1",)
    taken, refused = 202, 422
    file = f"agb: {{'98900001': {ijw_year.AGB['98900001']}}}\nallocation_within: 0 s\n"

    @staticmethod
    def message(number):
        body = (f"<m:Client><m:Bsn>{BSN}</m:Bsn><m:Geboortedatum><i:Datum>{BIRTH}</i:Datum></m:Geboortedatum><m:Geslacht>0</m:Geslacht><m:Naam>"
                f"<i:Geslachtsnaam><i:Achternaam>{NAME}</i:Achternaam></i:Geslachtsnaam></m:Naam><m:AangevraagdeProducten><m:AangevraagdProduct>"
                f"<m:ReferentieAanbieder>ref-{number}"
                "</m:ReferentieAanbieder><m:Product><i:Categorie>45</i:Categorie></m:Product><m:ToewijzingIngangsdatum>2026-03-09</m:ToewijzingIngangsdatum>"
                "<m:Verwijzer><i:Type>04</i:Type><i:Naam>GI</i:Naam></m:Verwijzer></m:AangevraagdProduct></m:AangevraagdeProducten></m:Client>")
        return ijw_year.message(315, f"K{number}", "2026-03-02", body, "98900001", "0001").encode()

    @staticmethod
    def number(value):
        return int(value["reference"].removeprefix("ref-"))

    @staticmethod
    def prepare(world):
        path = os.path.join(world.config, "organisations.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("regions:\n", f"  - {{id: {ijw_year.AGB['98900001']}, kind: provider, name: P}}\nregions:\n", 1))


class Corv:
    """Decisions of the court; the day on which the measure ends says which."""

    name, event, path, schemas, codes = "corv", "court-decided", "/corv", ("court-decided",), ("BAD_VALUE",)
    taken, refused = 200, 500
    file = "source: gm0001\nmunicipalities: {'00000099000000000002': gm0001}\nkinds: {vots: VOTS}\ninstitutions: {AST096: gi-a}\n"

    @staticmethod
    def message(number):
        until = (FIRST + datetime.timedelta(days=number)).strftime("%Y%m%d")
        text = corv.notification(BSN, f"ref-{number}")
        person = f"</BG:inp.bsn><BG:geslachtsnaam>{NAME}</BG:geslachtsnaam><BG:geboortedatum>{BIRTH.replace('-', '')}</BG:geboortedatum>"
        text = text.replace("</BG:inp.bsn>", person)
        return text.replace("</ZKN:toelichting>", f"</ZKN:toelichting><ZKN:einddatumWerking>{until}</ZKN:einddatumWerking>").encode()

    @staticmethod
    def number(value):
        return (datetime.date.fromisoformat(value["ends_on"]) - FIRST).days

    @staticmethod
    def prepare(world):
        """Needs nobody else."""


class Reception:
    """A connector with a folder and a door, and a child whose case is known."""

    def __init__(self, trial, side):
        trial.needed_broker()
        self.side, self.world = side, trial.world()
        side.prepare(self.world)
        for name in side.schemas:
            shutil.copy(os.path.join(trial.root, "schemas", name + ".avsc"), self.world.schemas)
        self.world.run("topics", "apply")
        self.folder = os.path.join(self.world.folder, "in")
        os.mkdir(self.folder)
        self.write("token", OLD)
        self.write("key", KEY)
        self.write("pairs", f"{BSN};{CASE}\n")
        self.file = (f"connector: {side.name}\nname: {side.name}\nfolder: in\nlisten: 127.0.0.1:0\ntoken: {{file: token}}\nkey: {{file: key}}\npairs: pairs\n"
                     + side.file)
        self.answered = set()

    def start(self, before=()):
        return self.world.connector(self.side.name, self.file, "--metrics", "0", before=before)

    def write(self, name, data):
        path = os.path.join(self.world.folder, name)
        with open(path + ".new", "wb") as file:
            file.write(data if isinstance(data, bytes) else data.encode())
        os.utime(path + ".new", (1, 1))
        os.rename(path + ".new", path)

    def give(self, name, data):
        self.write("given", data)
        os.rename(os.path.join(self.world.folder, "given"), os.path.join(self.folder, name))

    def there(self, *path):
        return os.path.exists(os.path.join(self.folder, *path))

    def post(self, connector, data, token=OLD):
        """Status and body; None: there is no answer, or the message is to come again."""
        listens = connector.said("connect-listens")
        if not listens:
            return None
        headers = {"Content-Type": "text/xml", "Authorization": f"Bearer {token}"}
        request = urllib.request.Request(f"http://{listens[0]['address']}{self.side.path}", data, headers)
        try:
            with urllib.request.urlopen(request, timeout=WAIT_S) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as answer:
            return None if answer.code == 503 else (answer.code, answer.read())
        except (OSError, ValueError):
            return None
        except Exception as broken: # http.client's: the answer was cut off
            say(f"  an answer that is none: {broken!r}")
            return None

    def taken(self, connector, data, token=OLD):
        status, body = wait_for("an answer that is not to come again", lambda: self.post(connector, data, token))
        expect(f"it is taken: {status} {body}", status == self.side.taken)
        return body

    def events(self):
        """By number; one says one thing, under one id."""
        found = {}
        for record in self.world.tail(self.side.event):
            value = record["value"]
            expect(f"{value} is of the child", value["case_id"] == CASE)
            expect("what comes twice says the same", found.setdefault(self.side.number(value), value) == value)
        return found

    def letters(self):
        return [record["headers"]["kw-code"] for record in self.world.tail("dead-letters")]

    def silent(self, connectors):
        Canaries().nowhere(self.world, connectors)


class Sender(threading.Thread):
    """Posts a message until it is taken, whoever dies meanwhile; or until it is told to leave off."""

    def __init__(self, reception, connector, number):
        super().__init__(daemon=True)
        self.reception, self.connector, self.number, self.off, self.unlike = reception, connector, number, threading.Event(), None
        self.start()

    def run(self):
        while not self.off.is_set() and not self.unlike:
            got = self.reception.post(self.connector, self.reception.side.message(self.number))
            if got and got[0] == self.reception.side.taken:
                self.reception.answered.add(self.number)
                return
            self.unlike = got
            self.off.wait(TRY_S)


def steps(trial, side):
    """Killed before every step, each time with a message in the folder and one that is posted."""
    r = Reception(trial, side)

    def make(number, before):
        r.give(f"{number:04}.xml", side.message(2 * number))
        connector = r.start(before)
        connector.sender = Sender(r, connector, 2 * number + 1)
        return connector

    def over(number, connector):
        expect(f"a sender is answered well: {connector.sender.unlike}", not connector.sender.unlike)
        return r.there("done", f"{number:04}.xml") and 2 * number + 1 in r.answered

    calls = tuple(dict.fromkeys((*FILES, *PEERS)))
    every_step(trial, make, over, calls, rf"{os.path.realpath(r.folder)}|TCP:\[", trial.kills)
    done = [2 * int(name[:4]) for name in os.listdir(os.path.join(r.folder, "done"))]
    expect("nothing is left", not [name for name in os.listdir(r.folder) if name.endswith(".xml")])
    expect("nothing is refused", not os.listdir(r.folder + "/refused"))
    wanted, got = sorted([*done, *r.answered]), sorted(r.events())
    expect(f"each that was taken is an event, and nothing else: {wanted}, {got}", got == wanted)
    expect(f"no dead letter: {r.letters()}", not r.letters())
    r.silent(())


def drip(address, data, off):
    """A byte a second of a request that never becomes whole."""
    with socket.create_connection(address) as sock:
        for place in range(len(data)):
            try:
                sock.sendall(data[place:place + 1])
            except OSError:
                return
            if off.wait(1):
                return


def request_of(side, data, token=OLD):
    return (f"POST {side.path} HTTP/1.1\r\nHost: x\r\nContent-Type: text/xml\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: {len(data)}\r\n\r\n").encode() + data


def bad_senders(r, connector):
    """Half a message, something else than HTTP, something else than a message, and one that was answered already; how many letters follow."""
    address = connector.said("connect-listens")[0]["address"].split(":")
    address = address[0], int(address[1])
    half = request_of(r.side, r.side.message(90))
    with socket.create_connection(address) as sock:
        sock.sendall(half[:len(half) // 2])
    with socket.create_connection(address, timeout=WAIT_S) as sock:
        sock.sendall(bytes(range(256)) * 8)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    for data in (NO_XML, b"<x>" + BSN.encode(), r.side.message(91)[:-20], b'<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>'):
        status, body = wait_for("an answer", lambda d=data: r.post(connector, d))
        expect(f"what is no message is refused: {status} {body}", status == r.side.refused and BSN.encode() not in body and b"root:" not in body)
    return 4


def crooked(trial, side):
    """Senders on a bad day, a token that is changed, and a second process."""
    r, off = Reception(trial, side), threading.Event()
    first, second = r.start(), r.start()
    takes = wait_for("one of them takes messages", lambda: [c for c in (first, second) if (r.post(c, side.message(0)) or (0,))[0] == side.taken])
    first, second = takes[0], second if takes[0] is first else first
    address = first.said("connect-listens")[0]["address"].split(":")
    slow = threading.Thread(target=drip, args=((address[0], int(address[1])), request_of(side, side.message(99)), off), daemon=True)
    slow.start()
    letters = bad_senders(r, first)
    again = [r.taken(first, side.message(1)) for _ in range(2)]
    expect("who sends again is answered again", all(b"Bv03" in text and b">ref-1<" in text for text in again) if side is Corv else True)
    r.write("token", NEW)
    wait_for("the new token is taken", lambda: (r.post(first, side.message(2), NEW) or (0,))[0] == side.taken)
    expect("the old one is not", r.post(first, side.message(3))[0] == 401)
    r.give("4.xml", side.message(4))
    r.give("bad.xml", NO_XML)
    wait_for("files are over", lambda: r.there("done", "4.xml") and r.there("refused", "bad.xml"))
    expect("the second waits", r.post(second, side.message(5), NEW) is None)
    first.kill()
    r.give("6.xml", side.message(6))
    wait_for("the second takes over", lambda: r.there("done", "6.xml") and not second.look_after())
    r.taken(second, side.message(5), NEW)
    off.set()
    slow.join()
    expect(f"as many events as messages: {sorted(r.events())}", sorted(r.events()) == [0, 1, 2, 4, 5, 6])
    expect(f"a dead letter for each that is none: {r.letters()}", len(r.letters()) == letters + 1 and set(r.letters()) == set(side.codes))
    r.silent((second,))
    second.stop()


def poison(trial, side):
    """One that is no message, among ten thousand good ones."""
    r = Reception(trial, side)
    for number in range(GOOD):
        r.give(f"{number:05}.xml", side.message(number))
    r.give(f"{GOOD // 2:05}-x.xml", side.message(GOOD)[:-20])
    connector = r.start()
    done = os.path.join(r.folder, "done")
    wait_for("every good one is done", lambda: os.path.isdir(done) and len(os.listdir(done)) == GOOD and not connector.look_after(), 4 * WAIT_S, look=0.5)
    wait_for("the other is refused", lambda: os.listdir(os.path.join(r.folder, "refused")) == [f"{GOOD // 2:05}-x.xml"])
    expect("ten thousand events", sorted(r.events()) == list(range(GOOD)))
    expect(f"one dead letter: {r.letters()}", r.letters() == list(side.codes))
    r.silent((connector,))
    connector.stop()


if __name__ == "__main__":
    main({f"{case.__name__}-{side.name}": lambda trial, c=case, s=side: c(trial, s) for case in (steps, crooked, poison) for side in (Ijw, Corv)})

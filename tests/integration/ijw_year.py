# SPDX-License-Identifier: EUPL-1.2
"""A year of iJw messages about invented children: requests, allocations, starts and stops, with snapshots, corrections and deletions.

BSNs are from 999900006 to 999999990 and pass the eleven-test; names, AGB codes and numbers are invented. Everything follows from the seed.
"""

import datetime
import random
import uuid

BASE = "http://www.istandaarden.nl/ijw/3_2/basisschema/schema"
CODES = {301: 436, 305: 438, 307: 440, 315: 446, 319: 488}
NAME, BIRTH = "Verzonnenkind", "2014-05-01"
AGB = {"98900001": "aanbieder-a", "98900002": "aanbieder-b"}
REASONS = ("31", "32", "33", "34", "35", "36", "38", "39", "20")


def elevens():
    """All BSNs for tests, in rising order."""
    for number in range(999900006, 999999991):
        digits = [int(c) for c in str(number)]
        if (sum(d * (9 - i) for i, d in enumerate(digits[:8])) - digits[8]) % 11 == 0:
            yield str(number)


def message(kind, identification, dated, body, sender, receiver, answer=None, codes=""):
    """@answer: the day of a return message, whose header goes before."""
    back = "" if answer is None else (f"<m:IdentificatieRetour>R</m:IdentificatieRetour><m:DagtekeningRetour>{answer}</m:DagtekeningRetour><m:XsdVersieRetour>"
                                      "<i:BasisschemaXsdVersie>1.0.0</i:BasisschemaXsdVersie><i:BerichtXsdVersie>1.0.0</i:BerichtXsdVersie>"
                                      f"</m:XsdVersieRetour>{codes}")
    kind, code = (kind, CODES[kind]) if answer is None else (kind + 1, CODES[kind] + 1)
    return (f'<?xml version="1.0" encoding="UTF-8"?>\r\n<m:Bericht xmlns:m="http://www.istandaarden.nl/ijw/3_2/jw{kind}/schema" xmlns:i="{BASE}"><m:Header>'
            f"<m:BerichtCode>{code}</m:BerichtCode><m:BerichtVersie>3</m:BerichtVersie><m:BerichtSubversie>2</m:BerichtSubversie><m:Afzender>{sender}"
            f"</m:Afzender><m:Ontvanger>{receiver}</m:Ontvanger><m:BerichtIdentificatie><i:Identificatie>{identification}</i:Identificatie><i:Dagtekening>"
            f"{dated}</i:Dagtekening></m:BerichtIdentificatie><m:XsdVersie><i:BasisschemaXsdVersie>1.0.0</i:BasisschemaXsdVersie><i:BerichtXsdVersie>1.0.0"
            f"</i:BerichtXsdVersie></m:XsdVersie>{back}</m:Header>{body}</m:Bericht>")


class Child:
    """One child with one referral, and all that is said of it in the chain, in its order; and what the GI publishes."""

    def __init__(self, seed, number, bsn):
        self.random = random.Random(f"{seed}|{number}")
        self.bsn, self.number, self.messages, self.sent = bsn, 500000 + number, [], 0
        self.case, self.measure, self.referral = (str(uuid.UUID(int=self.random.getrandbits(128), version=4)) for _ in range(3))
        self.agb, self.municipality = self.random.choice(sorted(AGB)), self.random.choice(("0001", "0002"))
        self.reference = self.random.choice((f"K/{number}", f"kind {number} é", self.referral))
        self.day = datetime.date(2023, 1, 2) + datetime.timedelta(days=self.random.randrange(300))
        self.draw()

    def later(self, most):
        self.day += datetime.timedelta(days=self.random.randint(1, most))
        return self.day

    def say(self, kind, body, answer=None, codes="", again=None):
        """@again: of the message that is answered, its Identificatie and date. Returns these."""
        identification = again or (f"{self.number % 100000}-{self.sent:04}", self.day)
        self.sent += again is None
        sender, receiver = (self.municipality, self.agb) if kind in (301, 319) else (self.agb, self.municipality)
        self.messages.append(message(kind, *identification, body, sender, receiver, answer, codes))
        return identification

    def client(self, inner, contact="", name=""):
        return (f"<m:Client><m:Bsn>{self.bsn}</m:Bsn><m:Geboortedatum><i:Datum>{BIRTH}</i:Datum></m:Geboortedatum><m:Geslacht>0</m:Geslacht><m:Naam>"
                f"<i:Geslachtsnaam><i:Achternaam>{NAME}</i:Achternaam></i:Geslachtsnaam>{name}</m:Naam>{contact}{inner}</m:Client>")

    def allocation(self, reference, dated, end="", reason=""):
        contact = "<m:Contactgegevens><m:Contact><m:Soort>01</m:Soort></m:Contact></m:Contactgegevens>"
        inner = (f"<m:ToegewezenProducten><m:ToegewezenProduct><m:ToewijzingNummer>{self.number}</m:ToewijzingNummer>"
                 + (f"<m:ReferentieAanbieder>{reference}</m:ReferentieAanbieder>" if reference else "")
                 + f"<m:Product><i:Categorie>45</i:Categorie></m:Product><m:Toewijzingsdatum>{self.decided}</m:Toewijzingsdatum>"
                 f"<m:Toewijzingstijd>10:{self.number % 60:02}:00</m:Toewijzingstijd><m:Ingangsdatum>{dated}</m:Ingangsdatum>{end}{reason}"
                 "</m:ToegewezenProduct></m:ToegewezenProducten>")
        return self.client(inner, contact, "<i:NaamGebruik>1</i:NaamGebruik>")

    def start(self, begins, status):
        return self.client(f"<m:StartProducten><m:StartProduct><m:ToewijzingNummer>{self.number}</m:ToewijzingNummer><m:Product><i:Categorie>45</i:Categorie>"
                           f"</m:Product><m:Begindatum>{begins}</m:Begindatum><m:StatusAanlevering>{status}</m:StatusAanlevering></m:StartProduct>"
                           "</m:StartProducten>")

    def stop(self, begins, ends, reason, status):
        return self.client(f"<m:StopProducten><m:StopProduct><m:ToewijzingNummer>{self.number}</m:ToewijzingNummer><m:Product><i:Categorie>45</i:Categorie>"
                           f"</m:Product><m:Begindatum>{begins}</m:Begindatum><m:RedenBeeindiging>{reason}</m:RedenBeeindiging><m:Einddatum>{ends}"
                           f"</m:Einddatum><m:StatusAanlevering>{status}</m:StatusAanlevering></m:StopProduct></m:StopProducten>")

    def draw(self):
        self.issued = self.day
        self.later(5)
        self.say(315, self.client("<m:AangevraagdeProducten><m:AangevraagdProduct>"
                                  f"<m:ReferentieAanbieder>{self.reference}</m:ReferentieAanbieder><m:Product><i:Categorie>45</i:Categorie></m:Product>"
                                  f"<m:ToewijzingIngangsdatum>{self.day}</m:ToewijzingIngangsdatum><m:Verwijzer>"
                                  "<i:Type>04</i:Type><i:Naam>GI</i:Naam></m:Verwijzer></m:AangevraagdProduct></m:AangevraagdeProducten>"))
        self.later(4)
        rejected = "<m:VerzoekAntwoord>2</m:VerzoekAntwoord>"
        if self.random.random() < 0.2:
            rejected = ("<m:VerzoekAntwoord>1</m:VerzoekAntwoord><m:RedenAfwijzingVerzoek>8</m:RedenAfwijzingVerzoek><m:Woonplaatsbeginsel><m:Gemeente>0003"
                        "</m:Gemeente></m:Woonplaatsbeginsel>")
        if self.random.random() < 0.4 or "Woonplaats" in rejected:
            self.say(319, f"<m:Antwoord><m:ReferentieAanbieder>{self.reference}</m:ReferentieAanbieder>{rejected}</m:Antwoord>")
        if "Woonplaats" in rejected:
            return
        self.decided = self.later(20)
        begins = self.day
        self.say(301, self.allocation(self.reference, begins))
        if self.random.random() < 0.1:
            self.later(9)
            self.say(301, self.allocation("", begins, f"<m:Einddatum>{begins}</m:Einddatum>", "<m:RedenWijziging>13</m:RedenWijziging>"))
            return
        self.help(begins)
        if self.random.random() < 0.5: # a snapshot, for whatever reason
            self.later(60)
            self.say(301, self.allocation("", begins))

    def help(self, allocated):
        begins = self.later(30)
        self.later(5)
        first = self.say(305, self.start(begins, 1))
        chance = self.random.random()
        if chance < 0.15: # it began elsewhen: deletion and new message
            self.later(9)
            self.say(305, self.start(begins, 3))
            begins -= datetime.timedelta(days=1)
            self.say(305, self.start(begins, 1))
        elif chance < 0.25: # the municipality refuses it
            self.say(305, "", self.later(3), "<m:RetourCodes><m:RetourCode>9019</m:RetourCode></m:RetourCodes>", first)
            return
        elif chance < 0.4:
            self.say(305, "", self.later(3), "", first)
        if self.random.random() < 0.5:
            return
        ends, reason = self.later(90), self.random.choice(REASONS)
        self.later(5)
        self.say(307, self.stop(begins, ends, reason, 1))
        if self.random.random() < 0.3: # it ended a day before; the same key
            self.later(9)
            self.say(307, self.stop(begins, ends, reason, 3))
            self.say(307, self.stop(begins, ends - datetime.timedelta(days=1), reason, 1))

    def published(self):
        """What the GI says itself, as lines of replay."""
        at = f"{self.issued}T00:00:00+01:00"
        encoded = self.reference
        if not all(c.isascii() and (c.isalnum() or c in "._:/#-") for c in encoded):
            encoded = "x:" + encoded.encode().hex()
        return [{"event": "referral-issued", "event_id": str(uuid.uuid5(uuid.UUID(self.referral), "issued")), "case_id": self.case, "source": "gi-a",
                 "occurred_at": at, "recorded_at": at, "replaces": None, "referral_id": self.referral, "measure_id": self.measure, "date": str(self.issued),
                 "product": "45", "provider": AGB[self.agb], "form": "CONTRACTED", "reference": encoded}]


def year(seed, children):
    """The children; their messages stand in each, in the order in which they were written."""
    numbers = elevens()
    return [Child(seed, n, next(numbers)) for n in range(children)]

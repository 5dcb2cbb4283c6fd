# SPDX-License-Identifier: EUPL-1.2
"""What the fault tests run on: a small configuration, and a load of cases drawn from a seed.

Knows the agreements on events and protocols; knows no broker and no process. A case is a list of lines, each a dictionary as
`ketenwacht publish` and `replay` read it, in the order in which they happen. Where a case ends up depends on which lines there are, never on
their order or number; what is told on the way does depend on it. Acknowledgements are left out for that reason: what was raised before one
arrived stays raised.
"""

import datetime
import os
import random
import shutil
import uuid

NAMESPACE = uuid.UUID("6f1d2c1e-8a53-5d0b-9b57-2f0f6f0c7a11")
PARTITIONS = 3
MUNICIPALITIES = ("gm0001", "gm0002", "gm0003")
ORGANISATIONS = MUNICIPALITIES + ("gi-a", "gi-b", "region-noord", "operators")
DAYS_AGO_MAX = 60

INPUTS = ("measure-started", "protector-assigned", "first-contact-held", "deviation-explained", "residence-changed", "measure-ended", "event-withdrawn",
          "term-agreed", "alert-acknowledged", "safety-raised")
OUTPUTS = ("plan-due", "escalation-raised", "escalation-resolved", "event-refused", "deliveries", "audit")
OTHERS = ("connector-orders",)

ORGANISATIONS_YAML = """organisations:
  - {id: gm0001, kind: municipality, name: Een, region: noord}
  - {id: gm0002, kind: municipality, name: Twee, region: noord}
  - {id: gm0003, kind: municipality, name: Drie, region: noord}
  - {id: gi-a, kind: gi, name: A}
  - {id: gi-b, kind: gi, name: B}
  - {id: region-noord, kind: region, name: Noord}
  - {id: operators, kind: operators, name: Beheer}
regions:
  - {id: noord, name: Noord, roles: {region: region-noord, gi: [gi-a, gi-b]}}
"""
CALENDAR_YAML = "equated: []\nyears: [2019, 2020, 2021, 2022, 2023, 2024, 2025, 2026, 2027, 2028]\n"
PROTOCOL_YAML = """protocol: proef
title: Proef
source: S0
region: noord
valid: {from: 2020-01-01}
routes:
  - {event: measure-started, to: [municipality], basis: proef, follows: true}
  - {event: measure-ended, to: [municipality, region], basis: proef}
norms:
  - norm: protector
    title: Jeugdbeschermer binnen vijf dagen
    basis: {kind: inspection, ref: proef}
    starts: measure-started.informed_date
    term: 5 days
    met_by:
      - protector-assigned: {role: FIXED}
    explained_by:
      - deviation-explained
    ends_with: measure-ended
    announce: [gi]
    remind:
      - {before: 2 days, to: [gi]}
    escalate:
      - {after: 0 days, to: [gi, municipality]}
      - {after: 5 days, to: [region]}
  - norm: contact
    title: Eerste contact binnen dertig dagen
    basis: {kind: inspection, ref: proef}
    starts: measure-started.informed_date
    term: 30 days
    met_by:
      - first-contact-held
    ends_with: measure-ended
    announce: [gi, municipality]
    remind:
      - {before: 10 days, to: [gi]}
      - {before: 3 days, to: [gi, municipality]}
    escalate:
      - {after: 0 days, to: [municipality]}
"""


def write_configuration(folder, root, bootstrap, prefix):
    """<folder>/config and <folder>/schemas: the events of this load, so that topics are soon made."""
    config, schemas = os.path.join(folder, "config"), os.path.join(folder, "schemas")
    broker = f'bootstrap: {bootstrap}\nprefix: "{prefix}"\npartitions: {PARTITIONS}\nreplication: 1\n'
    files = {"organisations.yaml": ORGANISATIONS_YAML, "calendar.yaml": CALENDAR_YAML, "version": "1\n", "broker.yaml": broker,
             os.path.join("protocols", "proef.yaml"): PROTOCOL_YAML}
    os.makedirs(os.path.join(config, "protocols"))
    for name, text in files.items():
        with open(os.path.join(config, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.makedirs(schemas)
    for name in INPUTS + OUTPUTS + OTHERS:
        shutil.copy(os.path.join(root, "schemas", name + ".avsc"), schemas)
    return config, schemas


def id_of(*words):
    return str(uuid.uuid5(NAMESPACE, "|".join(str(word) for word in words)))


def instant(moment):
    return moment.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Case:
    """The lines of one case, drawn from (seed, number)."""

    def __init__(self, seed, number, moment):
        self.random = random.Random(f"{seed}|{number}")
        self.word, self.moment, self.lines = f"{seed}|{number}", moment, []
        self.today = moment.date()
        self.ago = self.random.randrange(DAYS_AGO_MAX)
        self.gi = self.random.choice(("gi-a", "gi-b"))
        self.measure = id_of(self.word, "measure")
        self.draw()

    def line(self, event, source=None, **fields):
        recorded = instant(self.moment + datetime.timedelta(milliseconds=len(self.lines)))
        line = {"event": event, "event_id": id_of(self.word, len(self.lines)), "case_id": id_of(self.word), "source": source or self.gi,
                "occurred_at": recorded, "recorded_at": recorded, "replaces": None}
        line.update(fields)
        self.lines.append(line)
        return line

    def day(self, least=0):
        """Some day between the start of the measure and today."""
        return str(self.today - datetime.timedelta(days=self.random.randint(least, self.ago) if self.ago > least else least))

    def start(self):
        began = str(self.today - datetime.timedelta(days=self.ago))
        return self.line("measure-started", measure_id=self.measure, kind="OTS", verdict_date=began, informed_date=began, ends_on=None, gi=self.gi,
                         municipality=self.random.choice(MUNICIPALITIES), birth_date="2015-03-01", reference=None)

    def protector(self):
        return self.line("protector-assigned", measure_id=self.measure, date=self.day(), worker="w-17", role="FIXED", working_with_family=True,
                         reason="FIRST", deputy=None)

    def contact(self):
        return self.line("first-contact-held", measure_id=self.measure, date=self.day(), worker="w-17", with_child=True, with_parent=False)

    def explain(self):
        return self.line("deviation-explained", norm="protector", instance=self.measure, date=self.day(), reason="WAITING_LIST", parents_agree=None,
                         youth_agree=None, until=None)

    def move(self):
        return self.line("residence-changed", municipality=self.random.choice(MUNICIPALITIES), valid_from=self.day(), basis="MOVED")

    def end(self):
        return self.line("measure-ended", measure_id=self.measure, date=self.day(), reason="EXPIRED")

    def withdraw(self, what):
        return self.line("event-withdrawn", withdrawn=what["event_id"], reason="MISTAKE")

    def draw(self):
        self.start()
        for _ in range(self.random.randrange(5)):
            told = self.random.choice((self.protector, self.protector, self.contact, self.explain, self.move, self.end))()
            if self.random.random() < 0.6: # what was resolved is raised again
                self.withdraw(told)
        if self.random.random() < 0.3:
            self.lines.append(dict(self.random.choice(self.lines)))


class Load:
    """Cases without end."""

    def __init__(self, seed):
        self.seed, self.number, self.random = seed, 0, random.Random(seed)

    def case(self):
        self.number += 1
        return Case(self.seed, self.number, datetime.datetime.now(datetime.timezone.utc)).lines

    def cases(self, n):
        return [line for _ in range(n) for line in self.case()]

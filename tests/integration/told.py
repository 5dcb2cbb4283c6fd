# SPDX-License-Identifier: EUPL-1.2
"""What stands in the inbox of a municipality, a connector that tells it to somebody, and what deliveries say of it. Knows no connector."""

import datetime
import os
import uuid

import fault_load
from canary import metrics_of
from fault_run import expect, wait_for

ORGANISATION, GI = "gm0001", "gi-a"
INBOX = "inbox." + ORGANISATION
MARK, BIRTH_DATE = "Jansen-999990019", "2012-03-04" # stand where personal data might
QUICK = "first_delay: 50 ms\nlongest_delay: 1 s\n"
FINAL = ("DELIVERED", "REFUSED", "PARKED")
AGO_DAYS = 20


class Told:
    """A connector by its file, which is said later and may be said anew."""

    def __init__(self, trial, name, world=None):
        self.trial, self.name, self.world = trial, name, world or trial.world()
        self.path = os.path.join(self.world.folder, f"{name}.yaml")
        self.worker, self.connector, self.text = None, None, ""

    def say(self, text):
        self.text = text
        self.write(f"{self.name}.yaml", text)

    def write(self, name, text):
        """At once, as whoever rotates a secret should."""
        path = os.path.join(self.world.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def start(self, *more):
        self.connector = self.world.connector(self.name, self.text, "--metrics", "0", *more)
        return self.connector

    def tries(self, outcome):
        """How many ended so in this life: delivered, again, later, refused, gone."""
        rows = [line for line in metrics_of(self.connector).splitlines() if line.startswith("ketenwacht_connect_tries_total") and f'"{outcome}"' in line]
        return sum(int(row.split()[-1]) for row in rows)

    def publish(self, cases):
        """Facts of which copies and alerts will stand in the inbox."""
        now, day = fault_load.instant(datetime.datetime.now(datetime.timezone.utc)), (datetime.date.today() - datetime.timedelta(days=AGO_DAYS)).isoformat()
        self.world.publish([{"event": "measure-started", "event_id": str(uuid.uuid4()), "case_id": str(uuid.uuid4()), "source": GI, "occurred_at": now,
                             "recorded_at": now, "measure_id": str(uuid.uuid4()), "kind": "OTS", "verdict_date": day, "informed_date": day, "gi": GI,
                             "municipality": ORGANISATION, "birth_date": BIRTH_DATE, "reference": MARK} for _ in range(cases)])

    def fill(self, cases=3):
        """And a worker that makes them stand there."""
        self.publish(cases)
        self.worker = self.worker or self.world.worker("w")

    def inbox(self):
        return [record["value"] for record in self.world.tail(INBOX)]

    def deliveries(self):
        rows = [record["value"] for record in self.world.tail("deliveries")]
        return [row for row in rows if row["connector"] == self.name and row["outcome"] in FINAL]

    def settled(self):
        inbox = len(self.inbox())
        return inbox > 0 and len(self.deliveries()) == inbox

    def tell_more(self, cases=1):
        """So many cases more in the inbox: how much stands there now."""
        before = len(self.inbox())
        self.fill(cases)
        return wait_for("the inbox has more", lambda: len(inbox) if len(inbox := self.inbox()) > before else 0, look=0.3)

    def check_order(self, seen, without=()):
        """Of what was seen first, as event_ids: the records of each case in their order, and all of them but those."""
        inbox, first = [value for value in self.inbox() if value["event_id"] not in without], list(dict.fromkeys(seen))
        expect(f"{len(first)} of {len(inbox)} came", set(first) == {value["event_id"] for value in inbox})
        case_of, orders = {value["event_id"]: value["case_id"] for value in inbox}, ({}, {})
        for order, ids in zip(orders, (first, [value["event_id"] for value in inbox])):
            for event_id in ids:
                order.setdefault(case_of[event_id], []).append(event_id)
        expect("the records of each case in their order", orders[0] == orders[1])

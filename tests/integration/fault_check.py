# SPDX-License-Identifier: EUPL-1.2
"""What must hold after every fault, read from the outside: `tail` of all topics against `replay --settle` over the same lines.

`settled`: all input was there before `rules --once --now T` began. Outputs and state equal, as sets, those of replay.
`live`: workers told while events came, so what came and went may have been told or not, but: the facts are equal; the records of each alert are
raised, resolved, raised … in turn; the alerts that are open at the end are those of replay; nothing stands twice; and each inbox has what the
topics address to it, in both directions.
"""

import collections
import datetime
import uuid

import fault_load
from fault_run import expect

TOLD = ("plan-due", "escalation-raised", "escalation-resolved")
ALERTS = TOLD[1:]
INBOX = "inbox."
INBOXES = tuple(INBOX + name for name in fault_load.ORGANISATIONS)
SHOWN = 3 # of a difference


def some(items):
    items = sorted(items, key=str)
    return f"{len(items)}: {items[:SHOWN]}{' …' if len(items) > SHOWN else ''}"


def equal(what, got, wanted):
    """As sets, with how often each stands there."""
    got, wanted = collections.Counter(iter(got)), collections.Counter(iter(wanted))
    expect(f"{what} are not those of replay. Missing {some((wanted - got).elements())}. Too many {some((got - wanted).elements())}", got == wanted)


def contains(what, got, wanted):
    missing = set(wanted) - set(got)
    expect(f"{what} lack {some(missing)}", not missing)


def fields(of, *names):
    return tuple(of[name] for name in names)


def told_key(of, event):
    """What an announcement, an alert or a resolution says, of an effect of replay and of a record's value alike."""
    names = ["case_id", "protocol", "norm", "instance", "due_date", "organisation"]
    names += {"plan-due": ["stage", "role"], "escalation-raised": ["alert_id", "rung", "role"], "escalation-resolved": ["alert_id", "rung", "reason"]}[event]
    return (event, *(of["to"] if name == "organisation" and "to" in of else of[name] for name in names))


def announcement(told):
    """Without to whom: who is told of a due date is decided once, and the child may have moved since."""
    return told[:6]


def canonical(value):
    """A fact as a line says it: instants in one spelling, nullable fields that are null left out."""
    def text(name, item):
        return datetime.datetime.fromisoformat(item.replace("Z", "+00:00")).timestamp() if name in ("occurred_at", "recorded_at") else item
    return tuple(sorted((name, text(name, item)) for name, item in value.items() if item is not None and name not in ("event", "copies", "told_at")))


class Seen:
    """All that is committed."""

    def __init__(self, world):
        self.topics = collections.defaultdict(list)
        for record in world.tail(*TOLD, *INBOXES):
            self.topics[record["topic"]].append(record)
        self.rows = {}
        self.facts = []
        for record in world.tail("case-state"):
            expect(f"a row can be read: {record.get('error')}", "error" not in record)
            if record["row"] == "fact":
                self.facts.append((record["event"], canonical(record["value"])))
            self.rows[record["key"]] = record # the last one counts

    def rows_of(self, kind):
        return [(key.split("/"), record["value"]) for key, record in self.rows.items() if record["row"] == kind and record["value"] is not None]

    def told(self, *topics):
        return [told_key(record["value"], record["event"]) for topic in topics for record in self.topics[topic]]

    def inbox(self, organisation):
        return self.topics[INBOX + organisation]

    def copies(self):
        """(event_id, organisation, role) that the state says were copied."""
        rows = [(row["event_id"], row["organisation"], row["role"]) for _, row in self.rows_of("copy")]
        return rows + [(key[2], copy["organisation"], copy["role"]) for key, row in self.rows_of("fact") for copy in row["copies"]]


class Expected:
    """What replay makes of the lines, settled at an instant."""

    def __init__(self, world, lines, settled_at):
        self.lines = {line["event_id"]: line for line in lines}
        effects = world.replay(list(self.lines.values()), settled_at)
        expect(f"replay takes every line: {some(e for e in effects if e['effect'] == 'rejected')}", all(e["effect"] != "rejected" for e in effects))
        self.told = [told_key(effect, effect["effect"]) for effect in effects if effect["effect"] in TOLD]
        self.copies = [fields(effect, "event_id", "to", "role") for effect in effects if effect["effect"] == "routed"]
        self.alerts = {effect["alert_id"]: effect for effect in effects if effect["effect"] == "escalation-raised"}
        self.announced = collections.defaultdict(bool) # whether a reminder was told as well
        for effect in effects:
            if effect["effect"] == "plan-due":
                self.announced[fields(effect, "case_id", "protocol", "norm", "instance", "due_date")] |= effect["stage"] == "REMINDER"


# -- What always holds --


def check_facts(seen, expected):
    equal("the facts", seen.facts, ((line["event"], canonical(line)) for line in expected.lines.values()))


def check_once(seen):
    """No event_id twice in a topic, one of two names for one alert nowhere."""
    for topic, records in seen.topics.items():
        times = collections.Counter(record["value"]["event_id"] for record in records)
        expect(f"{topic} has twice {some(i for i, n in times.items() if n > 1)}", all(n == 1 for n in times.values()))


def check_inboxes(seen):
    """Each inbox: what the topics address to it, what the state says was copied to it, and refusals; no more."""
    for organisation in fault_load.ORGANISATIONS:
        records = seen.inbox(organisation)
        addressed = [record for topic in TOLD for record in seen.topics[topic] if record["value"]["organisation"] == organisation]
        equal(f"what was told in the inbox of {organisation}", (canonical(r["value"]) for r in records if r["event"] in TOLD),
              (canonical(r["value"]) for r in addressed))
        equal(f"copies in the inbox of {organisation}", (r["value"]["event_id"] for r in records if r["event"] in fault_load.INPUTS),
              (copy[0] for copy in seen.copies() if copy[1] == organisation))


def id_of_alert(alert_id, number, what):
    return str(uuid.uuid5(fault_load.NAMESPACE, f"{alert_id}|{number}|{what}"))


def check_turns(seen):
    """Each alert: raised, resolved, raised … in its inbox, under the ids that follow from that. How often each was raised, and whether it is open."""
    alerts = {}
    for organisation in fault_load.ORGANISATIONS:
        turns = collections.defaultdict(list)
        for record in seen.inbox(organisation): # one partition: in the order in which it was told
            if record["event"] in ALERTS:
                turns[record["value"]["alert_id"]].append((record["event"], record["value"]["event_id"]))
        for alert_id, told in turns.items():
            wanted = [(ALERTS[i % 2], id_of_alert(alert_id, i // 2 + 1, ("raised", "resolved")[i % 2])) for i in range(len(told))]
            expect(f"alert {alert_id} of {organisation} is raised and resolved in turn, not {told}", told == wanted)
            alerts[alert_id] = ((len(told) + 1) // 2, len(told) % 2 == 1)
    equal("the alerts in the state", ((key[2], (row["raised"], row["open"])) for key, row in seen.rows_of("alert")), alerts.items())
    return alerts


def check_always(seen, expected):
    check_facts(seen, expected)
    check_once(seen)
    check_inboxes(seen)
    return check_turns(seen)


# -- The two checks --


def live(world, lines, now):
    """Returns what was seen."""
    seen, expected = Seen(world), Expected(world, lines, now)
    alerts = check_always(seen, expected)
    equal("the open alerts", (alert for alert, (_, is_open) in alerts.items() if is_open), expected.alerts)
    contains("the copies", seen.copies(), expected.copies)
    contains("the announcements", (announcement(t) for t in seen.told("plan-due")), (announcement(t) for t in expected.told if t[0] == "plan-due"))
    return seen


def settled(world, lines, now):
    """Returns what was seen."""
    seen, expected = Seen(world), Expected(world, lines, now)
    check_always(seen, expected)
    equal("the outputs", seen.told(*TOLD), expected.told)
    equal("the copies", seen.copies(), expected.copies)
    equal("the rows of alerts", ((key[2], *fields(row, "organisation", "rung", "due_date", "role", "open", "raised")) for key, row in seen.rows_of("alert")),
          ((alert, *fields(e, "to", "rung", "due_date", "role"), True, 1) for alert, e in expected.alerts.items()))
    announced = {(key[0], *fields(row, "protocol", "norm", "instance", "due_date")): bool(row["reminders"]) for key, row in seen.rows_of("obligation")}
    equal("the rows of announcements", announced.items(), expected.announced.items())
    return seen


def open_alerts(world):
    return {record["key"] for record in {r["key"]: r for r in world.tail("case-state") if r.get("row") == "alert"}.values() if record["value"]["open"]}

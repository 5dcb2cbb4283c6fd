#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What an organisation is told stands in its database, each record once, whatever dies; and what the database does not take holds nothing up.

Usage: inbox_table.py BINARY ROOT TOPIC_TOOL CASE

Goal: a row for each record of an inbox but those that the database refuses, which are dead letters, after every fault. Method: a PostgreSQL of the test's
own with the tables that `connect ddl` prints, one connector of each form, an inbox that a worker fills, and its records beside the rows afterwards.
"""

import json
import os

import fault_load
from canary import BIRTH, BSN, NAME, PERSON, Canaries
from crooked import Crooked
from every_step import PEERS, every_step
from fault_run import expect, say, wait_for
from faults import main
from postgres_server import Server, quoted, same_instant

ORGANISATION = "gm0001"
INBOX = "inbox." + ORGANISATION
CASES = 8000 # a third of them in this inbox, with several records each
MANY_CASES, MANY = 9000, 10000
KILLS, STOP_EVERY, KILLED_S = 20, 5, 0.5
PASSWORD = "nog een wachtwoord"
TABLES = {"payload": "inbox", "fields": "told_{kind}"}
EVERYTHING = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name LIKE 'told%'"


class Inboxes:
    """A database, a connector of each form, and an inbox with records."""

    def __init__(self, trial):
        self.trial, self.world, self.server = trial, trial.world(), Server(PASSWORD)
        self.proxy = Crooked(self.server)
        self.password = os.path.join(self.world.folder, "password")
        with open(self.password, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        self.connectors = {}

    def told(self, cases):
        """So many cases more, and what a worker makes of them; all of the inbox."""
        self.world.publish(self.trial.load.cases(cases))
        self.world.once()
        return self.records()

    def records(self):
        return self.world.tail(INBOX)

    def text(self, form):
        return (f"connector: inbox-table\norganisation: {ORGANISATION}\n{self.server.connection(self.proxy)}password: {{file: {self.password}}}\nform: {form}\n"
                f"table: '{TABLES[form]}'\nparallel: 500\nfirst_delay: 100 ms\nlongest_delay: 500 ms\ntries: 10000\n"
                "connect_timeout: 3 s\ntimeout: 3 s\n")

    def path(self, form):
        path = os.path.join(self.world.folder, f"rows-{form}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.text(form))
        return path

    def start(self):
        for form in TABLES:
            self.connectors[form] = self.world.connector(f"rows-{form}", self.text(form))

    def make_tables(self, poison):
        """The database takes everything but one record, of which a rule of its own says no."""
        for form, table in (("payload", "inbox"), ("fields", "told_measure_started")):
            expect("it is told what is missing", "no such table" in self.world.failing("connect", "check", "--try", self.path(form), status=1))
            tables, rule = self.world.run("connect", "ddl", self.path(form)), f"ALTER TABLE {table} ADD CONSTRAINT niet CHECK (event_id <> {quoted(poison)})"
            self.server.sql(f"BEGIN; {tables}; {rule}; COMMIT")
            expect("every kind has its table", "takes every kind" in self.world.run("connect", "check", "--try", self.path(form)))

    def told_tables(self):
        return self.server.sql(EVERYTHING)

    def rows(self, form):
        """By event_id, as JSON."""
        tables = ["inbox"] if form == "payload" else self.told_tables()
        lines = self.server.sql("".join(f"SELECT to_jsonb(t) FROM {table} t;" for table in tables))
        rows = [json.loads(line) for line in lines]
        expect("no row twice", len({row["event_id"] for row in rows}) == len(rows))
        return {row["event_id"]: row for row in rows}

    def count(self, form):
        tables = ["inbox"] if form == "payload" else self.told_tables()
        return sum(int(line) for line in self.server.sql("".join(f"SELECT count(*) FROM {table};" for table in tables)))

    def check(self, records, poison=()):
        want = {record["value"]["event_id"]: record for record in records if record["value"]["event_id"] not in poison}
        for form in TABLES:
            wait_for(f"all {len(want)} rows of {form}", lambda form=form: self.count(form) == len(want), look=0.2)
            rows = self.rows(form)
            expect(f"the rows of {form} are the records", rows.keys() == want.keys())
            for event_id, record in want.items():
                self.check_row(form, rows[event_id], record)
        say(f"  {len(want)} rows in each form, {len(poison)} refused")

    def check_row(self, form, row, record):
        expect("its place is there", (row["_topic"], row["_partition"], row["_offset"]) == (INBOX, record["partition"], record["offset"]))
        if form == "payload":
            expect("the payload is the record", row["payload"] == record["value"] and row["kind"] == record["event"])
            return
        expect("the kind is there", row["_kind"] == record["event"])
        for field, value in record["value"].items():
            expect(f"{field} of {record['event']}: {row[field]} is not {value}", row[field] == value or same_instant(row[field], value))

    def settled(self, records):
        """Each record has one final row in deliveries, of each connector."""
        ended = [(record["value"]["connector"], record["value"]["inbox_offset"]) for record in self.world.tail("deliveries")]
        wanted = {(f"rows-{form}", record["offset"]) for form in TABLES for record in records}
        return set(ended) == wanted and ended

    def end(self):
        self.world.end()
        self.server.remove()


def with_inboxes(case):
    def run(trial):
        trial.needed_broker()
        inboxes = Inboxes(trial)
        try:
            case(inboxes)
        finally:
            inboxes.end()
        return inboxes.world
    return run


def poison_of(records):
    return next(record for record in records[len(records) // 2:] if record["event"] == "measure-started")["value"]["event_id"]


def short(inboxes):
    """No table at first; one record of which a rule says no; the server gone and back; kill -9; a column that is missing for a while."""
    records = inboxes.told(60)
    inboxes.start()
    for connector in inboxes.connectors.values():
        wait_for("it says that the table is missing", lambda c=connector: c.said("database-refuses"))
    poison = poison_of(records)
    inboxes.make_tables(poison)
    inboxes.check(records, {poison})
    letters = [letter["headers"] for letter in inboxes.world.tail("dead-letters")]
    expect(f"a dead letter of each: {letters}", [letter["kw-code"] for letter in letters] == ["REFUSED_BY_RECEIVER"] * len(TABLES))
    expect("which names the rule and no value", all("niet" in letter["kw-error"] and poison not in letter["kw-error"] for letter in letters))

    inboxes.server.stop("immediate")
    records = inboxes.told(20)
    for connector in inboxes.connectors.values():
        wait_for("it says that the database is away", lambda c=connector: c.said("database-away"))
    inboxes.server.start()
    inboxes.check(records, {poison})

    for connector in inboxes.connectors.values():
        connector.kill()
    before, records = records, inboxes.told(30)
    second = poison_of(records[len(before):]) # now among others in one statement
    for table in ("inbox", "told_measure_started"):
        inboxes.server.sql(f"ALTER TABLE {table} ADD CONSTRAINT ook_niet CHECK (event_id <> {quoted(second)})")
    inboxes.server.sql("ALTER TABLE told_measure_started DROP COLUMN birth_date")
    for connector in inboxes.connectors.values():
        connector.start()
    def reasons():
        return [line["reason"] for line in inboxes.connectors["fields"].said("database-refuses")]
    wait_for("it says which column is missing", lambda: any("birth_date" in reason for reason in reasons()))
    inboxes.server.sql("ALTER TABLE told_measure_started ADD COLUMN birth_date date")
    wait_for("all is settled", lambda: inboxes.settled(records), look=0.3)
    for form in TABLES:
        expect(f"of {form} only the bad ones are missing", inboxes.count(form) == len(records) - 2)
    for connector in inboxes.connectors.values():
        connector.stop()
        expect("the password is in no log", PASSWORD not in connector.text())


RULES = """CREATE SEQUENCE failures;
CREATE FUNCTION rules() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  IF NEW.event_id = {own} THEN RAISE EXCEPTION 'nobody born on {birth}' USING ERRCODE = 'ZK001'; END IF;
  IF NEW.event_id = {late} THEN RAISE EXCEPTION 'not yet {name}' USING ERRCODE = '55000'; END IF;
  IF nextval('failures') <= 3 THEN RAISE EXCEPTION 'another one of {bsn}' USING ERRCODE = '40001'; END IF;
  RETURN NEW; END $$;"""
RULE = "CREATE TRIGGER rules BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION rules();"


def refuses(inboxes):
    """
    A rule of the organisation's own with a code of its own, one that says "later" of a single record, a transaction that must be done again, a right that is
    taken away: only the record that a rule refuses is refused, none waits for another, and what a rule says of a person stays in the database.
    """
    server = inboxes.server
    inboxes.make_tables(fault_load.id_of("nobody"))
    records = inboxes.told(60)
    own, late = [record["value"]["event_id"] for record in records if record["event"] == "measure-started"][1:3]
    place = next(record for record in records if record["value"]["event_id"] == late)
    held = [record for record in records if record["key"] == place["key"] and record["offset"] >= place["offset"]] # its case waits with it
    server.sql(RULES.format(own=quoted(own), late=quoted(late), birth=BIRTH, name=NAME, bsn=BSN) +
               "".join(RULE.format(table=table) for table in ("inbox", "told_measure_started")))
    inboxes.start()
    for form in TABLES:
        wait_for("all the others are rows", lambda f=form: inboxes.count(f) == len(records) - 1 - len(held))
    for connector in inboxes.connectors.values():
        wait_for("it says that a record fails", lambda c=connector: c.said("connect-failing"))
    wait_for("each has a dead letter", lambda: len(inboxes.world.tail("dead-letters")) == len(TABLES))
    server.sql("DROP FUNCTION rules CASCADE")
    inboxes.check(records, {own})
    letters = [letter["headers"] for letter in inboxes.world.tail("dead-letters")]
    expect(f"of the one that is refused: {letters}", [letter["kw-code"] for letter in letters] == ["REFUSED_BY_RECEIVER"] * len(TABLES))
    expect("with the code of the rule", all("ZK001" in letter["kw-error"] for letter in letters))
    server.sql("REVOKE INSERT ON ALL TABLES IN SCHEMA public FROM ketenwacht")
    records = inboxes.told(20)
    for connector in inboxes.connectors.values():
        wait_for("it says that a right is missing", lambda c=connector: any("permission denied" in line["reason"] for line in c.said("database-refuses")))
    server.sql("GRANT INSERT ON ALL TABLES IN SCHEMA public TO ketenwacht")
    inboxes.check(records, {own})
    wait_for("all is settled", lambda: inboxes.settled(records), look=0.3)
    Canaries(*PERSON, PASSWORD).nowhere(inboxes.world)


def steps(inboxes):
    """Killed before every step, each time under another name, for the same inbox: reading, inserting, committing, settling."""
    records, trial = inboxes.told(20), inboxes.trial
    inboxes.make_tables(fault_load.id_of("nobody"))
    offsets = {record["offset"] for record in records}

    def make(number, before):
        inboxes.server.sql("TRUNCATE inbox")
        return inboxes.world.connector(f"step-{number}", inboxes.text("payload"), before=before)

    def over(number, _):
        if inboxes.count("payload") < len(records):
            return False
        ended = [row["value"] for row in inboxes.world.tail("deliveries") if row["value"]["connector"] == f"step-{number}"]
        expect("every outcome is that it was delivered", {row["outcome"] for row in ended} <= {"DELIVERED"})
        return {row["inbox_offset"] for row in ended} == offsets and inboxes.rows("payload").keys() == {record["value"]["event_id"] for record in records}

    every_step(trial, make, over, PEERS, r"TCP:\[", trial.kills)
    for event_id, row in inboxes.rows("payload").items():
        inboxes.check_row("payload", row, next(record for record in records if record["value"]["event_id"] == event_id))
    Canaries(*PERSON, PASSWORD).nowhere(inboxes.world)


def poison(inboxes):
    """One record that the database refuses among ten thousand that it takes: these are rows, it is one dead letter."""
    records = inboxes.told(MANY_CASES)
    expect(f"{len(records)} are many", len(records) > MANY)
    bad = poison_of(records)
    inboxes.make_tables(bad)
    inboxes.start()
    inboxes.check(records, {bad})
    wait_for("all is settled", lambda: inboxes.settled(records), look=1)
    letters = [letter["headers"] for letter in inboxes.world.tail("dead-letters")]
    expect(f"one of each connector: {letters}", sorted(letter["kw-connector"] for letter in letters) == sorted(f"rows-{form}" for form in TABLES))
    Canaries(*PERSON, PASSWORD).nowhere(inboxes.world)


def killed(inboxes):
    """Thousands of records, of which one is bad; connectors killed at moments drawn from the seed, and the server stopped in both ways."""
    trial = inboxes.trial
    records = inboxes.told(CASES)
    poison = poison_of(records)
    inboxes.make_tables(poison)
    inboxes.start()
    for life in range(KILLS):
        for connector in inboxes.connectors.values():
            trial.pause(0, KILLED_S)
            connector.look_after()
            connector.kill()
            connector.start()
        if life % STOP_EVERY == 0:
            inboxes.server.stop(trial.random.choice(("fast", "immediate")))
            inboxes.server.start()
    inboxes.check(records, {poison})
    wait_for("all is settled", lambda: inboxes.settled(records), look=1)
    letters = {(letter["headers"]["kw-connector"], letter["headers"]["kw-offset"]) for letter in inboxes.world.tail("dead-letters")}
    expect(f"one bad record of each connector: {letters}", len(letters) == len(TABLES))


def peer(inboxes):
    """A server that is slow, silent, cut off in the middle, or another; then a password that is changed while it runs; and two of one name."""
    inboxes.make_tables(fault_load.id_of("nobody"))
    inboxes.start()
    records = []
    for mode in ("slow", "silent", "cut", "garbage"):
        inboxes.proxy.become(mode)
        records = inboxes.told(30)
        wait_for(f"it meets a server that is {mode}", lambda: inboxes.proxy.met)
        inboxes.proxy.become("pass")
        inboxes.check(records)
    new = "nu iets anders"
    inboxes.server.sql(f"ALTER ROLE ketenwacht PASSWORD '{new}'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ketenwacht'")
    records = inboxes.told(30)
    for connector in inboxes.connectors.values():
        wait_for("its password is refused", lambda c=connector: any("password" in line["reason"] for line in c.said("database-away")))
    with open(inboxes.password, "w", encoding="utf-8") as file:
        file.write(new + "\n")
    inboxes.check(records)
    twins = [inboxes.world.connector(f"rows-{form}", inboxes.text(form)) for form in TABLES]
    inboxes.check(inboxes.told(60))
    for connector in (*twins, *inboxes.connectors.values()):
        expect("it lives, or gave way to its twin", connector.lives_on() or connector.gave_up())
        expect("no password is in its log", PASSWORD not in connector.text() and new not in connector.text())


if __name__ == "__main__":
    main({case.__name__: with_inboxes(case) for case in (short, refuses, steps, poison, killed, peer)})

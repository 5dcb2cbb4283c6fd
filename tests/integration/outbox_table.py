#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What an organisation's system leaves in its outbox table is published, in the order of its commits, whoever dies; and nothing stops the table.

Usage: outbox_table.py BINARY ROOT TOPIC_TOOL CASE

Goal: for each committed row either an event on the topic of its type or a refusal beside the table, in the order of commits within a case, after every
fault. Method: a PostgreSQL of the test's own with the tables that `connect ddl` prints, rows in transactions that overlap, and what is on Kafka afterwards.
"""

import json
import os
import re
import signal

import fault_load
from canary import BIRTH, BSN, NAME, PERSON, Canaries, metrics_of
from crooked import Crooked
from every_step import PEERS, every_step
from fault_run import expect, say, wait_for
from faults import main
from postgres_server import OUTBOX_COLUMNS, Server, Session, row_of

ORGANISATION = "gi-a"
PASSWORD = "een wachtwoord van iemand anders"
MANY = 10000 # rows
TRANSACTION = 500 # of them
KILLED_S = 0.15 # of reading, before it is killed
STOPS = 5 # of the server
POISON = (
    # id, aggregateid, type, payload; the code that it gets
    (fault_load.id_of("poison", 1), fault_load.id_of("poison case"), "measure-started", "[]", "MALFORMED"),
    (fault_load.id_of("poison", 2), BSN, NAME, "{}", "UNKNOWN_EVENT"),
    (fault_load.id_of("poison", 3), fault_load.id_of("poison case"), "measure-ended", json.dumps({"bsn": BSN, "source": NAME, BIRTH: BIRTH}), "BAD_VALUE"),
    (fault_load.id_of("poison", 4), fault_load.id_of("poison case"), "escalation-raised", "{}", "NOT_ALLOWED"),
)


class Outbox:
    """A database with the tables, a connector that reads them, and what was written in the order of commits."""

    def __init__(self, trial):
        self.trial, self.world = trial, trial.world()
        self.server = Server(PASSWORD)
        self.proxy = Crooked(self.server)
        self.password = os.path.join(self.world.folder, "password")
        with open(self.password, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        self.text = (f"connector: outbox-table\norganisation: {ORGANISATION}\n{self.server.connection(self.proxy)}"
                     f"password: {{file: {self.password}}}\npoll: 200 ms\nconnect_timeout: 3 s\ntimeout: 3 s\n")
        self.connectors, self.written, self.refused = [], {}, []

    def make(self):
        path = os.path.join(self.world.folder, "outbox.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.text)
        expect("it is told what is missing", "no table outbox" in self.world.failing("connect", "check", "--try", path, status=1))
        self.server.sql(self.world.run("connect", "ddl", path))
        expect("it can be read", "0 rows wait; they are read in the order of commits" in self.world.run("connect", "check", "--try", path))

    def connector(self, before=()):
        self.connectors.append(self.world.connector("outbox", self.text, "--metrics", "0", before=before))
        return self.connectors[-1]

    def reads(self, connector):
        wait_for("it reads the table", lambda: connector.said("outbox-reads"))

    def lines(self, cases):
        """Lines of this organisation, each once: an id is the key of the table."""
        seen, lines = set(), self.trial.load.cases(cases)
        return [line for line in lines if line["source"] == ORGANISATION and not (line["event_id"] in seen or seen.add(line["event_id"]))]

    def committed(self, lines):
        for line in lines:
            self.written.setdefault((line["event"], line["case_id"]), []).append(line["event_id"])

    def write(self, lines):
        self.server.copy("outbox", OUTBOX_COLUMNS, [row_of(line) for line in lines])
        self.committed(lines)

    def poison(self, rows=POISON):
        self.server.copy("outbox", OUTBOX_COLUMNS, [row[:4] for row in rows])
        self.refused += [(row[0], row[4]) for row in rows]

    def is_empty(self):
        for connector in self.connectors:
            if connector.process.poll() not in (0, -signal.SIGKILL): # stopped or killed by the test itself
                connector.look_after()
        return self.server.number("SELECT count(*) FROM outbox") == 0

    def check(self, repeats, elsewhere=()):
        """
        Each row of an event stands on its topic, in the order of commits within its case; the rest beside the table and in dead-letters. How many events
        stand there again.
        """
        wait_for("the table is empty", self.is_empty, look=0.2)
        found, again = {}, 0
        for record in sorted(self.world.tail(*fault_load.INPUTS), key=lambda record: record["offset"]):
            ids = found.setdefault((record["event"], record["key"]), [])
            again += record["value"]["event_id"] in ids
            if record["value"]["event_id"] not in ids:
                ids.append(record["value"]["event_id"])
        expect("every row and no other is an event", sorted(map(sorted, found.values())) == sorted(map(sorted, self.written.values())))
        expect("in the order of commits", found == self.written)
        expect(f"{again} events repeated", repeats or again == 0)
        aside = [tuple(line.split("|")) for line in self.server.sql("SELECT id, code FROM outbox_refused ORDER BY position('-' in error), refused_at, id")]
        expect(f"moved aside are {aside}", sorted(aside) == sorted(self.refused))
        letters = [letter["headers"] for letter in self.world.tail("dead-letters")]
        codes = sorted([code for _, code in self.refused] + [row[4] for row in elsewhere])
        expect(f"{len(letters)} dead letters", sorted(letter["kw-code"] for letter in letters) == codes or repeats)
        say(f"  {sum(map(len, found.values()))} events, {again} repeated, {len(aside)} moved aside")
        return again

    def check_secrecy(self):
        """Nothing of a person leaves the table but the fields that may, nor does the password."""
        Canaries(*PERSON, PASSWORD).nowhere(self.world, [connector for connector in self.connectors if connector.lives_on()], allowed=("birth_date",))

    def end(self):
        self.server.remove()


def with_outbox(case):
    def run(trial):
        trial.needed_broker()
        outbox = Outbox(trial)
        try:
            outbox.make()
            case(outbox)
        finally:
            outbox.world.end()
            outbox.end()
        return outbox.world
    return run


def overlap(outbox):
    """Two transactions of one case: the one that began first, and has the lower number, commits last. Nobody reads meanwhile."""
    first, second = [line for line in outbox.lines(400) if line["event"] == "measure-started"][:2]
    second = dict(second, case_id=first["case_id"])
    sessions = [Session(outbox.server), Session(outbox.server)]
    for session, line in zip(sessions, (first, second)):
        row = row_of(line)
        session.sql(f"BEGIN; INSERT INTO outbox (id, aggregateid, type, payload) VALUES ('{row[0]}', '{row[1]}', '{row[2]}', $${row[3]}$$)")
    sessions[1].sql("COMMIT")
    outbox.committed([second])
    sessions[0].sql("COMMIT")
    outbox.committed([first])
    for session in sessions:
        session.end()


def locked(outbox):
    """A row that somebody looks at keeps back its case, and nothing else."""
    held, free = [line for line in outbox.lines(400) if line["event"] == "measure-started"][:2]
    behind = dict(held, event_id=fault_load.id_of("behind", held["event_id"]), measure_id=fault_load.id_of("other", held["measure_id"]))
    connector = outbox.connectors[-1]
    connector.signal(signal.SIGSTOP)
    outbox.write([held, behind, free])
    session = Session(outbox.server)
    session.sql(f"BEGIN; SELECT 1 FROM outbox WHERE id = '{held['event_id']}' FOR SHARE")
    connector.signal(signal.SIGCONT)
    wait_for("what is of another case goes", lambda: outbox.server.number("SELECT count(*) FROM outbox") == 2)
    session.sql("COMMIT")
    session.end()


def short(outbox):
    """Overlapping transactions, poison, a locked row, kill -9, a second instance."""
    overlap(outbox)
    outbox.write(outbox.lines(100))
    outbox.poison()
    outbox.write(outbox.lines(20))
    connector = outbox.connector()
    outbox.reads(connector)
    wait_for("the table is empty", outbox.is_empty)
    locked(outbox)
    wait_for("the table is empty", outbox.is_empty)
    outbox.check(repeats=False)
    measured = metrics_of(connector)
    expect(f"what was refused is counted: {measured}", f"ketenwacht_outbox_refused_total {len(POISON)}\n" in measured)
    expect("nothing waits, and the connection stands", re.search("(?m)^ketenwacht_outbox_oldest_seconds 0", measured) and
           "ketenwacht_database_connected 1\n" in measured)
    second = outbox.connector()
    wait_for("the second waits", lambda: second.said("outbox-waits"))
    outbox.write(outbox.lines(200))
    connector.kill()
    outbox.reads(second)
    outbox.write(outbox.lines(20))
    outbox.check(repeats=True)
    outbox.check_secrecy()
    second.stop()


def shapes(outbox):
    """A table of Debezium's five columns alone; then one whose columns are called otherwise, of which rows are marked."""
    server = outbox.server
    server.sql("ALTER TABLE outbox DROP COLUMN position, DROP COLUMN created_at")
    connector = outbox.connector()
    outbox.reads(connector)
    outbox.write(outbox.lines(50))
    outbox.poison(POISON[:2])
    outbox.check(repeats=False)
    connector.stop()
    outbox.text += ("table: berichten\nrefused: geweigerd\nthen: mark\nnotify: berichten\naggregatetype: zaak\n"
                    "columns: {aggregateid: zaak_id, payload: bericht, published_at: verstuurd_op}\n")
    path = os.path.join(outbox.world.folder, "berichten.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(outbox.text)
    server.sql(outbox.world.run("connect", "ddl", path))
    connector = outbox.connector()
    outbox.reads(connector)
    lines = outbox.lines(50)
    server.copy("berichten", ("id", "zaak_id", "type", "bericht"), [row_of(line) for line in lines])
    server.copy("berichten", ("id", "zaak_id", "type", "bericht"), [row[:4] for row in POISON[2:]])
    server.sql("INSERT INTO berichten (id, aggregatetype, zaak_id, type, bericht) VALUES (gen_random_uuid(), 'iets anders', 'x', 'y', '{}')")
    outbox.committed(lines)
    wait_for("all are marked", lambda: server.number("SELECT count(*) FROM berichten WHERE verstuurd_op IS NOT NULL") == len(lines))
    expect("what is another's is left alone", server.number("SELECT count(*) FROM berichten WHERE verstuurd_op IS NULL") == 1)
    expect("bad ones are beside it", server.number("SELECT count(*) FROM geweigerd WHERE code IN ('BAD_VALUE', 'NOT_ALLOWED')") == len(POISON[2:]))
    outbox.check(repeats=False, elsewhere=POISON[2:])


FAILS = """CREATE SEQUENCE failures;
CREATE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  IF nextval('failures') <= {times} THEN RAISE EXCEPTION 'not now' USING ERRCODE = '{state}'; END IF; RETURN OLD; END $$;
CREATE TRIGGER fails BEFORE DELETE ON outbox FOR EACH STATEMENT EXECUTE FUNCTION fails();"""
MENDED = "DROP TRIGGER fails ON outbox; DROP FUNCTION fails; DROP SEQUENCE failures"
ALWAYS, SOME, SEEN = 1000000, 3, 5


def facts_of(outbox, lines):
    ids = {line["event_id"] for line in lines}
    return sum(record["value"]["event_id"] in ids for record in outbox.world.tail(*fault_load.INPUTS))


def refuses(outbox):
    """
    The database says that it cannot be done now, and then can; or that it is not to be done, until an operator mends it: nothing is lost, and what cannot be
    deleted is not published without end.
    """
    server, connector = outbox.server, outbox.connector()
    outbox.reads(connector)

    def said(words):
        wait_for(f"it says {words}", lambda: any(words in line["reason"] for line in connector.said("database-refuses")))
    for state in ("40001", "40P01", "53100"):
        server.sql(FAILS.format(times=SOME, state=state))
        outbox.write(outbox.lines(20))
        outbox.poison([(fault_load.id_of("poison", state), *POISON[0][1:])])
        wait_for("the table is empty", outbox.is_empty)
        server.sql(MENDED)
    for before, words, after in ((FAILS.format(times=ALWAYS, state="P0001"), "SQLSTATE P0001", MENDED),
                                 ("ALTER TABLE outbox_refused ADD CONSTRAINT niet CHECK (code <> 'MALFORMED') NOT VALID", "constraint niet",
                                  "ALTER TABLE outbox_refused DROP CONSTRAINT niet"),
                                 ("REVOKE DELETE ON outbox FROM ketenwacht", "may not SELECT, UPDATE", "GRANT DELETE ON outbox TO ketenwacht"),
                                 ("ALTER TABLE outbox RENAME TO elders", "there is no table outbox", "ALTER TABLE elders RENAME TO outbox")):
        lines = outbox.lines(20)
        renamed = "RENAME" in before
        connector.kill() # a new life: what it said before is not in its log
        if not renamed:
            outbox.write(lines)
            outbox.poison([(fault_load.id_of("poison", words), *POISON[0][1:])])
        server.sql(before)
        connector.start()
        said(words)
        if "P0001" in words:
            wait_for("it tries on", lambda: server.number("SELECT last_value FROM failures") >= SEEN)
        expect(f"what cannot be deleted is published once: {words}", facts_of(outbox, lines) <= len(lines))
        server.sql(after)
        if renamed:
            outbox.write(lines)
        wait_for("the table is empty", outbox.is_empty)
    outbox.check(repeats=True)
    outbox.check_secrecy()


def steps(outbox):
    """Killed before every step: reading, publishing, the answers, deleting, committing; each time with rows of which one names a person."""
    trial = outbox.trial
    lines = outbox.lines(20 + 10 * trial.kills)

    def make(number, before):
        outbox.write(lines[3 * number:3 * number + 2])
        outbox.poison([(fault_load.id_of("poison step", number), *POISON[2][1:])])
        outbox.write(lines[3 * number + 2:3 * number + 3])
        return outbox.connector(before=before)

    every_step(trial, make, lambda number, _: outbox.server.number("SELECT count(*) FROM outbox") == 0, PEERS, r"TCP:\[", trial.kills)
    outbox.check(repeats=True)
    outbox.check_secrecy()


def poison(outbox):
    """One bad row among ten thousand good ones: these go through, it gets one dead letter."""
    outbox.reads(outbox.connector())
    lines = []
    while len(lines) < MANY:
        lines += outbox.lines(2000)
    for i in range(0, MANY, TRANSACTION):
        outbox.write(lines[i:min(i + TRANSACTION, MANY)])
        if i == MANY // 2:
            outbox.poison(POISON[2:3])
    outbox.check(repeats=False)
    outbox.check_secrecy()


def killed(outbox):
    """The one of two that reads is killed in the midst of it, again and again, and the server is stopped in both ways; with poison among the rows."""
    trial, server, rows = outbox.trial, outbox.server, int(os.environ.get("KETENWACHT_ROWS") or 100000)
    instances, stops, number = [outbox.connector(), outbox.connector()], 0, 0
    a_life, a_stop = max(1, rows // trial.kills), max(1, trial.kills // STOPS)
    while sum(map(len, outbox.written.values())) < rows:
        lines = []
        while len(lines) < a_life:
            lines += outbox.lines(500)
        number += 1
        outbox.poison([(fault_load.id_of("poison", number, place), *row[1:]) for place, row in enumerate(POISON)])
        one = wait_for("one of them reads", lambda: [connector for connector in instances if connector.lives_on() and connector.said("outbox-reads")])[0]
        outbox.write(lines)
        trial.pause(0, KILLED_S)
        one.kill()
        one.start()
        if number % a_stop == 0:
            server.stop(trial.random.choice(("fast", "immediate")))
            stops += 1
            server.start()
    again = outbox.check(repeats=True)
    expect(f"{number} kills and {stops} stops of the server: some of them in the midst of a batch", again > 0)
    say(f"  {number} kills, {stops} stops of the server")
    outbox.check_secrecy()


def peer(outbox):
    """A server that is slow, silent, cut off in the middle, or another; then a password that is changed while it runs."""
    connector = outbox.connector()
    outbox.reads(connector)
    for mode in ("slow", "silent", "cut", "garbage"):
        before = len(connector.said("database-there"))
        outbox.proxy.become(mode)
        outbox.write(outbox.lines(50))
        wait_for(f"it meets a server that is {mode}", lambda: outbox.proxy.met)
        wait_for("it gives the connection up", lambda: len(connector.said("database-away")) > 0 or len(connector.said("database-there")) > before)
        outbox.proxy.become("pass")
        wait_for("all is published", outbox.is_empty)
    outbox.check(repeats=True)
    new = "nu iets anders"
    outbox.server.sql(f"ALTER ROLE ketenwacht PASSWORD '{new}'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ketenwacht'")
    outbox.write(outbox.lines(50))
    wait_for("its password is refused", lambda: any("password" in line["reason"] for line in connector.said("database-away")))
    with open(outbox.password, "w", encoding="utf-8") as file:
        file.write(new + "\n")
    outbox.check(repeats=True)
    expect("the same process", connector.lives_on())
    expect("the new password is in no log", new not in connector.text())
    outbox.check_secrecy()


if __name__ == "__main__":
    main({case.__name__: with_outbox(case) for case in (short, shapes, refuses, steps, poison, killed, peer)})

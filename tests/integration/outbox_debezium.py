#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Debezium's outbox router and outbox-table read the same table, and say the same; and what each of them takes for it.

Usage: outbox_debezium.py BINARY ROOT TOPIC_TOOL CASE

Goal: the same keys, ids and payloads in the same order within a case; less than a fifth of the CPU and a quarter of the memory. Method: rows in many
transactions, some of which overlap; Debezium, embedded in a program of one file, reads them from the log of the database and hands them to nobody; then
outbox-table takes them from the table and publishes them to Kafka. Debezium comes by Maven. KETENWACHT_ROWS (100000): how many.
"""

import json
import os
import re
import subprocess

import fault_load
from fault_run import WAIT_S, expect, say, wait_for
from faults import main
from outbox_table import with_outbox
from postgres_server import SUPERUSER, Session, row_of, same_instant

VERSION = "3.6.1.Final"
POM = """<project><modelVersion>4.0.0</modelVersion><groupId>nl.ketenwacht</groupId><artifactId>outbox</artifactId><version>1</version><dependencies>
<dependency><groupId>io.debezium</groupId><artifactId>debezium-embedded</artifactId><version>{version}</version></dependency>
<dependency><groupId>io.debezium</groupId><artifactId>debezium-connector-postgres</artifactId><version>{version}</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency></dependencies></project>
"""
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
JAVA = ("java", "-Xmx256m", "-XX:+UseSerialGC")
TRANSACTION = 500 # rows
LONG_S = 1800
CPU_FACTOR, MEMORY_FACTOR = 5, 4


class Debezium:
    """Fetched, compiled and started; it reads until it has so many."""

    def __init__(self, outbox, rows):
        self.folder = os.path.join(outbox.world.folder, "debezium")
        self.jars, self.file = os.path.join(self.folder, "jars"), os.path.join(self.folder, "records")
        os.makedirs(self.folder)
        self.fetch()
        self.quietly("javac", "-d", self.folder, "-cp", f"{self.jars}/*", os.path.join(os.path.dirname(os.path.abspath(__file__)), "debezium", "Outbox.java"))
        self.process = subprocess.Popen([*JAVA, "-cp", f"{self.folder}:{self.jars}/*", "Outbox", str(outbox.server.port), SUPERUSER, "x", str(rows), self.file],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        wait_for("Debezium reads the log", lambda: outbox.server.sql("SELECT 1 FROM pg_replication_slots WHERE active"), look=0.3)

    def fetch(self):
        pom = os.path.join(self.folder, "pom.xml")
        with open(pom, "w", encoding="utf-8") as file:
            file.write(POM.format(version=VERSION))
        self.quietly("mvn", "-q", "-B", "-f", pom, f"-Dmaven.repo.local={os.environ.get('KETENWACHT_MAVEN') or os.path.join(self.folder, 'maven')}", COPY,
                     f"-DoutputDirectory={self.jars}")

    @staticmethod
    def quietly(*command):
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=LONG_S)
        expect(f"{command[0]} ends well: {run.stdout[-2000:]}", run.returncode == 0)

    def ends(self):
        """Rows, seconds, CPU seconds, KiB."""
        said = self.process.stdout.readline().split()
        self.process.wait(timeout=WAIT_S)
        return int(said[0]), float(said[1]), float(said[2]), int(said[3])

    def records(self):
        """By key, in order: id and payload."""
        records = {}
        with open(self.file, encoding="utf-8") as file:
            for line in file:
                topic, key, event_id, value = line.rstrip("\n").split("\t", 3)
                expect("its topic is that of the aggregatetype", topic == "outbox.event.case")
                records.setdefault(key, []).append((event_id.strip('"'), json.loads(value)))
        return records


def overlap(outbox, lines):
    """Pairs of transactions of one case: the one that wrote first commits last."""
    sessions = [Session(outbox.server), Session(outbox.server)]
    for one, other in zip(lines[::2], lines[1::2]):
        other["case_id"] = one["case_id"]
        for session, line in zip(sessions, (one, other)):
            row = row_of(line)
            session.sql(f"BEGIN; INSERT INTO outbox (id, aggregateid, type, payload) VALUES ('{row[0]}', '{row[1]}', '{row[2]}', $${row[3]}$$)")
        sessions[1].sql("COMMIT")
        sessions[0].sql("COMMIT")
        outbox.committed([other, one])
    for session in sessions:
        session.end()


def process_memory(process):
    with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))


def process_cpu(process):
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def ours(outbox):
    """The same of the connector: rows, seconds, CPU seconds, KiB."""
    rows = outbox.server.number("SELECT count(*) FROM outbox")
    connector = outbox.connector()
    outbox.reads(connector)
    begun = os.times().elapsed
    wait_for("the table is empty", outbox.is_empty, LONG_S)
    seconds, cpu, memory = os.times().elapsed - begun, process_cpu(connector.process), process_memory(connector.process)
    connector.stop()
    return rows, seconds, cpu, memory


def ordered(records):
    """ids by event type and case, in order."""
    found = {}
    for key, of in records.items():
        for event_id, payload in of:
            found.setdefault((payload["event"], key), []).append(event_id)
    return found


def is_same(payload, event):
    """The same fields and values; an instant may be written with another offset."""
    return payload.keys() == event.keys() and all(value == event[name] or same_instant(value, event[name]) for name, value in payload.items())


def same(outbox):
    lines, rows = [], int(os.environ.get("KETENWACHT_ROWS") or 100000)
    while len(lines) < rows:
        lines += outbox.lines(2000)
    lines = lines[:rows]
    debezium = Debezium(outbox, rows)
    pairs = [line for line in lines[:200] if line["event"] == "measure-started"][:20]
    overlap(outbox, pairs)
    rest = [line for line in lines if not any(line is pair for pair in pairs)]
    for i in range(0, len(rest), TRANSACTION):
        outbox.write(rest[i:i + TRANSACTION])
    theirs = debezium.ends()
    mine = ours(outbox)
    wanted = debezium.records()
    found = {}
    for record in outbox.world.tail(*fault_load.INPUTS):
        found.setdefault(record["key"], {})[record["value"]["event_id"]] = dict(record["value"], event=record["event"])
    expect("the same keys", wanted.keys() == found.keys())
    for key, records in wanted.items():
        expect(f"the same ids of {key}, each once", sorted(event_id for event_id, _ in records) == sorted(found[key]))
        for event_id, payload in records:
            expect(f"the same payload of {event_id}", is_same(payload, found[key][event_id]))
    outbox.check(repeats=False)
    expect("Debezium gives them in the same order", ordered(wanted) == outbox.written)
    for name, (count, seconds, cpu, memory) in (("Debezium", theirs), ("outbox-table", mine)):
        say(f"  {name}: {count} rows, {count / seconds:,.0f} rows/s, CPU {cpu:.1f} s ({1e6 * cpu / count:.0f} us a row), {memory / 1024:.0f} MB")
    say(f"  CPU {theirs[2] / mine[2]:.1f} times less, memory {theirs[3] / mine[3]:.1f} times less")
    expect("a fifth of the CPU and a quarter of the memory", theirs[2] >= CPU_FACTOR * mine[2] and theirs[3] >= MEMORY_FACTOR * mine[3])


if __name__ == "__main__":
    main({"same": with_outbox(same)})

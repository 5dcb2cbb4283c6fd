#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Container files between us and the libraries of others.

Usage: containers.py KETENWACHT ROOT [--measure N]

Goal: what `export` writes, fastavro, Java's avro, DuckDB and pandas read, and what fastavro writes, `decode`, `replay` and `publish` read: as many, with
the same sums.
Method: events by fastavro in each codec, onto the embedded broker and off it again; each file counted and summed by each reader. The libraries are fetched
by pip and Maven into a folder that goes. --measure N: instead, N events in one file of each codec, and the CPU time of each process that reads it,
start-up included: decode (to JSON lines, into /dev/null), Java's generic reader, fastavro's reader.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile

FASTAVRO, DUCKDB, JAVA_AVRO = "1.13.1", "1.5.5", "1.12.2"
EVENTS = 2000
CODECS = ("null", "deflate", "snappy")
PATIENCE_S = 900

WRITE = """
import datetime, json, sys, uuid
import fastavro
schema, out, codec, n = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
def events():
    first = datetime.datetime(2022, 1, 1, tzinfo=datetime.timezone.utc)
    for i in range(n):
        one = str(uuid.UUID(int=(0x5a << 120) + (4 << 76) + (8 << 60) + i))
        at = first + datetime.timedelta(seconds=i)
        yield {"event_id": one, "case_id": one, "source": "gi-jbn", "occurred_at": at, "recorded_at": at, "replaces": None, "measure_id": one, "kind": "OTS",
               "verdict_date": datetime.date(2021, 1, 1) + datetime.timedelta(days=i % 300), "informed_date": at.date(), "ends_on": None, "gi": "gi-jbn",
               "municipality": "gm0014", "birth_date": None, "reference": None}
fastavro.writer(open(out, "wb"), json.load(open(schema)), events(), codec=codec)
"""
READ = {
    "fastavro": """
import datetime, sys
import fastavro
zero = datetime.date(1970, 1, 1)
for name in sys.argv[1:]:
    n = total = 0
    for record in fastavro.reader(open(name, "rb")):
        n += 1
        total += (record["verdict_date"] - zero).days
    print(n, total)
""",
    "pandas": """
import sys
import fastavro, pandas
for name in sys.argv[1:]:
    frame = pandas.DataFrame(fastavro.reader(open(name, "rb")))
    print(len(frame), int((pandas.to_datetime(frame["verdict_date"]) - pandas.Timestamp("1970-01-01")).dt.days.sum()))
""",
    "duckdb": """
import glob, site, sys
import duckdb
connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
connection.execute("load '%s'" % glob.glob(site.getsitepackages()[0] + "/duckdb_extension_avro/extensions/*/avro.duckdb_extension")[0])
for name in sys.argv[1:]:
    print(*connection.execute("select count(*), sum(verdict_date - date '1970-01-01') from read_avro('%s')" % name).fetchone())
""",
}


def fail(what):
    sys.exit(f"not as promised: {what}")


def run(*command, stdin=None, stdout=subprocess.PIPE):
    done = subprocess.run([str(word) for word in command], stdin=stdin, stdout=stdout, timeout=PATIENCE_S, check=False)
    if done.returncode != 0:
        fail(f"{command[:3]}: status {done.returncode}")
    return done.stdout.decode() if stdout == subprocess.PIPE else ""


class Libraries:
    def __init__(self, folder, root):
        self.folder = folder
        run(sys.executable, "-m", "venv", folder / "venv")
        self.python = folder / "venv/bin/python"
        run(folder / "venv/bin/pip", "-q", "install", f"fastavro=={FASTAVRO}", "cramjam", "pandas", f"duckdb=={DUCKDB}", f"duckdb-extension-avro=={DUCKDB}")
        self.java(root)

    def java(self, root):
        (self.folder / "pom.xml").write_text(f"""<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>{JAVA_AVRO}</version></dependency>
<dependency><groupId>org.xerial.snappy</groupId><artifactId>snappy-java</artifactId><version>1.1.10.8</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>2.0.17</version></dependency></dependencies></project>""")
        run("mvn", "-q", "-B", "-f", self.folder / "pom.xml", "dependency:copy-dependencies", f"-DoutputDirectory={self.folder / 'jars'}", stdout=None)
        run("javac", "-cp", f"{self.folder / 'jars'}/*", "-d", self.folder, root / "tests/integration/ContainerRead.java")

    def reader(self, name):
        """The command that prints "COUNT SUM" of each file behind it."""
        if name == "java":
            return ["java", "-cp", f"{self.folder}:{self.folder / 'jars'}/*", "ContainerRead"]
        return [self.python, "-c", READ[name]]

    def write(self, schema, out, codec, n):
        run(self.python, "-c", WRITE, schema, out, codec, n)


def cpu_s(command):
    """CPU seconds of a process whose output nobody keeps."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with open(os.devnull, "wb") as sink:
        run(*command, stdout=sink)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(ketenwacht, root, libraries, folder, n):
    for codec in CODECS:
        path = folder / f"{codec}.avro"
        libraries.write(root / "schemas/measure-started.avsc", path, codec, n)
        times = {"decode": min(cpu_s([ketenwacht, "decode", path]) for _ in range(3)), "java": min(cpu_s([*libraries.reader("java"), path]) for _ in range(3)),
                 "fastavro": cpu_s([*libraries.reader("fastavro"), path])}
        shown = ", ".join(f"{name} {s:.2f} ({s / times['decode']:.1f}x)" for name, s in times.items())
        print(f"{codec}: {path.stat().st_size} bytes; CPU s: {shown}", flush=True)
        path.unlink()


def summed(lines):
    import datetime
    dates = [datetime.date.fromisoformat(json.loads(line)["verdict_date"]) for line in lines.splitlines()]
    return f"{len(dates)} {sum((d - datetime.date(1970, 1, 1)).days for d in dates)}"


def round_trip(ketenwacht, root, libraries, folder):
    """Files of others onto a broker, and files of ours off it."""
    theirs, ours = [], []
    dirs = ["--config", root / "config", "--schemas", root / "schemas"]
    with subprocess.Popen([ketenwacht, "mock", *map(str, dirs)], stdout=subprocess.PIPE) as mock:
        try:
            broker = ["--bootstrap", json.loads(mock.stdout.readline())["bootstrap"], *dirs]
            for i, codec in enumerate(CODECS):
                path = folder / f"theirs-{codec}.avro"
                libraries.write(root / "schemas/measure-started.avsc", path, codec, EVENTS)
                theirs.append(path)
                if f'"published":{EVENTS}' not in run(ketenwacht, "publish", path, *broker):
                    fail(f"publish of {path}")
                path = folder / f"ours-{codec}.avro"
                said = json.loads(run(ketenwacht, "export", path, "--type", "measure-started", "--codec", codec, *broker))
                if said["exported"] != EVENTS * (i + 1):
                    fail(f"export: {said}")
                ours.append(path)
        finally:
            mock.terminate()
    for path in theirs:
        replayed = run(ketenwacht, "replay", path, *dirs)
        if '"rejected"' in replayed or '"routed"' not in replayed:
            fail(f"replay of {path}: {replayed[:300]}")
    wanted = {path: summed(run(ketenwacht, "decode", path)) for path in theirs + ours}
    if len(set(wanted[path] for path in theirs)) != 1 or not wanted[theirs[0]].startswith(f"{EVENTS} "):
        fail(f"decode of files that fastavro wrote: {wanted}")
    for name in ("fastavro", "pandas", "duckdb", "java"):
        said = run(*libraries.reader(name), *wanted).splitlines()
        if said != list(wanted.values()):
            fail(f"{name} reads {said}, and decode {wanted}")
        print(f"{name}: the same of {len(wanted)} files", flush=True)


def main():
    ketenwacht, root = os.path.abspath(sys.argv[1]), pathlib.Path(sys.argv[2]).absolute()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        libraries = Libraries(folder, root)
        if len(sys.argv) > 3:
            measure(ketenwacht, root, libraries, folder, int(sys.argv[4]))
        else:
            round_trip(ketenwacht, root, libraries, folder)
            print("as promised")


main()

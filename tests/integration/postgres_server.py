# SPDX-License-Identifier: EUPL-1.2
"""A PostgreSQL of one's own for the tests of connectors, in a folder that goes with it: start, stop, kill, and statements by psql.

Knows no connector. Debian's PostgreSQL 15; as root it runs as the user postgres, since it refuses to run as root.
"""

import atexit
import datetime
import glob
import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile

from fault_run import WAIT_S, expect, wait_for

SUPERUSER = "beheer"
SETTINGS = """listen_addresses = '127.0.0.1'
unix_socket_directories = '{folder}'
wal_level = logical
track_commit_timestamp = on
max_wal_senders = 4
fsync = off
{more}
"""
SUPERUSERS = f"local all {SUPERUSER} trust\nhost all {SUPERUSER} 127.0.0.1/32 trust\n"
PASSWORDS = SUPERUSERS + "host all all 127.0.0.1/32 scram-sha-256\n"
CERTIFICATES = SUPERUSERS + "hostssl all all 127.0.0.1/32 cert\n"


def free_port():
    with socket.socket() as probe:
        while True:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            if port > 20000:
                return port


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


class Server:
    """A cluster with a database "zaken" and a role "ketenwacht" that has a password."""

    def __init__(self, password="geheim", settings=""):
        self.folder = tempfile.mkdtemp(prefix="ketenwacht-postgres-")
        self.port, self.data = free_port(), os.path.join(self.folder, "data")
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.as_user = []
        if os.geteuid() == 0:
            owner = pwd.getpwnam("postgres")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.as_user = ["runuser", "-u", "postgres", "--"]
        self.run("initdb", "-D", self.data, "-U", SUPERUSER, "--auth", "trust", "-N", "-E", "UTF8", "--locale", "C.UTF-8")
        self.append("postgresql.conf", SETTINGS.format(folder=self.folder, more=settings))
        self.append("pg_hba.conf", PASSWORDS, anew=True)
        self.start()
        atexit.register(self.remove) # whatever becomes of the test
        self.sql("CREATE DATABASE zaken", database="postgres")
        self.sql(f"CREATE ROLE ketenwacht LOGIN PASSWORD {quoted(password)}")

    def run(self, program, *arguments, status=0):
        command = [*self.as_user, os.path.join(self.programs, program), *arguments]
        with tempfile.TemporaryFile("w+") as out: # a pipe would stay open for as long as the server lives
            run = subprocess.run(command, stdout=out, stderr=out, check=False, timeout=WAIT_S, cwd="/")
            out.seek(0)
            expect(f"{program} ends with {run.returncode}: {out.read()}", run.returncode == status)

    def append(self, name, text, anew=False):
        path = os.path.join(self.data, name)
        with open(path, "w" if anew else "a", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        self.run("pg_ctl", "-D", self.data, "-l", os.path.join(self.folder, "log"), "-o", f"-p {self.port}", "-w", "-t", str(WAIT_S), "start")

    def stop(self, mode="fast"):
        """fast: sessions are told; immediate: as if it had died."""
        self.run("pg_ctl", "-D", self.data, "-w", "-t", str(WAIT_S), "-m", mode, "stop")

    def reload(self):
        """Connections that are made when this returns find what stands in the files."""
        before = self.sql("SELECT pg_conf_load_time()")
        self.run("pg_ctl", "-D", self.data, "reload")
        wait_for("the server has read its files again", lambda: self.sql("SELECT pg_conf_load_time()") != before)

    def use_tls(self, named, authority, rules):
        """From the next connection on: a certificate, its path without the ending, who vouches for those of clients, and the lines of pg_hba.conf."""
        for source, name in ((f"{named}.pem", "server.crt"), (f"{named}.key", "server.key"), (authority, "clients.crt")):
            target = os.path.join(self.data, name)
            shutil.copyfile(source, target)
            os.chmod(target, 0o600)
            if self.as_user:
                shutil.chown(target, "postgres", "postgres")
        self.append("postgresql.auto.conf", "ssl = on\nssl_ca_file = 'clients.crt'\n", anew=True)
        self.append("pg_hba.conf", rules, anew=True)
        self.reload()

    def remove(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, database):
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p", str(self.port), "-U", SUPERUSER, "-d", database]

    def sql(self, text, database="zaken"):
        """Statements; the lines of what they answer."""
        run = subprocess.run(self.psql(database), input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=WAIT_S)
        expect(f"psql takes {text[:200]}: {run.stderr}", run.returncode == 0)
        return run.stdout.splitlines()

    def number(self, text):
        return int(self.sql(text)[0])

    def copy(self, table, columns, rows):
        """Rows of texts, in one transaction."""
        plain = "".join("\t".join(re.sub(r"[\\\t\n\r]", lambda c: "\\" + c.group(0), cell) for cell in row) + "\n" for row in rows)
        self.sql(f"COPY {table} ({', '.join(columns)}) FROM STDIN;\n{plain}\\.\n")

    def connection(self, proxy=None):
        """The keys of a connector's file."""
        return f"host: 127.0.0.1\nport: {proxy.port if proxy else self.port}\ndatabase: zaken\nuser: ketenwacht\n"


class Session:
    """A psql that stays, for a transaction that is open while others work."""

    def __init__(self, server):
        self.process = subprocess.Popen(server.psql("zaken"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def sql(self, text):
        """Statements, done when this returns."""
        self.process.stdin.write(text + ";\n\\echo done\n")
        self.process.stdin.flush()
        lines = []
        for line in iter(self.process.stdout.readline, "done\n"):
            expect("the session lives", line != "")
            lines.append(line.rstrip("\n"))
        return lines

    def end(self):
        self.process.stdin.close()
        self.process.wait(timeout=WAIT_S)


def same_instant(one, other):
    """Whether two texts are the same instant, with whatever offset each is written."""
    try:
        return len({datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (one, other)}) == 1
    except (AttributeError, TypeError, ValueError):
        return False


def row_of(line):
    """A line of `replay` as a row of an outbox table: id, aggregateid, type, payload."""
    return line["event_id"], line["case_id"], line["event"], json.dumps(line)


OUTBOX_COLUMNS = ("id", "aggregateid", "type", "payload")

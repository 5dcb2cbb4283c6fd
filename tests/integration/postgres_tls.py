#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A database is believed, and believes us, by certificates alone where that is configured; whoever else answers is told in a sentence, and gets nothing.

Usage: postgres_tls.py BINARY ROOT TOPIC_TOOL CASE

Goal: `sslmode`, `ca_file`, `certificate` and `key` of outbox-table and inbox-table keep their promises against the real server, also when all certificates
are replaced while both run. Method: certificates of two authorities of the test's own.
"""

import itertools
import os
import re
import shutil

import fault_load
from certificates import authority, certificate
from fault_run import expect, say, wait_for
from faults import main
from postgres_server import CERTIFICATES, OUTBOX_COLUMNS, PASSWORDS, Server, row_of

PASSWORD = "over de lijn"
ORGANISATIONS = {"outbox-table": "gi-a", "inbox-table": "gm0001"}
TRUSTS = "sslmode: verify-full\nca_file: {ours}\n"
KNOWN = "certificate: {folder}/ketenwacht.pem\nkey: {folder}/ketenwacht.key\n"
# What the connector is told, beside host and password; what it says, None: that it connects.
PROBES = {
    "no TLS": (
        ("localhost", "", None),
        ("localhost", "sslmode: require\n", "server does not support SSL, but SSL was required"),
        ("localhost", TRUSTS, "server does not support SSL, but SSL was required"),
    ),
    "localhost": (
        ("localhost", TRUSTS, None),
        ("localhost", "", None),
        ("localhost", "sslmode: verify-full\nca_file: {other}\n", "certificate verify failed"),
        ("localhost", "sslmode: verify-full\n", "certificate verify failed"), # nobody's whom the system knows
        ("127.0.0.1", TRUSTS, 'does not match host name "127.0.0.1"'),
        ("127.0.0.1", "sslmode: verify-ca\nca_file: {ours}\n", None),
        ("localhost", "sslmode: verify-full\nca_file: {folder}/none.pem\n", "none.pem"),
    ),
    "expired": (
        ("localhost", TRUSTS, "certificate verify failed"),
    ),
    "clients": (
        ("localhost", TRUSTS + KNOWN, None),
        ("localhost", TRUSTS, "connection requires a valid client certificate"),
        ("localhost", "sslmode: disable\n", "no pg_hba.conf entry"),
        ("localhost", TRUSTS + "certificate: {folder}/other-ketenwacht.pem\nkey: {folder}/other-ketenwacht.key\n", "unknown ca"),
        ("localhost", TRUSTS + "certificate: {folder}/somebody.pem\nkey: {folder}/somebody.key\n", "certificate authentication failed"),
        ("localhost", TRUSTS + "certificate: {folder}/ketenwacht.pem\nkey: {folder}/open.key\n", "has group or world access"),
    ),
}


class Chain:
    """A server with certificates, and a connector of each kind."""

    def __init__(self, trial):
        self.trial, self.world, self.server = trial, trial.world(), Server(PASSWORD)
        self.folder = self.world.folder
        self.password = self.path("password")
        with open(self.password, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        self.names = {"folder": self.folder, "ours": authority(self.folder, "ours"), "other": authority(self.folder, "other")}
        for by, host, days in (("other", "ketenwacht", 2), ("ours", "localhost", 2), ("ours", "expired", -1), ("ours", "somebody", 2)):
            certificate(self.folder, by, host, days)
        for ending in ("pem", "key"):
            shutil.move(self.path(f"ketenwacht.{ending}"), self.path(f"other-ketenwacht.{ending}"))
        certificate(self.folder, "ours", "ketenwacht")
        shutil.copyfile(self.path("ketenwacht.key"), self.path("open.key"))
        os.chmod(self.path("open.key"), 0o644)

    def path(self, name):
        return os.path.join(self.folder, name)

    def text(self, kind, host, more):
        return (f"connector: {kind}\norganisation: {ORGANISATIONS[kind]}\n" + re.sub("(?m)^host: .*", f"host: {host}", self.server.connection()) +
                f"password: {{file: {self.password}}}\nconnect_timeout: 5 s\ntimeout: 5 s\n" + more.format(**self.names) +
                ("poll: 200 ms\n" if kind == "outbox-table" else "parallel: 500\nfirst_delay: 100 ms\nlongest_delay: 500 ms\n"))

    def write(self, kind, host, more):
        path = self.path(f"{kind}.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.text(kind, host, more))
        return path

    def present(self, mode):
        """Whose certificate the server has, and of whom it wants one."""
        if mode == "clients":
            self.server.use_tls(self.path("localhost"), self.names["ours"], CERTIFICATES)
        elif mode != "no TLS":
            self.server.use_tls(self.path(mode), self.names["ours"], PASSWORDS)

    def sessions(self):
        """Of ours: TLS or not, and as whom."""
        return self.server.sql("SELECT s.ssl, s.client_dn FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.usename = 'ketenwacht'")

    def end(self):
        self.world.end()
        self.server.remove()


def check_probes(chain):
    """Every row, by one connector or the other."""
    for kind in ORGANISATIONS:
        chain.server.sql(chain.world.run("connect", "ddl", chain.write(kind, "localhost", "")))
    for mode, rows in PROBES.items():
        chain.present(mode)
        for kind, (host, more, told) in zip(itertools.cycle(ORGANISATIONS), rows): # the connection is the same code for both
            path = chain.write(kind, host, more)
            if told is None:
                chain.world.run("connect", "check", "--try", path)
            else:
                said = chain.world.failing("connect", "check", "--try", path, status=1)
                expect(f"{mode}: {kind} with {host}, {more} says '{told}', not {said}", told in said)
                expect("no password in it", PASSWORD not in said)


def replace_all(chain):
    """Another authority vouches for the server and for us: the server has its new certificates first, we ours later, in files that are replaced."""
    certificate(chain.folder, "other", "localhost")
    chain.server.use_tls(chain.path("localhost"), chain.names["other"], CERTIFICATES)
    chain.server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ketenwacht'")


def take_over_files(chain):
    """As an operator replaces them: the authority of before is no longer believed."""
    for source, target in (("other.pem", "ours.pem"), ("other-ketenwacht.pem", "ketenwacht.pem"), ("other-ketenwacht.key", "ketenwacht.key")):
        shutil.copyfile(chain.path(source), chain.path("half"))
        os.chmod(chain.path("half"), 0o600)
        os.replace(chain.path("half"), chain.path(target))


def lines_of(chain, cases):
    """Lines of the organisation whose outbox it is, each once."""
    lines = {line["event_id"]: line for line in chain.trial.load.cases(cases) if line["source"] == ORGANISATIONS["outbox-table"]}
    return list(lines.values())


def goes_through(chain, lines):
    """What is written into the outbox leaves it, and what the worker then tells stands in the database."""
    chain.server.copy("outbox", OUTBOX_COLUMNS, [row_of(line) for line in lines])
    wait_for("the outbox is empty", lambda: chain.server.number("SELECT count(*) FROM outbox") == 0)
    chain.world.once()
    wanted = len(chain.world.tail("inbox." + ORGANISATIONS["inbox-table"]))
    wait_for(f"all {wanted} records are rows", lambda: chain.server.number("SELECT count(*) FROM inbox") == wanted)
    return wanted


def tls(trial):
    """What is believed and what is not; then both run with certificates on either side, and all of these are replaced under them."""
    trial.needed_broker()
    chain = Chain(trial)
    try:
        check_probes(chain)
        chain.present("clients")
        connectors = [chain.world.connector(kind, chain.text(kind, "localhost", TRUSTS + KNOWN)) for kind in ORGANISATIONS]
        goes_through(chain, lines_of(chain, 40))
        expect(f"both are known by their certificates: {chain.sessions()}", chain.sessions() == ["t|/CN=ketenwacht"] * 2)
        replace_all(chain)
        for connector in connectors:
            wait_for("the server's new certificate is not believed", lambda c=connector: any("certificate verify failed" in line["reason"]
                                                                                            for line in c.said("database-away")))
        take_over_files(chain)
        say(f"  {goes_through(chain, lines_of(chain, 40))} rows")
        for connector in connectors:
            expect("the same process", connector.lives == 1 and connector.lives_on())
            connector.stop()
            expect("no password in its log", PASSWORD not in connector.text())
    finally:
        chain.end()
    return chain.world


if __name__ == "__main__":
    main({"tls": tls})

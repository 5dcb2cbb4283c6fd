#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""Alerts become mails, whatever the mail server answers, and each recipient has each of them.

Usage: mail.py BINARY ROOT CASE

Goal: what the inbox of a municipality has is told to its mailboxes once, in order, over TLS when it must be, and what became of it stands in deliveries.
Method: the worker and `mail` on the embedded broker; aiosmtpd as the server, which answers each command as the case says.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from certificates import authority, certificate
from console_site import Broker, end, expect, wait_for
from mail_server import DROP, DROP_TAKEN, GARBAGE, Postfix, Script, Server, Slow

TO, DEPUTY, OPERATORS = "postvak@een.example", "vervanger@een.example", "beheer@keten.example"
BIRTH_DATE = "2013-05-17"
ORGANISATIONS = """organisations:
  - {id: gm0001, kind: municipality, name: Eén, region: noord, contacts: [{function: team, mailbox: postvak, deputy: vervanger}]}
  - {id: gi-a, kind: gi, name: A}
  - {id: operators, kind: operators, name: Beheer}
regions:
  - {id: noord, name: Noord}
"""
QUICK = "first_delay: 10 ms\nlongest_delay: 20 ms\nretry_after: 20 ms\nparallel: 1\ntimeout: 2 s\n"


class Kafka(Broker):
    """A real broker of the test's own: the embedded one keeps little. Use as a context."""

    def __init__(self, ketenwacht, folder, root):
        super().__init__(ketenwacht, folder)
        self.tool, self.folder = os.path.join(root, "ops/kafka"), os.path.join(folder, "kafka")

    def __enter__(self):
        self.bootstrap = subprocess.run([self.tool, "start", "--port", "0", "--dir", self.folder], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        self.options = ["--bootstrap", self.bootstrap, *self.dirs]
        self.run("topics", "apply")
        return self

    def __exit__(self, *_):
        subprocess.run([self.tool, "stop", "--dir", self.folder], check=True)


class Chain:
    """Broker and worker with a configuration of the test's own, and the connector when it is started. Use as a context."""

    def __init__(self, ketenwacht, root, real=False):
        self.ketenwacht, self.root, self.folder = ketenwacht, root, tempfile.mkdtemp(prefix="ketenwacht-mail-")
        os.makedirs(self.path("protocols"))
        for name, text in (("organisations.yaml", ORGANISATIONS), ("version", "5\n"), ("broker.yaml", "partitions: 1\n"),
                           ("calendar.yaml", self.of_project("config/calendar.yaml")), ("protocols/proef.yaml", self.of_project("tests/cli/proef.yaml"))):
            self.write(name, text)
        os.symlink(os.path.join(root, "schemas"), self.path("schemas"))
        os.symlink(".", self.path("config"))
        self.connector, self.started = None, {}
        self.broker = Kafka(ketenwacht, self.folder, root) if real else Broker(ketenwacht, self.folder)

    def path(self, name):
        return os.path.join(self.folder, name)

    def of_project(self, name):
        with open(os.path.join(self.root, name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def __enter__(self):
        self.broker.__enter__()
        self.worker = self.start("rules", "--instance", "w")
        return self

    def __exit__(self, *_):
        self.stop()
        end(self.worker)
        self.broker.__exit__()
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def start(self, *arguments):
        self.write(f"log-{arguments[0]}", "")
        with open(self.path(f"log-{arguments[0]}"), "a", encoding="utf-8") as log:
            return subprocess.Popen([self.ketenwacht, *arguments, *self.broker.options], stderr=log)

    # Cases

    def publish(self, lines):
        self.broker.run("publish", "-", input="".join(json.dumps(line) + "\n" for line in lines))

    def event(self, name, case, **fields):
        at = fields.pop("at", "2022-02-01T10:00:00+01:00")
        return {"event": name, "event_id": str(uuid.uuid4()), "case_id": case, "source": "gi-a", "occurred_at": at, "recorded_at": at, **fields}

    def begin(self, n=1):
        """Cases of which an alert goes to the municipality at once."""
        cases = [str(uuid.uuid4()) for _ in range(n)]
        for case in cases:
            self.started[case] = str(uuid.uuid4())
        self.publish([self.event("measure-started", case, measure_id=self.started[case], kind="OTS", verdict_date="2022-02-01", informed_date="2022-02-01",
                                 gi="gi-a", municipality="gm0001", birth_date=BIRTH_DATE) for case in cases])
        return cases

    def resolve(self, case):
        self.publish([self.event("protector-assigned", case, measure_id=self.started[case], at="2022-03-02T10:00:00+01:00", date="2022-03-01",
                                 worker="jb-1", role="FIXED", working_with_family=True, reason="FIRST")])

    # The connector

    def file(self, server, more=""):
        self.write("mail.yaml", f"connector: mail\norganisation: gm0001\nserver: {server}\nfrom: ketenwacht@keten.example\noperators: {OPERATORS}\n"
                                f"domain: een.example\n{more}")

    def run(self):
        self.connector = self.start("connect", self.path("mail.yaml"))

    def stop(self, kill=False):
        if not self.connector:
            return
        if kill:
            self.connector.kill()
            self.connector.wait()
        else:
            expect("the connector ends with 0", end(self.connector) == 0)
        self.connector = None

    def log(self):
        with open(self.path("log-connect"), encoding="utf-8") as file:
            return file.read()

    def lines(self, topic):
        return [json.loads(line) for line in self.broker.run("tail", topic, "--from", "beginning", "--until-end").splitlines()]

    def bytes_of(self, topic):
        return self.broker.run("tail", topic, "--from", "beginning", "--until-end", "--clear").encode()

    def alerts(self):
        """The ids of alerts and resolutions in the inbox, in their order, with their cases."""
        return [(line["value"]["event_id"], line["key"]) for line in self.lines("inbox.gm0001") if line["event"].startswith("escalation-")]

    def counted(self):
        """How many outcomes there are, told rarely: there may be many."""
        time.sleep(1)
        return len(self.outcomes())

    def outcomes(self):
        return [line["value"]["outcome"] for line in self.lines("deliveries")]

    def outcome(self, case):
        """What deliveries says of the alert of a case, when it is over."""
        ids = [line["value"]["event_id"] for line in self.lines("inbox.gm0001") if line["key"] == case and line["event"] == "escalation-raised"]
        return [line["value"] for line in self.lines("deliveries") if line["value"]["event_id"] in ids]


def check_once(what, mails, recipients):
    expect(f"{what}: {sorted(m.recipient for m in mails)}", sorted(m.recipient for m in mails) == sorted(recipients))
    expect(f"{what}: of one record", len({m.id for m in mails}) <= 1)
    expect(f"{what}: to one recipient each", all(len(m.recipients) == 1 for m in mails))


# What the server says at each step, one after another; then it takes. Who has the mail in the end; outcome, reason and tries.
ANSWERS = (
    ("taken", {}, (TO, DEPUTY), "DELIVERED", None, 1),
    ("one refused", {"RCPT": ["550 no such mailbox"]}, (DEPUTY,), "DELIVERED",
     "1 of 2 recipients took it; of the others: the mail server answered 550 at RCPT", 1),
    ("all refused", {"RCPT": ["550 no", "553 no"]}, (), "REFUSED", "the mail server answered 553 at RCPT", 1),
    ("refused by what it says", {"DATA": ["554 no", "554 no"]}, (), "REFUSED", "the mail server answered 554 at DATA", 1),
    ("greylisted", {"RCPT": ["450 later", "451 later", "250 OK", "451 later"]}, (TO, DEPUTY), "DELIVERED", None, 3),
    ("one put off", {"DATA": ["451 later"]}, (TO, DEPUTY), "DELIVERED", None, 2),
    ("one refused, one put off", {"RCPT": ["550 no", "450 later"]}, (DEPUTY,), "DELIVERED", "1 of 2 recipients took it", 2),
    ("sender put off", {"MAIL": ["452 full"]}, (TO, DEPUTY), "DELIVERED", None, 2),
    ("sender refused", {"MAIL": ["550 who are you"]}, (TO, DEPUTY), "DELIVERED", None, 1),
    ("closing", {"MAIL": ["421 closing"], "RCPT": ["421 closing"]}, (TO, DEPUTY), "DELIVERED", None, 1),
    ("another 2xx", {"DATA": ["251 taken as well"]}, (TO, DEPUTY), "DELIVERED", None, 1),
    ("broken before the answer", {"DATA": [DROP_TAKEN]}, (TO, TO, DEPUTY), "DELIVERED", None, 2),
    ("broken without taking", {"DATA": [DROP]}, (TO, DEPUTY), "DELIVERED", None, 2),
    ("broken at RCPT", {"RCPT": [DROP]}, (TO, DEPUTY), "DELIVERED", None, 2),
    ("garbage", {"RCPT": [GARBAGE]}, (TO, DEPUTY), "DELIVERED", None, 2),
)


def case_answers(ketenwacht, root):
    script = Script()
    with Chain(ketenwacht, root) as chain, Server(script) as server:
        chain.file(f"smtp://127.0.0.1:{server.port}", "starttls: none\n" + QUICK)
        chain.run()
        for what, answers, recipients, outcome, reason, tries in ANSWERS:
            script.forget()
            for step, said in answers.items():
                script.say(step, *said)
            case = chain.begin()[0]
            row = wait_for(f"{what}: an outcome", lambda: chain.outcome(case))[0]
            check_once(what, script.took(), recipients)
            expect(f"{what}: {row}", row["outcome"] == outcome and row["attempts"] == tries and (row["reason"] or "").startswith(reason or ""))
            expect(f"{what}: {row}", reason or not row["reason"])
        letters = [line for line in chain.lines("dead-letters")]
        expect(f"dead letters: {letters}", len(letters) == sum(answer[3] == "REFUSED" for answer in ANSWERS))
        log = chain.log()
        expect(f"no address is logged: {log}", "@" not in log)
        mail = script.took()[0]
        told = "Niet gehaald, uiterlijk dinsdag 8 februari 2022: Jeugdbeschermer binnen\nvijf"
        expect(mail.text(), told in mail.text() and "GI:          A (gi-a)" in mail.text())
        expect("no personal data", BIRTH_DATE.encode() not in b"".join(m.raw for m in script.took()) + log.encode() + chain.bytes_of("deliveries"))
        expect(mail.sender, mail.sender == "ketenwacht@keten.example")
        expect("connections are used again", script.connections < 2 * len(ANSWERS))


def is_wrong(chain):
    return "connect-mail-wrong" in chain.log()


# TLS, login and what the server has; whether it gets mail.
SAFETY = (
    ("the certificate is of somebody unknown", {"tls": "localhost"}, "ca_file: {other}\n", False),
    ("the certificate is another server's", {"tls": "mail.example"}, "ca_file: {ours}\n", False),
    ("there is no TLS", {}, "ca_file: {ours}\n", False),
    ("the password is wrong", {"tls": "localhost", "login": ("keten", "geheim")}, "ca_file: {ours}\nuser: keten\npassword: {{file: {wrong}}}\n", False),
    ("nobody asks for the password", {"tls": "localhost"}, "ca_file: {ours}\nuser: keten\npassword: {{file: {right}}}\n", False),
    ("there is TLS", {"tls": "localhost"}, "ca_file: {ours}\n", True),
    ("there is TLS from the beginning", {"tls": "localhost", "implicit": True}, "ca_file: {ours}\n", True),
    ("the password is right", {"tls": "localhost", "login": ("keten", "geheim")}, "ca_file: {ours}\nuser: keten\npassword: {{file: {right}}}\n", True),
)


def case_safety(ketenwacht, root):
    with Chain(ketenwacht, root) as chain:
        files = {"ours": authority(chain.folder, "ours"), "other": authority(chain.folder, "other"), "right": chain.path("right"), "wrong": chain.path("wrong")}
        contexts = {host: certificate(chain.folder, "ours", host) for host in ("localhost", "mail.example")}
        chain.write("right", "geheim\n")
        chain.write("wrong", "geraden\n")
        waiting = []
        for what, more, file, gets in SAFETY:
            script = Script()
            with Server(script, **{**more, "tls": contexts.get(more.get("tls"))}) as server:
                chain.file(f"smtp{'s' if more.get('implicit') else ''}://localhost:{server.port}", QUICK + file.format(**files))
                tried = subprocess.run([ketenwacht, "connect", "check", "--try", chain.path("mail.yaml"), *chain.broker.dirs], capture_output=True, text=True,
                                       timeout=60, check=False)
                expect(f"{what}: --try ends with {tried.returncode}: {tried.stderr}", tried.returncode == (0 if gets else 1))
                expect(f"{what}: --try sends nothing", not script.took())
                waiting += chain.begin()
                chain.run()
                if gets:
                    wait_for(f"{what}: mails", lambda: len(script.took()) >= 2 * len(waiting))
                    wait_for(f"{what}: outcomes", lambda: chain.outcome(waiting[-1]))
                    waiting = []
                else:
                    wait_for(f"{what}: a word of it", lambda: is_wrong(chain))
                    expect(f"{what}: nothing is sent", not script.took() and "geheim" not in chain.log())
                if "{wrong}" in file:
                    chain.write("wrong", "geheim\n")  # while it runs
                    wait_for("the new password is used", lambda: len(script.took()) >= 2 * len(waiting))
                    wait_for("outcomes by the new password", lambda: chain.outcome(waiting[-1]))
                    waiting = []
                chain.stop()
        expect("nothing is lost", set(chain.outcomes()) == {"DELIVERED"} and len(chain.outcomes()) == len(SAFETY))


def check_order(chain, mails):
    """Every alert and resolution for each recipient, and of each case in order, whatever came twice."""
    alerts = chain.alerts()
    for recipient in (TO, DEPUTY):
        first = {}
        for place, mail in enumerate(mails):
            if mail.recipient == recipient:
                first.setdefault(mail.id[1:].split("@")[0], place)
        expect(f"{recipient} has all of {len(alerts)}: {len(first)}", set(first) == {event_id for event_id, _ in alerts})
        latest = {}
        for event_id, case in alerts:
            expect(f"{recipient}: {case} in order", first[event_id] > latest.get(case, -1))
            latest[case] = first[event_id]


def case_faults(ketenwacht, root, n=40):
    script = Script()
    with Chain(ketenwacht, root) as chain, Server(script) as server:
        chain.file(f"smtp://127.0.0.1:{server.port}", "starttls: none\n" + QUICK.replace("parallel: 1", "parallel: 4"))
        cases = chain.begin(n)
        wait_for("alerts", lambda: len(chain.alerts()) == n)  # a worker that finds both at once tells neither
        for case in cases[::2]:
            chain.resolve(case)
        wait_for("alerts and resolutions", lambda: len(chain.alerts()) == n + n // 2)
        for after in (5, 30, 60):
            chain.run()
            wait_for(f"{after} mails", lambda k=after: len(script.took()) >= k)
            chain.stop(kill=True)
        chain.run()
        other = chain.start("connect", chain.path("mail.yaml"))  # a second instance: one of them has the inbox at a time
        wait_for("all outcomes", lambda: len(chain.outcomes()) >= n + n // 2)
        end(other)
        chain.stop()
        check_order(chain, script.took())
        expect("all are delivered", set(chain.outcomes()) == {"DELIVERED"})


def case_away(ketenwacht, root):
    """The server is slow, then away, then there, then closes all connections."""
    script = Script()
    with Chain(ketenwacht, root) as chain:
        with Slow() as slow:
            chain.file(f"smtp://127.0.0.1:{slow.port}", "starttls: none\n" + QUICK)
            cases = chain.begin(3)
            chain.run()
            wait_for("a word of it", lambda: is_wrong(chain))
            port = slow.port
        with Server(script, port=port) as server:
            wait_for("mails", lambda: len(script.took()) >= 2)
            server.loop.call_soon_threadsafe(server.cut)
            wait_for("outcomes", lambda: all(chain.outcome(case) for case in cases))
            chain.stop()
        check_order(chain, script.took())
        expect("no try was counted", set(chain.outcomes()) == {"DELIVERED"})


def case_poison(ketenwacht, root, n=10000):
    script = Script()
    with Chain(ketenwacht, root, real=True) as chain, Server(script) as server:
        chain.file(f"smtp://127.0.0.1:{server.port}", "starttls: none\nfunctions: [niemand]\n" + QUICK.replace("parallel: 1", "parallel: 8"))
        cases = chain.begin(n)
        script.poison = cases[n // 2]
        chain.run()
        wait_for("all outcomes", lambda: len(script.took()) >= n - 1 and chain.counted() == n, 600)
        chain.stop()
        expect("all others have come", len({mail.id for mail in script.took()}) == n - 1)
        expect("one dead letter", len(chain.lines("dead-letters")) == 1 and chain.outcomes().count("REFUSED") == 1)
        expect("operators are told", all(mail.recipient == OPERATORS and "geen postvak bekend" in mail.text() for mail in script.took()[:10]))


def case_postfix(ketenwacht, root):
    """A real server, with TLS, that knows one of two mailboxes, and a person's mail program that reads what it stored."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with Chain(ketenwacht, root) as chain:
        ours = authority(chain.folder, "ours")
        certificate(chain.folder, "ours", "localhost")
        with Postfix(chain.folder, port, TO, "localhost") as postfix:
            chain.file(f"smtp://localhost:{port}", QUICK + f"ca_file: {ours}\nfrom_name: Ketenwacht Eén\nlink: 'https://keten.example/zaken/{{case_id}}'\n")
            subprocess.run([ketenwacht, "connect", "check", "--try", chain.path("mail.yaml"), *chain.broker.dirs], check=True, timeout=60, capture_output=True)
            case = chain.begin()[0]
            chain.run()
            row = wait_for("an outcome", lambda: chain.outcome(case))[0]
            told = "1 of 2 recipients took it; of the others: the mail server answered 550"
            expect(f"{row}", row["outcome"] == "DELIVERED" and row["reason"].startswith(told))
            chain.resolve(case)
            mails = wait_for("both mails", lambda: len(postfix.mails()) == 2 and postfix.mails())
            chain.stop()
            raised, resolved = sorted(mails, key=lambda mail: mail["Date"].datetime)
            expect(f"{raised}", str(raised["From"]) == "Ketenwacht Eén <ketenwacht@keten.example>" and "Eén (gm0001)" in raised.get_content())
            expect(f"one thread: {raised['References']} {resolved['References']}", raised["References"] == resolved["References"])
            expect(f"over TLS: {raised['Received']}", "with ESMTPS" in str(raised["Received"]))
            expect(f"{raised}", f"https://keten.example/zaken/{case}" in raised.get_content() and raised["Return-Path"] == "<ketenwacht@keten.example>")


CASES = {name[5:]: function for name, function in globals().items() if name.startswith("case_")}

if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[3] not in CASES:
        sys.exit(__doc__)
    CASES[sys.argv[3]](sys.argv[1], sys.argv[2])

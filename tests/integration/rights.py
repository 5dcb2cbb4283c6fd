#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""The rights that `topics apply` gives suffice for every process, and connectors have none that they do not use.

Usage: rights.py BINARY ROOT

Goal: on a broker that keeps rights, with each process logged in as the principal that broker.yaml names, nothing of a connector is refused, each
right that it was given is used, and what is none of its business is refused. Method: a broker of its own, whose log says of every request by which
right it was allowed; gi-http, a webhook, admission and corv do all that they can, dead letters are sent again, and the webhook and admission are paused.
"""

import http.server
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.error
import urllib.request
import uuid

import fault_load
from fault_run import Broker, Broken, expect, say, wait_for

USERS = {"worker": "ketenwacht-rules", "connectors": "ketenwacht-connect", "admission": "ketenwacht-admission", "operators": "ketenwacht-operators"}
PREFIX = "rechten."
TOKENS = {"gi-a": "a" * 40, "gm0001": "m" * 40}
ALLOWED = re.compile(r"Principal = User:(\S+) is Allowed operation = (\w+) .*based on rule MatchingAcl\(acl=StandardAcl\(resourceType=(\w+), "
                     r"resourceName=([^,]+),")
DENIED = re.compile(r"Principal = User:(\S+) is Denied operation = (\w+) from .* on resource = (\S+) for request = (\w+)")
GRANTED = re.compile(r"^grant User:(\S+): (\w+) on (topic|group) (\S+)$", re.MULTILINE)
NOTE = re.compile(r"^note: .*: User:(\S+) needs ALL on those that begin with (\S+)$", re.MULTILINE)
ALLOW, PREFIXED, TRANSACTIONAL_ID, ALL = 3, 4, 5, 2 # of Kafka's protocol


class RightsBroker(Broker):
    """With rights, and a listener at which the users log in."""

    def __init__(self, root, folder):
        self.users = ",".join(USERS.values())
        super().__init__(root, folder)
        self.port = int(self.bootstrap.rsplit(":", 1)[1])

    def run(self, command, *more):
        # The packaged librdkafka cannot log in by SCRAM to Kafka 4.
        return super().run(command, *(("--rights", self.users, "--version", "3.9.2") if command == "start" else ()), *more)

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8") as file:
            return file.read()

    def grant_transactions(self, user, name):
        """All on transactional ids that begin so: librdkafka cannot ask for it, so topics apply does not give it."""
        def text(s):
            return struct.pack(">h", len(s)) + s.encode()
        body = struct.pack(">ib", 1, TRANSACTIONAL_ID) + text(name) + struct.pack(">b", PREFIXED) + text("User:" + user) + text("*")
        request = struct.pack(">hhi", 30, 1, 1) + text("rights") + body + struct.pack(">bb", ALL, ALLOW)
        with socket.create_connection(("127.0.0.1", self.port)) as connection, connection.makefile("rb") as answer:
            connection.sendall(struct.pack(">i", len(request)) + request)
            size = struct.unpack(">i", answer.read(4))[0]
            expect("transactional ids can be granted", struct.unpack(">iiih", answer.read(size)[:14])[3] == 0)


class Receiver:
    """Answers .status, and counts."""

    def __init__(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                receiver.seen.append(receiver.status)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.status, self.seen = 204, []
        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Party:
    """One principal: the program with a broker.yaml that logs in as it."""

    def __init__(self, chain, role):
        self.chain, self.config = chain, os.path.join(chain.folder, role)
        shutil.copytree(chain.config, self.config)
        with open(os.path.join(self.config, "broker.yaml"), "a", encoding="utf-8") as file:
            file.write(f"kafka:\n  security.protocol: sasl_plaintext\n  sasl.mechanism: SCRAM-SHA-512\n  sasl.username: {USERS[role]}\n"
                       f"  sasl.password: {USERS[role]}-password\n")

    def command(self, *arguments):
        bootstrap = f"127.0.0.1:{self.chain.broker.port + 2}"
        return [self.chain.binary, *arguments, "--config", self.config, "--schemas", self.chain.schemas, "--bootstrap", bootstrap]

    def run(self, *arguments, status=0):
        return self.chain.run_command(self.command(*arguments), status)

    def begin(self, name, text):
        path, log = os.path.join(self.chain.folder, name + ".yaml"), os.path.join(self.chain.folder, name + ".log")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        environment = os.environ | {f"T{i}": token for i, token in enumerate(TOKENS.values())}
        with open(log, "wb") as file:
            self.chain.processes.append(subprocess.Popen(self.command("connect", path), stderr=file, env=environment))
        return path, log


class Chain:
    def __init__(self, binary, root, folder):
        self.binary, self.folder, self.processes = binary, folder, []
        self.broker = RightsBroker(root, folder)
        self.config, self.schemas = fault_load.write_configuration(folder, root, self.broker.bootstrap, PREFIX)
        shutil.copy(os.path.join(root, "schemas", "audit.avsc"), self.schemas)
        with open(os.path.join(self.config, "broker.yaml"), "a", encoding="utf-8") as file:
            file.write("acls:\n" + "".join(f"  {role}: User:{name}\n" for role, name in USERS.items()))
            file.write("  organisations: \"User:{id}\"\n")
        self.events = set(fault_load.INPUTS)

    def run_command(self, command, status=0):
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False, timeout=120)
        expect(f"{' '.join(command)} ends with {run.returncode}: {run.stderr}", run.returncode == status)
        expect(f"the worker may see how topics are kept: {run.stderr}", "topics-unknown" not in run.stderr)
        return run.stdout + (run.stderr if status else "")

    def plain(self, name):
        """What a right is on, as a kind: the prefix is taken away, and one event type is like another."""
        name = name.removeprefix(PREFIX).removesuffix("*")
        return "an event" if name in self.events else name

    def alive(self):
        expect("the connectors run", all(process.poll() is None for process in self.processes))
        return True

    def end(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            expect("a connector ends well", process.wait(60) == 0)
        self.processes = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def ask(base, path, who, body=None):
    headers = {"Authorization": "Bearer " + TOKENS[who], "Content-Type": "application/json"}
    request = urllib.request.Request(base + path, json.dumps(body).encode() if body else None, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


def measure():
    name = str(uuid.uuid4())
    return {"event_id": name, "case_id": name, "source": "gi-a", "occurred_at": "2023-02-01T10:00:00Z", "recorded_at": "2023-02-01T10:00:00Z",
            "measure_id": name, "kind": "OTS", "verdict_date": "2023-02-01", "informed_date": "2023-02-01", "gi": "gi-a", "municipality": "gm0001"}


def doors(chain, parties):
    """gi-http: an event, what became of it, and an inbox in pages."""
    tokens = "".join(f"  {name}: {{env: T{i}}}\n" for i, name in enumerate(TOKENS))
    _, log = parties["connectors"].begin("door", "connector: gi-http\nlisten: 127.0.0.1:0\ntokens:\n" + tokens)
    base = "http://" + wait_for("gi-http listens", lambda: chain.alive() and re.search(r'"address":"([^"]+)"', read(log))).group(1)
    event = measure()
    expect("an event is taken", ask(base, "/events/measure-started", "gi-a", event)[0] == 202)
    told = json.loads(parties["worker"].run("rules", "--once", "--instance", "a", "--now", "2023-02-20T12:00:00+01:00"))
    expect(f"the worker tells: {told}", told["facts"] == 1 and told["told"] > 0)
    fate = wait_for("what became of it can be said", lambda: [a for a in [ask(base, "/events/" + event["event_id"], "gi-a")] if a[0] == 200])[0]
    expect(f"it is a fact, and the municipality was told: {fate[2]}", '"state":"fact"' in fate[2] and '"to":"gm0001"' in fate[2])
    path = "/inbox?limit=1"
    for _ in range(2): # the second page says how far it is read
        status, headers, body = ask(base, path, "gm0001")
        expect(f"a page of an inbox: {status} {body}", status == 200 and body != "[]")
        path = re.search(r"<(.*)>", headers["Link"]).group(1)
    group = re.escape(f"Group:LITERAL:{PREFIX}ketenwacht-pages-gm0001")
    wait_for("the note of how far it is read", lambda: re.search(r"is Allowed operation = READ .*" + group, chain.broker.log()))
    return log


def deliveries(chain, parties):
    """A webhook: stopped by its receiver and resumed, refused, sent again by an operator, paused and resumed."""
    receiver = Receiver()
    receiver.status = 410
    file, log = parties["connectors"].begin(
        "hook", f"connector: webhook\norganisation: gm0001\nurl: http://127.0.0.1:{receiver.server.server_port}/\n")
    operators = parties["operators"]

    def outcomes(word):
        return operators.run("tail", "deliveries", "--until-end").count(f'"outcome":"{word}"')
    wait_for("the stop", lambda: chain.alive() and '"connect-braked"' in read(log))
    receiver.status = 400
    operators.run("connect", "--resume", file)
    waiting = len(operators.run("tail", "inbox.gm0001", "--until-end").splitlines())
    wait_for("all are refused", lambda: outcomes("REFUSED") == waiting + 2) # the mark of the stop, and its end
    receiver.status = 204
    operators.run("dead-letters", "replay", "--reason", "proef")
    wait_for("all are delivered", lambda: outcomes("DELIVERED") == waiting)
    operators.run("connect", "--pause", file, "--reason", "proef")
    wait_for("the pause", lambda: '"connect-halted"' in read(log))
    operators.run("connect", "--resume", file)
    wait_for("that it goes on", lambda: '"connect-goes-on"' in read(log))
    return file, log


def admission(chain, parties):
    """An outbox: what may be said and what may not, before and after an operator paused it."""
    def write(*events):
        path = os.path.join(chain.folder, "own")
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(json.dumps(event | {"event": "measure-started"}) + "\n" for event in events)
        parties["operators"].run("publish", path, "--as", "gi-a")
    operators = parties["operators"]
    file, log = parties["admission"].begin("admission", "connector: admission\n")
    mine, anothers = measure(), measure() | {"source": "gi-b", "gi": "gi-b"}
    write(mine, anothers)
    wait_for("the event is admitted", lambda: chain.alive() and mine["event_id"] in operators.run("tail", "measure-started", "--until-end"))
    refused = operators.run("tail", "inbox.gi-a", "--until-end")
    expect(f"the other is told as refused: {refused}", anothers["event_id"] in refused and '"code":"NOT_ALLOWED"' in refused)
    operators.run("connect", "--pause", file, "--reason", "proef")
    wait_for("the pause", lambda: '"connect-halted"' in read(log))
    later = measure()
    write(later)
    operators.run("connect", "--resume", file)
    wait_for("it goes on", lambda: later["event_id"] in operators.run("tail", "measure-started", "--until-end"))
    return log


def keys(chain, parties):
    """corv: what it remembers, and reads back."""
    for name, text in (("corv-key", "k" * 64), ("pairs", f"999910012;{uuid.uuid4()}\n")):
        with open(os.path.join(chain.folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    os.mkdir(os.path.join(chain.folder, "in"))
    _, log = parties["connectors"].begin("corv", f"connector: corv\nfolder: {chain.folder}/in\nkey: {{file: {chain.folder}/corv-key}}\n"
                                         f"pairs: {chain.folder}/pairs\nsource: gm0001\nmunicipalities: {{'1': gm0001}}\n")
    wait_for("a list is remembered", lambda: chain.alive() and not os.path.exists(os.path.join(chain.folder, "pairs")))
    return log


def check_rights(chain, granted, role):
    """What the broker says of every request of the connectors of a role."""
    user, text = USERS[role], chain.broker.log()
    denied = {match.groups()[1:] for match in DENIED.finditer(text) if match[1] == user}
    expect(f"nothing of a connector is refused: {denied}", not denied)
    used = {(match[2].lower(), match[3].lower(), chain.plain(match[4])) for match in ALLOWED.finditer(text) if match[1] == user}
    given = {(match[2], match[3], chain.plain(match[4])) for match in granted if match[1] == user}
    expect(f"rights that nobody uses: {sorted(given - used)}", given <= used) # whoever may read or write may also ask what there is
    say(f"  {len(given)} kinds of rights of {role}, all of them used")


def check_refused(parties, file):
    connectors = parties["connectors"]
    for topic in ("case-state", "audit", "outbox.gi-a"):
        said = connectors.run("tail", topic, "--until-end", status=2)
        expect(f"{topic} is not theirs: {said}", "may not see" in said)
    connectors.run("connect", "--pause", file, "--reason", "proef", status=3)


def play(binary, root, folder):
    chain = Chain(binary, root, folder)
    try:
        admin = [binary, "topics", "apply", "--config", chain.config, "--schemas", chain.schemas]
        applied = chain.run_command(admin)
        granted = list(GRANTED.finditer(applied))
        expect("a second time there is nothing to grant", not GRANTED.search(chain.run_command(admin)))
        for note in NOTE.finditer(applied): # what it says, an administrator does
            chain.broker.grant_transactions(*note.groups())
        parties = {role: Party(chain, role) for role in USERS}
        logs = [doors(chain, parties)]
        file, log = deliveries(chain, parties)
        logs += [log, admission(chain, parties), keys(chain, parties)]
        chain.end()
        for log in logs:
            expect(f"no complaint in {read(log)}", not re.search(r"desk-failed|orders-unread|unacknowledged|forbid", read(log)))
        for role in ("connectors", "admission"):
            check_rights(chain, granted, role)
        check_refused(parties, file)
    finally:
        for process in chain.processes:
            process.kill()
            process.wait()
        chain.broker.stop()


def main(binary, root):
    folder = tempfile.mkdtemp(prefix="ketenwacht-rights-")
    try:
        play(os.path.abspath(binary), root, folder)
    except Broken as broken:
        say(f"not as promised: {broken}; the logs are in {folder}")
        return 1
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What is posted to gi-http is on the broker once it was answered 202, whatever clients do and whatever dies.

Usage: gi_http_faults.py BINARY ROOT TOPIC_TOOL CASE

Goal: 202 means that the event is there, exactly as it was said; of what has no answer the client alone need post again, and it counts once; nobody who is
slow, talks nonsense or goes away takes a place from others; nothing personal is answered, logged or measured. Method: clients on bare sockets beside good ones;
kill -9 while many post; tokens that change; two processes beside each other; one that the worker refuses among ten thousand. Afterwards the topics are compared
with what was answered, and all that left the process is searched for marks.
"""

import concurrent.futures
import contextlib
import http.client
import json
import os
import socket
import struct
import threading
import urllib.request

from fault_load import id_of
from fault_run import WAIT_S, expect, say, wait_for
from faults import main
from postgres_server import free_port, same_instant

OWNER, OTHER = "gi-a", "gi-b"
TOKEN, NEXT_TOKEN, OTHER_TOKEN = ("t" * 20 + str(n) * 16 for n in range(3))
MARK = "Jansen-999990019"  # stands where personal data might
WORD = "Pietersen-999990019"  # and where they may not, so that who sent it is told; nobody else is
AT = "2026-03-02T10:00:00.000Z"
CLIENTS = 8
GOOD = 40
A_LIFE = 200
MANY = 10000
KILLED_S = 0.05
PATH = "/events/measure-started"


def line_of(*words, **fields):
    """A measure; by its words always the same one."""
    return {"event_id": id_of(*words), "case_id": id_of("case", *words), "source": OWNER, "occurred_at": AT, "recorded_at": AT, "replaces": None,
            "measure_id": id_of("measure", *words), "kind": "OTS", "verdict_date": "2026-03-01", "informed_date": "2026-03-02", "ends_on": None, "gi": OWNER,
            "municipality": "gm0001", "birth_date": "2015-03-01", "reference": None, **fields}


def request_of(body, token=TOKEN, path=PATH, more=""):
    """The bytes of a request."""
    return (f"POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"{more}Content-Length: {len(body)}\r\n\r\n").encode() + body


class Door:
    """gi-http on a port that it keeps, with tokens in files."""

    def __init__(self, trial, world=None, name="door"):
        self.world, self.port, self.said = world or trial.world(), free_port(), []
        self.write("token-a", TOKEN)
        self.write("token-b", OTHER_TOKEN)
        self.connector = self.world.connector(name, f"connector: gi-http\nlisten: 127.0.0.1:{self.port}\ntokens: {{{OWNER}: {{file: token-a}}, "
                                                    f"{OTHER}: {{file: token-b}}}}\ntimeout: 60 s\n", "--metrics", "0")
        self.listens()

    def listens(self):
        wait_for("gi-http listens", lambda: self.connector.said("connect-listens") or expect("it runs", self.connector.lives_on()))

    def write(self, name, text):
        path = os.path.join(self.world.folder, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def client(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)

    def bare(self, data):
        """A connection on which so much was said."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=WAIT_S)
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
        return connection

    def post(self, line, token=TOKEN, client=None, path=PATH, headers=()):
        """Status and answer; (0, None): there was none."""
        own = client or self.client()
        try:
            body = line if isinstance(line, bytes) else json.dumps(line).encode()
            own.request("POST", path, body, {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **dict(headers)})
            answer = own.getresponse()
            text = answer.read()
            self.said.append(text)
            return answer.status, json.loads(text) if text else None
        except (OSError, http.client.HTTPException):
            own.close()
            return 0, None
        finally:
            if not client:
                own.close()

    def post_until(self, line):
        """Again and again until 202, as a client does. How often."""
        for count in range(1, 10000):
            if self.post(line)[0] == 202:
                return count
            threading.Event().wait(0.02)
        return 0

    def ask(self, path):
        port = wait_for("metrics are there", lambda: self.connector.said("health-listens"))[0]["port"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.read().decode()

    def stands(self):
        return [record["value"] for record in self.world.tail("measure-started")]

    def check(self, lines, once=True):
        """These stand there, and nothing else, exactly as they were said; and each is a fact once."""
        stands, wanted = self.stands(), {line["event_id"]: line for line in lines}
        got = {value["event_id"]: value for value in stands}
        expect(f"{len(got)} events of {len(wanted)}: {set(got) ^ set(wanted)}", set(got) == set(wanted))
        expect(f"{len(stands)} records", not once or len(stands) == len(wanted))
        for value in stands:
            said = wanted[value["event_id"]]
            differ = {name for name in said if value[name] != said[name] and not same_instant(value[name], said[name])}
            expect(f"as it was said: {differ}", not differ)
        self.world.once("--now", "2099-01-01T00:00:00Z")
        facts = self.world.facts()
        expect(f"{len(facts)} facts, each once", sorted(facts) == sorted(wanted))

    def check_privacy(self):
        for what, text in (("answer", b"".join(self.said).decode()), ("log", self.connector.text()), ("metrics", self.ask("/metrics"))):
            expect(f"no mark in any {what}: {text[text.find(MARK) - 200:][:300]}", MARK not in text and TOKEN not in text)
            expect(f"nor what is wrong in the {what}", what == "answer" or WORD not in text)
        for topic in ("measure-started", "dead-letters", "connector-keys"):
            stands = b"".join(key.encode() + value for key, value in self.world.raw(topic))
            expect(f"no mark on {topic}", MARK.encode() not in stands and WORD.encode() not in stands)


# -- Clients as one would not have them --

NONSENSE = (
    bytes(range(256)) * 40,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),  # TLS
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
    b"\0" * 70000,
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"a" * 200000 + b"\r\n\r\n",
    b"POST /events/measure-started HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}",
    b"POST /events/measure-started HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    b"POST /events/measure-started HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    b"POST /events/measure-started HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
    b"POST /events/%00%ff%2e%2e HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}",
)


def goes(connection, hard):
    """The end of it; hard: without a farewell (RST)."""
    if hard:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def personal(door):
    """Requests with marks in every place; none is answered with one that may be of a person."""
    body = json.dumps(line_of("personal")).encode()
    rows = (
        (422, line_of("personal", birth_date=MARK), {}), (422, line_of("personal", municipality=WORD), {}), (422, line_of("personal", measure_id=WORD), {}),
        (422, line_of("personal", informed_date=WORD), {}), (400, b'{"naam": "' + MARK.encode() + b'"', {}), (400, body[:-1] + b', "x": ' + MARK.encode(), {}),
        (415, body, {"headers": {"Content-Type": "text/" + MARK}}), (404, body, {"path": f"/events/{MARK}"}), (401, body, {"token": MARK}),
        (403, line_of("personal", source=WORD), {}),
        (422, body, {"headers": {"ce-specversion": "1.0", "ce-id": MARK, "ce-source": MARK, "ce-type": MARK}}),
    )
    for status, line, how in rows:
        got = door.post(line, **how)
        expect(f"{how} {line} is answered {status}: {got}", got[0] == status)


def clients(door):
    """Slow ones, nonsense and such as go away, while good ones are served. What came whole may be there; of what came in part nothing is."""
    half = [line_of("half", n) for n in range(6)]
    gone = [line_of("gone", n) for n in range(6)]
    slow = [line_of("slow", n) for n in range(3)]
    good = [line_of("good", n) for n in range(GOOD)]
    bodies = {line["event_id"]: json.dumps(line).encode() for line in half + gone + slow}
    dawdling = [(door.bare(request_of(bodies[line["event_id"]])[:-40]), request_of(bodies[line["event_id"]])[-40:]) for line in slow]
    silent = [door.bare(request_of(b"x" * 500)[:part]) for part in (0, 1, 20, 100, 300)]
    for n, nonsense in enumerate(NONSENSE * 2):
        goes(door.bare(nonsense), n >= len(NONSENSE))
    for n, line in enumerate(half):
        body = bodies[line["event_id"]]
        request = request_of(body)[:-1] if n < 4 else request_of(b"", more="Transfer-Encoding: chunked\r\n").replace(b"Content-Length: 0\r\n", b"") + \
            f"{len(body):x}\r\n".encode() + body
        goes(door.bare(request), n % 2 == 1)
    for n, line in enumerate(gone):
        goes(door.bare(request_of(bodies[line["event_id"]])), n % 2 == 1)
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        answers = pool.submit(lambda: [door.post(line)[0] for line in good])
        for place in range(40):
            for connection, rest in dawdling:
                connection.sendall(rest[place:place + 1])
        expect("good ones are served meanwhile", set(answers.result()) == {202})
    for connection, _ in dawdling:
        expect("who was slow is served, too", b"202 Accepted" in connection.recv(4096))
        connection.close()
    expect("who is silent is not answered", not any(is_answered(connection) for connection in silent))
    for connection in silent:
        connection.close()
    there = {value["event_id"] for value in door.stands()}
    expect("nothing becomes of a half", not there & {line["event_id"] for line in half})
    expect("whoever got a 202 has it there", there >= {line["event_id"] for line in good + slow})
    expect("nothing else is there", there <= {line["event_id"] for line in good + slow + gone})
    for line in half + gone:  # they know no answer: they post again
        expect("posted again", door.post(line)[0] == 202)
    return half + gone + slow + good


def is_answered(connection):
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return False


def tokens(door):
    """A new token beside the old one, then the old one withdrawn, and a file that cannot be used; all while it runs."""
    line = line_of("tokens")
    expect("the new one does not count yet", door.post(line, NEXT_TOKEN)[0] == 401)
    door.write("token-a", f"{TOKEN}\n{NEXT_TOKEN}\n")
    wait_for("the new one counts", lambda: door.post(line, NEXT_TOKEN)[0] == 202)
    expect("beside the old one", door.post(line, TOKEN)[0] == 202)
    door.write("token-a", "short\n")
    wait_for("what cannot be used is said", lambda: door.connector.said("connect-secret-unread"))
    expect("and leaves both", door.post(line, NEXT_TOKEN)[0] == 202 == door.post(line, TOKEN)[0])
    door.write("token-a", NEXT_TOKEN)
    wait_for("the old one is withdrawn", lambda: door.post(line, TOKEN)[0] == 401)
    expect("the new one counts", door.post(line, NEXT_TOKEN)[0] == 202)
    others = line_of("another's", source=OTHER, gi=OTHER)
    expect("another's is not touched", door.post(others, OTHER_TOKEN)[0] == 202)
    door.write("token-a", TOKEN)
    wait_for("and back", lambda: door.post(line, TOKEN)[0] == 202)
    return [line, others]


def short(trial):
    """Clients, tokens, and two processes beside each other that get the same."""
    trial.needed_broker()
    door = Door(trial)
    personal(door)
    lines = clients(door)
    say("  clients")
    other = Door(trial, door.world, "other")
    for line in lines:
        expect("the other one takes it as well", other.post(line)[0] == 202)
    say("  twins")
    other.connector.stop()
    lines += tokens(door)
    say("  tokens")
    expect("ready", "ready" in door.ask("/readyz"))
    door.check(lines, once=False)
    expect("nothing was refused", not door.world.tail("dead-letters"))
    door.check_privacy()
    door.connector.stop()
    return door.world


def killed(trial):
    """It dies again and again while many post; clients post again until they are told that it is there."""
    trial.needed_broker()
    door = Door(trial)
    lines = [line_of("killed", n) for n in range(A_LIFE * trial.kills)]
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        sent = []
        for n in range(trial.kills):
            sent += [pool.submit(door.post_until, line) for line in lines[n * A_LIFE:(n + 1) * A_LIFE]]
            wait_for("some of them are taken", lambda: sum(one.done() for one in sent[-A_LIFE:]) > 2)
            trial.pause(0, KILLED_S)
            door.connector.kill()
            door.connector.start()
        counts = [one.result() for one in sent]
    expect("each is taken", all(counts))
    expect("and some had to be sent again", sum(counts) > len(lines))
    say(f"  {trial.kills} kills, {len(lines)} events sent {sum(counts)} times")
    door.listens()
    door.check(lines, once=False)
    door.check_privacy()
    door.connector.stop()
    return door.world


def poison(trial):
    """One that only the worker can refuse, and one that cannot be an event, among ten thousand: all others are facts."""
    trial.needed_broker()
    door = Door(trial)
    lines = [line_of("many", n) for n in range(MANY)]
    other = line_of("many", 0, kind="VOOGDIJ")  # something else under the same id

    def send(part):
        client = door.client()
        return [door.post(line, client=client)[0] for line in part]

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        answers = [pool.submit(send, lines[n::CLIENTS]) for n in range(CLIENTS)]
        expect("one that is none is refused", door.post(line_of("none", birth_date=MARK))[0] == 422)
        expect("all others are taken", all(set(answer.result()) == {202} for answer in answers))
    expect("so is one that only the case can tell", door.post(other)[0] == 202)
    door.world.once("--now", "2099-01-01T00:00:00Z")
    letters = door.world.tail("dead-letters")
    expect(f"one dead letter: {[letter['headers'] for letter in letters]}", len(letters) == 1 and letters[0]["headers"]["ce_id"] == other["event_id"])
    expect("all good ones are facts, once", sorted(door.world.facts()) == sorted(line["event_id"] for line in lines))
    door.check_privacy()
    door.connector.stop()
    return door.world


CASES = {"short": short, "killed": killed, "poison": poison}

if __name__ == "__main__":
    main(CASES)

# SPDX-License-Identifier: EUPL-1.2
"""What the browser looks at: the demonstration with its console, and consoles beside it.

Every process is ended by its number, its log shown when it ends by itself.
"""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid

DEADLINE_S = 120
CASES = "10"  # of the generated year


def expect(what, truth):
    if not truth:
        sys.exit(f"not as promised: {what}")


def wait_for(what, truth, seconds=DEADLINE_S):
    """Until truth() gives something, which is returned."""
    deadline = time.monotonic() + seconds
    while True:
        found = truth()
        if found:
            return found
        expect(f"{what} within {seconds} s", time.monotonic() < deadline)
        time.sleep(0.05)


class Answer:
    """Of an HTTP request: status, headers, text."""

    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()

    def json(self):
        return json.loads(self.text)


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """What a server sends somebody on to is looked at, not followed."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def ask(address, headers=None, data=None):
    """GET, or POST with data (bytes). Every status is an answer, but one that says when to ask again: then it is asked again."""
    if data:
        return ask_once(address, headers, data)
    return wait_for(f"{address} to be made", lambda: made(ask_once(address, headers)))


def made(answer):
    return None if answer.status in (202, 503) and answer.headers["Retry-After"] else answer


def ask_once(address, headers, data=None):
    request = urllib.request.Request(address, data=data, headers=headers or {})
    try:
        with OPENER.open(request, timeout=DEADLINE_S) as response:
            return Answer(response)
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer(refused)


class Process:
    """A command of ours in a folder, with its log in a file there. Use as a context."""

    def __init__(self, folder, name, command, environment=None):
        self.name, self.log = name, os.path.join(folder, f"{name}.log")
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, cwd=folder, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and self.process.poll() is not None:
            print(f"{self.name} ended with {self.process.poll()}: {self.said()[-2000:]}")
        self.stop()

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def check(self):
        expect(f"{self.name} runs on: {self.said()[-2000:]}", self.process.poll() is None)
        return True

    def stop(self):
        """Return: its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def send(self, number):
        self.process.send_signal(number)


class Demo(Process):
    """The demonstration, played to its end; self.env is what it wrote for other terminals."""

    def __init__(self, binary, root, folder, *arguments):
        env = os.path.join(folder, "demo.env")
        self.binary, self.folder = binary, folder
        super().__init__(folder, "demo", [binary, "demo", "--keep", "--speed", "0", "--cases", CASES, "--env", env, "--config", os.path.join(root, "config"),
                                          "--schemas", os.path.join(root, "schemas"), *arguments])
        wait_for("the demonstration", lambda: self.check() and os.path.exists(env) and os.path.getsize(env) > 0)
        with open(env, encoding="utf-8") as file:
            pairs = re.findall(r"^export (\w+)=(.*)$", file.read(), re.M)
        self.env = {name: shlex.split(value)[0] for name, value in pairs if name != "PATH"}
        self.address = self.env["CONSOLE"]

    def post(self, event, case_id, **fields):
        """An event of gi-jbn. Return: its event_id."""
        event_id, now = str(uuid.uuid4()), time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        body = {"event_id": event_id, "case_id": case_id, "source": "gi-jbn", "occurred_at": now, "recorded_at": now, **fields}
        answer = ask(f"{self.env['GI_HTTP']}/events/{event}", {"Authorization": "Bearer " + self.env["GI_TOKEN"], "Content-Type": "application/json"},
                     json.dumps(body).encode())
        expect(f"{event} is accepted: {answer.text}", answer.status == 202)
        return event_id

    def story(self):
        """The case that it tells at its end."""
        found = re.search(r"ketenwacht explain --case ([0-9a-f-]{36})", self.said())
        expect("the demonstration tells the story of a case", found)
        return found.group(1)

    def cases(self):
        """All that it played."""
        said = subprocess.run([self.binary, "demo", "--print", "--cases", CASES, "--config", self.env["KETENWACHT_CONFIG"], "--schemas",
                               self.env["KETENWACHT_SCHEMAS"]], stdout=subprocess.PIPE, text=True, check=True, timeout=DEADLINE_S)
        return sorted({json.loads(line)["case_id"] for line in said.stdout.splitlines()})

    def spoil(self):
        """Puts what nobody can read onto a topic, and waits until it stands in dead-letters."""
        subprocess.run(["kcat", "-P", "-b", self.env["KETENWACHT_BOOTSTRAP"], "-t", "measure-started", "-p", "0"], input=b"geen Avro\n", check=True,
                       timeout=DEADLINE_S)
        wait_for("the dead letter", lambda: ask(self.address + "/api/dead-letters").json().get("letters"))

    def start_measure(self, days=21):
        """A measure of some days ago for which nobody was assigned. Return: case_id, measure_id."""
        case_id, measure_id = str(uuid.uuid4()), str(uuid.uuid4())
        then = time.strftime("%Y-%m-%d", time.localtime(time.time() - days * 86400))
        self.post("measure-started", case_id, measure_id=measure_id, kind="OTS", verdict_date=then, informed_date=then, gi="gi-jbn", municipality="gm0014")
        return case_id, measure_id


class Console(Process):
    """`ketenwacht console` on the broker of an environment; starts again at the same port."""

    def __init__(self, binary, folder, environment, port, *arguments):
        super().__init__(folder, f"console-{port}", [binary, "console", *arguments], environment)
        self.address = f"http://127.0.0.1:{port}"
        wait_for("the console", lambda: self.check() and answers(self.address))


def answers(address):
    try:
        return ask(address + "/").status > 0
    except OSError:
        return False


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]

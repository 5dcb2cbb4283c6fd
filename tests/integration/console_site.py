# SPDX-License-Identifier: EUPL-1.2
"""A console with users of the test's own on the embedded broker, and what browsers and proxies ask of it.

Knows how to start, ask and log in; knows nothing of what is right. Every process is ended by its number.
"""

import html
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse

WAIT_S = 60
PASSWORD = "vier losse woorden hier"
HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')


def expect(what, truth):
    if not truth:
        sys.exit(f"not as promised: {what}")


def wait_for(what, probe, seconds=WAIT_S):
    """Until the probe gives something; that."""
    deadline = time.monotonic() + seconds
    while True:
        got = probe()
        if got:
            return got
        expect(f"{what} within {seconds} s", time.monotonic() < deadline)
        time.sleep(0.02)


def end(process):
    """Also of one that has ended."""
    process.send_signal(signal.SIGTERM)
    return process.wait(WAIT_S)


class Broker:
    """The embedded broker with all topics. Use as a context."""

    def __init__(self, ketenwacht, root):
        self.ketenwacht, self.dirs = ketenwacht, ["--config", os.path.join(root, "config"), "--schemas", os.path.join(root, "schemas")]

    def __enter__(self):
        self.process = subprocess.Popen([self.ketenwacht, "mock", *self.dirs], stdout=subprocess.PIPE, text=True)
        self.bootstrap = json.loads(self.process.stdout.readline())["bootstrap"]
        self.options = ["--bootstrap", self.bootstrap, *self.dirs]
        return self

    def __exit__(self, *_):
        end(self.process)
        self.process.stdout.close()

    def run(self, command, *arguments, **more):
        """What a command prints."""
        return subprocess.run([self.ketenwacht, command, *arguments, *self.options], check=True, capture_output=True, text=True, timeout=WAIT_S, **more).stdout


class Answer:
    """Status, headers (also those that come more than once), text."""

    def __init__(self, response):
        self.status, self.headers, self.text = response.status, response.headers, response.read().decode()

    def json(self):
        return json.loads(self.text)

    def hidden(self, action):
        """The hidden fields of the form with this action."""
        expect(f"there is a form for {action}: {self.text[-2000:]}", f'action="{action}"' in self.text)
        form = self.text.split(f'action="{action}"')[1].split("</form>")[0]
        return {name: html.unescape(value) for name, value in HIDDEN.findall(form)}


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path):
        super().__init__("localhost", timeout=WAIT_S)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(WAIT_S)
        self.sock.connect(self.path)


class Site:
    """An address that is asked: of a console, or of a proxy before it."""

    def __init__(self, port=None, unix=None, authority=None, host="127.0.0.1"):
        self.port, self.unix, self.authority, self.host, self.logins = port, unix, authority, host, 0
        self.origin = f"http{'s' if authority else ''}://{host}" + (f":{port}" if port else "")

    def connection(self):
        if self.unix:
            return UnixConnection(self.unix)
        if self.authority:
            return http.client.HTTPSConnection(self.host, self.port, timeout=WAIT_S, context=ssl.create_default_context(cafile=self.authority))
        return http.client.HTTPConnection(self.host, self.port, timeout=WAIT_S)

    def ask(self, method, path, headers=(), body=None):
        """headers: pairs, so that one may come twice."""
        connection = self.connection()
        try:
            connection.putrequest(method, path, skip_host=any(name == "Host" for name, _ in headers))
            for name, value in headers:
                connection.putheader(name, value)
            data = body.encode() if body is not None else b""
            if body is not None:
                connection.putheader("Content-Length", str(len(data)))
            connection.endheaders(data or None)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, headers=()):
        return self.ask("GET", path, headers)

    def post(self, path, fields, headers=(), origin=True):
        """As a browser sends a form. origin: True: ours; None: none; or a text."""
        sent = list(headers) + [("Content-Type", "application/x-www-form-urlencoded")]
        if origin is not None:
            sent.append(("Origin", self.origin if origin is True else origin))
        return self.ask("POST", path, sent, urllib.parse.urlencode(fields))

    def try_login(self, name, password, to="/", headers=()):
        fields = self.get("/inloggen?naar=" + urllib.parse.quote(to), headers).hidden("/inloggen")
        return self.post("/inloggen", {**fields, "naam": name, "wachtwoord": password}, headers)

    def login(self, name, headers=()):
        """The headers of somebody who is in."""
        answer = self.try_login(name, PASSWORD, headers=headers)
        expect(f"{name} logs in: {answer.status} {answer.text[-600:]}", answer.status == 303)
        self.logins += 1
        cookie = [value for value in answer.headers.get_all("Set-Cookie") if not value.startswith("notice")][0]
        return [*headers, ("Cookie", cookie.split(";")[0])]


class Console(Site):
    """A console of these lines of console.yaml, in a folder. Use as a context."""

    def __init__(self, broker, folder, settings, environment=None, **how):
        self.broker, self.folder, self.environment = broker, folder, environment or {}
        self.file, self.log = os.path.join(folder, "console.yaml"), os.path.join(folder, "console.log")
        with open(self.file, "w", encoding="utf-8") as f:
            f.write(settings)
        super().__init__(**how)

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.broker.ketenwacht, "console", self.file, *self.broker.options], stderr=log,
                                            env={**os.environ, **self.environment})
        said = wait_for("the console listens", self.listens)
        self.port = said["port"] or None
        self.origin = f"http{'s' if self.authority else ''}://{self.host}" + (f":{self.port}" if self.port else "")
        return self

    def lines(self):
        with open(self.log, encoding="utf-8") as log:
            return [json.loads(line) for line in log.read().split("\n") if line.startswith("{")]

    def listens(self):
        with open(self.log, encoding="utf-8") as log:
            expect(f"the console runs: {log.read()}", self.process.poll() is None)
        return next((line for line in self.lines() if line["event"] == "console-listens"), None)

    def __exit__(self, *_):
        end(self.process)


def hash_of(ketenwacht):
    """The hash of PASSWORD, as the command makes it."""
    line = subprocess.run([ketenwacht, "console", "user", "somebody", "--roles", "meta"], check=True, capture_output=True, text=True,
                          input=PASSWORD + "\n").stdout
    return re.search(r'password: "([^"]*)"', line).group(1)


def users(people, password):
    """people: name to (roles, organisation or None)."""
    rows = [f"  - {{name: {name}, roles: [{', '.join(roles)}], password: '{password}'{f', organisation: {organisation}' if organisation else ''}}}"
            for name, (roles, organisation) in people.items()]
    return "users:\n" + "\n".join(rows) + "\n"

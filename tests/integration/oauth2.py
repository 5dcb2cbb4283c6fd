#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Access tokens come from a server as others make them, whatever it says of how long they hold.

Usage: oauth2.py BINARY ROOT TOPIC_TOOL CASE

Goal: webhook with `auth: oauth2` is let in by authlib, asks no more often than it must, and loses nothing while there is no token. Method: oauth2_server.py,
with the packages of PINS from pip in a venv, as server of tokens and as receiver; a proxy before its tokens.
"""

import json
import os
import subprocess
import urllib.request

from canary import Canaries
from crooked import Crooked
from fault_run import expect, say, wait_for
from faults import main
from postgres_server import free_port
from told import BIRTH_DATE, MARK, ORGANISATION, Told

PINS = ("Authlib==1.9.10", "Flask==3.1.3")
FETCH_S = 600
CLIENT, SECRET = "ketenwacht:één", "a s3cret, with: signs&%+" # each needs the percent-encoding of RFC 6749
OFTEN = "first_delay: 20 ms\nlongest_delay: 100 ms\ntries: 3\n" # nothing of what follows may cost a record so many tries
HELD = ("birth_date", "reference")
FORMS = (("number", True), ("digits", True), ("null", False), ("absent", False)) # and whether a token is kept


class Server:
    """The process of oauth2_server.py."""

    def __init__(self, trial):
        venv, self.port = os.path.join(trial.folder, "venv"), free_port()
        for command in (["python3", "-m", "venv", venv], [os.path.join(venv, "bin", "pip"), "-q", "install", *PINS]):
            run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=FETCH_S)
            expect(f"{command[0]} ends well: {run.stdout[-2000:]}", run.returncode == 0)
        self.url, self.log = f"http://127.0.0.1:{self.port}", os.path.join(trial.folder, "oauth2-server.log")
        program = os.path.join(trial.root, "tests", "integration", "oauth2_server.py")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([os.path.join(venv, "bin", "python"), program, str(self.port), CLIENT, SECRET], stdout=log, stderr=log)
        wait_for(f"the server of tokens is there: {self.log}", self.answers)

    def answers(self):
        expect(f"it runs: {self.log}", self.process.poll() is None)
        try:
            return self.seen()
        except OSError:
            return None

    def seen(self):
        with urllib.request.urlopen(self.url + "/seen") as answer:
            return json.loads(answer.read())

    def control(self, **said):
        request = urllib.request.Request(self.url + "/control", json.dumps(said).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request):
            pass

    def stop(self):
        self.process.terminate()
        self.process.wait()


class Let(Told):
    """webhook, which is let in by a token."""

    def __init__(self, trial, server):
        super().__init__(trial, "let")
        self.server, self.crooked = server, Crooked(("127.0.0.1", server.port))
        self.write("secret", SECRET)
        self.say(f"connector: webhook\norganisation: {ORGANISATION}\nurl: {server.url}/in\nauth: oauth2\n"
                 f"token_url: http://127.0.0.1:{self.crooked.port}/token\nclient_id: '{CLIENT}'\n"
                 f"client_secret: {{file: secret}}\nscope: berichten\nparallel: 1\ntimeout: 2 s\n{OFTEN}")

    def let_in(self, what):
        """All that stands there, each once; how many tokens were given for it."""
        before = self.server.seen()["given"]
        self.tell_more(2)
        wait_for(f"all is told: {what}", self.settled, look=0.2)
        taken = self.server.seen()["taken"]
        self.check_order(taken)
        expect(f"each once: {what}", len(taken) == len(set(taken)))
        return self.server.seen()["given"] - before


def authlib(trial):
    trial.needed_broker()
    server = Server(trial)
    try:
        let = Let(trial, server)
        expect("it is ready", "ready to run" in let.world.run("connect", "check", "--try", let.path))
        for form, kept in FORMS:
            server.control(form=form, withdraw=True)
            connector = let.start()
            let.let_in(form)
            given = let.let_in(f"{form}, again")
            expect(f"{form}: {given} tokens more", given == 0 if kept else given > 0)
            connector.stop()
        trouble(server, let)
        expect("no dead letter", not let.world.tail("dead-letters"))
        Canaries(MARK, BIRTH_DATE, SECRET).nowhere(let.world, (), HELD)
        let.connector.stop()
    finally:
        server.stop()
    return let.world


def trouble(server, let):
    """Tokens are taken back; their server goes, talks rubbish, breaks off, and wants another secret."""
    server.control(form="number", withdraw=True)
    let.start()
    let.let_in("before")
    server.control(withdraw=True)
    expect("renewed once after a 401", let.let_in("tokens were taken back") == 1)
    for mode in ("away", "silent", "garbage", "cut"):
        server.control(withdraw=True)
        let.crooked.become(mode)
        later = let.tries("later")
        let.tell_more()
        wait_for(f"it waits for a token: {mode}", lambda n=later: let.tries("later") > n)
        let.crooked.become("pass")
        let.let_in(f"the server of tokens was {mode}")
    expect(f"why is said: {let.connector.said('connect-no-token')}", all(line["reason"] for line in let.connector.said("connect-no-token")) and
           let.connector.said("connect-no-token"))
    server.control(withdraw=True)
    let.write("secret", "a secret that is not known there")
    later = let.tries("later")
    wait_for("the new secret was read", lambda: let.connector.said("connect-secret-new"))
    let.tell_more()
    wait_for("it is not known", lambda: let.tries("later") > later)
    let.write("secret", SECRET)
    let.let_in("the right secret again")
    say(f"  {len(server.seen()['taken'])} events, {server.seen()['given']} tokens")


CASES = {"authlib": authlib}

if __name__ == "__main__":
    main(CASES)

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Who is known by a client certificate is let in with the right one alone, and nothing is lost while it is wrong.

Usage: mutual_tls.py BINARY ROOT TOPIC_TOOL CASE

Goal: webhook, the server of its access tokens, and nrc-out show the certificate of their file, as it is now, and trust none but whom ca_file vouches for.
Method: a server over TLS that asks for a certificate; authorities and certificates of the test's own, which change under a connector that runs: another
authority's, one that has expired, the right one, a new one; one that is left out; and a server that an unknown authority vouches for.
"""

import os

from certificates import authority, certificate, vouch
from fault_run import expect, say, wait_for
from faults import main
from nrc_peers import Hub
from told import MARK, ORGANISATION, Told
from web_receiver import Receiver, Tokens

SECRET = "geheim-van-de-proef, van 32 tekens"
SHOWN = "ca_file: ours.pem\nclient_certificate: shown.pem\nclient_key: shown.key\n"
LEAVES_OUT = "ca_file: ours.pem\n"
REFUSALS = 3
OFTEN = "first_delay: 20 ms\nlongest_delay: 100 ms\ntries: 10000\n"
WORD = {"other": "unknown ca", "expired": "certificate expired", "missing": "certificate required"}


class Side:
    """A connector, the server that asks for its certificate, and what reached the other side."""

    def __init__(self, trial):
        self.tell = Told(trial, "told")
        self.folder = self.tell.world.folder
        for name in ("ours", "other", "clients"):
            authority(self.folder, name)
        self.context = certificate(self.folder, "ours", "localhost", clients="clients")
        self.begin()
        self.tell.write("secret", SECRET)
        self.show("clients", "first")
        self.say(SHOWN)

    def show(self, by, name, days=2):
        """From now on the connector has this one."""
        for path, end in zip(vouch(self.folder, by, "shows-" + name, days), ("pem", "key")):
            os.rename(path, os.path.join(self.folder, f"shown.{end}"))

    def say(self, known_by):
        self.tell.say(f"organisation: {ORGANISATION}\n{OFTEN}timeout: 10 s\n{known_by}{self.what()}")


class Webhook(Side):
    def begin(self):
        self.server = self.receiver = Receiver([], context=self.context)

    def what(self):
        return f"connector: webhook\nurl: {self.server.url}/in\n"

    def told(self):
        return self.receiver.taken


class OAuth2(Webhook):
    """Only the server of access tokens asks for it; they end at once, so that it is asked for each."""

    def begin(self):
        self.receiver = Receiver(["none yet"])
        self.server = Tokens("ketenwacht", SECRET, self.receiver, 1, self.context)

    def what(self):
        return (f"connector: webhook\nurl: {self.receiver.url}/in\nauth: oauth2\ntoken_url: {self.server.url}/token\nclient_id: ketenwacht\n"
                "client_secret: {file: secret}\nparallel: 1\n")


class NrcOut(Side):
    def begin(self):
        self.server = Hub([SECRET], context=self.context)

    def what(self):
        return (f"connector: nrc-out\nurl: {self.server.url}/api/v1/\nbase: https://kw.example.nl/\nclient_id: ketenwacht\n"
                "client_secret: {file: secret}\n")

    def told(self):
        return [said["resourceUrl"].rsplit("/", 1)[-1] for said in self.server.taken]


def refused(side, what):
    """Whoever is not let in is told so, and nothing gets through. What has changed is seen within a second, and until then the old one is shown."""
    server, tell, before = side.server, side.tell, len(side.server.refused)

    def bites():
        tell.tell_more()
        return len(server.refused) > before

    def go_on():
        seen = len(server.refused)
        wait_for(f"it is not let in: {what}", lambda: len(server.refused) > seen + REFUSALS)

    wait_for(f"it is not let in any more: {what}", bites)
    go_on()
    told = len(side.told())
    go_on()
    expect(f"nothing gets through: {what}", len(side.told()) == told)


def said_why(side, what):
    lines = side.tell.connector.said("connect-failing") + side.tell.connector.said("connect-no-token")
    expect(f"the log says {WORD[what]}: {lines}", any(f"({WORD[what]})" in line["reason"] and "client_certificate" in line["reason"] for line in lines))


def let_in(side, what):
    wait_for(f"all is told: {what}", side.tell.settled, look=0.3)


def shown(side):
    """As it changes under a connector that runs. Each life says why at most once a minute, so that each begins with something wrong."""
    tell = side.tell
    for what, by, days in (("other", "other", 2), ("expired", "clients", -1)):
        connector = tell.start()
        tell.tell_more()
        let_in(side, "the right one")
        side.show(by, what, days)
        refused(side, what)
        wait_for("it is said", lambda: connector.said("connect-failing") or connector.said("connect-no-token"))
        said_why(side, what)
        side.show("clients", f"after-{what}")
        let_in(side, f"a new one after {what}")
        connector.stop()


def left_out(side):
    side.say(LEAVES_OUT)
    said = side.tell.world.failing("connect", "check", "--try", side.tell.path, status=1)
    expect(f"--try says that one is asked for: {said}", f"({WORD['missing']})" in said and "client_certificate" in said)
    connector = side.tell.start()
    refused(side, "missing")
    wait_for("it is said", lambda: connector.said("connect-failing") or connector.said("connect-no-token"))
    said_why(side, "missing")
    connector.stop()
    side.say(SHOWN)


def impostor(side):
    """A server of that name whom nobody we trust vouches for hears nothing."""
    right, side.server.context = side.server.context, certificate(side.folder, "other", "localhost", clients="clients")
    connector = side.tell.start()
    refused(side, "an impostor")
    side.server.context = right
    let_in(side, "the real one")
    connector.stop()


def known(kind):
    def run(trial):
        trial.needed_broker()
        side = kind(trial)
        if kind is NrcOut:
            expect("the channel is made", "was made" in side.tell.world.run("connect", "register", side.tell.path))
        expect("it is ready", "ready to run" in side.tell.world.run("connect", "check", "--try", side.tell.path))
        shown(side)
        left_out(side)
        impostor(side)
        tell = side.tell
        tell.check_order(side.told())
        expect("each once", len(side.told()) == len(tell.inbox()))
        expect("no dead letter", not tell.world.tail("dead-letters"))
        for name in os.listdir(side.folder):
            if name.startswith("log-told"):
                with open(os.path.join(side.folder, name), encoding="utf-8") as file:
                    text = file.read()
                expect(f"nothing in {name} that should not be", not any(word in text for word in (MARK, SECRET, "PRIVATE", "access-", "localhost")))
        say(f"  {len(side.told())} told, {len(side.server.refused)} times not let in")
        return tell.world
    return run


CASES = {"webhook": known(Webhook), "oauth2": known(OAuth2), "nrc-out": known(NrcOut)}

if __name__ == "__main__":
    main(CASES)

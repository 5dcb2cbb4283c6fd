#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A year of iJw becomes the same events whatever its order, whoever dies, and no BSN stands anywhere.

Usage: ijw.py BINARY ROOT TOPIC_TOOL CASE

Goal: the events of a year of messages, shuffled, with repeats, and taken by two connectors of one name that are killed with -9 in turn, are those of the
same messages in their order, taken by one. Poison goes aside, once for each time that it was taken. Method: `ijw_year.py` writes the messages of invented
children; the GI's referrals are published in the midst; then every event of both runs is compared by its id and content, and all bytes of all topics and
logs are searched for the children's BSNs, names and birth dates and for nine digits that pass the eleven-test.
"""

import os
import re
import shutil
import subprocess

import ijw_year
from canary import Canaries, bytes_of, metrics_of, topics_of
from fault_run import expect, say, wait_for
from faults import main

FEW, FEW_SEED, MANY = 12, 1, 1000 # the few have some of each event
MADE = ("allocation-requested", "referral-answered", "help-started", "help-ended", "event-withdrawn")
SCHEMAS = MADE + ("referral-issued", "referral-closed")
KEY = "0123456789abcdef0123456789abcdef"
NINE = re.compile(rb"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])")
WAITING = re.compile(r"^ketenwacht_case_keys_waiting(?:{.*})? 0$", re.MULTILINE)
POISON = "<m:Bericht xmlns:m='http://www.istandaarden.nl/ijw/3_2/jw305/schema'><m:Header/></m:Bericht>"


class Chain:
    """A world with providers, a folder, and the connector's file."""

    def __init__(self, trial, name):
        trial.folder = os.path.join(trial.folder, name)
        os.makedirs(trial.folder)
        self.world, self.given = trial.world(), 0
        trial.folder = os.path.dirname(trial.folder)
        path = os.path.join(self.world.config, "organisations.yaml")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        providers = "".join(f"  - {{id: {name}, kind: provider, name: P}}\n" for name in ijw_year.AGB.values())
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("regions:\n", providers + "regions:\n", 1))
        for schema in SCHEMAS:
            shutil.copy(os.path.join(trial.root, "schemas", schema + ".avsc"), self.world.schemas)
        self.world.run("topics", "apply")
        self.folder = os.path.join(self.world.folder, "ijw")
        os.makedirs(self.folder)
        with open(os.path.join(self.world.folder, "key"), "w", encoding="utf-8") as file:
            file.write(KEY)
        agb = ", ".join(f"'{code}': {name}" for code, name in ijw_year.AGB.items())
        self.answers = os.path.join(self.world.folder, "answers")
        os.makedirs(self.answers)
        self.file = (f"connector: ijw\nname: ijw\nfolder: {self.folder}\nkey: {{file: {self.world.folder}/key}}\nagb: {{{agb}}}\nanswers: {self.answers}\n"
                     "prefix: KW\n")

    def give(self, messages):
        """Each under a name that comes behind those before."""
        for text in messages:
            self.given += 1
            path = os.path.join(self.folder, f".{self.given:07}.xml")
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
            os.utime(path, (1, 1))
            os.rename(path, path.replace("/.", "/"))

    def publish(self, children):
        self.world.publish([line for child in children for line in child.published()])

    def over(self, connectors):
        for connector in connectors:
            connector.look_after()
        return not [name for name in os.listdir(self.folder) if name.endswith(".xml")]

    def events(self):
        """By topic and id; one id says one thing."""
        found = {}
        for record in self.world.tail(*MADE):
            key = record["topic"], record["value"]["event_id"]
            expect(f"{key} says one thing", found.setdefault(key, record["value"]) == record["value"])
        return {(topic.removeprefix(self.world.prefix), name): value for (topic, name), value in found.items()}

    def letters(self, code):
        return [letter for letter in self.world.tail("dead-letters") if letter["headers"]["kw-code"] == code]

    def answered(self, texts):
        """A return message for each that was taken, itself a message of iJw that names no child; one however often it came."""
        asked = {re.search(r"BerichtCode>(\d+)<.*?Afzender>(\d+)<.*?Identificatie>([^<]+)<", text, re.DOTALL).groups() for text in texts
                 if not re.search("DagtekeningRetour", text)}
        paths = [os.path.join(self.answers, name) for name in sorted(os.listdir(self.answers))]
        expect(f"{len(paths)} answers to {len(asked)} messages", len(paths) == len(asked) and all(path.endswith(".xml") for path in paths))
        judged = subprocess.run([self.world.binary, "ijw", "validate", *paths[:200]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        expect(f"each is one: {judged.stdout}", judged.returncode == 0)
        return b"".join(open(path, "rb").read() for path in paths)

    def complete(self, connectors, wanted):
        self.over(connectors)
        return wanted is None or len(self.events()) >= wanted

    def silent(self, children, connectors=()):
        """Nothing of a child in any byte of any topic or log, and no nine digits that could be a BSN of anybody."""
        Canaries(ijw_year.NAME, ijw_year.BIRTH, *(child.bsn for child in children[:FEW])).nowhere(self.world, connectors)
        everything = b"\0".join(bytes_of(self.world, topic, "%k\\n%h\\n%s\\n") for topic in topics_of(self.world))
        for name in os.listdir(self.world.folder):
            if name.startswith("log-"):
                with open(os.path.join(self.world.folder, name), "rb") as file:
                    everything += b"\0" + file.read()
        for child in children:
            expect(f"{child.bsn} stands nowhere", child.bsn.encode() not in everything)
        for found in NINE.findall(everything):
            digits = [c - 48 for c in found]
            expect(f"{found} is no BSN", (sum(d * (9 - i) for i, d in enumerate(digits[:8])) - digits[8]) % 11 != 0)
        say(f"  {len(everything)} bytes, and no BSN")


def ordered(trial, children):
    """One connector, everything in its order. Returns the events."""
    chain = Chain(trial, "ordered")
    connector = chain.world.connector("ijw", chain.file, "--metrics", "0")
    chain.publish(children)
    chain.give([text for child in children for text in child.messages])
    wait_for("all is over", lambda: chain.over([connector]), look=0.2)
    wait_for("nothing waits for its case", lambda: WAITING.search(metrics_of(connector)), look=0.2)
    events = chain.events()
    chain.silent(children, [connector])
    connector.stop()
    expect("some of each", {topic for topic, _ in events} == set(MADE))
    return chain.world, events


def year(trial, children, kills):
    first, wanted = ordered(trial, children)
    chain = Chain(trial, "shuffled")
    texts = [text for child in children for text in child.messages]
    texts += trial.random.sample(texts, len(texts) // 5) + [POISON]
    trial.random.shuffle(texts)
    twins = [chain.world.connector("ijw", chain.file) for _ in range(2)]
    step = len(texts) // (kills + 1) + 1
    for kill in range(kills + 1):
        chain.give(texts[kill * step:(kill + 1) * step])
        if kill == kills // 2:
            chain.publish(children)
        if kill < kills:
            trial.pause(0.05, 0.5)
            twins[kill % 2].kill()
            twins[kill % 2].start()
    wait_for("all is over", lambda: chain.over(twins), look=0.2)
    wait_for("all events are there", lambda: chain.complete(twins, len(wanted)), look=0.5)
    for twin in twins:
        twin.stop()
    got = chain.events()
    for key in sorted(set(wanted) | set(got)):
        expect(f"{key}: {got.get(key)} is {wanted.get(key)}", got.get(key) == wanted.get(key))
    answers = chain.answered([text for text in texts if text != POISON])
    expect("no child is named in an answer", not any(child.bsn.encode() in answers for child in children) and ijw_year.NAME.encode() not in answers)
    refused = os.listdir(os.path.join(chain.folder, "refused"))
    expect(f"only the poison is refused: {refused}", len(refused) == 1 and len(chain.letters("LEVEL_1")) >= 1)
    chain.silent(children)
    first.delete_topics()
    say(f"  {len(texts)} messages of {len(children)} children, {kills} kills, {len(got)} events as in order")
    chain.world.delete_topics()
    return first


def few(trial):
    return year(trial, ijw_year.year(FEW_SEED, FEW), 2)


def many(trial):
    trial.own_broker()
    return year(trial, ijw_year.year(trial.seed, MANY), 2 * trial.kills)


if __name__ == "__main__":
    main({"few": few, "many": many})

# SPDX-License-Identifier: EUPL-1.2
"""Searches all that a run left behind for the persons whom the test invented: BSNs, names and birth dates that go in must come out nowhere.

Searched are the bytes of every record of every topic (key, headers, value; dead letters among them), the same records as JSON, where numbers and dates can
be read, but for the fields that may hold such a thing; every log and all that was printed; and what /metrics of a connector says. A word is looked for as
UTF-8 and UTF-16, in percent encoding, as JSON escapes it, in base64, as a hash without a key, and a date in the forms in which people write dates.
"""

import base64
import concurrent.futures
import hashlib
import json
import os
import subprocess
import urllib.parse
import urllib.request

from fault_run import WAIT_S, expect, say, wait_for

BSN, NAME, BIRTH = "999990019", "Kanáriëpiet van Testelen", "2013-04-27" # passes the eleven-test, belongs to nobody
PERSON = (BSN, NAME, BIRTH)
READERS = 4


def writings(word):
    """A word as people write it."""
    yield word
    parts = word.split("-")
    if [len(part) for part in parts] == [4, 2, 2]:
        yield from ("-".join(reversed(parts)), "/".join(reversed(parts)), "".join(parts))
    else:
        yield from {word.upper(), word.lower()} - {word}


def forms(word):
    """The bytes in which a word may stand somewhere."""
    for text in writings(word):
        utf8 = text.encode()
        yield from {utf8, text.encode("utf-16-le"), urllib.parse.quote(text).encode(), json.dumps(text)[1:-1].encode()}
        for before in range(3): # base64 has three, by what stands before it; of what follows a few bits are unknown
            yield base64.b64encode(b"\0" * before + utf8)[-(-before * 4 // 3):len(base64.b64encode(b"\0" * before + utf8)) // 4 * 4 - 4]
        for make in (hashlib.md5, hashlib.sha1, hashlib.sha256):
            yield from (make(utf8).digest(), make(utf8).hexdigest().encode(), make(utf8).hexdigest().upper().encode())


class Canaries:
    """Words that must stand nowhere, and where they are looked for."""

    def __init__(self, *words):
        self.forms = [(word, form) for word in words or PERSON for form in forms(word)]

    def found(self, data):
        return next((f"{word}, as {form}" for word, form in self.forms if form in data), None)

    def silent(self, where, data):
        expect(f"nothing of a person in {where}, but {self.found(data)}", not self.found(data))
        return len(data)

    def topics(self, world, allowed=(), unchanged=()):
        """Every topic of a world. allowed: names of fields that may hold it; a topic that has them is searched as JSON alone, without them. unchanged: topics
        whose values are what somebody else wrote, of whatever kind; their keys and headers are searched."""
        names = topics_of(world)
        records = {name: [] for name in names}
        for record in world.tail(*names):
            records[record["topic"]].append(record)
        with concurrent.futures.ThreadPoolExecutor(READERS) as readers:
            everything = dict(zip(names, readers.map(lambda name: bytes_of(world, name, "%k\\n%h\\n" if name in unchanged else "%k\\n%h\\n%s\\n"), names)))
        size = 0
        for name in names:
            if not any(has_field(record, allowed) for record in records[name]):
                size += self.silent(name, everything[name])
            left_out = (*allowed, "value", "hex") if name in unchanged else allowed
            text = json.dumps([without(record, left_out) for record in records[name]], ensure_ascii=False)
            size += self.silent(f"{name}, as JSON", text.encode())
        return size

    def logs(self, world):
        """All that processes of the world said."""
        size = 0
        for name in sorted(os.listdir(world.folder)):
            if name.startswith("log-"):
                with open(os.path.join(world.folder, name), "rb") as file:
                    size += self.silent(name, file.read())
        return size

    def metrics(self, connector):
        """A connector that runs with --metrics 0."""
        return self.silent("/metrics", metrics_of(connector).encode())

    def nowhere(self, world, connectors=(), allowed=(), unchanged=()):
        """Everything at once."""
        size = self.topics(world, allowed, unchanged) + self.logs(world) + sum(map(self.metrics, connectors))
        say(f"  {size} bytes, and nothing of a person")


def metrics_of(connector):
    port = wait_for("metrics are there", lambda: connector.said("health-listens"))[0]["port"]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=WAIT_S) as answer:
        return answer.read().decode()


def topics_of(world):
    """Names without the prefix."""
    run = subprocess.run(["kcat", "-L", "-J", "-b", world.bootstrap], stdout=subprocess.PIPE, check=True, timeout=WAIT_S)
    names = [topic["topic"] for topic in json.loads(run.stdout)["topics"]]
    return sorted(name.removeprefix(world.prefix) for name in names if name.startswith(world.prefix))


def bytes_of(world, topic, form):
    run = subprocess.run(["kcat", "-C", "-b", world.bootstrap, "-t", world.prefix + topic, "-e", "-q", "-X", "fetch.wait.max.ms=10", "-f", form],
                         stdout=subprocess.PIPE, check=True, timeout=WAIT_S)
    return run.stdout


def has_field(value, names):
    if isinstance(value, dict):
        return any((name in names and held is not None) or has_field(held, names) for name, held in value.items())
    return isinstance(value, list) and any(has_field(held, names) for held in value)


def without(value, names):
    if isinstance(value, dict):
        return {name: without(held, names) for name, held in value.items() if name not in names}
    return [without(held, names) for held in value] if isinstance(value, list) else value

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What stands in an inbox reaches its receiver, in order within each case, whatever dies, and whatever the receiver does.

Usage: webhook.py BINARY ROOT TOPIC_TOOL CASE

Goal: webhook loses nothing, overtakes nothing within a case, leaves one final row in deliveries for each record, and tells nobody else of a person or a
secret. Method: an inbox that a worker fills; a receiver that remembers what came; a proxy before it that behaves as receivers do on a bad day; kill -9
before the calls by which the connector touches the broker and the receiver.
"""

from canary import Canaries
from crooked import SPOILED, Crooked
from every_step import PEERS, every_step
from fault_run import expect, say, wait_for
from faults import main
from told import BIRTH_DATE, MARK, ORGANISATION, Told
from web_receiver import TOKEN, Receiver

OTHER_TOKEN = "o" * 20 + "0123456789abcdef"
SECRET = "geheim-van-de-proef, van 32 tekens"
OFTEN = "first_delay: 20 ms\nlongest_delay: 100 ms\ntries: 10000\n"
HELD = ("birth_date", "reference") # fields of events that may hold what belongs to a person
MANY = 10000
FAILED = 4 # tries, until it is believed that a fault bit
STEPS_CASES = 4


class Hook(Told):
    def __init__(self, trial, name="hook", world=None, receiver=None):
        super().__init__(trial, name, world)
        self.receiver = receiver or Receiver([TOKEN])
        self.crooked = Crooked(("127.0.0.1", self.receiver.server_address[1]))
        self.write("token", TOKEN)
        self.aim()

    def aim(self, more=OFTEN, path="/in", timeout="1 s"):
        self.say(f"connector: webhook\norganisation: {ORGANISATION}\nurl: http://127.0.0.1:{self.crooked.port}{path}\ntoken: {{file: token}}\n"
                 f"timeout: {timeout}\n{more}")

    def silent(self, connectors=()):
        """No person and no secret anywhere."""
        Canaries(MARK, BIRTH_DATE, TOKEN, OTHER_TOKEN, SECRET).nowhere(self.world, connectors, HELD)

    def check(self, letters=(), doubled=False):
        """In order, and each over once, with what became of it."""
        inbox, rows = self.inbox(), self.deliveries()
        ended = [(row["inbox_offset"], row["outcome"]) for row in rows]
        expect(f"{len(ended)} ends of {len(inbox)}", len(set(ended)) == len(inbox) and (doubled or len(ended) == len(inbox)))
        wanted = {value["event_id"] for value in inbox} - set(letters)
        expect("delivered are those that came", {row["event_id"] for row in rows if row["outcome"] == "DELIVERED"} == wanted)
        expect("the rest was refused", {row["event_id"] for row in rows if row["outcome"] == "REFUSED"} == set(letters))
        dead = [(record["headers"]["kw-code"], record["value"]["event_id"]) for record in self.world.tail("dead-letters")]
        expect(f"dead letters: {dead}", sorted(dead) == sorted(("REFUSED_BY_RECEIVER", event_id) for event_id in letters))
        self.check_order([event_id for event_id in self.receiver.taken if event_id not in letters], letters)


def bites(hook, what):
    before = hook.tries("again")
    wait_for(f"tries fail: {what}", lambda: hook.tries("again") >= before + FAILED)


def peer(trial):
    """The receiver is away, slow, silent, talks rubbish, closes in the middle, and wants another token; one record it never takes."""
    trial.needed_broker()
    hook = Hook(trial)
    hook.tell_more(3)
    poison = hook.inbox()[0]["event_id"]
    hook.receiver.refuse[poison] = 422
    connector = hook.start()
    for mode in SPOILED:
        wait_for(f"all is over before it is {mode}", hook.settled, look=0.2)
        hook.crooked.become(mode)
        hook.tell_more()
        bites(hook, mode)
        hook.crooked.become("pass")
    wait_for("all is over before the token changes", hook.settled, look=0.2)
    hook.receiver.secrets = [OTHER_TOKEN]
    hook.tell_more()
    bites(hook, "another token")
    hook.write("token", OTHER_TOKEN)
    wait_for("all is over", hook.settled, look=0.2)
    hook.check({poison}, doubled=True)
    expect("that it took nothing is said, with a reason", all(line["reason"] for line in connector.said("connect-failing")) and
           connector.said("connect-failing") and connector.said("connect-delivers"))
    hook.silent([connector])
    connector.stop()
    say(f"  {len(hook.inbox())} records came {len(hook.receiver.taken)} times")
    return hook.world


def steps(trial):
    """Killed before every call to receiver and broker: each time under another name, so that it has all of the inbox to tell."""
    trial.needed_broker()
    hook = Hook(trial, "hook-0")
    hook.tell_more(STEPS_CASES)
    wait_for("copies and alerts stand there", lambda: len({value["case_id"] for value in hook.inbox()}) == STEPS_CASES)
    hook.worker.stop()
    inbox, hooks = hook.inbox(), {}

    def make(number, before):
        hooks[number] = Hook(trial, f"hook-{number}", hook.world, hook.receiver)
        hooks[number].aim(path=f"/{number}", timeout="10 s")
        return hook.world.connector(hooks[number].name, hooks[number].text, before=before)

    def over(number, _):
        return {row["event_id"] for row in hooks[number].deliveries()} == {value["event_id"] for value in inbox}

    every_step(trial, make, over, PEERS, rf"TCP.*:({hook.world.bootstrap.rsplit(':', 1)[1]}|\d*->127.0.0.1:\d+)\]", trial.kills)
    for number, one in hooks.items():
        one.check_order(hook.receiver.at[f"/{number}"])
        expect(f"each was delivered: {number}", {row["outcome"] for row in one.deliveries()} == {"DELIVERED"})
        one.crooked.close()
    expect("no dead letter", not hook.world.tail("dead-letters"))
    hook.silent()
    return hook.world


def poison(trial):
    """One that the receiver never takes, among ten thousand."""
    trial.needed_broker()
    hook = Hook(trial)
    hook.aim(OFTEN + "parallel: 64\n", timeout="10 s")
    hook.fill(MANY // 3 + 1)
    wait_for("ten thousand stand there", lambda: len(hook.inbox()) >= MANY, look=2)
    hook.worker.stop()
    bad = hook.inbox()[MANY // 2]["event_id"]
    hook.receiver.refuse[bad] = 400
    connector = hook.start()
    wait_for("all is over", lambda: len(hook.receiver.taken) >= len(hook.inbox()) - 1 and hook.settled(), seconds=600, look=2)
    hook.check({bad})
    hook.silent([connector])
    connector.stop()
    say(f"  {len(hook.receiver.taken)} taken, one refused")
    return hook.world


CASES = {"peer": peer, "steps": steps, "poison": poison}

if __name__ == "__main__":
    main(CASES)

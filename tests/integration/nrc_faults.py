#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Notifications are taken and told whatever dies, is away, slow, or changes its secrets.

Usage: nrc_faults.py BINARY ROOT TOPIC_TOOL CASE

Goal: nrc-in and nrc-out lose nothing, and make of a repetition nothing new. Method: kill -9 at moments drawn from the seed; peers that go and come back
on their port, answer a byte a second, or know us by another secret; one that can never be taken among ten thousand; two processes at once. Senders
repeat as those do in the field, until a 2xx comes.
"""

import concurrent.futures
import signal
import time

from fault_run import expect, say, wait_for
from faults import main
from nrc import In, MARK, Out, SECRET, TOKEN, check_told
from nrc_peers import Hub, Zaaksysteem
from postgres_server import free_port

SENDERS = 16
MANY = 10000
A_LIFE = 40
OTHER_SECRET, OTHER_TOKEN = "een ander geheim, ook van 32 tekens", "o" * 20 + "0123456789abcdef"
KILLED_S = 1


def keep_sending(take, said, url=None, token=TOKEN):
    """As Open Notificaties does, only sooner: again until a 2xx comes. How often it was sent."""
    for count in range(1, 1000):
        if 200 <= take.send(said, token, url)[0] < 300:
            return count
        time.sleep(0.1)
    return 0


def send_all(take, notifications, url=None, during=lambda: None):
    with concurrent.futures.ThreadPoolExecutor(SENDERS) as senders:
        sent = [senders.submit(keep_sending, take, said, url) for said in notifications]
        during()
        counts = [one.result() for one in sent]
    expect("each came to an end", all(counts))
    return sum(counts)


def check_events(take, cases, once=True):
    """One event for each, by its id, and always the same."""
    found = {}
    events = take.events()
    for event in events:
        found.setdefault(event["event_id"], set()).add(str(sorted(event.items(), key=str)))
    expect(f"{len(found)} events of {len(cases)} zaken", len(found) == len(cases) and {event["case_id"] for event in events} == set(cases))
    expect("of each always the same", all(len(said) == 1 for said in found.values()))
    expect(f"{len(events)} records", not once or len(events) == len(cases))
    return len(events)


def names(cases):
    return [case.rsplit("/", 1)[-1] for case in cases]


def in_killed(trial):
    """nrc-in dies again and again while notifications come."""
    trial.own_broker()
    port = free_port()
    take = In(trial, listen=f"127.0.0.1:{port}")
    url, cases = take.url, []

    def die():
        for _ in range(trial.kills):
            trial.pause(0, KILLED_S)
            take.connector.kill()
            take.connector.start()

    cases = [take.case() for _ in range(A_LIFE * trial.kills)]
    for case in cases:
        take.zaken.delays[case.removeprefix(take.zaken.url)] = 0.05
    sent = send_all(take, [take.notification(case) for case in cases], url, die)
    records = check_events(take, names(cases), once=False)
    expect("something was sent again", sent > len(cases))
    say(f"  {trial.kills} kills, {len(cases)} notifications sent {sent} times, {records} records")
    expect("no dead letter", not take.letters())
    take.check_privacy()
    take.connector.stop()
    return take.world


def in_peers(trial):
    """The zaaksysteem is away, slow, and changes its secret; the sender changes its token; the connector stands still."""
    trial.own_broker()
    take = In(trial)
    port, cases = take.zaken.server_address[1], []

    def one(what, status, mend):
        cases.append(take.case())
        said = take.notification(cases[-1])
        got = take.send(said)
        expect(f"{what}: {got}", got[0] == status)
        mend()
        wait_for(f"it is taken when that is over: {what}", lambda: take.send(said)[0] == 204, look=0.2)

    take.zaken.faults["/zaken"] = ("slow", 1)
    one("a byte a second", 502, lambda: None)
    take.zaken.secrets = [OTHER_SECRET]
    one("another secret", 502, lambda: take.write("secret", OTHER_SECRET))
    take.zaken.stop()
    resources = take.zaken.resources

    def back():
        take.zaken = Zaaksysteem([OTHER_SECRET], port)
        take.zaken.resources = resources

    cases.append(take.case())
    said = take.notification(cases[-1])
    expect("away", take.send(said)[0] == 502)
    back()
    expect("and back", keep_sending(take, said) > 0)
    take.write("token", OTHER_TOKEN)
    cases.append(take.case())
    said = take.notification(cases[-1])
    wait_for("the new token counts", lambda: take.send(said, OTHER_TOKEN)[0] == 204, look=0.2)
    expect("and the old one no more", take.send(said, TOKEN)[0] == 401)
    check_events(take, names(cases))
    expect("what was away is said", len(take.connector.said("nrc-unreachable")) >= 2)
    take.check_privacy()
    take.connector.stop()
    return take.world


def in_poison(trial):
    """One of which no event can be made, among ten thousand."""
    trial.own_broker()
    take = In(trial)
    url = take.url
    cases = [take.case() for _ in range(MANY)]
    poison = take.notification(take.case(gemeente=MARK))
    notifications = [take.notification(case) for case in cases]
    started = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as other:
        refused = other.submit(lambda: [take.send(poison, url=url)[0] for _ in range(8)])
        send_all(take, notifications, url)
        expect(f"it is refused each time: {refused.result()}", set(refused.result()) == {400})
    seconds = time.monotonic() - started
    check_events(take, names(cases))
    expect(f"one dead letter: {take.letters()}", take.letters() == ["BAD_VALUE"])
    take.check_privacy()
    say(f"  {MANY} notifications in {seconds:.0f} s")
    take.connector.stop()
    return take.world


def in_twins(trial):
    """Two processes of one file, each with a port of its own, get all of the same."""
    trial.own_broker()
    take = In(trial)
    other = In(trial, take.zaken, world=take.world)
    cases = [take.case() for _ in range(A_LIFE)]
    notifications = [take.notification(case) for case in cases]
    send_all(take, notifications, take.url)
    send_all(take, notifications, other.url)
    check_events(take, names(cases), once=False)
    take.connector.stop()
    other.connector.stop()
    return take.world


def told_all(tell, hub):
    wait_for("all is told", lambda: len({value["event_id"] for value in tell.inbox()}) == len({said["resourceUrl"] for said in hub.taken}), look=0.5)


def out_begin(trial, port=0):
    trial.own_broker()
    hub = Hub([SECRET], port)
    tell = Out(trial, hub)
    tell.world.run("connect", "register", tell.path)
    return tell, hub


def out_killed(trial):
    """nrc-out dies again and again while its inbox grows."""
    tell, hub = out_begin(trial)
    tell.fill(10)
    tell.start()
    for _ in range(trial.kills):
        tell.fill(10)
        before = len(hub.taken)
        wait_for("it has told something in this life", lambda: len(hub.taken) > before)
        trial.pause(0, KILLED_S)
        tell.connector.kill()
        tell.connector.start()
    told_all(tell, hub)
    wait_for("each is over", lambda: {row["event_id"] for row in tell.deliveries()} >= {value["event_id"] for value in tell.inbox()} if
             "event_id" in tell.deliveries()[0] else len(tell.deliveries()) >= len(tell.inbox()), look=0.5)
    check_told(tell, hub, doubled=True, rows=False)
    expect("no dead letter", not tell.world.tail("dead-letters"))
    say(f"  {trial.kills} kills, {len(tell.inbox())} records told {len(hub.taken)} times")
    tell.connector.stop()
    return tell.world


def out_peers(trial):
    """The hub is slow, knows us by another secret, is away and comes back; the connector stands still for a while."""
    tell, hub = out_begin(trial)
    tell.start()
    hub.faults = {"/api/v1/notificaties": ("slow", 2)}
    tell.fill(1)
    wait_for("told although an answer came by the second", tell.settled, look=0.3)
    hub.secrets = [OTHER_SECRET]
    tell.fill(1)
    seen = len(hub.requests)
    wait_for("it is refused by its token", lambda: len(hub.requests) > seen + 3)
    tell.write("hub-secret", OTHER_SECRET)
    wait_for("told with the new secret", tell.settled, look=0.3)
    port, before = hub.server_address[1], hub
    hub.stop()
    tell.fill(1)
    tell.connector.signal(signal.SIGSTOP)
    hub = Hub([OTHER_SECRET], port)
    hub.channels, hub.taken, hub.requests = before.channels, before.taken, before.requests
    tell.connector.signal(signal.SIGCONT)
    wait_for("told when it is back", tell.settled, look=0.3)
    check_told(tell, hub, doubled=True)
    expect("no dead letter", not tell.world.tail("dead-letters"))
    tell.connector.stop()
    return tell.world


def out_poison(trial):
    """One that the hub never takes, among ten thousand."""
    tell, hub = out_begin(trial)
    tell.fill(MANY // 3 + 1)
    tell.start()
    wait_for("there are many", lambda: len(hub.taken) > MANY // 4, look=0.5)
    hub.faults = {"/api/v1/notificaties": (400, 1)}
    wait_for("all is over", lambda: len(tell.world.tail("dead-letters")) == 1 and tell.settled(), seconds=600, look=5)
    expect(f"{len(tell.inbox())} records, {len(hub.taken)} told", len({said["resourceUrl"] for said in hub.taken}) == len(tell.inbox()) - 1)
    say(f"  {len(hub.taken)} told, one refused")
    tell.connector.stop()
    return tell.world


CASES = {"in-killed": in_killed, "in-peers": in_peers, "in-poison": in_poison, "in-twins": in_twins, "out-killed": out_killed, "out-peers": out_peers,
         "out-poison": out_poison}

if __name__ == "__main__":
    main(CASES)

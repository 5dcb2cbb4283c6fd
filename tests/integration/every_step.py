# SPDX-License-Identifier: EUPL-1.2
"""Kills a process with -9 at every step that it takes outside of itself: just before its n-th call of a kind, for each n that there is.

A process does its work once under strace, which notes its calls; of these the caller says which touch the outside. Then it does such work again for each of
them, and strace kills it before that very call is made (strace counts calls of each kind and thread by themselves). It is started again, without strace, and
must bring the work to its end. Nothing here knows what is right: the caller compares afterwards. No strace with --seccomp-bpf: signals are not delivered then.
"""

import os
import re
import signal

from fault_run import expect, say, wait_for

FILES = ("openat", "open", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "write", "pwrite64", "ftruncate", "fsync", "fdatasync")
PEERS = ("connect", "sendto", "sendmsg", "write", "writev", "recvfrom", "recvmsg", "read")
CALL = re.compile(r"^(\d+) +([a-z0-9_]+)\((.*)")


def noted(log, calls):
    """What comes before the words of a command: its calls go to a file. The process is still the child of whoever starts it (-D)."""
    return ("strace", "-D", "-f", "-yy", "-s", "64", "-o", log, "-e", "trace=" + ",".join(calls), "-e", "signal=none")


def killed_before(step):
    call, number, _ = step
    return ("strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=" + call, "-e", "signal=none", "-e", f"inject={call}:signal=SIGKILL:when={number}")


def steps_of(log, outside):
    """(call, which of its kind, what it was) of those that touch the outside, by a regular expression on how strace prints descriptors, paths and bytes."""
    counts, steps, outside = {}, {}, re.compile(outside)
    with open(log, encoding="utf-8", errors="replace") as file:
        for thread, call, words in (found.groups() for found in map(CALL.match, file) if found):
            counts[thread, call] = number = counts.get((thread, call), 0) + 1
            if outside.search(words):
                steps.setdefault((call, number), words[:100])
    return [(call, number, words) for (call, number), words in sorted(steps.items())]


def chosen(steps, most, random):
    """Of many: some of each kind of call, as evenly as they stand there, begun by lot."""
    if len(steps) <= most:
        return steps
    begin = random.random()
    return [steps[int((place + begin) * len(steps) / most)] for place in range(most)]


def finish(number, connector, over):
    """Its work is done, and it stops. Whether it was killed on the way, be it while it stopped."""
    wait_for(f"its work is done: {connector.log}", lambda: not connector.lives_on() or over(number, connector))
    if connector.lives_on():
        wait_for(f"it has begun: {connector.log}", lambda: not connector.lives_on() or connector.lines()) # there may have been nothing to do
    if connector.lives_on():
        connector.process.send_signal(signal.SIGTERM) # nothing when it has ended since
    killed = connector.ends() == -signal.SIGKILL
    expect(f"it ends well: {connector.process.returncode}, {connector.log}", killed or connector.process.returncode == 0)
    return killed


def every_step(trial, make, over, calls, outside, most):
    """make(number, before): gives the process new work and starts it, as a Connector, behind these words. over(number, connector): all its work is done.
    How many died; at most `most` are tried."""
    log = os.path.join(trial.folder, "calls")
    connector = make(0, noted(log, calls))
    expect("nobody is killed yet", not finish(0, connector, over))
    steps = steps_of(log, outside)
    expect(f"there are steps: {log}", steps)
    died, tried = [], chosen(steps, most, trial.random)
    for number, step in enumerate(tried, 1):
        connector = make(number, killed_before(step))
        if finish(number, connector, over):
            died.append(step)
            connector.before = ()
            connector.start()
            expect("once is enough", not finish(number, connector, over))
    say(f"  {len(steps)} steps, {len(tried)} tried, {len(died)} times killed, before {', '.join(sorted({call for call, _, _ in died}))}")
    expect("most of them are met again", 2 * len(died) > len(tried))
    return len(died)

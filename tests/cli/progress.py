#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Long work says how far it is to whoever waits at a terminal, and to nobody else.

Usage: progress.py KETENWACHT CONFIG

Goal: a person sees that something happens; a pipe or a file gets the answer and nothing besides. Method: standard error is a terminal of
this program (or a pipe), standard input gives lines until the line of progress has been seen; what it looks like at the end is what a
terminal would show of it.
"""

import os
import pty
import select
import subprocess
import sys
import time

WAIT_S = 60
BLANKS = b"\n" * 1000 # lines of which nothing comes
REJECTED = b"{}\n"


def fail(what):
    sys.exit(f"not as promised: {what}")


def terminal_shows(written):
    """What stands on a screen of one line after these bytes."""
    line = ""
    for part in written.replace("\r\n", "\n").split("\r\033[K"):
        line = part.split("\n")[-1]
    return line


def feed(process, seen):
    """Lines, until seen() is true or the time is over."""
    deadline = time.monotonic() + WAIT_S
    while not seen():
        if time.monotonic() > deadline:
            return False
        process.stdin.write(BLANKS)
        process.stdin.flush()
    return True


def at_a_terminal(command):
    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=slave)
    os.close(slave)
    written = b""

    def seen():
        nonlocal written
        while select.select([master], [], [], 0)[0]:
            written += os.read(master, 65536)
        return b" lines" in written
    if not feed(process, seen):
        fail(f"{command}: nothing is said of how far it is")
    process.stdin.write(REJECTED)
    out, _ = process.communicate()
    try:
        while part := os.read(master, 65536):
            written += part
    except OSError: # its other end is closed
        pass
    os.close(master)
    return out.decode(), written.decode(), process.returncode


def main():
    ketenwacht, config = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    command = [ketenwacht, "replay", "--config", config, "--schemas", os.path.join(os.path.dirname(config), "schemas")]
    out, written, status = at_a_terminal(command)
    if status != 0 or "ketenwacht replay: " not in written:
        fail(f"status {status}, on the terminal {written!r}")
    if terminal_shows(written) != "":
        fail(f"it stays on the terminal: {written!r}")
    if not out.startswith('{"') or "\r" in out or " lines" in out:
        fail(f"it stands in the answer: {out!r}")
    lines = int(written.split(" lines")[-2].split()[-1])
    run = subprocess.run(command, input=b"\n" * lines + REJECTED, capture_output=True, check=True)
    if run.stderr or not run.stdout.startswith(b'{"'):
        fail(f"a pipe gets {run.stderr!r}")


main()

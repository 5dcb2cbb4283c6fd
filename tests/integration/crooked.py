# SPDX-License-Identifier: EUPL-1.2
"""A TCP proxy before a peer, which behaves as peers in the field do on a bad day, in a mode that the test switches.

pass: lets everything through. away: nobody listens, and what stands is cut off. slow: a byte a second of what the peer says. silent: nothing of it. garbage:
something else is said, and the connection ends. cut: the first half of what the peer says, and the connection ends. `met` counts what was spoiled since
the mode was switched, so that a test waits until it truly bit.
"""

import socket
import threading
import time

SPOILED = ("away", "slow", "silent", "garbage", "cut")


class Crooked:
    """Stands before (host, port), or before what has a `port` on this machine."""

    SLOW_S = 1.0
    GARBAGE = bytes(range(256)) * 8

    def __init__(self, peer):
        self.peer, self.mode, self.open, self.met = peer, "pass", [], 0
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.listen()

    def listen(self):
        threading.Thread(target=self.accept, args=(self.listening,), daemon=True).start()

    def become(self, mode):
        """From now on, and for connections that stand as well."""
        if mode not in ("pass",) + SPOILED:
            raise ValueError(mode)
        before, self.mode, self.met = self.mode, mode, 0
        if mode == "away" and before != "away":
            self.listening.shutdown(socket.SHUT_RDWR) # who waits in accept() wakes
            self.listening.close()
            self.cut_off()
        elif before == "away" and mode != "away":
            self.listening = socket.create_server(("127.0.0.1", self.port))
            self.listen()

    def cut_off(self):
        for end in self.open:
            self.shut(end)
        self.open = []

    def close(self):
        self.become("away")

    def address(self):
        return self.peer if isinstance(self.peer, tuple) else ("127.0.0.1", self.peer.port)

    @staticmethod
    def shut(end):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def accept(self, listening):
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.address())
            except OSError:
                client.close()
                continue
            self.open += [client, server]
            if self.mode == "away":
                self.cut_off()
            threading.Thread(target=self.carry, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self.carry, args=(server, client, True), daemon=True).start()

    def translated(self, data):
        """What the peer says, when nothing is to be spoiled."""
        return data

    def carry(self, source, sink, spoils):
        try:
            for data in iter(lambda: source.recv(65536), b""):
                data = self.translated(data) if spoils else data
                if not spoils or self.mode == "pass":
                    sink.sendall(data)
                elif not self.spoil(data, sink):
                    break
        except OSError:
            pass
        self.shut(source)
        self.shut(sink)

    def spoil(self, data, sink):
        """Whether the connection goes on."""
        self.met += 1
        if self.mode == "slow":
            for place in range(len(data)):
                if self.mode != "slow":
                    sink.sendall(data[place:])
                    break
                sink.sendall(data[place:place + 1])
                time.sleep(self.SLOW_S)
        elif self.mode == "garbage":
            sink.sendall(self.GARBAGE)
        elif self.mode == "cut":
            sink.sendall(data[:len(data) // 2])
        return self.mode not in ("cut", "garbage", "away")


class CrookedBroker(Crooked):
    """Before an Apache Kafka that tells its clients its own address: they are told this one instead, so that they come here with all that they want."""

    def translated(self, data):
        host, port = self.address()
        return data.replace(host.encode() + port.to_bytes(4, "big"), host.encode() + self.port.to_bytes(4, "big"))

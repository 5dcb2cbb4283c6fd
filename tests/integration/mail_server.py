# SPDX-License-Identifier: EUPL-1.2
"""A mail server that answers as a test says, by aiosmtpd.

Knows SMTP and nothing of what is right. Answers are taken one after another from a list for each step; an empty list is a server that takes everything.
"""

import asyncio
import collections
import contextlib
import email
import email.policy
import os
import pwd
import shutil
import subprocess
import threading

from aiosmtpd.smtp import SMTP, AuthResult

DROP, DROP_TAKEN, GARBAGE = "drop", "drop when it is taken", "\x00\x01 and no number"
TOOK = "250 taken"


class Mail:
    """One that was taken."""

    def __init__(self, envelope):
        self.sender, self.recipient, self.raw = envelope.mail_from, envelope.rcpt_tos[0], envelope.content
        self.recipients = list(envelope.rcpt_tos)
        self.message = email.message_from_bytes(self.raw, policy=email.policy.default)
        self.id = str(self.message["Message-ID"])

    def text(self):
        return self.message.get_content().replace("\r\n", "\n")


class Script:
    """What the server answers, and what it got. From any thread."""

    def __init__(self):
        self.lock, self.answers, self.mails, self.connections = threading.Lock(), collections.defaultdict(list), [], 0
        self.poison = None  # what a mail must not say

    def say(self, step, *answers):
        with self.lock:
            self.answers[step] += answers

    def forget(self):
        with self.lock:
            self.answers.clear()
            self.mails = []

    def next(self, step):
        with self.lock:
            return self.answers[step].pop(0) if self.answers[step] else None

    def took(self):
        with self.lock:
            return list(self.mails)

    # What aiosmtpd calls

    def answer(self, step, server, otherwise):
        said = self.next(step)
        if said in (DROP, DROP_TAKEN):
            server.transport.close()
        return said or otherwise

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        self.answer("EHLO", server, None)
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        said = self.answer("MAIL", server, "250 OK")
        if said.startswith("250"):
            envelope.mail_from = address
        return said

    async def handle_RCPT(self, server, session, envelope, address, options):
        said = self.answer("RCPT", server, "250 OK")
        if said.startswith("250"):
            envelope.rcpt_tos.append(address)
        return said

    async def handle_exception(self, error):
        return "451 " + type(error).__name__

    async def handle_DATA(self, server, session, envelope):
        said = "554 not that" if self.poison and self.poison.encode() in envelope.content else self.next("DATA") or TOOK
        if said in (TOOK, DROP_TAKEN) or said.startswith("2"):
            with self.lock:
                self.mails.append(Mail(envelope))
        if said in (DROP, DROP_TAKEN):
            server.transport.close()
        return said


class Counting(SMTP):
    """Remembers its connections."""

    def __init__(self, script, connections, **more):
        self.script, self.connections = script, connections
        super().__init__(script, **more)

    def connection_made(self, transport):
        self.connections.append(transport)
        with self.script.lock:
            self.script.connections += 1
        super().connection_made(transport)


class Server:
    """On this machine; tls: STARTTLS, or with implicit TLS from the beginning; login: (user, password), or none; port 0: any. Use as a context."""

    def __init__(self, script, tls=None, implicit=False, login=None, port=0):
        self.script, self.tls, self.implicit, self.login, self.port = script, tls, implicit, login, port
        self.loop, self.connections = asyncio.new_event_loop(), []

    def protocol(self):
        more = {"tls_context": self.tls} if self.tls and not self.implicit else {}
        if self.login:
            more.update(authenticator=self.authenticate, auth_required=True, auth_require_tls=not self.implicit)
        return Counting(self.script, self.connections, enable_SMTPUTF8=False, hostname="mail.example", loop=self.loop, **more)

    def authenticate(self, server, session, envelope, mechanism, data):
        right = mechanism in ("LOGIN", "PLAIN") and (data.login.decode(), data.password.decode()) == self.login
        return AuthResult(success=right, handled=False)

    def __enter__(self):
        listening = self.loop.create_server(self.protocol, "127.0.0.1", self.port, ssl=self.tls if self.implicit else None)
        self.server = self.loop.run_until_complete(listening)
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        return self

    def cut(self):
        """Closes all connections, on the loop's own thread."""
        for transport in self.connections:
            with contextlib.suppress(AttributeError):  # one whose TLS failed has lost its inside
                transport.abort()

    async def close(self):
        self.server.close()
        self.cut()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Slow:
    """Says a byte of its greeting each tenth of a second, and listens to nothing. Use as a context."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()

    async def greet(self, _reader, writer):
        try:
            for byte in b"220 " + b"a" * 100000:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0.1)
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    def __enter__(self):
        self.server = self.loop.run_until_complete(asyncio.start_server(self.greet, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        return self

    async def close(self):
        self.server.close()
        for task in asyncio.all_tasks():
            if task is not asyncio.current_task():
                task.cancel()

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self.close(), self.loop).result(30)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


POSTFIX = """compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = localhost
mydestination =
alias_maps =
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = inline:{{ {{ {mailbox} = box/ }} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{uid}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = {certificate}.pem
smtpd_tls_key_file = {certificate}.key
"""


class Postfix:
    """Postfix with a queue of its own, delivering to the Maildir of one mailbox, with STARTTLS. Needs root. Use as a context."""

    def __init__(self, folder, port, mailbox, named):
        """named: the certificate of localhost, without its ending."""
        self.folder, self.port = os.path.join(folder, "postfix"), port
        nobody = pwd.getpwnam("nobody").pw_uid
        os.chmod(folder, 0o755)
        for name in ("", "data", "queue", "mail"):
            os.makedirs(os.path.join(self.folder, name), exist_ok=True)
        shutil.chown(os.path.join(self.folder, "data"), "postfix")
        shutil.chown(os.path.join(self.folder, "mail"), nobody)
        with open(os.path.join(self.folder, "main.cf"), "w", encoding="utf-8") as file:
            file.write(POSTFIX.format(folder=self.folder, mailbox=mailbox, domain=mailbox.split("@")[1], uid=nobody, certificate=os.path.join(folder, named)))
        with open("/etc/postfix/master.cf", encoding="utf-8") as file:
            services = [line.split() for line in file if line[0] not in "# \n"]
        with open(os.path.join(self.folder, "master.cf"), "w", encoding="utf-8") as file:
            for service in services:
                if service[1] == "inet" and service[7] == "smtpd":
                    service[0] = f"127.0.0.1:{port}"
                if service[7] != "pipe":
                    service[4] = "n"  # without chroot
                    file.write(" ".join(service) + "\n")

    def control(self, order):
        subprocess.run(["postfix", "-c", self.folder, order], check=True, capture_output=True)

    def __enter__(self):
        self.control("start")
        return self

    def __exit__(self, *_):
        self.control("stop")

    def mails(self):
        """What stands in the Maildir."""
        box = os.path.join(self.folder, "mail", "box", "new")
        found = []
        for name in sorted(os.listdir(box)) if os.path.isdir(box) else ():
            with open(os.path.join(box, name), "rb") as file:
                found.append(email.message_from_bytes(file.read(), policy=email.policy.default))
        return found

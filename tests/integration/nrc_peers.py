# SPDX-License-Identifier: EUPL-1.2
"""Who stands at the other side of nrc-in and nrc-out: a zaaksysteem of which resources are fetched, and an Open Notificaties.

Both do what the real ones were seen to do: the zaaksysteem checks a JWT as PyJWT does without leeway; the hub takes POST /kanaal, /abonnement (with its two
probes) and /notificaties with the statuses and problem details of Open Notificaties, and sends on what subscribers asked for, again after 25 * 4^n s (here
in thousandths) until a 2xx comes, seven times. Either does to a request what its faults say.
"""

import base64
import hashlib
import hmac
import http.client
import http.server
import json
import socket
import threading
import time
import urllib.parse
import uuid

PROBE = {"kanaal": "test", "hoofdObject": "http://some.hoofdobject.nl/", "resource": "some_resource", "resourceUrl": "http://some.resource.nl/",
         "actie": "create", "aanmaakdatum": "2019-01-01T12:00:00Z", "kenmerken": {}}
RETRIES = [min(25 * 4 ** n, 52000) / 1000 for n in range(7)]
PATIENCE_S = 30


def claims(authorization, secrets):
    """Those of a valid token; else a word why not."""
    try:
        scheme, token = authorization.split(" ")
        head, body, mac = token.split(".")
        pad = lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        said = json.loads(pad(body))
        right = any(hmac.compare_digest(hmac.new(secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest(), pad(mac)) for secret in secrets)
        if scheme != "Bearer" or json.loads(pad(head))["alg"] != "HS256" or not right:
            return "signature"
        return "time" if said["iat"] > time.time() or said["exp"] <= time.time() else said
    except (ValueError, KeyError, AttributeError):
        return "token"


class Peer(http.server.ThreadingHTTPServer):
    """A server on this machine, on a thread of its own."""

    daemon_threads = True

    def __init__(self, secrets, port=0, context=None):
        super().__init__(("127.0.0.1", port), Handler)
        self.secrets, self.faults, self.requests, self.lock, self.behind_s = list(secrets), {}, [], threading.Lock(), 0
        self.open, self.context, self.refused = set(), context, []
        self.address = f"{'localhost' if context else '127.0.0.1'}:{self.server_address[1]}"
        self.url = f"http{'s' if context else ''}://{self.address}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, *_):
        """A connection was broken off: here that is meant."""

    def process_request(self, request, client_address):
        with self.lock:
            self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self.lock:
            self.open.discard(request)
        super().shutdown_request(request)

    def finish_request(self, request, client_address):
        """With a context: over TLS. Whom it refuses hears why, and is remembered."""
        if not self.context:
            super().finish_request(request, client_address)
            return
        try:
            spoken = self.context.wrap_socket(request.dup(), server_side=True)
        except OSError as error:
            with self.lock:
                self.refused.append(str(error))
            request.shutdown(socket.SHUT_WR)
            while request.recv(65536): # closing before it was read would take the alert back
                pass
            return
        with spoken:
            super().finish_request(spoken, client_address)

    def unknown(self, request):
        """Of who is not known here: status and code of what is answered."""
        said = claims(request.headers.get("Authorization"), self.secrets)
        return (401 if said != "time" else 403, said) if isinstance(said, str) else None

    def stop(self):
        """And closes every connection that was kept."""
        self.shutdown()
        self.server_close()
        with self.lock:
            for request in self.open:
                request.shutdown(socket.SHUT_RDWR)

    def answer(self, request, body):
        """Status, object."""
        raise NotImplementedError

    def fault(self, path):
        """What is to go wrong with this request, as often as was said."""
        with self.lock:
            for beginning, (kind, times) in self.faults.items():
                if path.startswith(beginning) and times != 0:
                    self.faults[beginning] = (kind, times - 1)
                    return kind
        return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE_S

    def log_message(self, *_):
        pass

    def date_time_string(self, timestamp=None):
        return super().date_time_string((timestamp or time.time()) - self.server.behind_s)

    def handle_any(self):
        server, body = self.server, self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = server.fault(self.path)
        with server.lock:
            server.requests.append((self.command, self.path, body))
        if fault == "close":
            self.close_connection = True
            self.connection.close()
            return
        unknown = server.unknown(self)
        if isinstance(fault, int):
            status, told = fault, {"code": "fault"}
        elif unknown:
            status, told = unknown[0], {"code": unknown[1]}
        else:
            status, told = server.answer(self, body)
        text = {"garbage": b"<html>" + bytes(range(256)), "large": json.dumps({"a": "x" * 2000000}).encode()}.get(fault) or json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(text) + (10 if fault == "cut" else 0)))
        if status in (301, 302, 307):
            self.send_header("Location", server.url + "/elsewhere")
        self.end_headers()
        try:
            for byte in text if fault == "slow" else ():
                self.wfile.write(bytes([byte]))
                time.sleep(1)
            self.wfile.write(b"" if fault == "slow" else text)
        except OSError: # who asked has gone
            pass
        if fault == "cut":
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = handle_any


class Zaaksysteem(Peer):
    """Resources by their path."""

    def __init__(self, secrets, port=0):
        self.resources, self.delays, self.gates = {}, {}, {}
        super().__init__(secrets, port)

    def answer(self, request, body):
        time.sleep(self.delays.get(request.path, 0))
        gate = self.gates.pop(request.path, None) # holds up one request
        if gate:
            gate.wait(PATIENCE_S)
        found = self.resources.get(request.path)
        return (200, found) if found else (404, {"code": "not_found"})


def post(url, value, headers):
    """Status and body of what is answered; 0: nothing was."""
    parts = urllib.parse.urlsplit(url)
    try:
        connection = http.client.HTTPConnection(parts.netloc, timeout=PATIENCE_S)
        connection.request("POST", parts.path, value if isinstance(value, bytes) else json.dumps(value), {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""


class Hub(Peer):
    """Open Notificaties."""

    def __init__(self, secrets, port=0, context=None):
        self.channels, self.subscriptions, self.taken, self.events = {}, [], [], []
        super().__init__(secrets, port, context)

    @staticmethod
    def wrong(status, code, name, reason):
        return status, {"type": f"http://hub/ref/fouten/ValidationError/{code}", "code": "invalid", "title": "Invalid input.", "status": status, "detail": "",
                        "instance": f"urn:uuid:{uuid.uuid4()}", "invalidParams": [{"name": name, "code": code, "reason": reason}]}

    def answer(self, request, body):
        path = urllib.parse.urlsplit(request.path)
        name = path.path.rsplit("/", 1)[-1]
        if request.command == "GET" and name == "kanaal":
            asked = urllib.parse.parse_qs(path.query).get("naam")
            return 200, [channel for channel in self.channels.values() if not asked or channel["naam"] in asked]
        if request.command != "POST" or name not in ("kanaal", "abonnement", "notificaties", "cloudevents"):
            return 405, {"code": "method_not_allowed"}
        try:
            return getattr(self, name)(json.loads(body))
        except (ValueError, KeyError):
            return self.wrong(400, "required", "nonFieldErrors", "this is not complete")

    def kanaal(self, said):
        if said["naam"] in self.channels:
            return self.wrong(400, "unique", "naam", "there is one of this name")
        self.channels[said["naam"]] = {"url": f"{self.url}/kanaal/{uuid.uuid4()}", "filters": [], **said}
        return 201, self.channels[said["naam"]]

    def abonnement(self, said):
        if post(said["callbackUrl"], PROBE, {})[0] not in (401, 403):
            return self.wrong(400, "no-auth-on-callback-url", "nonFieldErrors", "the callback takes what has no authorisation")
        if not 200 <= post(said["callbackUrl"], PROBE, {"Authorization": said["auth"]})[0] < 210:
            return self.wrong(400, "invalid-callback-url", "nonFieldErrors", "the callback does not answer 204")
        self.subscriptions.append(said)
        return 201, {"url": f"{self.url}/abonnement/{uuid.uuid4()}", **said}

    def cloudevents(self, said):
        if said["specversion"] != "1.0" or not all(isinstance(said[name], str) for name in ("id", "source", "type")):
            return self.wrong(400, "invalid", "nonFieldErrors", "this is no CloudEvent")
        with self.lock:
            self.events.append(said)
        return 201, said

    def notificaties(self, said):
        channel = self.channels.get(said["kanaal"])
        names, filters = set(said.get("kenmerken", {})), set(channel["filters"]) if channel else set()
        if not channel:
            return self.wrong(400, "message_kanaal", "kanaal", "there is no such channel")
        if not (names <= filters or names >= filters):
            return self.wrong(400, "kenmerken_inconsistent", "kenmerken", "these are not those of the channel")
        if stamp(said["aanmaakdatum"]) > time.time() - self.behind_s:
            return self.wrong(400, "future_not_allowed", "aanmaakdatum", "this lies in the future")
        with self.lock:
            self.taken.append(said)
        for subscription in self.subscriptions:
            if said["kanaal"] in [wanted["naam"] for wanted in subscription["kanalen"]]:
                threading.Thread(target=self.send_on, args=(subscription, said), daemon=True).start()
        return 201, said

    @staticmethod
    def send_on(subscription, said):
        """Until a 2xx comes, or what Open Notificaties has of patience is over. The statuses that came."""
        statuses = []
        for pause in [*RETRIES, None]:
            statuses.append(post(subscription["callbackUrl"], said, {"Authorization": subscription["auth"]})[0])
            if 200 <= statuses[-1] < 300 or pause is None:
                return statuses
            time.sleep(pause)
        return statuses


def stamp(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()

# SPDX-License-Identifier: EUPL-1.2
"""Who stands at the other side of webhook: a receiver of CloudEvents, and a server of access tokens. Knows no connector."""

import base64
import collections
import json
import urllib.parse

from nrc_peers import Peer

TOKEN = "t" * 20 + "0123456789abcdef"


class Receiver(Peer):
    """Takes what comes with one of its secrets as a bearer token; without secrets from anybody."""

    def __init__(self, secrets=(), port=0, context=None):
        self.taken, self.refuse = [], {} # event_ids as they came; the statuses of those that it does not take
        self.at = collections.defaultdict(list) # by the path of the address
        super().__init__(secrets, port, context)

    def unknown(self, request):
        known = not self.secrets or request.headers.get("Authorization") in [f"Bearer {secret}" for secret in self.secrets]
        return None if known else (401, "unauthorised")

    def answer(self, request, body):
        said = json.loads(body)
        events = said if isinstance(said, list) else [said]
        for event in events:
            if event["id"] in self.refuse:
                return self.refuse[event["id"]], {"code": "refused"}
        with self.lock:
            for taken in (self.taken, self.at[request.path]):
                taken += [event["id"] for event in events]
        return 200, {}


class Tokens(Peer):
    """Gives access tokens to who knows the secret (client_secret_basic), which hold for a receiver from then on, and so long."""

    def __init__(self, client, secret, receiver, lives_s=3600, context=None):
        self.receiver, self.lives_s, self.given = receiver, lives_s, 0
        self.client = f"{client}:{secret}"
        super().__init__([secret], 0, context)

    def unknown(self, request):
        scheme, _, pair = (request.headers.get("Authorization") or "").partition(" ")
        known = scheme == "Basic" and urllib.parse.unquote(base64.b64decode(pair).decode()) == self.client
        return None if known else (401, "invalid_client")

    def answer(self, request, body):
        if urllib.parse.parse_qs(body.decode()).get("grant_type") != ["client_credentials"]:
            return 400, {"error": "unsupported_grant_type"}
        with self.lock:
            self.given += 1
            token = f"access-{self.given}-of-the-test"
        self.receiver.secrets = [token]
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": self.lives_s}

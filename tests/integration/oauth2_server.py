#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""A server of access tokens and a receiver that wants one, by authlib on Flask, in a process of its own: oauth2_server.py PORT CLIENT SECRET.

POST /token and POST /in are authlib's own (client credentials; bearer tokens). POST /control says how expires_in is written from then on (`form`: number,
digits, null, absent) and how long tokens live (`lives`), or takes back all that were given (`withdraw`). GET /seen tells the ids of the events that were
taken and how many tokens were given.
"""

import json
import sys

from authlib.integrations.flask_oauth2 import AuthorizationServer, ResourceProtector
from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin, grants
from authlib.oauth2.rfc6750 import BearerTokenValidator
from flask import Flask, request

SCOPE = "berichten"
FORMS = {"number": lambda seconds: seconds, "digits": str, "null": lambda _: None}
state = {"form": "number", "lives": 3600, "given": 0}
tokens, taken = {}, []


class Client(ClientMixin):
    def __init__(self, name, secret):
        self.name, self.secret = name, secret

    def get_client_id(self):
        return self.name

    def get_allowed_scope(self, scope):
        return scope if scope == SCOPE else ""

    def check_client_secret(self, client_secret):
        return client_secret == self.secret

    def check_endpoint_auth_method(self, method, endpoint):
        return endpoint == "token" and method == "client_secret_basic"

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class Token(TokenMixin):
    def __init__(self, text):
        self.text = text

    def get_scope(self):
        return SCOPE

    def is_expired(self):
        return False

    def is_revoked(self):
        return self.text not in tokens


class Validator(BearerTokenValidator):
    def authenticate_token(self, token_string):
        return Token(token_string) if token_string in tokens else None


def save(token, _):
    state["given"] += 1
    tokens[token["access_token"]] = token


client = Client(*sys.argv[2:4])
app = Flask(__name__)
server = AuthorizationServer(app, query_client=lambda name: client if name == client.name else None, save_token=save)
server.register_grant(grants.ClientCredentialsGrant)
protect = ResourceProtector()
protect.register_token_validator(Validator())


@app.post("/token")
def give_token():
    app.config["OAUTH2_TOKEN_EXPIRES_IN"] = {"client_credentials": state["lives"]}
    answer = server.create_token_response()
    said = answer.get_json()
    if "access_token" in said:
        seconds = said.pop("expires_in")
        if state["form"] in FORMS:
            said["expires_in"] = FORMS[state["form"]](seconds)
        answer.set_data(json.dumps(said))
    return answer


@app.post("/in")
@protect(SCOPE)
def take():
    taken.append(request.get_json(force=True)["id"])
    return "", 204


@app.post("/control")
def control():
    said = request.get_json()
    if said.pop("withdraw", False):
        tokens.clear()
    state.update(said)
    return "", 204


@app.get("/seen")
def seen():
    return {"taken": taken, "given": state["given"]}


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))

#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Posts every example of a gi-http's document with a client that was generated from it; part of generators.sh.

Usage: generated_client.py openapi-python-client|openapi-generator FOLDER ADDRESS

FOLDER: where the document (api.json) and the client's package stand. Knows no field and no event but those it asks for: what is posted is the
example, made an object of the client's class and a body again by the client. TOKEN_GI, TOKEN_GM: the tokens of gi-a and gm0001.
"""

import importlib
import inspect
import json
import os
import sys
import time
import typing
import uuid

DEADLINE_S = 120


class First:
    """openapi-python-client: a module for each operation, answers by status."""

    def __init__(self, address, token):
        client = importlib.import_module("first_client.client")
        self.client = client.AuthenticatedClient(base_url=address, token=token)

    @staticmethod
    def module(operation):
        return importlib.import_module("first_client.api.default." + operation.replace("--", "-").replace("-", "_"))

    def ask(self, operation, **values):
        module = self.module(operation)
        answer = module.sync_detailed(client=self.client, **values)
        return int(answer.status_code), answer.parsed

    def post(self, operation, event):
        module = self.module(operation)
        return self.ask(operation, body=inspect.get_annotations(module.sync_detailed)["body"].from_dict(event))

    def became(self, event_id):
        return self.ask("what-became-of--event", event_id=uuid.UUID(event_id))

    @staticmethod
    def problem(answer):
        return answer.code, answer.field, [(mistake.pointer, mistake.code) for mistake in answer.errors]


class Second:
    """OpenAPI Generator: a method for each operation, exceptions for what is wrong."""

    def __init__(self, address, token):
        self.package = importlib.import_module("second_client")
        self.api = self.package.DefaultApi(self.package.ApiClient(self.package.Configuration(host=address, access_token=token)))

    def method(self, operation):
        wanted = operation.replace("-", "") # where words are joined by its own rules: care_after18_judged
        return next(getattr(self.api, name) for name in dir(self.api) if name.replace("_", "") == wanted)

    def ask(self, operation, *values):
        try:
            answer = self.method(operation + "-with-http-info")(*values)
        except self.package.ApiException as error:
            return error.status, error.data
        return answer.status_code, answer.data

    def post(self, operation, event):
        hints = typing.get_type_hints(inspect.unwrap(self.method(operation)))
        model = next(hint for name, hint in hints.items() if name not in ("return",) and hasattr(hint, "from_dict"))
        return self.ask(operation, model.from_dict(event))

    def became(self, event_id):
        return self.ask("what-became-of--event", event_id)

    @staticmethod
    def problem(answer):
        return answer.code, answer.var_field, [(mistake.pointer, mistake.code) for mistake in answer.errors]


def expect(what, truth, seen):
    if not truth:
        sys.exit(f"not as promised: {what}; seen: {seen}")


def await_fact(client, event_id):
    """A worker takes it; until then the answer is that it waits, or that the door still reads (503)."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        status, answer = client.became(event_id)
        if status == 200 and answer.state != "waiting":
            return str(answer.state), str(answer.event_id)
        expect("an answer in time", time.monotonic() < deadline, (status, answer))
        time.sleep(0.1)


def main():
    kind, folder, address = sys.argv[1:4]
    sys.path.insert(0, folder)
    with open(os.path.join(folder, "api.json"), encoding="utf-8") as file:
        document = json.load(file)
    make = {"openapi-python-client": First, "openapi-generator": Second}[kind]
    clients = {"gi-a": make(address, os.environ["TOKEN_GI"]), "gm0001": make(address, os.environ["TOKEN_GM"])}
    examples = {}
    for path, operations in document["paths"].items():
        if "post" in operations:
            operation = operations["post"]["operationId"]
            examples[operation] = document["components"]["schemas"][operation]["examples"][0]
    expect("there is something to post", len(examples) > 0, examples)

    for operation, event in examples.items():
        status, answer = clients[event["source"]].post(operation, event)
        expect(f"{operation} is taken", status == 202 and str(answer.event_id) == event["event_id"], (status, answer))
    start = examples["measure-started"]
    fate = await_fact(clients[start["source"]], start["event_id"])
    expect("it is a fact", fate == ("fact", start["event_id"]), fate)
    expect("it is nobody else's", clients["gm0001"].became(start["event_id"])[0] == 404, "another status")

    status, answer = clients[start["source"]].post("measure-started", dict(start, municipality="gm9999", gi="gi-b"))
    expect("what is wrong is refused", status in (403, 422), (status, answer))
    seen = clients[start["source"]].problem(answer)
    expect("each mistake is told with its place", {pointer for pointer, code in seen[2] if code} == {"#/municipality", "#/gi"}, seen)
    print(f"{kind}: {len(examples)} events posted and taken, what became of one read, a refusal read")


if __name__ == "__main__":
    main()

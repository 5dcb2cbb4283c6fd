# SPDX-License-Identifier: EUPL-1.2
"""What schemathesis cannot know of a gi-http's document, since it holds between fields; part of openapi.sh.

A request that is to be valid gets what a schema cannot say and the descriptions do: who the source is, that the id is the event_id, what lies before
what. Nothing is done to a request that is to be invalid, nor to an answer; each answer is looked at for what receivers in JavaScript refuse.
TOKEN_GI, TOKEN_GM, TOKEN_OPERATORS: the tokens of gi-a, gm0001 and operators.
"""

import datetime
import os

import schemathesis
from hypothesis import strategies as st

TOKENS = {"gi-a": os.environ["TOKEN_GI"], "gm0001": os.environ["TOKEN_GM"], "operators": os.environ["TOKEN_OPERATORS"]}
STRUCTURED = "application/cloudevents+json"

# Of the years that the patterns have: what is drawn from all years is thrown away nearly always.
schemathesis.openapi.format("date", st.dates(datetime.date(1900, 1, 1), datetime.date(2200, 12, 31)).map(str))
schemathesis.openapi.format("date-time", st.datetimes(datetime.datetime(2000, 1, 2), datetime.datetime(2200, 12, 30)).map(lambda at: at.isoformat() + "Z"))


def event_of(operation):
    """The schema of what is posted to an address; None: nothing is."""
    document = operation.schema.raw_schema
    name = operation.path.rsplit("/", 1)[-1]
    return document["components"]["schemas"].get(name) if operation.method == "post" else None


@schemathesis.auth()
class OneWhoMay:
    """The source of the example of an address has a token; what is read, gi-a reads."""

    def get(self, case, context):
        schema = event_of(case.operation)
        return TOKENS[schema["examples"][0]["source"] if schema else "gi-a"]

    def set(self, case, data, context):
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}


def fit_event(document, schema, event):
    """Makes the fields of a valid event go together."""
    example = schema["examples"][0]
    recorded = event["recorded_at"]
    if datetime.datetime.fromisoformat(recorded.upper().replace("Z", "+00:00")) > datetime.datetime.now(datetime.timezone.utc):
        event["recorded_at"] = recorded = example["recorded_at"]
    for name, field in schema["properties"].items():
        if event.get(name) is None:
            continue
        if field.get("x-organisation"):
            event[name] = example[name] or "gm0001"
        if "At most a day after recorded_at." in field.get("description", "") and event[name][:10] > recorded[:10]:
            event[name] = recorded[: len(event[name])] if field["format"] == "date" else recorded
    if "region" in schema["required"]:
        event["case_id"] = next(row["case_id"] for row in document["x-regions"] if row["id"] == event["region"])
    if event.get("key") is not None:
        event["key"] = event["case_id"]


def fit(case):
    """A valid request that is one as a whole."""
    if case.path == "/inbox":
        for name in ("after", "wait"): # a cursor is what a link gives; and nobody waits here
            (case.query or {}).pop(name, None)
    schema = event_of(case.operation)
    if not schema or not isinstance(case.body, dict):
        return
    structured = case.media_type == STRUCTURED
    event = case.body["data"] if structured else case.body
    fit_event(case.operation.schema.raw_schema, schema, event)
    attributes = {"specversion": "1.0", "id": event["event_id"], "source": f"urn:ketenwacht:{event['source']}"}
    if structured:
        case.body.update(attributes)
    said = [name for name in case.headers or {} if name.lower().startswith("ce-")]
    for name in said:
        del case.headers[name]
    if said and not structured:
        name = case.operation.path.rsplit("/", 1)[-1]
        case.headers.update({f"ce-{name}": value for name, value in attributes.items()}, **{"ce-type": f"nl.ketenwacht.{name}.v1"})


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta and case.meta.generation.mode.is_positive:
        fit(case)


@schemathesis.check
def lower_case_charset(context, response, case):
    kind = response.headers.get("content-type", [""])[0]
    assert "charset" not in kind.lower() or "charset=utf-8" in kind, kind

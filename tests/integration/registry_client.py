#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What somebody else's program does with a schema registry, by Confluent's own client.

registry_client.py BOOTSTRAP URL PREFIX SCHEMAS register later | write HOW NUMBER WHICH | read TOPIC
HOW: prefix (their serializer), known (the same), later (the same), number (the id in the header), guid, unknown (an id that there is not)
WHICH: own (our schema as it is), evolved (with a field more, and another doc), later (with another field more, registered by `register later`)
"""

import datetime
import io
import json
import os
import sys
import time
import uuid

import fastavro
from confluent_kafka import Consumer, Producer
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

TOPIC = "measure-started"
UNKNOWN_ID = 999999
CASE = "0b57d001-0000-4000-8000-0000000000aa"  # one case, so one partition, in which all stand behind each other


def id_file(which):
    """Where the id of a schema is kept, as their client does in memory as long as it runs."""
    return f"{os.environ['FIXTURE_DIR']}/{which}.id"


def schema_text(folder, which):
    schema = json.load(open(f"{folder}/{TOPIC}.avsc", encoding="utf-8"))
    if which != "own":
        schema["doc"] = "theirs"
        schema["fields"].append({"name": which, "type": ["null", "string"], "default": None})
    return json.dumps(schema)


def event(number):
    now = datetime.datetime.now(datetime.timezone.utc)
    today = now.date()
    return {"event_id": f"0b57d001-0000-4000-8000-{number:012d}", "case_id": CASE, "source": "gi-a", "occurred_at": now, "recorded_at": now,
            "replaces": None, "measure_id": f"3a53d001-0000-4000-8000-{number:012d}", "kind": "OTS", "verdict_date": today, "informed_date": today,
            "ends_on": None, "gi": "gi-a", "municipality": "gm0001", "birth_date": None, "reference": None}


def produce(bootstrap, topic, value, headers):
    producer = Producer({"bootstrap.servers": bootstrap, "partitioner": "murmur2_random"})
    failed = []
    producer.produce(topic, key=CASE, value=value, headers=headers, on_delivery=lambda e, _: e and failed.append(e))
    producer.flush(30)
    assert not failed, failed


def write(bootstrap, client, topic, folder, how, number, which):
    ids = id_file(which)
    text = schema_text(folder, which)
    if how in ("known", "later"):  # the registry is away: they know the id already
        serialized = b"\0" + int(open(ids, encoding="ascii").read()).to_bytes(4, "big") + body(text, number)
        return produce(bootstrap, topic, serialized, [])
    serializer = AvroSerializer(client, text, conf={"auto.register.schemas": which != "own"})
    value = serializer(event(number), SerializationContext(topic, MessageField.VALUE))
    with open(ids, "w", encoding="ascii") as out:
        out.write(str(int.from_bytes(value[1:5], "big")))
    headers = []
    if how == "number":
        value, headers = value[5:], [("__value_schema_id", value[:5])]
    elif how == "guid":
        value, headers = value[5:], [("__value_schema_id", b"\1" + uuid.uuid4().bytes)]
    elif how == "unknown":
        value = b"\0" + UNKNOWN_ID.to_bytes(4, "big") + value[5:]
    return produce(bootstrap, topic, value, headers)


def body(text, number):
    out = io.BytesIO()
    fastavro.schemaless_writer(out, fastavro.parse_schema(json.loads(text)), event(number))
    return out.getvalue()


def read(bootstrap, client, topic):
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": str(uuid.uuid4()), "auto.offset.reset": "earliest",
                         "isolation.level": "read_committed"})
    deserializer = AvroDeserializer(client)
    deadline = time.monotonic() + 60
    consumer.subscribe([topic])
    last = None
    while time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is None and last:
            break
        if message is None or message.error() or message.value()[:1] != b"\0" or int.from_bytes(message.value()[1:5], "big") == UNKNOWN_ID:
            continue
        value = deserializer(message.value(), SerializationContext(topic, MessageField.VALUE))
        if value["case_id"] != CASE:  # ours
            last = value
    consumer.close()
    assert last and last["gi"] == "gi-a" and last["kind"] == "OTS", last


def main():
    bootstrap, url, prefix, folder, verb, *rest = sys.argv[1:]
    topic = prefix + TOPIC
    client = SchemaRegistryClient({"url": url})
    if verb == "register":
        number = client.register_schema(topic + "-value", Schema(schema_text(folder, rest[0]), "AVRO"))
        with open(id_file(rest[0]), "w", encoding="ascii") as out:
            out.write(str(number))
    elif verb == "write":
        write(bootstrap, client, topic, folder, rest[0], int(rest[1]), rest[2])
    else:
        read(bootstrap, client, prefix + rest[0])


if __name__ == "__main__":
    main()

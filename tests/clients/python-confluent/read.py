#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Reads one's inbox with confluent-kafka and fastavro until Ctrl-C: read.py BOOTSTRAP INBOX SCHEMAS STORE

SCHEMAS is ketenwacht's folder of schemas. STORE stands for a table with (source, event_id) as its key: a file with a record a line.
"""

import io
import json
import os
import sys

from confluent_kafka import Consumer, KafkaException
from fastavro import schemaless_reader
from fastavro.schema import load_schema

MARKER = "c301" # every frame begins so, as hex; behind it stands the fingerprint of the schema with which the body was written …
FRAME = 10 # … which begins after so many bytes


def known_schemas(folder):
    """By the frame, the schema that reads the body behind it."""
    with open(os.path.join(folder, "fingerprints.json"), encoding="utf-8") as file:
        return {MARKER + entry["fingerprints"]["specification"]["wire"]: load_schema(os.path.join(folder, entry["file"]))
                for entry in json.load(file)["schemas"]}


def stored(store):
    store.seek(0)
    return {(record["value"]["source"], record["value"]["event_id"]) for record in map(json.loads, store)}


def main(bootstrap, inbox, folder, path):
    schemas = known_schemas(folder)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": inbox, # the one group that may read it
                         "isolation.level": "read_committed", "auto.offset.reset": "earliest", "enable.auto.offset.store": False})
    consumer.subscribe([inbox])
    with open(path, "a+", encoding="utf-8") as store:
        known = stored(store)
        try:
            while True:
                message = consumer.poll(1)
                if message is None:
                    continue
                if message.error():
                    raise KafkaException(message.error())
                frame, body = message.value()[:FRAME].hex(), io.BytesIO(message.value()[FRAME:])
                value = schemaless_reader(body, schemas[frame]) # has datetime, date and UUID
                if (value["source"], str(value["event_id"])) not in known:
                    known.add((value["source"], str(value["event_id"])))
                    print(json.dumps({"type": dict(message.headers())["ce_type"].decode(), "value": value}, default=str), file=store, flush=True)
                consumer.store_offsets(message) # only now: what is stored is not asked for again
        except KeyboardInterrupt:
            consumer.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

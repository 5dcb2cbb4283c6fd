#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Reads one's inbox with aiokafka and fastavro until Ctrl-C: read.py BOOTSTRAP INBOX SCHEMAS STORE

SCHEMAS is ketenwacht's folder of schemas. STORE stands for a table with (source, event_id) as its key: a file with a record a line.
"""

import asyncio
import io
import json
import os
import sys

from aiokafka import AIOKafkaConsumer
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


async def main(bootstrap, inbox, folder, path):
    schemas = known_schemas(folder)
    consumer = AIOKafkaConsumer(inbox, bootstrap_servers=bootstrap, group_id=inbox, # the one group that may read it
                                isolation_level="read_committed", # it is not the default
                                auto_offset_reset="earliest", enable_auto_commit=False)
    with open(path, "a+", encoding="utf-8") as store:
        known = stored(store)
        async with consumer:
            while True:
                for batch in (await consumer.getmany(timeout_ms=1000)).values():
                    for record in batch:
                        frame, body = record.value[:FRAME].hex(), io.BytesIO(record.value[FRAME:])
                        value = schemaless_reader(body, schemas[frame]) # has datetime, date and UUID
                        if (value["source"], str(value["event_id"])) not in known:
                            known.add((value["source"], str(value["event_id"])))
                            print(json.dumps({"type": dict(record.headers)["ce_type"].decode(), "value": value}, default=str), file=store, flush=True)
                    await consumer.commit() # only now: what is stored is not asked for again


if __name__ == "__main__":
    try:
        asyncio.run(main(*sys.argv[1:]))
    except KeyboardInterrupt:
        pass

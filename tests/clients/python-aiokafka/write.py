#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""Writes one event to one's outbox with aiokafka and fastavro: write.py BOOTSTRAP OUTBOX SCHEMAS ORGANISATION CASE_ID MEASURE_ID DATE"""

import asyncio
import datetime
import io
import json
import os
import sys
import uuid

from aiokafka import AIOKafkaProducer
from fastavro import schemaless_writer
from fastavro.schema import load_schema

EVENT = "measure-ended"
MARKER = b"\xc3\x01" # every record begins so; behind it stands the fingerprint of the schema, as its bytes are on the wire


def encoded(folder, event, value):
    with open(os.path.join(folder, "fingerprints.json"), encoding="utf-8") as file:
        entry = next(entry for entry in json.load(file)["schemas"] if entry["file"] == f"{event}.avsc")
    body = io.BytesIO()
    schemaless_writer(body, load_schema(os.path.join(folder, entry["file"])), value)
    return MARKER + bytes.fromhex(entry["fingerprints"]["specification"]["wire"]) + body.getvalue()


async def main(bootstrap, outbox, folder, organisation, case_id, measure_id, date):
    now = datetime.datetime.now(datetime.timezone.utc) # never without a time zone
    value = {"event_id": str(uuid.uuid4()), "case_id": case_id, "source": organisation, "occurred_at": now, "recorded_at": now, "replaces": None,
             "measure_id": measure_id, "date": datetime.date.fromisoformat(date), "reason": "EXPIRED"}
    headers = {"ce_specversion": "1.0", "ce_id": value["event_id"], "ce_source": f"urn:ketenwacht:{organisation}",
               "ce_type": f"nl.ketenwacht.{EVENT}.v1", "ce_time": now.isoformat(timespec="milliseconds"), "content-type": "application/avro"}
    record = {"key": case_id.encode(), "value": encoded(folder, EVENT, value), "headers": [(name, text.encode()) for name, text in headers.items()]}
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True) as producer:
        await producer.send_and_wait(outbox, **record) # raises what the broker said
    print(value["event_id"])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

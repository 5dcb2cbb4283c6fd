#!/usr/bin/env python3
# SPDX-License-Identifier: EUPL-1.2
"""What fastavro reads of datums: JSON lines in, JSON lines out, in the order of the input."""

import io
import json
import sys

import fastavro


def bare(schema):
    """Without logical types: what is compared is what was written."""
    if isinstance(schema, list):
        return [bare(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: bare(value) if key in ("type", "items", "values", "fields") else value for key, value in schema.items() if key != "logicalType"}


def plain(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    return [plain(v) for v in value] if isinstance(value, list) else value


def answer(pair):
    try:
        writer, reader = fastavro.parse_schema(bare(pair["writer"])), fastavro.parse_schema(bare(pair["reader"]))
    except Exception as error:  # pylint: disable=broad-except
        return {"refused": f"{type(error).__name__}: {str(error)[:200]}"}
    data = []
    for text in pair["data"]:
        try:
            data.append({"value": plain(fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(text)), writer, reader))})
        except Exception as error:  # pylint: disable=broad-except
            data.append({"error": f"{type(error).__name__}: {str(error)[:200]}"})
    return {"data": data}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))

# SPDX-License-Identifier: EUPL-1.2
"""Prints what fastavro and avro put before the records of each schema: FILE LIBRARY WIRE."""
import json
import sys

import avro.schema
import fastavro.schema

for file in sys.argv[1:]:
    with open(file, encoding="utf-8") as opened:
        text = opened.read()
    form = fastavro.schema.to_parsing_canonical_form(json.loads(text))
    print(file, "fastavro", fastavro.schema.fingerprint(form, "CRC-64-AVRO"))
    print(file, "avro", avro.schema.parse(text).fingerprint("CRC-64-AVRO").hex())

# SPDX-License-Identifier: EUPL-1.2
"""Holds what libraries put before the records of each schema to what is said of them. Usage: compare.py OURS.json THEIRS"""
import json
import sys

SPELLINGS = {"java": "specification", "fastavro": "specification", "twmb": "specification", "avro": "avro", "apache-avro": "apache-avro",
             "goavro": "goavro", "hamba": "hamba"}
UNKNOWN = ("space-in-name.avsc", "goavro")  # the only one of which we say that we do not know it

with open(sys.argv[1], encoding="utf-8") as opened:
    schemas = json.load(opened)["schemas"]
ours = {schema["file"]: schema["fingerprints"] for schema in schemas}
with open(sys.argv[2], encoding="utf-8") as opened:
    theirs = [line.split() for line in opened]
wrong = 0
for file, library, wire in theirs:
    expected = ours[file].get(SPELLINGS[library], {}).get("wire")
    if expected is None and (file, library) != UNKNOWN or expected not in (None, wire):
        print(f"{file}: {library} writes {wire}, expected {expected}")
        wrong += 1
records = {}
for schema in schemas:
    for row in schema["fingerprints"].values():
        records.setdefault(row["wire"], set()).add(schema["record"])
for wire, names in records.items():
    if len(names) > 1:
        print(f"{wire} is of {' and '.join(sorted(names))}")
        wrong += 1
print(f"{len(ours)} schemas, {len(theirs)} fingerprints, {wrong} wrong")
sys.exit(wrong > 0 or len(theirs) != len(ours) * len(SPELLINGS))

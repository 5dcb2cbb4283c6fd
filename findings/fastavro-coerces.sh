#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a writer of Avro refuses a value that is not of the field's type, as fastavro does for an int given "3" or a null given text.
# Instead: fastavro writes the text "false" and "nee" as true, None as false, 2.9 as 2, "1.5" as 1.5, and for a date takes the calendar day of
#          a datetime in whatever zone it has: 22:30 UTC on 10 May, in Amsterdam the 11th, becomes 10 May. avro of PyPI refuses them all.
# Hurts:   who writes events from CSV, a form or a database with fastavro: what the file says ("false", no answer) goes out as its opposite,
#          well formed, so that neither broker nor ketenwacht can see it. Convert first, or post JSON to gi-http, which refuses such values.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install avro==1.12.2 fastavro==1.13.1; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >write.py <<'END'
import datetime
import io
import json
import avro.errors
import avro.io
import avro.schema
import fastavro

late = datetime.datetime(2026, 5, 10, 22, 30, tzinfo=datetime.timezone.utc)
date = {"type": "int", "logicalType": "date"}
for kind, value in (("boolean", "false"), ("boolean", "nee"), ("boolean", None), ("int", 2.9), ("int", "3"), ("double", "1.5"), (date, late)):
    schema = {"type": "record", "name": "Feit", "fields": [{"name": "field", "type": kind}]}
    said = f"{kind if isinstance(kind, str) else 'date'} given {value!r}" if value is not late else "date given 2026-05-10 22:30 UTC"
    body = io.BytesIO()
    try:
        fastavro.schemaless_writer(body, schema, {"field": value})
        print(f"{said}: fastavro writes", fastavro.schemaless_reader(io.BytesIO(body.getvalue()), schema, None)["field"])
    except (TypeError, ValueError):
        print(f"{said}: fastavro refuses")
    parsed, body = avro.schema.parse(json.dumps(schema)), io.BytesIO()
    try:
        avro.io.DatumWriter(parsed).write({"field": value}, avro.io.BinaryEncoder(body))
        print(f"{said}: avro writes", avro.io.DatumReader(parsed).read(avro.io.BinaryDecoder(io.BytesIO(body.getvalue())))["field"])
    except (TypeError, avro.errors.AvroException):
        print(f"{said}: avro refuses")
END
v/bin/python write.py >seen 2>&1
cat >expected <<'END'
boolean given 'false': fastavro writes True
boolean given 'false': avro refuses
boolean given 'nee': fastavro writes True
boolean given 'nee': avro refuses
boolean given None: fastavro writes False
boolean given None: avro refuses
int given 2.9: fastavro writes 2
int given 2.9: avro refuses
int given '3': fastavro refuses
int given '3': avro refuses
double given '1.5': fastavro writes 1.5
double given '1.5': avro refuses
date given 2026-05-10 22:30 UTC: fastavro writes 2026-05-10
date given 2026-05-10 22:30 UTC: avro refuses
END
v/bin/pip freeze | grep avro
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

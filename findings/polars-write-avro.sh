#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   what DataFrame.write_avro writes, any Avro library reads, and an instant in UTC becomes a timestamp.
# Instead: without a name argument the record's name is empty, which the specification forbids: fastavro reads the file, avro of PyPI
#          and avsc refuse it. A column with a zone cannot be written at all; without one it becomes local-timestamp-micros, a clock on a wall
#          and no instant, and every field is nullable.
# Hurts:   who hands facts on as a container file from a data frame: the next one cannot open it, or his schema (timestamp-millis, not
#          nullable) does not fit it. Write with fastavro and the .avsc instead.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install polars==2.1.0 fastavro==1.13.1 avro==1.12.2 && npm i --silent --no-audit --no-fund avsc@5.7.9; } \
        >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >write.py <<'END'
import datetime
import avro.datafile
import avro.errors
import avro.io
import fastavro
import polars

frame = polars.DataFrame({"event_id": ["e"], "at": [datetime.datetime(2026, 5, 10, 22, 30)]})
try:
    frame.with_columns(polars.col("at").dt.replace_time_zone("UTC")).write_avro("aware.avro")
    print("in UTC: written")
except polars.exceptions.ComputeError as e:
    print("in UTC: refused,", e)
frame.write_avro("bare.avro")
frame.write_avro("named.avro", name="nl.voorbeeld.Feit")
for name in ("bare", "named"):
    with open(f"{name}.avro", "rb") as file:
        schema = fastavro.reader(file).writer_schema
    print(f"{name}: fastavro reads a record {schema['name']!r} with at {schema['fields'][1]['type']}")
    try:
        print(f"{name}: avro reads", len(list(avro.datafile.DataFileReader(open(f"{name}.avro", "rb"), avro.io.DatumReader()))))
    except avro.errors.AvroException as e:
        print(f"{name}: avro refuses,", e)
END
cat >read.cjs <<'END'
const { createFileDecoder } = require('avsc')
for (const name of ['bare', 'named'])
        createFileDecoder(name + ".avro").on("data", () => console.log(`${name}: avsc reads 1`))
                .on("error", e => console.log(`${name}: avsc refuses, ${e.message}`))
END
{ v/bin/python -W ignore write.py; node read.cjs | sort; } >seen 2>&1
cat >expected <<'END'
in UTC: refused, not yet implemented: write Timestamp(Microsecond, Some("UTC")) to avro
bare: fastavro reads a record '' with at ['null', {'logicalType': 'local-timestamp-micros', 'type': 'long'}]
bare: avro refuses, Named Schemas must have a non-empty name.
named: fastavro reads a record 'nl.voorbeeld.Feit' with at ['null', {'logicalType': 'local-timestamp-micros', 'type': 'long'}]
named: avro reads 1
bare: avsc refuses, invalid name: ""
named: avsc reads 1
END
v/bin/pip freeze | grep -E '^(polars|fastavro|avro)='
npm ls 2>/dev/null | grep -o 'avsc@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

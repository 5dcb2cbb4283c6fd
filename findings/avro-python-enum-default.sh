#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a reader whose enum has a default reads a symbol that came later as that default, as the specification has said since 1.9.
# Instead: fastavro and avsc do. avro of PyPI takes the default in the schema's text, shows it, and refuses the record all the same.
# Hurts:   who reads an inbox with it: the day a type of event gets a new reason or kind (ketenwacht allows that only where the enum has a
#          default, so that old readers go on), that reader stops at the first record that uses it. It must follow the schemas at once.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install avro==1.12.2 fastavro==1.13.1 && npm i --silent --no-audit --no-fund avsc@5.7.9; } >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

kind='{"type": "record", "name": "Feit", "fields": [{"name": "reason", "type": {"type": "enum", "name": "Reason", "default": "OTHER", "symbols": '
echo "$kind"'["ENDED", "OTHER", "MOVED"]}}]}' >writer.json
echo "$kind"'["ENDED", "OTHER"]}}]}' >reader.json
cat >read.py <<'END'
import io
import json
import avro.io
import avro.schema
import fastavro

writer, reader = (json.load(open(f"{name}.json")) for name in ("writer", "reader"))
parsed = [avro.schema.parse(json.dumps(schema)) for schema in (writer, reader)]
print("avro knows the default:", parsed[1].fields[0].type.to_json()["default"])
for symbol in ("ENDED", "MOVED"):
    body = io.BytesIO()
    fastavro.schemaless_writer(body, writer, {"reason": symbol})
    print(symbol, "fastavro", fastavro.schemaless_reader(io.BytesIO(body.getvalue()), writer, reader)["reason"])
    try:
        print(symbol, "avro", avro.io.DatumReader(*parsed).read(avro.io.BinaryDecoder(io.BytesIO(body.getvalue())))["reason"])
    except avro.errors.AvroException as e:
        print(symbol, "avro", "refuses:", str(e).splitlines()[0])
END
cat >read.cjs <<'END'
const { Type } = require('avsc'), fs = require('fs'), type = name => Type.forSchema(JSON.parse(fs.readFileSync(name + '.json')))
const writer = type('writer'), reader = type('reader')
for (const reason of ['ENDED', 'MOVED'])
        console.log(reason, 'avsc', reader.fromBuffer(writer.toBuffer({ reason }), reader.createResolver(writer)).reason)
END
{ v/bin/python read.py; node read.cjs; } >seen 2>&1
cat >expected <<'END'
avro knows the default: OTHER
ENDED fastavro ENDED
ENDED avro ENDED
MOVED fastavro OTHER
MOVED avro refuses: Symbol MOVED not present in Reader's Schema
ENDED avsc ENDED
MOVED avsc OTHER
END
v/bin/pip freeze | grep avro
npm ls 2>/dev/null | grep -o 'avsc@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a reader's schema that renames a field and names the old one as its alias reads old records: aliases are what the format has for it.
# Instead: fastavro and avsc do so. avro of PyPI and apache-avro of Rust never look at a field's aliases: without a default they refuse the
#          record, and with one they give the default in place of the value that is there, without a word.
# Hurts:   who reads records of several years with one schema of his own, in which a field got another name: every old record then says the
#          default ("unknown") where the writer said something. Rename in code, not in the schema, as long as such readers are about.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
export CARGO_PROFILE_DEV_DEBUG=0
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install avro==1.12.2 fastavro==1.13.1 && npm i --silent --no-audit --no-fund avsc@5.7.9 &&
        cargo init -q --name finding && cargo add -q apache-avro@=0.22.0 --no-default-features && cargo fetch -q; } >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

echo '{"type": "record", "name": "Feit", "fields": [{"name": "gemeente", "type": "string"}]}' >old.json
echo '{"type": "record", "name": "Feit", "fields": [{"name": "municipality", "aliases": ["gemeente"], "type": "string"}]}' >new.json
sed 's/"string"}/"string", "default": "unknown"}/' new.json >default.json
cat >read.py <<'END'
import io
import json
import avro.io
import avro.schema
import fastavro

old = json.load(open("old.json"))
body = io.BytesIO()
fastavro.schemaless_writer(body, old, {"gemeente": "gm0014"})
for name in ("new", "default"):
    new = json.load(open(f"{name}.json"))
    print(name, "fastavro", fastavro.schemaless_reader(io.BytesIO(body.getvalue()), old, new)["municipality"])
    try:
        reader = avro.io.DatumReader(avro.schema.parse(json.dumps(old)), avro.schema.parse(json.dumps(new)))
        print(name, "avro", reader.read(avro.io.BinaryDecoder(io.BytesIO(body.getvalue())))["municipality"])
    except avro.errors.AvroException as e:
        print(name, "avro", "refuses:", str(e).splitlines()[0])
END
cat >read.cjs <<'END'
const { Type } = require('avsc'), fs = require('fs'), type = name => Type.forSchema(JSON.parse(fs.readFileSync(name + '.json')))
const old = type('old'), body = old.toBuffer({ gemeente: 'gm0014' })
for (const name of ['new', 'default']) {
        const reader = type(name)
        console.log(name, 'avsc', reader.fromBuffer(body, reader.createResolver(old)).municipality)
}
END
cat >src/main.rs <<'END'
#![allow(deprecated)]

use apache_avro::{from_avro_datum, types::Value, Schema};

fn schema(name: &str) -> Schema {
    Schema::parse_str(&std::fs::read_to_string(format!("{name}.json")).unwrap()).unwrap()
}

fn main() {
    for name in ["new", "default"] {
        match from_avro_datum(&schema("old"), &mut &b"\x0cgm0014"[..], Some(&schema(name))) {
            Ok(Value::Record(fields)) => println!("{name} apache-avro {:?}", fields[0].1),
            Ok(other) => println!("{name} apache-avro {other:?}"),
            Err(e) => println!("{name} apache-avro refuses: {e}"),
        }
    }
}
END
{ v/bin/python read.py; node read.cjs; cargo run -q; } >seen 2>&1
cat >expected <<'END'
new fastavro gm0014
new avro refuses: No default value for field municipality
default fastavro gm0014
default avro unknown
new avsc gm0014
default avsc gm0014
new apache-avro refuses: Missing field in record: "municipality"
default apache-avro String("unknown")
END
v/bin/pip freeze | grep avro
npm ls 2>/dev/null | grep -o 'avsc@.*'
cargo pkgid apache-avro | grep -o 'apache-avro[#@].*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   the TypeScript enum that avro-typescript makes of an Avro enum has the symbols as its values, as avsc and kafkajs readers hand them out.
# Instead: it is a numbered enum: Rol.GI is 0, so record.rol === Rol.GI is false for the record that has "GI", and the compiler does not mind,
#          since the record is declared to hold that enum. @ovotech/avro-ts makes a union of texts, which is what comes.
# Hurts:   who makes the types for his inbox from our schemas and branches on an enum: no branch is ever taken.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
npm i --silent --no-audit --no-fund avro-typescript@1.1.0 @ovotech/avro-ts@6.2.0 avsc@5.7.9 typescript@5.9.3 >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

cat >schema.avsc <<'END'
{"type": "record", "name": "Feit", "fields": [{"name": "rol", "type": {"type": "enum", "name": "Rol", "symbols": ["GI", "GEMEENTE"]}}]}
END
cat >make.cjs <<'END'
const fs = require('node:fs')
const schema = JSON.parse(fs.readFileSync('schema.avsc', 'utf8'))
fs.writeFileSync('feit.ts', require('avro-typescript').avroToTypeScript(schema))
console.log('@ovotech/avro-ts:', /type Rol = .*/.exec(require('@ovotech/avro-ts').toTypeScript(schema))[0])
console.log('avro-typescript:', /enum Rol .*\}/.exec(fs.readFileSync('feit.ts', 'utf8'))[0])
END
cat >use.ts <<'END'
import { Feit, Rol } from './feit'
const avsc = require('avsc'), fs = require('node:fs')
const type = avsc.Type.forSchema(JSON.parse(fs.readFileSync('schema.avsc', 'utf8')))
const feit: Feit = type.fromBuffer(Buffer.from([0]))
console.log('read:', feit.rol, '- is it Rol.GI?', feit.rol === Rol.GI)
END
{ node make.cjs 2>/dev/null; echo "declare const require: any, Buffer: any, console: any" >node.d.ts
  npx tsc --strict --module commonjs --target es2022 --lib es2022 node.d.ts use.ts && echo "compiles"; node use.js; } >seen 2>&1
cat >expected <<'END'
@ovotech/avro-ts: type Rol = "GI" | "GEMEENTE";
avro-typescript: enum Rol { GI, GEMEENTE }
compiles
read: GI - is it Rol.GI? false
END
npm ls 2>/dev/null | grep -oE '(avro-typescript|avro-ts|avsc|typescript)@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

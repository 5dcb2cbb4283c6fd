#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   the CRC-64-AVRO fingerprint of one schema is one number: the canonical form drops logical types, so they cannot change it.
# Instead: a record with timestamp-millis, date and uuid has four. fastavro and twmb/avro (and Java, and ketenwacht) write "long"; avro of
#          PyPI (and apache-avro of Rust) {"type":"long"} and {"type":"string"}; goavro {"type":"long"}, but "string" for a uuid, which is no
#          logical type to it; hamba/avro {"type":"long","logicalType":"timestamp-millis"}.
# Hurts:   who looks up the schema of a record in single-object encoding (C3 01) by a fingerprint computed with another library than the
#          writer's: the schema is there and is not found. A table by fingerprint needs all four of each version.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
{ python3 -m venv v && v/bin/pip -q install avro==1.12.2 fastavro==1.13.1 && go mod init finding &&
        go get github.com/hamba/avro/v2@v2.31.0 github.com/twmb/avro@v1.9.1 github.com/linkedin/goavro/v2@v2.15.0; } >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

cat >schema.json <<'END'
{"type": "record", "name": "nl.voorbeeld.Feit", "fields": [
  {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
  {"name": "day", "type": {"type": "int", "logicalType": "date"}},
  {"name": "about", "type": ["null", {"type": "string", "logicalType": "uuid"}], "default": null}]}
END
sed -e 's/{"type": "\([a-z]*\)", "logicalType": "[a-z-]*"}/"\1"/' schema.json >plain.json
cat >print.py <<'END'
import json
import sys
import avro.schema
import fastavro.schema

text = open(sys.argv[1]).read()
number = fastavro.schema.fingerprint(fastavro.schema.to_parsing_canonical_form(json.loads(text)), "CRC-64-AVRO")
print(sys.argv[1], "fastavro", bytes.fromhex(number)[::-1].hex())
print(sys.argv[1], "avro", int.from_bytes(avro.schema.parse(text).fingerprint("CRC-64-AVRO"), "little").to_bytes(8, "big").hex())
END
cat >print.go <<'END'
package main

import (
	"fmt"
	"os"

	hamba "github.com/hamba/avro/v2"
	"github.com/linkedin/goavro/v2"
	twmb "github.com/twmb/avro"
)

func main() {
	for _, file := range os.Args[1:] {
		text, _ := os.ReadFile(file)
		h, _ := hamba.Parse(string(text))
		sum, _ := h.FingerprintUsing(hamba.CRC64Avro)
		fmt.Printf("%s hamba %x\n", file, sum)
		g, _ := goavro.NewCodec(string(text))
		fmt.Printf("%s goavro %016x\n", file, g.Rabin)
		t, _ := twmb.Parse(string(text))
		fmt.Printf("%s twmb %x\n", file, t.Fingerprint(twmb.NewRabin()))
	}
}
END
{ v/bin/python print.py plain.json; v/bin/python print.py schema.json; go run print.go plain.json schema.json; } 2>&1 | sort >seen
cat >expected <<'END'
plain.json avro 5a445ce19f17ba9d
plain.json fastavro 5a445ce19f17ba9d
plain.json goavro 5a445ce19f17ba9d
plain.json hamba 5a445ce19f17ba9d
plain.json twmb 5a445ce19f17ba9d
schema.json avro 6e87ed70c9f6d2cc
schema.json fastavro 5a445ce19f17ba9d
schema.json goavro 07241218d1f6a7bd
schema.json hamba 2729c46dcf611414
schema.json twmb 5a445ce19f17ba9d
END
v/bin/pip freeze | grep avro
go list -m all | grep avro
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

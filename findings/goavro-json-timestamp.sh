#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   the JSON encoding of Avro is one format: a union's value is named by its type, so a nullable instant is {"long": ...} for everybody.
# Instead: goavro names it by type and logical type, {"long.timestamp-millis": ...}, and refuses what the others write; Java, fastavro and avsc
#          write {"long": ...} and refuse goavro's. Its binary encoding is as the others'.
# Hurts:   who exchanges events as Avro's JSON (a bridge over HTTP, a fixture for tests) with a program in Go, as soon as a nullable field is a
#          date or an instant. Binary with a framing, or plain JSON without the unions' names, is what both sides read.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export GOFLAGS=-modcacherw
mkdir java go
cat >java/pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>f</groupId><artifactId>f</artifactId>
<version>1</version><dependencies><dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>1.12.1</version></dependency>
</dependencies></project>
END
{ python3 -m venv v && v/bin/pip -q install fastavro==1.13.1 && npm i --silent --no-audit --no-fund avsc@5.7.9 &&
        (cd java && mvn -q dependency:copy-dependencies -DoutputDirectory=lib) &&
        (cd go && go mod init finding && go get github.com/linkedin/goavro/v2@v2.15.0); } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >schema.json <<'END'
{"type": "record", "name": "Feit", "fields": [{"name": "wanneer", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]}]}
END
echo '{"wanneer": {"long": 1772442000000}}' >plain.json
cat >go/main.go <<'END'
package main

import (
	"fmt"
	"os"

	"github.com/linkedin/goavro/v2"
)

func main() {
	schema, _ := os.ReadFile("../schema.json")
	codec, err := goavro.NewCodec(string(schema))
	if err != nil {
		panic(err)
	}
	binary, _ := os.ReadFile("../record")
	native, _, err := codec.NativeFromBinary(binary)
	text, _ := codec.TextualFromNative(nil, native)
	fmt.Println("goavro writes", string(text), err)
	os.WriteFile("../goavro.json", text, 0o600)
	plain, _ := os.ReadFile("../plain.json")
	_, _, err = codec.NativeFromTextual(plain)
	fmt.Println("goavro reads the others':", err)
}
END
cat >write.py <<'END'
import datetime
import io
import json
import fastavro

schema, out, text = json.load(open("schema.json")), io.BytesIO(), io.StringIO()
record = {"wanneer": datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.timezone.utc)}
fastavro.schemaless_writer(out, schema, record)
open("record", "wb").write(out.getvalue())
fastavro.json_writer(text, schema, [record])
print("fastavro writes", text.getvalue())
END
cat >read.cjs <<'END'
const fs = require('node:fs')
const type = require('avsc').Type.forSchema(JSON.parse(fs.readFileSync('schema.json')))
console.log('avsc writes', type.toString(type.fromBuffer(fs.readFileSync('record'))))
try { console.log("avsc reads goavro's:", JSON.stringify(type.fromString(fs.readFileSync('goavro.json', 'utf8')))) }
catch (e) { console.log("avsc reads goavro's:", 'refused') }
END
cat >java/Read.java <<'END'
import java.io.*;
import java.nio.file.*;
import org.apache.avro.*;
import org.apache.avro.generic.*;
import org.apache.avro.io.*;
public class Read {
        public static void main(String[] arguments) throws Exception {
                Schema schema = new Schema.Parser().parse(new File("schema.json"));
                var reader = new GenericDatumReader<Object>(schema);
                var out = new ByteArrayOutputStream();
                var json = EncoderFactory.get().jsonEncoder(schema, out);
                var record = reader.read(null, DecoderFactory.get().binaryDecoder(Files.readAllBytes(Path.of("record")), null));
                new GenericDatumWriter<Object>(schema).write(record, json);
                json.flush();
                System.out.println("java writes " + out);
                try {
                        reader.read(null, DecoderFactory.get().jsonDecoder(schema, Files.readString(Path.of("goavro.json"))));
                } catch (AvroTypeException e) {
                        System.out.println("java reads goavro's: " + e.getMessage());
                }
        }
}
END
v/bin/python write.py >seen 2>&1
(cd go && go run .) 2>&1 | sed "s/cannot decode textual [^:]*: //g" >>seen
node read.cjs >>seen 2>&1
java -cp 'java/lib/*' java/Read.java 2>/dev/null >>seen
cat >expected <<'END'
fastavro writes {"wanneer": {"long": 1772442000000}}
goavro writes {"wanneer":{"long.timestamp-millis":1772442000000}} <nil>
goavro reads the others': cannot determine codec: "long" for key: "wanneer"
avsc writes {"wanneer":{"long":1772442000000}}
avsc reads goavro's: refused
java writes {"wanneer":{"long":1772442000000}}
java reads goavro's: Unknown union branch long.timestamp-millis
END
grep goavro go/go.mod | head -1
v/bin/pip freeze | grep '^fastavro='
npm ls 2>/dev/null | grep -o 'avsc@.*'
basename java/lib/avro-1*.jar
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

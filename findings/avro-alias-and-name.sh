#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   an alias stands in when a field's own name was not written; where both were, the name goes first. A rename by alias inside a record is
#          read as SchemaCompatibility says: yes.
# Instead: of a written a and b, a reader's b with alias a gets the written a from fastavro, and nothing at all from Java ("Duplicate field").
#          Of a written a alone, a reader's a and its b with alias a: Java gives b the value and a its default, fastavro the other way
#          round. And when the writer's field has a default in which the renamed field stands, Java refuses every record.
# Hurts:   who splits or joins fields with aliases, or renames one inside a nested record: two consumers of one record see different values, or
#          one of them nothing, though the check of the schemas said yes. Give an alias only for a name that is gone, and no nested defaults.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>1.12.2</version></dependency></dependencies></project>
END
{ python3 -m venv v && v/bin/pip -q install fastavro==1.13.1 &&
        mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib; } \
        >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >schemas <<'END'
{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}, {"name": "b", "type": "int"}]}
{"type": "record", "name": "R", "fields": [{"name": "b", "type": "int", "aliases": ["a"]}]}
{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int"}]}
{"type": "record", "name": "R", "fields": [{"name": "a", "type": "int", "default": 7}, {"name": "b", "type": "int", "aliases": ["a"], "default": 8}]}
{"type":"record","name":"R","fields":[{"name":"w","type":{"type":"record","name":"W","fields":[{"name":"old","type":"int"}]},"default":{"old":1}}]}
{"type":"record","name":"R","fields":[{"name":"w","type":{"type":"record","name":"W","fields":[{"name":"new","type":"int","aliases":["old"]}]}}]}
END
cat >Read.java <<'END'
import java.nio.file.*;
import java.util.*;
import org.apache.avro.*;
import org.apache.avro.generic.*;
import org.apache.avro.io.DecoderFactory;

public class Read {
    public static void main(String[] a) throws Exception {
        List<String> lines = Files.readAllLines(Path.of("schemas"));
        byte[][] data = {{2, 4}, {2}, {2}};
        for (int i = 0; i < 3; i++) {
            Schema old = new Schema.Parser().parse(lines.get(2 * i)), now = new Schema.Parser().parse(lines.get(2 * i + 1));
            try {
                System.out.print("java says " + SchemaCompatibility.checkReaderWriterCompatibility(now, old).getType());
            } catch (AvroRuntimeException e) {
                System.out.print("java says nothing, but throws");
            }
            try {
                System.out.println(", reads " + new GenericDatumReader<>(old, now).read(null, DecoderFactory.get().binaryDecoder(data[i], null)));
            } catch (Exception e) {
                System.out.println(", refuses: " + e.getMessage().split(":")[0]);
            }
        }
    }
}
END
cat >read.py <<'END'
import io
import json
import fastavro

lines = list(map(json.loads, open("schemas")))
for i, data in enumerate(("0204", "02", "02")):
    value = fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(data)), lines[2 * i], lines[2 * i + 1])
    print("fastavro reads", json.dumps(value, sort_keys=True))
END
{ javac -d classes -cp 'lib/*' Read.java && java -cp 'classes:lib/*' Read 2>/dev/null; v/bin/python read.py; } >seen
cat >expected <<'END'
java says nothing, but throws, refuses: Duplicate field b in record R
java says COMPATIBLE, reads {"a": 7, "b": 1}
java says COMPATIBLE, refuses: Invalid default for field w
fastavro reads {"b": 1}
fastavro reads {"a": 1, "b": 8}
fastavro reads {"w": {"new": 1}}
END
ls lib | grep '^avro'
v/bin/pip freeze | grep avro
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

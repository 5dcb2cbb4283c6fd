#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   which branch of a reader's union takes what was written is decided by the full name: a record b.Term goes to b.Term, and an enum that
#          only its namespace tells apart goes where names without namespaces match, as the specification has it.
# Instead: fastavro takes the first branch of the same last name: a b.Term of longs is read as the a.Term of floats before it, and a record
#          beside an enum of that name ends in a KeyError. Java's SchemaCompatibility says that an enum of another namespace in a nullable field
#          is read, and Java's reader then refuses it.
# Hurts:   who has types of one last name in several namespaces (a partner's copy of a schema under a name space of its own): values of the wrong
#          type without a word, or records that the check of the schemas promised and the consumer refuses. Make last names differ.

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

term='{"type":"record","name":"a.Term","fields":[{"name":"n","type":"float"}]}'
cat >schemas <<END
["null",$term,{"type":"record","name":"b.Term","fields":[{"name":"n","type":"long"}]}]
["null",$term,{"type":"record","name":"b.Term","fields":[{"name":"n","type":"long"},{"name":"m","type":"int","default":7}]}]
{"type": "record", "name": "b.Kind", "fields": [{"name": "n", "type": "long"}]}
["null", {"type": "enum", "name": "a.Kind", "symbols": ["A"]}, {"type": "record", "name": "b.Kind", "fields": [{"name": "n", "type": "long"}]}]
["null", {"type": "enum", "name": "a.Kind", "symbols": ["A"]}]
["null", {"type": "enum", "name": "b.Kind", "symbols": ["A", "B"]}]
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
        byte[][] data = {{4, 10}, {10}, {2, 0}};
        for (int i = 0; i < 3; i++) {
            Schema old = new Schema.Parser().parse(lines.get(2 * i)), now = new Schema.Parser().parse(lines.get(2 * i + 1));
            System.out.print("java says " + SchemaCompatibility.checkReaderWriterCompatibility(now, old).getType());
            try {
                System.out.println(", reads " + new GenericDatumReader<>(old, now).read(null, DecoderFactory.get().binaryDecoder(data[i], null)));
            } catch (Exception e) {
                System.out.println(", refuses: " + e.getMessage());
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
for i, data in enumerate(("040a", "0a", "0200")):
    try:
        print("fastavro reads", fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(data)), lines[2 * i], lines[2 * i + 1]))
    except Exception as e:
        print("fastavro refuses:", repr(e))
END
{ javac -d classes -cp 'lib/*' Read.java && java -cp 'classes:lib/*' Read 2>/dev/null; v/bin/python read.py; } >seen
cat >expected <<'END'
java says COMPATIBLE, reads {"n": 5, "m": 7}
java says COMPATIBLE, reads {"n": 5}
java says COMPATIBLE, refuses: Found a.Kind, expecting union[null, Kind]
fastavro reads {'n': 5.0}
fastavro refuses: KeyError('fields')
fastavro reads A
END
ls lib | grep '^avro'
v/bin/pip freeze | grep avro
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a list of records that got a field with a default, or of floats that are read as doubles, is read by a Java consumer with the new
#          schema: SchemaCompatibility says so, and every version did.
# Instead: avro of Java 1.12.2 reckons how many bytes a list must have from the reader's schema, not from the writer's by which it was written,
#          and refuses what is shorter: "Collection claims 2 elements with at least 9 bytes each, but only 3 bytes are available". 1.12.1 reads it.
# Hurts:   whoever updates the library and reads records that were written before a field was added: those whose list stands near the end are
#          refused, those with enough bytes behind it are not, so it shows on some records only. Read old records with the writer's
#          schema, or stay at 1.12.1.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
for version in 1.12.1 1.12.2; do
        cat >pom.xml <<END
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.avro</groupId><artifactId>avro</artifactId><version>$version</version></dependency></dependencies></project>
END
        mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$version" \
                >install.log 2>&1 || { tail -3 install.log; exit 2; }
done
{ python3 -m venv v && v/bin/pip -q install fastavro==1.13.1; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >schemas <<'END'
{"type": "array", "items": {"type": "record", "name": "Step", "fields": [{"name": "day", "type": "int"}]}}
{"type":"array","items":{"type":"record","name":"Step","fields":[{"name":"day","type":"int"},{"name":"hours","type":"double","default":0}]}}
{"type": "array", "items": "float"}
{"type": "array", "items": "double"}
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
        byte[][] data = {{4, 2, 4, 0}, {4, 0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40, 0}};
        for (int i = 0; i < 2; i++) {
            Schema old = new Schema.Parser().parse(lines.get(2 * i)), now = new Schema.Parser().parse(lines.get(2 * i + 1));
            System.out.println(a[0] + " says " + SchemaCompatibility.checkReaderWriterCompatibility(now, old).getType());
            try {
                System.out.println(a[0] + " reads " + new GenericDatumReader<>(old, now).read(null, DecoderFactory.get().binaryDecoder(data[i], null)));
            } catch (Exception e) {
                System.out.println(a[0] + " refuses: " + e.getMessage());
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
for old, new, data in ((lines[0], lines[1], "04020400"), (lines[2], lines[3], "040000803f0000004000")):
    print("fastavro reads", fastavro.schemaless_reader(io.BytesIO(bytes.fromhex(data)), old, new))
END
{
        for version in 1.12.1 1.12.2; do
                javac -d "classes-$version" -cp "$version/*" Read.java && java -cp "classes-$version:$version/*" Read "java $version" 2>/dev/null
        done
        v/bin/python read.py
} >seen
cat >expected <<'END'
java 1.12.1 says COMPATIBLE
java 1.12.1 reads [{"day": 1, "hours": 0.0}, {"day": 2, "hours": 0.0}]
java 1.12.1 says COMPATIBLE
java 1.12.1 reads [1.0, 2.0]
java 1.12.2 says COMPATIBLE
java 1.12.2 refuses: Collection claims 2 elements with at least 9 bytes each, but only 3 bytes are available
java 1.12.2 says COMPATIBLE
java 1.12.2 refuses: Collection claims 2 elements with at least 8 bytes each, but only 9 bytes are available
fastavro reads [{'day': 1, 'hours': 0}, {'day': 2, 'hours': 0}]
fastavro reads [1.0, 2.0]
END
ls 1.12.1 1.12.2 | grep '^avro'
v/bin/pip freeze | grep avro
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

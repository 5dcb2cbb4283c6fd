#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   whoever passes on a message that is JSON in bytes (a record of Kafka, the body of a post) as a structured CloudEvent, with
#          datacontenttype application/json, sends the JSON as "data", whichever SDK of the project it is done with.
# Instead: only Java does. Python, JavaScript and Go put the bytes into data_base64, and the same message as text becomes a string of JSON within
#          the JSON, without a word. Only a value that was parsed first becomes the object.
# Hurts:   a region whose integration hub forwards events with another language's SDK: the receiver looks for the object under data and finds
#          nothing, or a text. gi-http refuses both and says so; parse before passing on.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-core</artifactId><version>4.0.1</version></dependency>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-json-jackson</artifactId><version>4.0.1</version></dependency>
</dependencies></project>
END
cat >Main.java <<'END'
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.jackson.JsonFormat;
import java.net.URI;

public class Main {
    public static void main(String[] arguments) {
        var event = CloudEventBuilder.v1().withId("1").withSource(URI.create("urn:x")).withType("feit")
            .withData("application/json", "{\"gemeente\":\"gm0014\"}".getBytes()).build();
        System.out.println("Java bytes " + new String(new JsonFormat().serialize(event)));
    }
}
END
cat >main.go <<'END'
package main

import (
	"encoding/json"
	"fmt"

	sdk "github.com/cloudevents/sdk-go/v2"
)

func main() {
	text := `{"gemeente":"gm0014"}`
	for _, row := range []struct {
		name string
		data any
	}{{"bytes", []byte(text)}, {"text", text}, {"object", map[string]string{"gemeente": "gm0014"}}} {
		event := sdk.NewEvent()
		event.SetID("1")
		event.SetType("feit")
		event.SetSource("urn:x")
		_ = event.SetData(sdk.ApplicationJSON, row.data)
		line, _ := json.Marshal(event)
		fmt.Println("Go", row.name, string(line))
	}
}
END
cat >main.cjs <<'END'
const { CloudEvent, HTTP } = require("cloudevents");
const text = '{"gemeente":"gm0014"}';
for (const [name, data] of [["bytes", Buffer.from(text)], ["text", text], ["object", JSON.parse(text)]])
  console.log("JavaScript", name, HTTP.structured(new CloudEvent({ type: "feit", source: "urn:x", id: "1", datacontenttype: "application/json", data })).body);
END
cat >main.py <<'END'
import json
from cloudevents.core.bindings import http
from cloudevents.core.v1.event import CloudEvent

text = '{"gemeente":"gm0014"}'
for name, data in (("bytes", text.encode()), ("text", text), ("object", json.loads(text))):
    event = CloudEvent({"type": "feit", "source": "urn:x", "id": "1", "specversion": "1.0", "datacontenttype": "application/json"}, data)
    print("Python", name, http.to_structured_event(event).body.decode())
END
{ python3 -m venv v && v/bin/pip -q install cloudevents==2.2.0 && npm install --silent --no-audit --no-fund cloudevents@10.0.0 &&
        mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies -DoutputDirectory=lib &&
        go mod init x && go get github.com/cloudevents/sdk-go/v2@v2.16.2; } >install.log 2>&1 || { tail -3 install.log; exit 2; }
{ v/bin/python main.py && node main.cjs && go run . && java -cp 'lib/*' Main.java 2>/dev/null; } |
        sed -nE 's/^([A-Za-z]+ [a-z]+) .*("data(_base64)?" ?: ?("([^"\\]|\\.)*"|\{[^}]*\})).*/\1 \2/p' | sed 's/ *: */:/g' >seen
cat >expected <<'END'
Python bytes "data_base64":"eyJnZW1lZW50ZSI6ImdtMDAxNCJ9"
Python text "data":"{\"gemeente\":\"gm0014\"}"
Python object "data":{"gemeente":"gm0014"}
JavaScript bytes "data_base64":"eyJnZW1lZW50ZSI6ImdtMDAxNCJ9"
JavaScript text "data":"{\"gemeente\":\"gm0014\"}"
JavaScript object "data":{"gemeente":"gm0014"}
Go bytes "data_base64":"eyJnZW1lZW50ZSI6ImdtMDAxNCJ9"
Go text "data":"{\"gemeente\":\"gm0014\"}"
Go object "data":{"gemeente":"gm0014"}
Java bytes "data":{"gemeente":"gm0014"}
END
echo "cloudevents 2.2.0 (PyPI), 10.0.0 (npm), sdk-go 2.16.2, Java 4.0.1"
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

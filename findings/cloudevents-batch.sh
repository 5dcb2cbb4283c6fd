#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   what reads a CloudEvent from an HTTP message reads a batch (application/cloudevents-batch+json) too, or says that it does not.
# Instead: Go has a function of its own for it and says so. Java's calls it an unknown encoding. Python's new interface fails with an
#          AttributeError, its old one with an exception whose text holds the events themselves. npm's reads the text of a batch and not
#          the array that a framework has parsed already, though it takes a single event either way.
# Hurts:   who pages through an inbox or gets batches posted: a whole page fails, and with Python's old interface what is in it goes to the log.
#          Parse the array, and give the SDK each element as an event in structured mode.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export GOFLAGS=-modcacherw
mkdir java go
cat >java/pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>f</groupId><artifactId>f</artifactId>
<version>1</version><dependencies>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-http-basic</artifactId><version>4.0.1</version></dependency>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-json-jackson</artifactId><version>4.0.1</version></dependency>
</dependencies></project>
END
{ python3 -m venv v && v/bin/pip -q install cloudevents==2.2.0 && npm i --silent --no-audit --no-fund cloudevents@10.0.0 &&
        (cd java && mvn -q dependency:copy-dependencies -DoutputDirectory=lib) &&
        (cd go && go mod init finding && go get github.com/cloudevents/sdk-go/v2@v2.16.2); } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >one.json <<'END'
{"specversion": "1.0", "id": "1", "source": "urn:voorbeeld", "type": "nl.voorbeeld.feit.v1", "data": {"gemeente": "gm0014"}}
END
echo "[$(cat one.json), $(sed 's/"1"/"2"/' one.json)]" >batch.json
cat >read.cjs <<'END'
const fs = require('node:fs')
const { HTTP } = require('cloudevents')
for (const [kind, file] of [['cloudevents', 'one.json'], ['cloudevents-batch', 'batch.json']])
        for (const read of [text => text, JSON.parse]) {
                const what = `npm, ${kind}, ${read === JSON.parse ? 'parsed' : 'text'}:`
                try {
                        const got = HTTP.toEvent({ headers: { 'content-type': `application/${kind}+json` }, body: read(fs.readFileSync(file, 'utf8')) })
                        console.log(what, [got].flat().map(e => e.id).join(' '))
                } catch (e) { console.log(what, e.name) }
        }
END
cat >read.py <<'END'
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.v1.http import from_http

headers, body = {"content-type": "application/cloudevents-batch+json"}, open("batch.json", "rb").read()
for name, read in (("new", lambda: from_http_event(HTTPMessage(headers=headers, body=body))), ("old", lambda: from_http(headers, body))):
    try:
        print(name, read())
    except Exception as e:
        print(f"python, {name} interface: {type(e).__name__}, with the events' data in its text: {'gm0014' in str(e)}")
END
cat >go/main.go <<'END'
package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"

	ce "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func main() {
	batch, _ := os.ReadFile("../batch.json")
	answer := func() *http.Response {
		return &http.Response{Header: http.Header{"Content-Type": {"application/cloudevents-batch+json"}}, Body: io.NopCloser(bytes.NewReader(batch))}
	}
	events, err := ce.NewEventsFromHTTPResponse(answer())
	fmt.Println("go, NewEventsFromHTTPResponse:", len(events), err)
	_, err = ce.NewEventFromHTTPResponse(answer())
	fmt.Println("go, NewEventFromHTTPResponse:", err)
}
END
cat >java/Read.java <<'END'
import io.cloudevents.http.HttpMessageFactory;
import java.nio.file.*;
import java.util.Map;
public class Read {
        public static void main(String[] arguments) throws Exception {
                try {
                        byte[] batch = Files.readAllBytes(Path.of("batch.json"));
                        System.out.println(HttpMessageFactory.createReader(Map.of("Content-Type", "application/cloudevents-batch+json"), batch).toEvent());
                } catch (RuntimeException e) {
                        System.out.println("java: " + e.getMessage());
                }
        }
}
END
{ node read.cjs; v/bin/python read.py; (cd go && go run .); java -cp 'java/lib/*' java/Read.java; } >seen 2>/dev/null
cat >expected <<'END'
npm, cloudevents, text: 1
npm, cloudevents, parsed: 1
npm, cloudevents-batch, text: 1 2
npm, cloudevents-batch, parsed: SyntaxError
python, new interface: AttributeError, with the events' data in its text: False
python, old interface: MissingRequiredFields, with the events' data in its text: True
go, NewEventsFromHTTPResponse: 2 <nil>
go, NewEventFromHTTPResponse: not supported for batch events
java: Could not parse. Unknown encoding. Invalid content type or spec version
END
grep -o 'cloudevents/sdk-go.*' go/go.mod
v/bin/pip freeze | grep '^cloudevents='
npm ls 2>/dev/null | grep -o 'cloudevents@.*'
basename java/lib/cloudevents-http-basic*.jar
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

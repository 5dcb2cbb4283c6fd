#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   "subject": null and "dataref": null in a CloudEvent mean that it has none, as the JSON format says; the library that Dutch case
#          systems notify with (notifications-api-common) writes its absent values so.
# Instead: the new interface of the Python SDK refuses the event for its subject. The Java SDK drops the subject and gives an extension dataref
#          whose value is the text "null". The JavaScript SDK drops the subject and keeps dataref as null. Only Go has neither.
# Hurts:   who puts an SDK between a zaaksysteem and ketenwacht (or anything else): an event is refused, or the attribute goes on as the text
#          "null", which a receiver then takes for a reference to fetch. Leave members out that have no value.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
cat >pom.xml <<'END'
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version>
<dependencies>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-http-basic</artifactId><version>4.0.1</version></dependency>
<dependency><groupId>io.cloudevents</groupId><artifactId>cloudevents-json-jackson</artifactId><version>4.0.1</version></dependency>
</dependencies></project>
END
{ python3 -m venv v && v/bin/pip -q install cloudevents==2.2.0 && npm i --silent --no-audit --no-fund cloudevents@10.0.0 &&
        go mod init finding && go get github.com/cloudevents/sdk-go/v2@v2.16.2 &&
        mvn -q -B -Dmaven.repo.local="$work/m2" org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib; } \
        >install.log 2>&1 || { tail -3 install.log; exit 2; }

echo '{"specversion":"1.0","id":"1","source":"urn:nld:oin:00000099000000000014:systeem:x","type":"nl.overheid.zaken.zaak.create",
"subject":null,"dataref":null,"data":{"a":1}}' >event.json
cat >read.py <<'END'
from cloudevents.core.bindings import http

try:
    event = http.from_http_event(http.HTTPMessage(headers={"content-type": "application/cloudevents+json"}, body=open("event.json", "rb").read()))
    print("python:", {name: event.get_attributes().get(name, "absent") for name in ("subject", "dataref")})
except Exception as e:
    print("python refuses:", str(e).split(":: ")[-1])
END
cat >read.cjs <<'END'
const { HTTP } = require('cloudevents'), fs = require('fs')
const event = HTTP.toEvent({ headers: { 'content-type': 'application/cloudevents+json' }, body: fs.readFileSync('event.json', 'utf8') })
for (const name of ['subject', 'dataref']) console.log(`javascript: ${name}`, event[name] === undefined ? 'absent' : JSON.stringify(event[name]))
END
cat >read.go <<'END'
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

func main() {
	body, _ := os.ReadFile("event.json")
	request, _ := http.NewRequest("POST", "http://localhost/", bytes.NewReader(body))
	request.Header.Set("Content-Type", "application/cloudevents+json")
	event, err := cloudevents.NewEventFromHTTPRequest(request)
	if err != nil {
		fmt.Println("go refuses:", err)
		return
	}
	fmt.Printf("go: subject %q, extensions %v\n", event.Subject(), event.Extensions())
}
END
cat >Read.java <<'END'
import io.cloudevents.http.HttpMessageFactory;
import java.nio.file.*;
import java.util.Map;

public class Read {
        public static void main(String[] args) throws Exception {
                var event = HttpMessageFactory.createReader(Map.of("content-type", "application/cloudevents+json"),
                                                            Files.readAllBytes(Path.of("event.json"))).toEvent();
                Object dataref = event.getExtension("dataref");
                System.out.println("java: subject " + (event.getSubject() == null ? "absent" : event.getSubject()) + ", dataref "
                                   + (dataref == null ? "absent" : dataref.getClass().getSimpleName() + " \"" + dataref + "\""));
        }
}
END
{ v/bin/python read.py; node read.cjs; go run read.go; java -cp 'lib/*' Read.java; } 2>&1 | grep -v SLF4J >seen
cat >expected <<'END'
python refuses: subject: Attribute 'subject' must be a <class 'str'>, Attribute 'subject' must not be empty
javascript: subject absent
javascript: dataref null
go: subject "", extensions map[]
java: subject absent, dataref String "null"
END
v/bin/pip freeze | grep cloudevents
npm ls 2>/dev/null | grep -o 'cloudevents@.*'
go list -m github.com/cloudevents/sdk-go/v2
ls lib | grep cloudevents-core
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

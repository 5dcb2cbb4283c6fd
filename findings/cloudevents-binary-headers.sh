#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   ce-subject: GI%20Noord in binary mode is the subject "GI Noord": the HTTP binding asks for percent-encoding in headers, and an SDK
#          is there to do and undo it.
# Instead: only the new interface of the Python SDK does. Its old one, JavaScript and Go give "GI%20Noord", and for an event whose subject
#          is "GI Noord" Go and JavaScript send the blank as it is.
# Hurts:   who compares attributes of events that came in binary mode with those of structured mode, or with a name: they differ as soon as one
#          has a blank, a quotation mark, a per cent sign or an accent. Keep attributes to plain characters, or take structured mode.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
{ python3 -m venv v && v/bin/pip -q install cloudevents==2.2.0 && npm i --silent --no-audit --no-fund cloudevents@10.0.0 &&
        go mod init finding && go get github.com/cloudevents/sdk-go/v2@v2.16.2; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >read.py <<'END'
from cloudevents.core.bindings import http
from cloudevents.v1.http import from_http

headers = {"content-type": "application/json", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "urn:x", "ce-type": "t", "ce-subject": "GI%20Noord"}
event = http.from_http_event(http.HTTPMessage(headers=headers, body=b"{}"))
print("python, new: reads", event.get_subject())
print("python, new: sends", http.to_binary_event(event).headers["ce-subject"])
print("python, old: reads", from_http(headers, b"{}")["subject"])
END
cat >read.cjs <<'END'
const { HTTP, CloudEvent } = require('cloudevents')
const headers = { 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': 'urn:x', 'ce-type': 't' }
console.log('javascript: reads', HTTP.toEvent({ headers: { ...headers, 'ce-subject': 'GI%20Noord' }, body: '{}' }).subject)
console.log('javascript: sends', HTTP.binary(new CloudEvent({ type: 't', source: 'urn:x', subject: 'GI Noord', data: {} })).headers['ce-subject'])
END
cat >read.go <<'END'
package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
)

func main() {
	request, _ := http.NewRequest("POST", "http://localhost/", strings.NewReader("{}"))
	for name, value := range map[string]string{"Content-Type": "application/json", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "urn:x",
		"ce-type": "t", "ce-subject": "GI%20Noord"} {
		request.Header.Set(name, value)
	}
	event, _ := cloudevents.NewEventFromHTTPRequest(request)
	fmt.Println("go: reads", event.Subject())
	event.SetSubject("GI Noord")
	request, _ = http.NewRequest("POST", "http://localhost/", nil)
	_ = cehttp.WriteRequest(context.Background(), cloudevents.ToMessage(event), request)
	fmt.Println("go: sends", request.Header.Get("ce-subject"))
}
END
{ v/bin/python read.py; node read.cjs; go run read.go; } >seen 2>&1
cat >expected <<'END'
python, new: reads GI Noord
python, new: sends GI%20Noord
python, old: reads GI%20Noord
javascript: reads GI%20Noord
javascript: sends GI Noord
go: reads GI%20Noord
go: sends GI Noord
END
v/bin/pip freeze | grep cloudevents
npm ls 2>/dev/null | grep -o 'cloudevents@.*'
go list -m github.com/cloudevents/sdk-go/v2
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

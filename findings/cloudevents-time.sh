#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   an SDK that receives a CloudEvent hands its time on as it came, and an event without the optional time has none.
# Instead: the JavaScript SDK makes every time UTC with three decimals: "2026-05-11T00:00:01.123456+02:00" becomes "2026-05-10T22:00:01.123Z",
#          the day before for whoever reads its first ten characters. The JavaScript and the Python SDK (its old interface and its new one) give
#          an event without time the instant of its receipt, so that no code behind them can tell it from a stated one. Go leaves both alone.
# Hurts:   a receiver of notifications (the Dutch profile lets a sender leave time out) who computes a term from time: it moves with every
#          repetition of the delivery, and facts sort by arrival. Read the body before the SDK does, or the field inside data.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
{ python3 -m venv v && v/bin/pip -q install cloudevents==2.2.0 && npm i --silent --no-audit --no-fund cloudevents@10.0.0 &&
        go mod init finding && go get github.com/cloudevents/sdk-go/v2@v2.16.2; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

event='"specversion":"1.0","id":"1","source":"urn:nld:oin:00000099000000000014:systeem:x","type":"nl.voorbeeld.feit.v1","data":{"a":1}'
echo "{$event,\"time\":\"2026-05-11T00:00:01.123456+02:00\"}" >stated.json
echo "{$event}" >absent.json
cat >read.py <<'END'
from cloudevents.core.bindings import http
from cloudevents.v1.http import from_http

headers = {"content-type": "application/cloudevents+json; charset=utf-8"}
for name in ("stated", "absent"):
    body = open(f"{name}.json", "rb").read()
    new = http.from_http_event(http.HTTPMessage(headers=headers, body=body))
    for which, time in (("new", new.get_time()), ("old", from_http(headers, body)["time"])):
        said = time if isinstance(time, str) or time is None else time.isoformat()
        print(f"{name}: python, {which}:", said if name == "stated" else "none" if said is None else "some instant")
END
cat >read.cjs <<'END'
const { HTTP } = require('cloudevents'), fs = require('fs')
for (const name of ['stated', 'absent']) {
        const headers = { 'content-type': 'application/cloudevents+json; charset=utf-8' }, body = fs.readFileSync(name + '.json', 'utf8')
        const time = HTTP.toEvent({ headers, body }).time
        console.log(`${name}: javascript:`, name === 'stated' ? time : time ? 'some instant' : 'none')
}
END
cat >read.go <<'END'
package main

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
)

func main() {
	for _, name := range []string{"stated", "absent"} {
		body, _ := os.ReadFile(name + ".json")
		request, _ := http.NewRequest("POST", "http://localhost/", bytes.NewReader(body))
		request.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
		event, err := cloudevents.NewEventFromHTTPRequest(request)
		if err != nil || event.Time().IsZero() {
			fmt.Printf("%s: go: none\n", name)
		} else {
			fmt.Printf("%s: go: %s\n", name, event.Time().Format(time.RFC3339Nano))
		}
	}
}
END
{ v/bin/python read.py; node read.cjs; go run read.go; } >seen 2>&1
cat >expected <<'END'
stated: python, new: 2026-05-11T00:00:01.123456+02:00
stated: python, old: 2026-05-11T00:00:01.123456+02:00
absent: python, new: some instant
absent: python, old: some instant
stated: javascript: 2026-05-10T22:00:01.123Z
absent: javascript: some instant
stated: go: 2026-05-11T00:00:01.123456+02:00
absent: go: none
END
v/bin/pip freeze | grep cloudevents
npm ls 2>/dev/null | grep -o 'cloudevents@.*'
go list -m github.com/cloudevents/sdk-go/v2
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

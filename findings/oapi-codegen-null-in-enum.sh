#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a Go client generated from OpenAPI 3.1 takes {"type": ["string", "null"], "enum": ["ENDED", "OTHER", null]} for a pointer to one of
#          two words.
# Instead: oapi-codegen reads the types well, and makes of null a third word: a constant of the text "<nil>", which Valid() accepts and which
#          goes out as "<nil>".
# Hurts:   who generates a client from /openapi.json of gi-http and lists the constants in a form or a switch: the third choice is refused (422).
#          Leave the pointer nil for null.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw GOBIN=$work/bin
{ go mod init finding && go get github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 &&
        go build -o generate github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >api.json <<'END'
{"openapi": "3.1.0", "info": {"title": "events", "version": "1"}, "paths": {}, "components": {"schemas": {"Fact": {"type": "object",
 "properties": {"place": {"type": ["string", "null"]}, "reason": {"type": ["string", "null"], "enum": ["ENDED", "OTHER", null]}}}}}}
END
mkdir client
./generate -generate types,skip-prune -package client api.json 2>/dev/null | sed '/openapi_types/d' >client/client.go
grep -o 'FactReason = ".*"' client/client.go | cut -d'"' -f2 | sort >words
cat >post.go <<'END'
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"finding/client"
)

func main() {
	text, _ := os.ReadFile("words")
	for _, word := range strings.Fields(string(text)) {
		reason := client.FactReason(word)
		body, err := json.Marshal(client.Fact{Reason: &reason})
		fmt.Printf("constant %s, valid %v: posts ", word, reason.Valid())
		os.Stdout.WriteString(strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(body)) + "\n")
		if err != nil {
			fmt.Println(err)
		}
	}
}
END
go run post.go >seen 2>&1
cat >expected <<'END'
constant <nil>, valid true: posts {"reason":"<nil>"}
constant ENDED, valid true: posts {"reason":"ENDED"}
constant OTHER, valid true: posts {"reason":"OTHER"}
END
go list -m github.com/oapi-codegen/oapi-codegen/v2
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

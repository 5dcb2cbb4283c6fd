#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a Go program that hands 11 May 2026, 00:00 in Amsterdam, to a field of logical type date writes 11 May: a date has no zone, and that
#          is the date the value shows.
# Instead: hamba/avro and goavro count days in UTC and write 10 May; twmb/avro writes 11 May. At 00:00 UTC all three agree.
# Hurts:   who writes facts ("the measure starts on") from dates that his code keeps as local midnights, as databases and parsers give them:
#          each goes out a day early, terms run from the wrong day, and moving between the libraries moves the dates.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
{ go mod init finding && go get github.com/hamba/avro/v2@v2.31.0 github.com/twmb/avro@v1.9.1 github.com/linkedin/goavro/v2@v2.15.0; } >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

cat >write.go <<'END'
package main

import (
	"fmt"
	"time"
	_ "time/tzdata"

	hamba "github.com/hamba/avro/v2"
	"github.com/linkedin/goavro/v2"
	twmb "github.com/twmb/avro"
)

const text = `{"type": "record", "name": "Feit", "fields": [{"name": "day", "type": {"type": "int", "logicalType": "date"}}]}`

func main() {
	amsterdam, _ := time.LoadLocation("Europe/Amsterdam")
	for _, zone := range []*time.Location{time.UTC, amsterdam} {
		fact := map[string]any{"day": time.Date(2026, 5, 11, 0, 0, 0, 0, zone)}
		say := func(library string, body []byte, err error) {
			var n uint64
			for i, b := range body {
				n |= uint64(b&0x7f) << (7 * i)
			}
			day := time.Unix(int64(n>>1)*86400, 0).UTC().Format("2006-01-02")
			fmt.Println("2026-05-11 00:00", zone, library, "writes", day, err)
		}
		h, _ := hamba.Parse(text)
		body, err := hamba.Marshal(h, fact)
		say("hamba", body, err)
		g, _ := goavro.NewCodec(text)
		body, err = g.BinaryFromNative(nil, fact)
		say("goavro", body, err)
		t, _ := twmb.Parse(text)
		body, err = t.Encode(fact)
		say("twmb", body, err)
	}
}
END
go run write.go >seen 2>&1
cat >expected <<'END'
2026-05-11 00:00 UTC hamba writes 2026-05-11 <nil>
2026-05-11 00:00 UTC goavro writes 2026-05-11 <nil>
2026-05-11 00:00 UTC twmb writes 2026-05-11 <nil>
2026-05-11 00:00 Europe/Amsterdam hamba writes 2026-05-10 <nil>
2026-05-11 00:00 Europe/Amsterdam goavro writes 2026-05-10 <nil>
2026-05-11 00:00 Europe/Amsterdam twmb writes 2026-05-11 <nil>
END
go list -m all | grep avro
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   packages with the Dutch holidays agree on the days on which a legal term may end; at worst they miss a rare decree.
# Instead: in April and May 2026 the law has 36 working days (the decree in BWBR0051300 equates 15 May); four packages count 37, 38 and 39.
#          holidays has 5 May only every fifth year, date-holidays files Good Friday and 5 May under school days, and none of the four knows
#          a day equated with a holiday, 2 January and 15 May of 2026 among them.
# Hurts:   who counts a term in working days beside ketenwacht, in a report or a zaaksysteem, and gets another last day.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
export GOMODCACHE=$work/modules GOFLAGS=-modcacherw
{ python3 -m venv v && v/bin/pip -q install holidays==0.109 workalendar==17.0.0 && npm i --silent --no-audit --no-fund date-holidays@3.37.0 &&
        go mod init finding && go get github.com/rickar/cal/v2@v2.1.13; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >days.py <<'END'
import datetime
import holidays
import workalendar.europe

DAYS = [datetime.date(2026, 4, 1) + datetime.timedelta(n) for n in range(61)]


def say(name, holiday):
    free = [day for day in DAYS if day.weekday() < 5 and holiday(day)]
    print(f"{name}: {sum(day.weekday() < 5 for day in DAYS) - len(free)} working days; free {' '.join(f'{day:%m-%d}' for day in free)};",
          "equated 01-02", "free" if holiday(datetime.date(2026, 1, 2)) else "not free")


dutch = holidays.country_holidays("NL")
say("holidays", lambda day: day in dutch)
wide = holidays.country_holidays("NL", categories=("public", "optional"))
say("holidays, optional too", lambda day: day in wide)
say("workalendar", workalendar.europe.Netherlands().is_holiday)
END
cat >days.cjs <<'END'
const Holidays = require('date-holidays')
const of = new Set(new Holidays('NL').getHolidays(2026).filter(h => h.type === 'public').map(h => h.date.slice(0, 10)))
const days = [...Array(61).keys()].map(n => new Date(Date.UTC(2026, 3, 1 + n))).filter(day => day.getUTCDay() % 6).map(day => day.toISOString().slice(0, 10))
const free = days.filter(day => of.has(day))
console.log(`date-holidays, public: ${days.length - free.length} working days; free ${free.map(day => day.slice(5)).join(' ')};`,
        'equated 01-02', of.has('2026-01-02') ? 'free' : 'not free')
END
cat >days.go <<'END'
package main

import (
	"fmt"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/nl"
)

func main() {
	c, n, free := cal.NewBusinessCalendar(), 0, ""
	c.AddHoliday(nl.Holidays...)
	for i := 0; i < 61; i++ {
		day := time.Date(2026, 4, 1+i, 12, 0, 0, 0, time.UTC)
		if c.IsWorkday(day) {
			n++
		} else if day.Weekday()%6 != 0 {
			free += day.Format(" 01-02")
		}
	}
	says := map[bool]string{true: "not free", false: "free"}
	fmt.Printf("cal: %d working days; free%s; equated 01-02 %s\n", n, free, says[c.IsWorkday(time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC))])
}
END
{ v/bin/python days.py; node days.cjs; go run days.go; } >seen 2>&1
cat >expected <<'END'
holidays: 38 working days; free 04-03 04-06 04-27 05-14 05-25; equated 01-02 not free
holidays, optional too: 37 working days; free 04-03 04-06 04-27 05-05 05-14 05-25; equated 01-02 not free
workalendar: 37 working days; free 04-03 04-06 04-27 05-05 05-14 05-25; equated 01-02 not free
date-holidays, public: 39 working days; free 04-06 04-27 05-14 05-25; equated 01-02 not free
cal: 37 working days; free 04-03 04-06 04-27 05-05 05-14 05-25; equated 01-02 not free
END
v/bin/pip freeze | grep -E '^(holidays|workalendar)='
npm ls 2>/dev/null | grep -o 'date-holidays@.*'
go list -m github.com/rickar/cal/v2
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

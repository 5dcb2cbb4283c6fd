#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   dayjs adds a duration of six weeks as it adds one of 42 days, since it says itself that P6W is 42 days.
# Instead: dayjs.duration('P6W') has 42 days when asked, and adds none: the date stays as it was, the weeks of P1M2W are dropped. Made as a number,
#          duration(6, 'weeks') becomes a month and part of another, and ends a day and fourteen hours off. A duration('P42D') and
#          add(6, 'weeks') are right.
# Hurts:   who shows the six weeks for a plan from the term as it is written (P6W): the plan is due on the day the measure starts.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
npm i --silent --no-audit --no-fund dayjs@1.11.23 >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >weeks.mjs <<'END'
import dayjs from 'dayjs'
import duration from 'dayjs/plugin/duration.js'
dayjs.extend(duration)
const start = dayjs('2026-03-02T12:00:00Z')
for (const text of ['P6W', 'P42D', 'P1M2W'])
        console.log(text, 'of', dayjs.duration(text).asDays().toFixed(1), 'days:', start.add(dayjs.duration(text)).toISOString())
console.log("duration(6, 'weeks'):", start.add(dayjs.duration(6, 'weeks')).toISOString())
console.log("add(6, 'weeks'):", start.add(6, 'weeks').toISOString())
END
TZ=UTC node weeks.mjs >seen 2>&1
cat >expected <<'END'
P6W of 42.0 days: 2026-03-02T12:00:00.000Z
P42D of 42.0 days: 2026-04-13T12:00:00.000Z
P1M2W of 44.4 days: 2026-04-02T12:00:00.000Z
duration(6, 'weeks'): 2026-04-14T02:00:00.000Z
add(6, 'weeks'): 2026-04-13T12:00:00.000Z
END
npm ls 2>/dev/null | grep -o 'dayjs@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

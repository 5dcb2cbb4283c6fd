#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a calendar entry that repeats every three months from 30 November comes back on 28 February, as every date library adds months.
# Instead: RRULE leaves out months that lack the day: the next one is 30 May. dateutil, rrule and ical.js all skip February, and a monthly entry of
#          the 31st comes seven times a year. BYMONTHDAY=28,29,30 with BYSETPOS=-1 says what was meant.
# Hurts:   who keeps the reviews of a plan, due every three months by ketenwacht, in a calendar beside it: the entry for the end of February
#          never comes, and the term passes there in silence.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install python-dateutil==2.9.0.post0 && npm i --silent --no-audit --no-fund rrule@2.8.1 ical.js@2.2.1; } \
        >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >repeat.py <<'END'
import datetime
from dateutil.relativedelta import relativedelta
from dateutil.rrule import rrulestr

start = datetime.datetime(2025, 11, 30)
print("added:   ", *(f"{start + relativedelta(months=3 * n):%Y-%m-%d}" for n in range(4)))
for rule in ("FREQ=MONTHLY;INTERVAL=3;COUNT=4", "FREQ=MONTHLY;INTERVAL=3;COUNT=4;BYMONTHDAY=28,29,30;BYSETPOS=-1"):
    print("dateutil:", *(f"{day:%Y-%m-%d}" for day in rrulestr(rule, dtstart=start)))
END
cat >repeat.mjs <<'END'
import rrule from 'rrule'
import ICAL from 'ical.js'
const text = 'FREQ=MONTHLY;INTERVAL=3;COUNT=4'
const rule = rrule.rrulestr(`DTSTART:20251130T000000Z\nRRULE:${text}`)
console.log('rrule:   ', rule.all().map(day => day.toISOString().slice(0, 10)).join(' '))
const days = ICAL.Recur.fromString(text).iterator(ICAL.Time.fromDateString('2025-11-30'))
console.log('ical.js: ', [1, 2, 3, 4].map(() => days.next().toString()).join(' '))
END
{ v/bin/python repeat.py; node repeat.mjs; } >seen 2>&1
cat >expected <<'END'
added:    2025-11-30 2026-02-28 2026-05-30 2026-08-30
dateutil: 2025-11-30 2026-05-30 2026-08-30 2026-11-30
dateutil: 2025-11-30 2026-02-28 2026-05-30 2026-08-30
rrule:    2025-11-30 2026-05-30 2026-08-30 2026-11-30
ical.js:  2025-11-30 2026-05-30 2026-08-30 2026-11-30
END
v/bin/pip freeze | grep dateutil
npm ls 2>/dev/null | grep -oE '(rrule|ical.js)@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

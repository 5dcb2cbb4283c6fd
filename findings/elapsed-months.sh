#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   who adds three months to 30 November and gets 28 February will also be told that three whole months lie between the two.
# Instead: all add alike, and count back in two ways: dateutil, Luxon, date-fns, moment and DuckDB say 3 months, Temporal and pendulum 2.
# Hurts:   who tests a term by elapsed months ("at least 3") beside the date by which ketenwacht calls it over: for starts on the last days
#          of a month such a test is a day late, and two systems in one chain differ.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install python-dateutil==2.9.0.post0 pendulum==3.3.0 duckdb==2.0.1 &&
        npm i --silent --no-audit --no-fund luxon@3.7.2 date-fns@4.4.0 moment@2.31.0 temporal-polyfill@1.0.8; } >install.log 2>&1 ||
        { tail -3 install.log; exit 2; }

cat >months.py <<'END'
import datetime
import dateutil.relativedelta
import duckdb
import pendulum

for start, months in ((datetime.date(2025, 11, 30), 3), (datetime.date(2026, 1, 31), 1)):
    end = start + dateutil.relativedelta.relativedelta(months=months)
    print(f"{start} + {months} months, dateutil: {end}, elapsed", dateutil.relativedelta.relativedelta(end, start).months)
    a, b = pendulum.date(start.year, start.month, start.day), pendulum.date(start.year, start.month, start.day).add(months=months)
    print(f"{start} + {months} months, pendulum: {b}, elapsed", b.diff(a).in_months())
    row = duckdb.execute("select d, datesub('month', ?::date, d) from (select (?::date + to_months(?))::date d)", [start, start, months]).fetchone()
    print(f"{start} + {months} months, duckdb: {row[0]}, elapsed {row[1]}")
END
cat >months.mjs <<'END'
import { DateTime } from 'luxon'
import { addMonths, differenceInMonths, format, parseISO } from 'date-fns'
import moment from 'moment'
import { Temporal } from 'temporal-polyfill'

for (const [start, months] of [['2025-11-30', 3], ['2026-01-31', 1]]) {
        const say = (name, end, elapsed) => console.log(`${start} + ${months} months, ${name}: ${end}, elapsed ${elapsed}`)
        const luxon = DateTime.fromISO(start).plus({ months })
        say('luxon', luxon.toISODate(), Math.floor(luxon.diff(DateTime.fromISO(start), 'months').months))
        const fns = addMonths(parseISO(start), months)
        say('date-fns', format(fns, 'yyyy-MM-dd'), differenceInMonths(fns, parseISO(start)))
        const mom = moment(start).add(months, 'months')
        say('moment', mom.format('YYYY-MM-DD'), mom.diff(moment(start), 'months'))
        const plain = Temporal.PlainDate.from(start)
        say('temporal', plain.add({ months }), plain.until(plain.add({ months }), { largestUnit: 'months' }).months)
}
END
{ v/bin/python months.py; node months.mjs; } >seen 2>&1
cat >expected <<'END'
2025-11-30 + 3 months, dateutil: 2026-02-28, elapsed 3
2025-11-30 + 3 months, pendulum: 2026-02-28, elapsed 2
2025-11-30 + 3 months, duckdb: 2026-02-28, elapsed 3
2026-01-31 + 1 months, dateutil: 2026-02-28, elapsed 1
2026-01-31 + 1 months, pendulum: 2026-02-28, elapsed 1
2026-01-31 + 1 months, duckdb: 2026-02-28, elapsed 1
2025-11-30 + 3 months, luxon: 2026-02-28, elapsed 3
2025-11-30 + 3 months, date-fns: 2026-02-28, elapsed 3
2025-11-30 + 3 months, moment: 2026-02-28, elapsed 3
2025-11-30 + 3 months, temporal: 2026-02-28, elapsed 2
2026-01-31 + 1 months, luxon: 2026-02-28, elapsed 1
2026-01-31 + 1 months, date-fns: 2026-02-28, elapsed 1
2026-01-31 + 1 months, moment: 2026-02-28, elapsed 1
2026-01-31 + 1 months, temporal: 2026-02-28, elapsed 0
END
v/bin/pip freeze | grep -E '^(python-dateutil|pendulum|duckdb)='
npm ls 2>/dev/null | grep -oE '(luxon|date-fns|moment|temporal-polyfill)@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

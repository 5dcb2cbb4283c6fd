#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   the first working day after Saturday 6 June 2026 is Monday 8 June in every library that adds working days.
# Instead: workalendar and date-fns say Monday. NumPy refuses a Saturday unless told to roll; with roll "forward" (also
#          "following") it first goes to Monday and then counts, and says Tuesday. Polars copies that.
# Hurts:   who computes "within five working days" over a column of days of incidents or calls, which also happen on Saturdays: those alone
#          get a day too many, and ketenwacht raises its alert a day before such a report shows one.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install numpy==2.4.6 polars==2.1.0 workalendar==17.0.0 &&
        npm i --silent --no-audit --no-fund date-fns@4.4.0; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >days.py <<'END'
import datetime
import numpy
import polars
import workalendar.europe

saturday = datetime.date(2026, 6, 6)
for n in (1, 5):
    print(n, "workalendar", workalendar.europe.Netherlands().add_working_days(saturday, n))
    for roll in ("forward", "following", "backward"):
        print(n, "numpy", roll, numpy.busday_offset(saturday, n, roll=roll))
    print(n, "polars forward", polars.Series([saturday]).dt.add_business_days(n, roll="forward")[0])
END
cat >days.mjs <<'END'
import { addBusinessDays, format, parseISO } from 'date-fns'
for (const n of [1, 5]) console.log(n, 'date-fns', format(addBusinessDays(parseISO('2026-06-06'), n), 'yyyy-MM-dd'))
END
{ v/bin/python days.py; node days.mjs; } >seen 2>&1
cat >expected <<'END'
1 workalendar 2026-06-08
1 numpy forward 2026-06-09
1 numpy following 2026-06-09
1 numpy backward 2026-06-08
1 polars forward 2026-06-09
5 workalendar 2026-06-12
5 numpy forward 2026-06-15
5 numpy following 2026-06-15
5 numpy backward 2026-06-12
5 polars forward 2026-06-15
1 date-fns 2026-06-08
5 date-fns 2026-06-12
END
v/bin/pip freeze | grep -E '^(numpy|polars|workalendar)='
npm ls 2>/dev/null | grep -o 'date-fns@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

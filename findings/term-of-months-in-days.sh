#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Guess:   a term of P3M (a doorlooptijd of the zaaktypecatalogus) from 30 November is over on 28 February, in whatever library reads it.
# Instead: it becomes a number of days: always 90 for pydantic and aniso8601, so from 1 July it is over on 29 September; 92 from 30 November for
#          iso8601-duration (its date and its seconds) and the timers of SpiffWorkflow, so 2 March. isodate, isoduration and duration-fns add months.
# Hurts:   who computes the end of a term of months beside ketenwacht, or has a BPMN engine wait for it: it ends two days early or two days
#          late, and nothing warns. Keep the text, and add months with a library that knows the calendar.

set -u
work=$(mktemp -d) && cd "$work" || exit 2
trap 'rm -rf "$work"' EXIT
{ python3 -m venv v && v/bin/pip -q install aniso8601==10.0.1 pydantic==2.14.4 SpiffWorkflow==3.2.0 isodate==0.7.2 isoduration==20.11.0 &&
        npm i --silent --no-audit --no-fund iso8601-duration@2.1.4 duration-fns@3.0.2; } >install.log 2>&1 || { tail -3 install.log; exit 2; }

cat >term.py <<'END'
import datetime
import aniso8601
import isodate
import isoduration
import pydantic
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

whole = pydantic.TypeAdapter(datetime.timedelta)
for start in (datetime.datetime(2025, 7, 1), datetime.datetime(2025, 11, 30)):
    timer = TimerEventDefinition.get_timedelta_from_start(TimerEventDefinition.parse_iso_duration("P3M"), start)
    for name, end in (("pydantic", start + whole.validate_python("P3M")), ("aniso8601", start + aniso8601.parse_duration("P3M")),
                      ("SpiffWorkflow", start + timer), ("isodate", start + isodate.parse_duration("P3M")),
                      ("isoduration", start + isoduration.parse_duration("P3M"))):
        print(f"{start:%Y-%m-%d} + P3M, {name}: {end:%Y-%m-%d}")
END
cat >term.mjs <<'END'
import * as iso from 'iso8601-duration'
import * as fns from 'duration-fns'
for (const start of ['2025-07-01', '2025-11-30']) {
        const say = (name, end) => console.log(`${start} + P3M, ${name}: ${end.toISOString().slice(0, 10)}`)
        say('iso8601-duration, end', iso.end(iso.parse('P3M'), new Date(start)))
        say('iso8601-duration, toSeconds', new Date(Date.parse(start) + 1000 * iso.toSeconds(iso.parse('P3M'), new Date(start))))
        say('duration-fns', fns.apply(new Date(start), 'P3M'))
}
END
{ v/bin/python term.py; TZ=UTC node term.mjs; } >seen 2>&1
cat >expected <<'END'
2025-07-01 + P3M, pydantic: 2025-09-29
2025-07-01 + P3M, aniso8601: 2025-09-29
2025-07-01 + P3M, SpiffWorkflow: 2025-10-01
2025-07-01 + P3M, isodate: 2025-10-01
2025-07-01 + P3M, isoduration: 2025-10-01
2025-11-30 + P3M, pydantic: 2026-02-28
2025-11-30 + P3M, aniso8601: 2026-02-28
2025-11-30 + P3M, SpiffWorkflow: 2026-03-02
2025-11-30 + P3M, isodate: 2026-02-28
2025-11-30 + P3M, isoduration: 2026-02-28
2025-07-01 + P3M, iso8601-duration, end: 2025-10-01
2025-07-01 + P3M, iso8601-duration, toSeconds: 2025-10-01
2025-07-01 + P3M, duration-fns: 2025-10-01
2025-11-30 + P3M, iso8601-duration, end: 2026-03-02
2025-11-30 + P3M, iso8601-duration, toSeconds: 2026-03-02
2025-11-30 + P3M, duration-fns: 2026-02-28
END
v/bin/pip freeze | grep -iE '^(aniso8601|pydantic|spiffworkflow|isodate|isoduration)='
npm ls 2>/dev/null | grep -oE '(iso8601-duration|duration-fns)@.*'
cat seen
cmp -s seen expected && exit 0
echo "It has changed; it was:"
cat expected
exit 1

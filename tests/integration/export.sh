#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: what a region exports is what the broker has: reports over its files say what reports over the broker say, and the files can be played and published
# again. Personal fields leave only with a reason, which stands in audit first.
# Method: cases of which some are told of; each kind of export, and each door that takes it back; a second installation on the same broker.
# Usage: export.sh KETENWACHT PROJECT
set -uo pipefail

ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP
failed=0
one=$fixture_dir/one
two=$fixture_dir/two
now=2023-03-01T12:00:00+01:00

event() { # CASE NUMBER TYPE INSTANT FIELDS
        printf '{"event":"%s","event_id":"5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c%s","case_id":"5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0a0%s","source":"gi-a",' "$3" "$2" "$1"
        printf '"occurred_at":"%s","recorded_at":"%s","measure_id":"5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0a0%s",%s}\n' "$4" "$4" "$1" "$5"
}

# same WHAT FILE FILE
same() {
        cmp -s "$2" "$3" && return
        echo "$1:"
        diff "$2" "$3" | head -5 | cut -c1-300
        failed=1
}

fixture_configuration "$one" "$fixture_name.one" 3
fixture_configuration "$two" "$fixture_name.two" 5
protector='"date":"2023-02-20","worker":"w-1","role":"FIXED","working_with_family":true,"reason":"FIRST"'
for case in 1 2 3 4; do
        event $case "0b0$case" measure-started "2023-02-01T10:00:0${case}Z" '"kind":"OTS","verdict_date":"2023-02-01","informed_date":"2023-02-01","gi":"gi-a",
"municipality":"gm0001","birth_date":"2011-11-1'$case'","reference":"dossier-'$case'"' | tr -d '\n'
        echo
done >"$fixture_dir/events"
event 1 0c01 protector-assigned 2023-02-20T10:00:00Z "$protector" >>"$fixture_dir/events"
event 2 0c02 protector-assigned 2023-02-03T10:00:00Z "$protector" | sed 's/02-20/02-03/' >>"$fixture_dir/events"

fixture_row 0 ' 0 refused$' "$one" topics apply
fixture_row 0 ' 0 refused$' "$two" topics apply
fixture_row 0 '"published":6,"rejected":0' "$one" publish "$fixture_dir/events"
fixture_row 0 '"facts":6' "$one" rules --once --now $now

# Events: one file of all, played again; without personal fields, unless there is a reason.
fixture_row 0 '^\{"exported":6,"left_out":0,"files":1\}$' "$one" export --codec null "$fixture_dir/events.avro"
fixture_row 0 . "$one" replay "$fixture_dir/events.avro" && cp "$fixture_dir/out" "$fixture_dir/played"
sort -o "$fixture_dir/events.sorted" -t '"' -k 20 "$fixture_dir/events" # by recorded_at
fixture_row 0 . "$one" replay "$fixture_dir/events.sorted" && same "replay of the export" "$fixture_dir/out" "$fixture_dir/played"
grep -q 'dossier-' "$fixture_dir/events.avro" && { echo "personal fields left without being asked for"; failed=1; }
fixture_row 2 'personal needs a --reason: it stands in audit' "$one" export --personal "$fixture_dir/personal.avro"
fixture_row 0 '"exported":6' "$one" export --codec null --personal --reason 'onderzoek 12' "$fixture_dir/personal.avro"
[ "$(grep -ao 'dossier-[1-4]' "$fixture_dir/personal.avro" | sort -u | wc -l)" -eq 4 ] || { echo "personal fields were asked for and are not there"; failed=1; }
fixture_row 0 '"action":"EXPORT","object":"export of events","result":"DONE","reason":"onderzoek 12"' "$one" tail audit --until-end

# One type, a period, a folder.
fixture_row 0 '"exported":2,"left_out":0,"files":1' "$one" export --type protector-assigned --codec snappy "$fixture_dir/assigned.avro"
fixture_row 0 '"exported":1,' "$one" export --type protector-assigned --from 2023-02-20 --until 2023-02-21 "$fixture_dir/assigned.avro"
fixture_row 0 '"exported":6,"left_out":0,"files":[0-9]{2}' "$one" export "$fixture_dir/folder/"
[ -s "$fixture_dir/folder/measure-started.avro" ] && [ ! -e "$fixture_dir/folder/.export" ] || { ls -a "$fixture_dir/folder"; failed=1; }
fixture_row 2 "no events called 'protector-asigned' \(did you mean 'protector-assigned'\?\)" "$one" export --type protector-asigned "$fixture_dir/x.avro"
fixture_row 2 "none of deflate, snappy and null" "$one" export --codec gzip "$fixture_dir/x.avro"

# What was told: as often as it stands on the topics.
fixture_row 0 . "$one" tail plan-due escalation-raised escalation-resolved --until-end
told=$(grep -c '"topic"' "$fixture_dir/out")
[ "$told" -ge 4 ] || { echo "only $told records were told"; failed=1; }
fixture_row 0 "\"exported\":$told," "$one" export --tellings "$fixture_dir/tellings.avro"
fixture_row 1 '"code":"UNKNOWN_ORGANISATION","error":"source: no organisation .ketenwacht.' "$two" publish "$fixture_dir/tellings.avro"

# A topic as it is followed, into a pipe.
tail_avro() { "$ketenwacht" tail "$1" --until-end --format avro --config "$one" --schemas "$project/schemas"; }
tail_avro measure-started >"$fixture_dir/tailed.avro" || failed=1
fixture_row 0 '"exported":4' "$one" export --type measure-started "$fixture_dir/started.avro"
fixture_row 0 routed "$one" replay "$fixture_dir/started.avro" && cp "$fixture_dir/out" "$fixture_dir/played"
fixture_row 0 routed "$one" replay "$fixture_dir/tailed.avro" && same "tail and export of one type" "$fixture_dir/out" "$fixture_dir/played"
tail_avro audit >"$fixture_dir/audit.avro" 2>"$fixture_dir/said" || failed=1
[ "$(head -c 3 "$fixture_dir/audit.avro")" = Obj ] && [ ! -s "$fixture_dir/said" ] || { echo "tail of audit is not what audit holds"; failed=1; }
kcat -P -b "$KETENWACHT_TEST_BOOTSTRAP" -t "$fixture_name.one.plan-made" -p 0 <<<nonsense || failed=1
tail_avro plan-made 2>"$fixture_dir/said" >/dev/null
grep -q '1 records could not be read and are left out, the first: plan-made, partition 0, offset 0' "$fixture_dir/said" ||
        { echo "what was left out is not told"; failed=1; }
fixture_row 0 '1 records could not be read and are left out, the first: plan-made, partition 0' "$one" export --type plan-made "$fixture_dir/x.avro"

# The state: facts of which a report says what it says of the broker; and what was told of them.
fixture_row 0 '"left_out":0,"files":[0-9]+' "$one" export --state "$fixture_dir/state/"
fixture_row 0 '"files":1' "$one" export --state --type measure-started,protector-assigned "$fixture_dir/facts.avro"
fixture_row 0 '"norm":"protector"' "$one" report norms --at $now && cp "$fixture_dir/out" "$fixture_dir/report"
fixture_row 0 . "$one" report norms "$fixture_dir/facts.avro" --at $now && same "a report over the facts" "$fixture_dir/out" "$fixture_dir/report"
fixture_row 0 '"exported":[1-9]' "$one" export --state --type alert,obligation "$fixture_dir/told.avro"
fixture_row 2 'goes with --events and --tellings' "$one" export --state --from 2023-01-01 "$fixture_dir/x.avro"

# A second installation that is given the events with their personal fields comes to the same.
fixture_row 0 '"published":6,"rejected":0' "$two" publish "$fixture_dir/personal.avro"
fixture_row 0 '"facts":6' "$two" rules --once --now $now
fixture_row 0 . "$one" state stats && sed -n 's/.*"all".*"checksum":"\([0-9a-f]*\)".*/\1/p' "$fixture_dir/out" >"$fixture_dir/checksum"
fixture_row 0 "\"all\".*\"checksum\":\"$(cat "$fixture_dir/checksum")\"" "$two" state stats

exit $failed

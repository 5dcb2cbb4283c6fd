#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: what is forgotten stays so on a real broker, and whoever needs another number of partitions takes the state along.
# Method: a case that is over and one that goes on; the worker years later; the procedure of config/README.md, step by step.
# Usage: state.sh KETENWACHT PROJECT
set -uo pipefail

ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP
failed=0
over=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0a01
runs=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0a02
old=$fixture_dir/old
new=$fixture_dir/new

event() { # CASE NUMBER TYPE DATE FIELDS
        printf '{"event":"%s","event_id":"5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c%s","case_id":"%s","source":"gi-a",' "$3" "$2" "$1"
        printf '"occurred_at":"%sT10:00:00Z","recorded_at":"%sT10:00:00Z","measure_id":"%s",%s}\n' "$4" "$4" "$1" "$5"
}

fixture_configuration "$old" "$fixture_name.old" 6
cp -r "$old" "$new"
printf 'prefix: %s.new.\npartitions: 4\n' "$fixture_name" >"$new/broker.yaml"
echo 4 >"$new/version"

started='"kind":"OTS","verdict_date":"2023-02-01","informed_date":"2023-02-01","gi":"gi-a","municipality":"gm0001"'
protector='"date":"2023-02-02","worker":"w-1","role":"FIXED","working_with_family":true,"reason":"FIRST"'
{
        event $over 0b01 measure-started 2023-02-01 "$started"
        event $over 0b02 measure-ended 2023-03-01 '"date":"2023-03-01","reason":"EXPIRED"'
        event $runs 0b03 measure-started 2023-02-01 "$started"
} >"$fixture_dir/events"
event $over 0b04 protector-assigned 2023-02-03 "$protector" >"$fixture_dir/late"

# Forgotten years later; what comes then is kept and told, once.
fixture_row 0 ' 0 refused$' "$old" topics apply
fixture_row 0 '"published":3' "$old" publish "$fixture_dir/events"
fixture_row 0 '"facts":3' "$old" rules --once --now 2024-03-01T12:00:00+01:00
fixture_row 0 '"all","cases":2,"closed":0,"facts":3,' "$old" state stats
fixture_row 0 '"told":0' "$old" rules --once --now 2025-03-02T00:00:00+01:00
fixture_row 0 '"all","cases":1,"closed":1,"facts":1,' "$old" state stats
fixture_row 0 '"row":"closed","value":\{"day":"2025-03-02"' "$old" state show --case $over
fixture_row 0 '"published":1' "$old" publish "$fixture_dir/late"
fixture_row 0 '"facts":0,"told":0,"dead":1' "$old" rules --once --now 2025-03-03T12:00:00+01:00
fixture_row 0 '"facts":0,"told":0,"dead":0' "$old" rules --once --now 2025-03-03T12:00:00+01:00
fixture_row 0 '"event":"event-refused".*"code":"CASE_CLOSED"' "$old" tail inbox.gi-a --until-end

# Another number of partitions is refused; under another prefix it gets the same state, and tells nothing again.
cp -r "$old" "$fixture_dir/wrong"
sed -i 's/^partitions: 6/partitions: 4/' "$fixture_dir/wrong/broker.yaml"
fixture_row 1 'it has 6 partitions and the configuration says 4' "$fixture_dir/wrong" topics plan
fixture_row 2 'was written with 6 partitions, and broker.yaml says 4' "$fixture_dir/wrong" state stats
fixture_row 0 ' 0 refused$' "$new" topics apply
checksum=$("$ketenwacht" state stats --config "$old" --schemas "$project/schemas" | sed -n 's/.*"all".*"checksum":"\([0-9a-f]*\)".*/\1/p')
# Somebody wrote rows that are of no case: one was put aside again, the other is named, and stays where it is.
foreign() { kcat -P -b "$KETENWACHT_TEST_BOOTSTRAP" -t "$fixture_name.old.case-state" -p 3 -Z -K '\t' || failed=1; }
printf 'somebody\thallo\nnobody\thallo\nnobody\t\n' | foreign
fixture_row 0 '"copied":[1-9][0-9]*,"partitions":4,"events":0,"left_out":1' "$new" state copy --from "$old"
said='partition 3 of case-state, offset [0-9]*, key 736f6d65626f6479: a key of 8 bytes; keys have 33; ketenwacht state repair'
[ "$(grep -c '^ketenwacht state: left out: ' "$fixture_dir/out")" -eq 1 ] && grep -q "$said" "$fixture_dir/out" || { cat "$fixture_dir/out"; failed=1; }
fixture_row 0 "\"all\",\"cases\":1,\"closed\":1,.*\"checksum\":\"$checksum\"" "$new" state stats
fixture_row 2 'configuration version 5, and this worker has version 4' "$new" rules --once --now 2025-03-03T12:00:00+01:00
echo 6 >"$new/version"
fixture_row 0 '"facts":0,"told":0,"dead":0' "$new" rules --once --now 2025-03-03T12:00:00+01:00
fixture_row 0 '"row":"alert".*"open":true' "$new" state show --case $runs
fixture_row 1 'is in use already' "$new" state copy --from "$old"
fixture_row 0 '"published":1' "$new" publish "$fixture_dir/late"
fixture_row 0 '"facts":0,"told":0,"dead":1' "$new" rules --once --now 2025-03-03T12:00:00+01:00

exit $failed

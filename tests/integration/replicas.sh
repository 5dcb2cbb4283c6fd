#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: two consoles beside each other have what the workers wrote, say so when the broker is gone, and go on by themselves when it is back, where they were.
# Method: a broker of its own, a worker and two consoles; the broker is killed and started again. What each has is asked by its gauges: rows taken in, open
# alerts. A console that began anew would count more rows than there are.
# Usage: replicas.sh KETENWACHT PROJECT
set -uo pipefail

ketenwacht=$1
project=$2
unset KETENWACHT_TEST_BOOTSTRAP # it is killed: nobody else's
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP
readonly wait_s=60
failed=0
folder=$fixture_dir/config

fixture_configuration "$folder" "$fixture_name" 2

# begin NAME COMMAND…: starts it, and leaves the port of its metrics in ports[NAME].
declare -A ports
begin() {
        local name=$1
        shift
        : >>"$fixture_dir/$name.log"
        "$ketenwacht" "$@" --metrics 0 --config "$folder" --schemas "$project/schemas" 2>>"$fixture_dir/$name.log" &
        wait_for $wait_s "the port of $name" grep -q health-listens "$fixture_dir/$name.log" || return 1
        ports[$name]=$(sed -n 's/.*"health-listens".*"port":\([0-9]*\).*/\1/p' "$fixture_dir/$name.log" | tail -1)
}

metric() { # NAME METRIC: its value
        { exec 3<>"/dev/tcp/127.0.0.1/${ports[$1]}"; } 2>/dev/null || return 1
        printf 'GET /metrics HTTP/1.0\r\n\r\n' >&3
        sed -n "s/^$2 \([0-9]*\)\r*$/\1/p" <&3
        exec 3>&-
}
is() { [ "$(metric "$1" "$2")" = "$3" ]; } # NAME METRIC VALUE
alerts='ketenwacht_alerts_open{organisation="gi-a"}'

# publish FROM TO: measures of so many cases, of which the GI was informed long ago.
publish() {
        local n
        for ((n = $1; n < $2; n++)); do
                printf '{"event":"measure-started","event_id":"00000000-0000-4000-8000-%012d","case_id":"00000000-0000-4000-9000-%012d","source":"gi-a",' $n $n
                printf '"occurred_at":"2026-01-05T10:00:00+01:00","recorded_at":"2026-01-05T10:00:00+01:00","measure_id":"00000000-0000-4000-a000-%012d",' $n
                printf '"kind":"OTS","verdict_date":"2026-01-05","informed_date":"2026-01-05","gi":"gi-a","municipality":"gm0001"}\n'
        done | "$ketenwacht" publish --config "$folder" --schemas "$project/schemas" - >"$fixture_dir/published" || { cat "$fixture_dir/published"; return 1; }
}

both() { # METRIC VALUE
        local name
        for name in first second; do
                wait_for $wait_s "$name to say $1 $2" is $name "$1" "$2" || { failed=1; metric $name "$1"; tail -3 "$fixture_dir/$name.log"; }
        done
}

"$ketenwacht" topics apply --config "$folder" --schemas "$project/schemas" >/dev/null || exit 1
begin first console --open-on-localhost --port 0 || exit 1
begin rules rules || exit 1
publish 0 20 || exit 1
begin second console --open-on-localhost --port 0 || exit 1
both "$alerts" 20
both ketenwacht_replica_live 1

"$project/ops/kafka" kill --dir "$fixture_dir/kafka"
both ketenwacht_replica_live 0
both "$alerts" 20 # what they know they show
"$project/ops/kafka" start --dir "$fixture_dir/kafka" >/dev/null || exit 1
both ketenwacht_replica_live 1
kill -0 %2 2>/dev/null || begin rules rules || exit 1 # a transaction that stood open for too long ends it; a supervisor starts it again
publish 20 25 || exit 1
both "$alerts" 25
for name in first second; do
        grep -q '"replica-away"' "$fixture_dir/$name.log" && grep -q '"replica-answered"' "$fixture_dir/$name.log" ||
                { echo "$name did not say that the broker was gone and came back"; failed=1; }
        [ "$(grep -c '"replica-live"' "$fixture_dir/$name.log")" = 1 ] || { echo "$name began anew"; failed=1; }
done

[ $failed -eq 0 ] || tail -n 3 "$fixture_dir"/*.log | cut -c1-600
exit $failed

#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: the benchmarks that need a broker measure what they say, on topics of their own, and leave none.
# Method: tiny loads; the form of --json, and what must hold of the figures whatever the machine.
# Usage: bench.sh KETENWACHT PROJECT
set -uo pipefail

ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker
failed=0
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP

fail() {
        printf '%s\n' "$*"
        failed=1
}

# One protocol of four deadlines, the event types that it needs, few organisations: few topics to make and to delete.
configuration=$fixture_dir/config
schemas=$fixture_dir/schemas
mkdir "$schemas"
cp -R "$project/tests/bench/four-deadlines" "$configuration"
sed -i '/{id: gi-[0-9]/d; /{id: gm[01][79]/d' "$configuration/organisations.yaml"
for type in measure-started protector-assigned first-contact-held course-agreed help-started measure-ended safety-raised plan-due \
        escalation-raised escalation-resolved event-refused connector-orders deliveries audit; do
        cp "$project/schemas/$type.avsc" "$schemas"
done

bench() {
        "$ketenwacht" bench "$@" --config "$configuration" --schemas "$schemas" --json 2>"$fixture_dir/said"
}

# holds NAME EXPRESSION ARGUMENTS…
holds() {
        local name=$1 expression=$2 got status
        shift 2
        got=$(bench "$name" "$@")
        status=$?
        [ $status -eq 0 ] || fail "bench $name: status $status: $(tail -3 "$fixture_dir/said")"
        [ "$(printf '%s\n' "$got" | wc -l)" -eq 1 ] && printf '%s\n' "$got" | jq -e "$expression" >/dev/null || fail "bench $name printed $got"
}


rising='.p50 <= .p99 and .p99 <= .p999 and .p999 <= .max and .p50 >= 0'
holds worker ".cases == 300 and .events > 1200 and .once.facts == .events and .once.dead == 0 and .once.told > 0
        and .events_per_s > 0 and .client_us_per_event > 0 and .rss_mb > 1 and (has(\"broker_us_per_event\") | not)
        and (.at_rate | .rate == 200 and .events > 300 and .offered_per_s < 210 and .samples > 10 and (.append_ms | $rising) and (.visible_ms | $rising)
                and .append_ms.p50 <= .visible_ms.p50 and .append_ms.max <= .visible_ms.max and .client_us_per_event > 0)
        and (.killed | .times == 2 and (.first_output_s | .least > 0 and .least <= .middle and .middle <= .most))" \
        --cases 300 --rate 200 --seconds 2 --kills 2
holds scale '.cases == 300 and .events > 1200 and ([.rows[] | [.processes, .threads]] == [[1, 1], [1, 2], [2, 1]])
        and ([.rows[] | .events_per_s > 0 and .client_us_per_event > 0 and .rss_mb > 1] | all)
        and .threads_ratio > 0 and .processes_ratio > 0 and .threads_ratio_by_cpu > 0 and .processes_ratio_by_cpu > 0' --cases 300

holds admission '.events > 1200 and .records_per_s_core > 0 and .floor_records_per_s_core > 0 and .cpu_us_per_record > 0 and .ratio > 0' --cases 300

# Every page of the console answers, and its stream says something to those who watch.
holds console '.cases == 200 and .facts > 900 and .ready_s > 0 and .store_mb > 0 and .beside_mb > 1 and .rss_mb > .beside_mb and (.floor_ms | .p50 <= .p99)
        and ([.pages[].path] | index("/") != null and index("/zaken/{case_id}") != null and index("/zaken?zoek={measure_id}") != null)
        and ([.pages[] | .p50_ms > 0 and .p50_ms <= .p99_ms and .p99_ms <= .max_ms] | all)
        and (.watchers | .n == 5 and .bytes > 0 and .watched_share > 0) and (has("worker") | not)' \
        --cases 200 --requests 5 --watchers 5 --seconds 2 --rate 100 --rounds 0

# A stop ends the worker that was started, and deletes the topics all the same.
"$ketenwacht" bench worker --config "$configuration" --schemas "$schemas" --cases 300 --rate 10 --seconds 3600 >"$fixture_dir/out" \
        2>"$fixture_dir/said" &
process=$!
lives() { [ "$(grep -c '"event":"partition-live"' "$fixture_dir/said")" -ge 8 ]; } # four of the backlog's worker, four of the second
wait_for 60 "a live worker" lives || exit 1
worker=$(cat "/proc/$process/task/$process/children")
worker=${worker%% *}
[ -n "$worker" ] || fail "bench worker has no child"
kill -INT "$process"
wait $process
status=$?
[ $status -eq 3 ] || fail "after SIGINT: status $status"
[ -z "$worker" ] || [ ! -d "/proc/$worker" ] || fail "after SIGINT the worker still runs"
[ ! -s "$fixture_dir/out" ] || fail "after SIGINT it printed $(cat "$fixture_dir/out")"

# The broker shows for a moment what was deleted.
none_left() { ! kcat -b "$KETENWACHT_BOOTSTRAP" -L -J | jq -r '.topics[].topic' | grep -q '^bench-'; }
wait_for 30 "the end of all topics of bench" none_left || failed=1
exit $failed

#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht bench compare` runs the kit of its peers as the kit wants it, and makes of its result lines what others read.
# Method: a kit that measures nothing: it looks at what it is given, and writes lines in the kit's form.
# Usage: bench_compare.sh KETENWACHT CONFIG

ketenwacht=$1
config=$2
failed=0
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
kit=$scratch/kit

fail() {
        printf '%s\n' "$*"
        failed=1
}

mkdir -p "$kit/config" "$kit/schemas"
echo '{}' >"$kit/schemas/measure-started.avsc"
cat >"$kit/config/organisations.yaml" <<'END'
organisations:
  - {id: gm0014, kind: municipality, name: Groningen, region: groningen}
  - {id: gi-nowhere, kind: gi, name: Nergens}
END
cat >"$kit/run-all" <<'END'
#!/bin/bash
set -e
new_topics() {
        sleep 1
}
{
        printf '%s|' "$STEPS" "$CASES" "$REPS" "$RATE" "$SECONDS_OF_LOAD" "$PORT" "$CHECK"
        printf '%s|' "$(wc -l <config/organisations.yaml)" "$(wc -c <schemas/measure-started.avsc)"
        echo "${KETENWACHT_SCHEMAS:+own}"
} >>"$LAB/given"
[ -x "$KETENWACHT" ] && [[ ks-rocksdb =~ $ONLY || ketenwacht =~ $ONLY ]]
grep -q 'sleep 3' run-all && ! grep -q 'sleep 1$' run-all && [ -w schemas ]
if [ -n "${KETENWACHT_CONFIG-}" ]; then ! grep -q '^partitions:' "$KETENWACHT_CONFIG/broker.yaml"; fi
[ ! -f "$LAB/hang" ] || { sleep 300 & echo $! >"$LAB/pid"; wait; }
drain() { # PEER EVENTS_S CLIENT_US RSS_MB
        echo '{"events":10,"events_s":'"$2"',"client_us":'"$3"',"client_us_with_start":10,"broker_us":2,"rss_mb":'"$4"',"peer":"'"$1"'"}'
}
for us in 6 4 5; do
        drain floor-1-as-ketenwacht 1000 $us 20
        drain ketenwacht 3000 $((us * 2)) 50
done >>"$LAB/results"
{
        printf '{"events":10,"events_s":500,"client_us":90,"client_us_2nd_half":60,"client_us_with_start":120,"rss_mb":500,'
        echo '"plan":5,"raised":5,"resolved":0,"inbox":10,"timers":1,"peer":"ks-rocksdb"}'
} >>"$LAB/results"
cat >>"$LAB/results" <<'LINES'
a word of a program
{"restart_s":5,"cpu_s":6,"rss_mb":9000,"peer":"ks-restart-rocksdb"}
{"restart_s":0.5,"cpu_s":0.25,"rss_mb":9000,"peer":"ketenwacht-restart"}
{"peer":"ks-rocksdb","latency":"visible","p50":55,"p99":110,"p999":120,"client_us":170,"broker_us":300}
{"peer":"ketenwacht","latency":"append","p99":30,"client_us":1,"broker_us":1}
{"peer":"ketenwacht","latency":"visible","p50":20,"p99":40,"p999":50,"client_us":60,"broker_us":200}
LINES
[ ! -f "$LAB/wrong" ]
END
chmod -R a-w "$kit"
chmod +x "$kit/run-all"

compare() {
        "$ketenwacht" bench compare --config "$config" --schemas "$config/../schemas" --lab "$scratch/lab" --peers "$kit" --cases 200 --runs 3 \
                --rate 7 --seconds 8 --port 4567 "$@" 2>"$scratch/said"
}

# What comes out: middle ones, spreads, ratios; and null for what was not measured.
got=$(compare --json) || fail "compare: status $?: $(tail -1 "$scratch/said")"
[ "$(printf '%s\n' "$got" | wc -l)" -eq 1 ] || fail "not one line: $got"
printf '%s\n' "$got" | jq -e '
        .cases == 200 and .runs == 3 and .right
        and .floor.client_us_per_event == 5 and .floor.spread.client_us_per_event == [4, 5, 6] and .floor.restart_s == null
        and .ketenwacht.client_us_per_event == 10 and .ketenwacht.events_per_s == 3000 and .ketenwacht.rss_mb == 50
        and .ketenwacht.restart_s == 0.5 and .ketenwacht.p99_ms == 40 and .ketenwacht.append_p99_ms == 30
        and .streams.client_us_per_event == 90 and .streams.writes_per_event == 3.1 and .streams.restart_s == 5 and .streams.p99_ms == 110
        and .ratios.ketenwacht_client_over_floor == 2 and .ratios.streams_client_warm == 6 and .ratios.streams_client_with_start == 12
        and .ratios.events_per_s_over_streams == 6 and .ratios.streams_rss == 10 and .ratios.streams_restart == 10
        and .ratios.streams_restart_cpu == 24 and .ratios.streams_p99 == 2.75
        and .all_protocols.ketenwacht.client_us_per_event == 10 and .all_protocols.ratios.ketenwacht_client_over_floor == 2' >/dev/null ||
        fail "compare --json printed $got"

# What the kit was given: twice, the second time with our schemas and only the organisations that we have as well.
n=$(wc -c <"$config/../schemas/measure-started.avsc")
expected="drain restart latency|200|3|7|8|4567|first|3|3|
drain|200|3|7|8|4567|none|2|$n|own"
[ "$(cat "$scratch/lab/given")" = "$expected" ] || fail "the kit was given $(cat "$scratch/lab/given"), expected $expected"

# For people: what is aimed at, and whether it is met.
text=$(compare --steps drain)
printf '%s\n' "$text" | grep -Eq 'ketenwacht over the floor with its writes +2\.00  \(aim: at most 1\.5: missed\)' || fail "compare printed $text"
printf '%s\n' "$text" | grep -Eq 'Streams warm over ketenwacht +6\.00  \(aim: at least 6: met\)' || fail "compare printed $text"

# A wrong verdict is said, with the figures.
touch "$scratch/lab/wrong"
got=$(compare --json)
status=$?
[ $status -eq 1 ] || fail "a wrong verdict: status $status"
printf '%s\n' "$got" | jq -e '.right == false and .floor.client_us_per_event == 5' >/dev/null || fail "a wrong verdict printed $got"
rm "$scratch/lab/wrong"

# A stop ends what the kit has started.
touch "$scratch/lab/hang"
"$ketenwacht" bench compare --config "$config" --schemas "$config/../schemas" --lab "$scratch/lab" --peers "$kit" 2>"$scratch/said" &
process=$!
for _ in $(seq 200); do
        [ -s "$scratch/lab/pid" ] && break
        sleep 0.05
done
kill -TERM $process
wait $process
status=$?
[ $status -eq 3 ] || fail "after SIGTERM: status $status"
grep -q 'stopped by a signal' "$scratch/said" || fail "after SIGTERM it says $(cat "$scratch/said")"
child=$(cat "$scratch/lab/pid")
[ ! -d "/proc/$child" ] || grep -q '^State:.Z' "/proc/$child/status" || fail "after SIGTERM a child of the kit still runs"

"$ketenwacht" bench compare --peers /nothing --config "$config" --schemas "$config/../schemas" 2>"$scratch/said"
status=$?
[ $status -eq 2 ] && grep -q 'cannot find /nothing' "$scratch/said" || fail "without a kit: status $status, $(cat "$scratch/said")"
exit $failed

#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht topics` and `ketenwacht mock` say what they do, and what is wrong. Method: the embedded broker
# that `mock` starts; the plan on a real one is a test of the bus.
# Usage: topics.sh KETENWACHT CONFIG

ketenwacht=$1
config=$2
schemas=$2/../schemas
failed=0
scratch=$(mktemp -d)
mock=''
trap 'kill "$mock" 2>/dev/null; rm -rf "$scratch"' EXIT

# row STATUS OUTPUT COMMAND ARGUMENTS…: the output is an extended regular expression for a whole line.
row() {
        want_status=$1
        want=$2
        shift 2
        got=$("$ketenwacht" "$@" 2>&1)
        status=$?
        if ! printf '%s\n' "$got" | grep -Eqx "$want"; then
                printf '%s\n  printed  %s\n  expected %s\n' "$*" "$got" "$want"
                failed=1
        fi
        if [ "$status" -ne "$want_status" ]; then
                printf '%s: status %s, expected %s\n' "$*" "$status" "$want_status"
                failed=1
        fi
}

row 2 '.*say plan or apply.*' topics --config "$config" --schemas "$schemas"
row 2 '.*say plan or apply.*' topics show
row 2 ".*no option '--boostrap' \(did you mean '--bootstrap'\?\).*" topics plan --boostrap x
row 2 ".*takes no argument 'x'.*" mock x
row 2 '.*--bootstrap goes with --broker;.*' check --bootstrap 127.0.0.1:1
row 2 '.*leave the rest out;.*' check --broker --json
row 2 '.*/nothing.*' mock --config /nothing --schemas "$schemas"

"$ketenwacht" mock --config "$config" --schemas "$schemas" >"$scratch/address" 2>"$scratch/errors" &
mock=$!
tries=0
until [ -s "$scratch/address" ] || [ "$tries" -ge 300 ]; do
        kill -0 "$mock" 2>/dev/null || break
        sleep 0.1
        tries=$((tries + 1))
done
bootstrap=$(sed -n 's/^{"bootstrap":"\(127\.0\.0\.1:[0-9]*\)","topics":[0-9]*}$/\1/p' "$scratch/address")
if [ -z "$bootstrap" ]; then
        echo "mock printed no address:"
        cat "$scratch/address" "$scratch/errors"
        exit 1
fi
row 0 'this is the embedded broker: .*nothing to do' topics plan --bootstrap "$bootstrap" --config "$config" --schemas "$schemas"
row 0 'this is the embedded broker: .*nothing to do' topics apply --bootstrap "$bootstrap" --config "$config" --schemas "$schemas"
# A misspelt topic is told the nearest, and not to be made; one that nothing is like is to be made. No noise of librdkafka about a broker of our own.
broker="--bootstrap $bootstrap --config $config --schemas $schemas"
# shellcheck disable=SC2086  # a list of words is meant
{
        row 2 "ketenwacht tail: .* lacks 1 topic\(s\), or we may not see them: inbox.gm14 \(did you mean 'inbox.gm0014'\?\)" tail inbox.gm14 $broker
        row 2 '.*: qqqqqqqqqqqqqqqqqq; make them with ketenwacht topics apply' tail qqqqqqqqqqqqqqqqqq $broker
        row 0 'this is the embedded broker: it has made its topics itself .*' check --broker $broker
        row 3 'ketenwacht status: the broker at [^ ]* does not know .*: it is the embedded one \(of demo or mock\), or very old' status $broker
}
kill "$mock"
wait "$mock"
status=$?
mock=''
if [ "$status" -ne 0 ]; then
        echo "mock ended with status $status, expected 0"
        failed=1
fi

# Who waits for a broker that is not there is told so while it waits, and by which name: one that does not resolve, and one that refuses.
# complains PATTERN BOOTSTRAP COMMAND ARGUMENTS…
complains() {
        want=$1 at=$2
        shift 2
        : >"$scratch/complaint"
        "$ketenwacht" "$@" --bootstrap "$at" --config "$config" --schemas "$schemas" >"$scratch/out" 2>"$scratch/complaint" &
        mock=$!
        tries=0
        until [ -s "$scratch/complaint" ] || [ "$tries" -ge 600 ]; do
                kill -0 "$mock" 2>/dev/null || break
                sleep 0.1
                tries=$((tries + 1))
        done
        kill "$mock" 2>/dev/null # it goes on trying
        wait "$mock" 2>/dev/null
        mock=''
        if ! head -n 1 "$scratch/complaint" | grep -Eqx "$want"; then
                printf '%s: said first\n' "$*"
                cat "$scratch/complaint"
                failed=1
        fi
}
complains "ketenwacht topics: no answer yet: no-such-host.invalid:9092/bootstrap: Failed to resolve 'no-such-host.invalid:9092': .*; trying again" \
        no-such-host.invalid:9092 topics plan
mkdir "$scratch/debug"
cp "$config"/*.yaml "$config/version" "$scratch/debug"
ln -s "$(cd "$config" && pwd)/protocols" "$scratch/debug/protocols"
sed 's/^kafka: {}/kafka: {debug: broker}/' "$config/broker.yaml" >"$scratch/debug/broker.yaml"
plain=$config config=$scratch/debug
complains '\{"time":.*"id":"B002","event":"kafka-detail","process":"topics",.*' 127.0.0.1:1 topics plan
config=$plain
complains 'ketenwacht tail: no answer yet: 127.0.0.1:1/bootstrap: .*Connection refused.*; trying again' 127.0.0.1:1 tail inbox.gm0014
exit $failed

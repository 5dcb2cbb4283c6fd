#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: who asks a worker or a connector whether it is ready hears the truth while the broker is frozen or dead, without anything being sent.
# Method: a broker of its own; a worker, gi-http and a webhook, ready; the broker is stopped (SIGSTOP), and later killed. Each must say no with
# the reason and since when, its lag must have no sample, and each must be ready again by itself once the broker is back.
# Usage: ready.sh KETENWACHT PROJECT
set -uo pipefail

ketenwacht=$1
project=$2
unset KETENWACHT_TEST_BOOTSTRAP # it is stopped and killed: nobody else's
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP KETENWACHT_TOKEN_A=0123456789abcdef0123456789abcdef
readonly wait_s=60
failed=0
folder=$fixture_dir/config

fixture_configuration "$folder" "$fixture_name" 2
printf 'connector: webhook\norganisation: gm0001\nurl: http://127.0.0.1:9/\n' >"$fixture_dir/webhook.yaml"
printf 'connector: gi-http\nlisten: 127.0.0.1:0\ntokens:\n  gi-a: {env: KETENWACHT_TOKEN_A}\n' >"$fixture_dir/gi-http.yaml"

# begin NAME COMMAND…: starts it, and leaves its port in ports[NAME].
declare -A ports processes
begin() {
        local name=$1
        shift
        : >"$fixture_dir/$name.log"
        "$ketenwacht" "$@" --metrics 0 --config "$folder" --schemas "$project/schemas" 2>"$fixture_dir/$name.log" &
        processes[$name]=$!
        wait_for $wait_s "the port of $name" grep -q health-listens "$fixture_dir/$name.log" || return 1
        ports[$name]=$(sed -n 's/.*"health-listens".*"port":\([0-9]*\).*/\1/p' "$fixture_dir/$name.log")
}

ask() { # PORT PATH
        { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
        printf 'GET /%s HTTP/1.0\r\n\r\n' "$2" >&3
        cat <&3 >"$fixture_dir/answer"
        exec 3>&-
}

is_ready() { ask "$1" readyz && grep -q '"ready"' "$fixture_dir/answer"; }
is_silent() { ask "$1" readyz && grep -q '"not ready".*"broker-silent".*has not answered since [0-9]' "$fixture_dir/answer"; }
lag_samples() { ask "$1" metrics && grep -c '^ketenwacht_lag_' "$fixture_dir/answer"; }
has_lag() { [ "$(lag_samples "$1")" = 2 ]; }

# A process may end when a transaction of it stood open for too long (status 3); whoever supervises it starts it again.
is_back() { # NAME
        if ! kill -0 "${processes[$1]}" 2>/dev/null; then
                begin rules rules || return 1
        fi
        is_ready "${ports[$1]}"
}
rules_has_lag() { is_back rules && has_lag "${ports[rules]}"; }
all_back() {
        local name
        for name in rules gi-http webhook; do
                wait_for $wait_s "$name to be ready again" is_back $name || failed=1
        done
}

# all WHAT PREDICATE: of each of the three.
all() {
        local name
        for name in rules gi-http webhook; do
                wait_for $wait_s "$name to be $1" "$2" "${ports[$name]}" || { failed=1; tail -2 "$fixture_dir/answer"; }
        done
}

"$ketenwacht" topics apply --config "$folder" --schemas "$project/schemas" >/dev/null || exit 1
begin rules rules || exit 1
begin gi-http connect "$fixture_dir/gi-http.yaml" || exit 1
begin webhook connect "$fixture_dir/webhook.yaml" || exit 1
all ready is_ready
wait_for $wait_s "lag to be known" has_lag "${ports[rules]}" || failed=1

broker=$(<"$fixture_dir/kafka/pid")
kill -STOP "$broker"
all "not ready, the broker is frozen" is_silent
has_lag "${ports[rules]}" && echo "lag has a sample while the broker is frozen" && failed=1
wait_for $wait_s "the log to say so" grep -q '"broker-silent"' "$fixture_dir/webhook.log" || failed=1
kill -CONT "$broker"
all_back
wait_for $wait_s "the log to say that it answers" grep -q '"broker-answers"' "$fixture_dir/webhook.log" || failed=1

"$project/ops/kafka" kill --dir "$fixture_dir/kafka"
all "not ready, the broker is dead" is_silent
"$project/ops/kafka" start --dir "$fixture_dir/kafka" >/dev/null || exit 1
all_back
wait_for $wait_s "lag to be known again" rules_has_lag || failed=1

[ $failed -eq 0 ] || tail -n 3 "$fixture_dir"/*.log | cut -c1-600
exit $failed

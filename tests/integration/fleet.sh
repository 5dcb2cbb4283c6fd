#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: hundreds of webhooks go out of one process, in order and each once, at a cost that one core bears, in memory that hardly grows with their number.
# Method: fleet_load with 1, 100 and 400 receivers on a real broker; ratios of CPU and memory, no time by the clock.
# Usage: fleet.sh KETENWACHT PROJECT FLEET_LOAD [RATE SECONDS]; prints one line of figures for each.
set -uo pipefail

ketenwacht=$1
project=$2 load=$3
rate=${4:-5000} seconds=${5:-10}
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export PROJECT_ROOT=$project
readonly a_core=5000 # deliveries that a second of CPU must pay for
readonly grown_mb=20 # that 400 inboxes without work may take beyond one
failed=0
folder=$fixture_dir/config

mkdir "$folder"
{
        printf 'organisations:\n  - {id: gi-jbn, kind: gi, name: JBN}\n  - {id: operators, kind: operators, name: Beheer}\n'
        for ((i = 1000; i < 1400; i++)); do printf '  - {id: gm%d, kind: municipality, name: Gemeente %d, region: noord}\n' "$i" "$i"; done
        printf 'regions:\n  - {id: noord, name: Noord}\n'
} >"$folder/organisations.yaml"

# run RECEIVERS RATE SECONDS: leaves its figures in $figures.
run() {
        figures=$("$load" "$ketenwacht" "$folder" "$@" 2>"$fixture_dir/out")
        status=$?
        figures=$(grep receivers <<<"$figures")
        [ $status -eq 0 ] || { cat "$fixture_dir/out"; tail -3 "$folder/connect.log"; failed=1; }
        echo "$figures"
}
figure() { sed -n "s/.*\"$1\":\([0-9]*\).*/\1/p" <<<"$figures"; }

run 1 20 3
one=$(figure idle_mb)
run 400 100 10
many=$(figure idle_mb)
run 100 "$rate" "$seconds"
[ "$(figure a_cpu_second)" -ge $a_core ] || { echo "a second of CPU pays for less than $a_core deliveries"; failed=1; }
[ $((many - one)) -lt $grown_mb ] || { echo "400 inboxes take $((many - one)) MB more than one"; failed=1; }
exit $failed

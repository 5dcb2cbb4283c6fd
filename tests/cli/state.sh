#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht state` shows one case, masked; counts all of them; says what is left of a case that was forgotten; and
# copies everything to another number of partitions, where nothing is told again. Method: two embedded brokers, one case that
# goes on and one that is over, and the worker once in 2024 and once in 2030.
# Usage: state.sh KETENWACHT CONFIG

ketenwacht=$1
config=$2
schemas=$2/../schemas
failed=0
scratch=$(mktemp -d)
mocks=''
trap 'for p in $mocks; do kill "$p" 2>/dev/null; done; rm -rf "$scratch"' EXIT

over=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0a01
runs=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0a02
nobody=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0a03

# The address of a new embedded broker with a configuration, in $address.
start() {
        "$ketenwacht" mock --config "$1" --schemas "$schemas" >"$2" 2>"$2.errors" &
        mocks="$mocks $!"
        tries=0
        until [ -s "$2" ] || [ "$tries" -ge 300 ]; do
                sleep 0.1
                tries=$((tries + 1))
        done
        address=$(sed -n 's/^{"bootstrap":"\(127\.0\.0\.1:[0-9]*\)","topics":[0-9]*}$/\1/p' "$2")
        [ -n "$address" ] || { echo "mock printed no address:"; cat "$2" "$2.errors"; exit 1; }
}

# row STATUS LINES EXPRESSION ARGUMENTS…: so many lines of the output (errors too) must hold the expression.
row() {
        want_status=$1 want=$2 expression=$3
        shift 3
        "$ketenwacht" "$@" >"$scratch/out" 2>&1
        status=$?
        got=$(grep -Ec "$expression" "$scratch/out")
        if [ "$status" -ne "$want_status" ] || [ "$got" -ne "$want" ]; then
                printf '%s: status %s, expected %s; %s lines with %s, expected %s\n' "$*" "$status" "$want_status" "$got" "$expression" "$want"
                cut -c1-2000 "$scratch/out"
                failed=1
        fi
}

event() { # CASE NUMBER TYPE DATE FIELDS
        printf '{"event":"%s","event_id":"5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c%s","case_id":"%s","source":"gi-jbn",' "$3" "$2" "$1"
        printf '"occurred_at":"%sT10:00:00Z","recorded_at":"%sT10:00:00Z","measure_id":"%s",%s}\n' "$4" "$4" "$1" "$5"
}
started='"kind":"OTS","verdict_date":"2023-02-01","informed_date":"2023-02-01","gi":"gi-jbn","municipality":"gm0014"'
started="$started,\"birth_date\":\"2012-03-04\",\"reference\":\"dossier-77\""
protector='"date":"2023-02-02","worker":"w-1","role":"FIXED","working_with_family":true,"reason":"FIRST"'

# What the project's own rules ask of a measure that ends after a week would fill a page: these have none.
mkdir "$scratch/config" "$scratch/config/protocols"
for file in calendar.yaml organisations.yaml version; do cp "$config/$file" "$scratch/config/"; done
printf 'partitions: 6\nretention: 2 years\n' >"$scratch/config/broker.yaml"
cp "$(dirname "$0")/proef.yaml" "$scratch/config/protocols/"
cp -r "$scratch/config" "$scratch/other"
sed -i 's/^partitions: 6/partitions: 4/' "$scratch/other/broker.yaml"
{
        event $over 0b01 measure-started 2023-02-01 "$started"
        event $over 0b02 protector-assigned 2023-02-02 "$protector"
        event $over 0b03 measure-ended 2023-03-01 '"date":"2023-03-01","reason":"EXPIRED"'
        event $runs 0b04 measure-started 2023-02-01 "$started"
} >"$scratch/events"

row 2 1 'say show, stats, copy or repair' state
row 2 1 'say show, stats, copy or repair' state show stats
row 2 1 'say which case: --case ID' state show
row 2 1 "'0014' is no case_id" state show --case 0014
row 2 1 'goes with show' state stats --clear
row 2 1 'goes with stats' state show --case $over --format text
row 2 1 'none of json and text' state stats --format csv
row 2 1 'say from where: --from DIR' state copy
row 2 1 'goes with copy' state stats --from "$config"
row 2 1 'goes with repair' state stats --apply
row 2 1 'go together' state repair --apply
row 2 1 'go together' state repair --reason x
row 0 1 'state show --case ID' state --help

start "$scratch/config" "$scratch/mock"
first=$address
start "$scratch/other" "$scratch/mock2"
second=$address
at() { # BROKER CONFIG COMMAND…
        set_bootstrap=$1 set_config=$2
        shift 2
        row "$@" --bootstrap "$set_bootstrap" --config "$set_config" --schemas "$schemas"
}

at "$first" "$scratch/config" 1 1 'is not known to the broker' state show --case $over
at "$first" "$scratch/config" 0 7 '"cases":0,"closed":0,"facts":0.*"version":null' state stats
at "$first" "$scratch/config" 0 1 '"published":4' publish "$scratch/events"
at "$first" "$scratch/config" 0 1 '"facts":4' rules --once --now 2024-03-01T12:00:00+01:00

# One case: as it stands, without what is personal; and with it.
at "$first" "$scratch/config" 0 3 '"row":"fact"' state show --case $over
at "$first" "$scratch/config" 0 1 '"event":"measure-started".*"birth_date":null,"reference":null' state show --case $over
at "$first" "$scratch/config" 0 1 '"birth_date":"2012-03-04","reference":"dossier-77"' state show --case $over --clear
at "$first" "$scratch/config" 0 2 '"row":"alert".*"norm":"protector".*"open":true' state show --case $runs
at "$first" "$scratch/config" 0 0 'dossier' state show --case $runs

# All of them.
at "$first" "$scratch/config" 0 6 '^\{"partition":[0-5],.*"version":[1-9]' state stats
at "$first" "$scratch/config" 0 1 '^\{"partition":"all","cases":2,"closed":0,"facts":4,"announcements":0,"alerts":2,"open_alerts":2,"copies":2,' state stats
at "$first" "$scratch/config" 0 1 '"all".*"fact":\{"rows":4,"key_bytes":132,' state stats
at "$first" "$scratch/config" 0 1 '^ +all +2 +0 +4 ' state stats --format text
row 2 1 'was written with 6 partitions, and broker.yaml says 4' state stats --bootstrap "$first" --config "$scratch/other" --schemas "$schemas"

# Forgotten: one row is left of it.
at "$first" "$scratch/config" 0 1 '"told":0' rules --once --now 2030-01-01T12:00:00+01:00
at "$first" "$scratch/config" 0 1 "\"key\":\"$over/x/.*\"row\":\"closed\",\"value\":\{\"day\":\"2030-01-01\"" state show --case $over
at "$first" "$scratch/config" 0 0 '"row":"(fact|alert|copy)"' state show --case $over
at "$first" "$scratch/config" 0 1 '"partition":"all","cases":1,"closed":1,"facts":1,.*"tombstones":[4-9],' state stats
at "$first" "$scratch/config" 1 1 "was closed on 2030-01-01" explain --case $over

# Elsewhere, in four partitions: the same state, and nothing is told again; what comes for a closed case is kept, and its source told. The embedded
# broker does not remember what was read: all events come along, and count once.
checksum=$("$ketenwacht" state stats --bootstrap "$first" --config "$scratch/config" --schemas "$schemas" |
        sed -n 's/.*"all".*"checksum":"\([0-9a-f]*\)".*/\1/p')
at "$second" "$scratch/other" 0 1 '"partitions":4,"events":4' state copy --from "$scratch/config" --from-bootstrap "$first"
at "$second" "$scratch/other" 0 1 "\"all\".*\"cases\":1,\"closed\":1,.*\"checksum\":\"$checksum\"" state stats
at "$second" "$scratch/other" 1 1 'is in use already' state copy --from "$scratch/config" --from-bootstrap "$first"
at "$second" "$scratch/config" 2 1 'name the same case-state' state copy --from "$scratch/config" --from-bootstrap "$second"
event $over 0b05 protector-assigned 2023-02-03 "$protector" >"$scratch/late"
at "$second" "$scratch/other" 0 1 '"published":1' publish "$scratch/late"
at "$second" "$scratch/other" 0 1 '"facts":0,"told":0,"dead":4' rules --once --now 2030-01-01T12:00:00+01:00
at "$second" "$scratch/other" 0 2 '"row":"alert".*"open":true' state show --case $runs
at "$second" "$scratch/other" 0 4 '"kw-code":"CASE_CLOSED"' tail dead-letters --until-end
at "$second" "$scratch/other" 0 4 '"event":"event-refused".*"code":"CASE_CLOSED"' tail inbox.gi-jbn --until-end
exit $failed

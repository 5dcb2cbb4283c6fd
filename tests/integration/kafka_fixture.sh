# SPDX-License-Identifier: EUPL-1.2
#
# For bash scripts that try the program against a real broker: sourced, not run. Holds no product logic.
#
#   . tests/integration/kafka_fixture.sh
#   fixture_broker
#   wait_for 10 "the worker's state" test -s "$fixture_dir/state"
#
# Sets $fixture_dir, a folder that goes when the script ends, and $fixture_name, a word that no other run has, for topics,
# groups and transactional ids. Processes started here with & are ended as well, each by its number.

fixture_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
fixture_dir=$(mktemp -d)
fixture_name=t$(date +%s)-$$
fixture_own_broker=''

fixture_end() {
        local process
        for process in $(jobs -p); do
                kill "$process" 2>/dev/null || true # it may have ended already
                wait "$process" 2>/dev/null || true # its status is that of our kill
        done
        [ -z "$fixture_own_broker" ] || "$fixture_root/ops/kafka" stop --dir "$fixture_dir/kafka"
        rm -rf "$fixture_dir"
}
trap fixture_end EXIT

# Leaves the address in KETENWACHT_TEST_BOOTSTRAP: the caller's broker when it names one, else one of our own.
fixture_broker() {
        [ -z "${KETENWACHT_TEST_BOOTSTRAP-}" ] || return 0
        fixture_own_broker=yes
        KETENWACHT_TEST_BOOTSTRAP=$("$fixture_root/ops/kafka" start --port 0 --dir "$fixture_dir/kafka") || return 1
        export KETENWACHT_TEST_BOOTSTRAP
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds; after that time says that WHAT did not come, and fails.
wait_for() {
        local deadline=$((SECONDS + $1)) what=$2
        shift 2
        until "$@"; do
                if [ "$SECONDS" -ge "$deadline" ]; then
                        echo "waited in vain for $what: $*" >&2
                        return 1
                fi
                sleep 0.05
        done
}

# fixture_row STATUS EXPRESSION FOLDER COMMAND…: $ketenwacht with this configuration; a line of what it says holds the expression. What is
# otherwise is printed, and sets failed.
fixture_row() {
        local want=$1 expression=$2 folder=$3 status
        shift 3
        "$ketenwacht" "$@" --config "$folder" --schemas "$fixture_root/schemas" >"$fixture_dir/out" 2>&1
        status=$?
        [ $status -eq "$want" ] && grep -Eq "$expression" "$fixture_dir/out" && return
        printf '%s: status %s, expected %s and %s\n' "$*" $status "$want" "$expression"
        tail -5 "$fixture_dir/out" | cut -c1-3000
        failed=1
        return 1
}

# fixture_configuration FOLDER PREFIX PARTITIONS: a municipality, a GI and the operators in one region, and the protocol of tests/cli.
fixture_configuration() {
        mkdir -p "$1/protocols"
        cp "$fixture_root/config/calendar.yaml" "$1/"
        cp "$fixture_root/tests/cli/proef.yaml" "$1/protocols/"
        echo 5 >"$1/version"
        printf 'prefix: %s.\npartitions: %s\n' "$2" "$3" >"$1/broker.yaml"
        cat >"$1/organisations.yaml" <<'END'
organisations:
  - {id: gm0001, kind: municipality, name: Een, region: noord}
  - {id: gi-a, kind: gi, name: A}
  - {id: operators, kind: operators, name: Beheer}
regions:
  - {id: noord, name: Noord}
END
}

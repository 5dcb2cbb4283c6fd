#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: a connector that an operator paused stands still, over its restarts, and says so wherever one looks; resumed, it does everything once.
# Method: a webhook and gi-http on a real broker, paused before they run and while they run; what the receiver got, readyz, status and audit.
# Usage: pause.sh KETENWACHT PROJECT TOPIC_TOOL
set -uo pipefail

ketenwacht=$1
project=$2 topic_tool=$3
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP
readonly wait_s=60
failed=0
folder=$fixture_dir/config hook=$fixture_dir/hook.yaml door=$fixture_dir/door.yaml

row() { fixture_row "$1" "$2" "$folder" "${@:3}"; }
stands() { "$ketenwacht" tail "$1" --until-end --config "$folder" --schemas "$project/schemas"; }
calls() { wc -l <"$fixture_dir/calls"; }
called() { [ "$(calls)" -ge "$1" ]; }
says() { grep -q "$1" "$fixture_dir/$2.log"; }
delivered() { [ "$(stands deliveries | grep -c '"outcome":"DELIVERED"')" -eq "$1" ]; }

# begin NAME FILE: starts the connector, and leaves its process in $process and the port of its metrics in $port.
begin() {
        "$ketenwacht" connect "$2" --metrics 0 --config "$folder" --schemas "$project/schemas" 2>"$fixture_dir/$1.log" &
        process=$!
        wait_for $wait_s "the port of $1" says health-listens "$1" || exit 1
        port=$(sed -n 's/.*"health-listens".*"port":\([0-9]*\).*/\1/p' "$fixture_dir/$1.log")
}

end() {
        kill "$1"
        wait "$1" || { echo "a connector that is paused ended with $?"; failed=1; }
}

# Does what the rest says by HTTP: prints status, Retry-After and body.
http() { # METHOD ADDRESS TOKEN BODY
        python3 - "$@" <<'CLIENT'
import sys, urllib.error, urllib.request
method, address, token, body = sys.argv[1:]
request = urllib.request.Request("http://127.0.0.1:" + address, body.encode() or None, method=method,
                                 headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"})
try:
    answer = urllib.request.urlopen(request)
except urllib.error.HTTPError as e:
    answer = e
print(answer.status, answer.headers.get("Retry-After"), answer.read().decode())
CLIENT
}
answers() { # EXPRESSION and what http() takes
        http "${@:2}" >"$fixture_dir/answer"
        grep -Eq "$1" "$fixture_dir/answer"
}
expect() {
        answers "$@" && return
        echo "expected $1 of ${*:2:2}: $(head -c 500 "$fixture_dir/answer")"
        failed=1
}

events() { # FIRST LAST: each a case of its own, the first of which is told to the municipality
        local i id
        for ((i = $1; i <= $2; i++)); do
                id=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0$i
                printf '{"event":"measure-started","event_id":"%s","case_id":"%s","source":"gi-a","occurred_at":"2023-02-01T10:00:00Z",' "$id" "$id"
                printf '"recorded_at":"2023-02-01T10:00:00Z","measure_id":"%s","kind":"OTS","verdict_date":"2023-02-01",' "$id"
                printf '"informed_date":"2023-02-01","gi":"gi-a","municipality":"gm0001"}\n'
        done >"$fixture_dir/events"
}

fixture_configuration "$folder" "$fixture_name" 2
cat >"$fixture_dir/receiver.py" <<'RECEIVER'
import http.server, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1] + "/calls", "a") as calls:
            calls.write(self.headers["Idempotency-Key"] + "\n")
        self.send_response(204)
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
open(sys.argv[1] + "/port", "w").write(str(server.server_port))
server.serve_forever()
RECEIVER
: >"$fixture_dir/calls"
python3 "$fixture_dir/receiver.py" "$fixture_dir" &
wait_for $wait_s "the receiver" test -s "$fixture_dir/port" || exit 1
printf 'connector: webhook\norganisation: gm0001\nurl: http://127.0.0.1:%s/\n' "$(<"$fixture_dir/port")" >"$hook"
printf 'connector: gi-http\nlisten: 127.0.0.1:0\ntokens: {gi-a: {env: TOKEN_OF_GI_A}}\n' >"$door"
token=0123456789abcdef0123456789abcdef

row 1 '^make ' check --broker
row 0 ' 0 refused$' topics apply
row 0 ' 0 to make or change, 0 refused$' check --broker
events 100 107
row 0 '"published":8' publish "$fixture_dir/events"
row 0 '"told":[1-9]' rules --once --now 2023-02-20T12:00:00+01:00

# Paused before it ever ran, and restarted: nothing goes out, and everybody who asks is told.
row 1 'hook is not paused, and was not stopped' connect --resume "$hook"
row 0 '^\{"paused":"hook"\}$' connect --pause "$hook" --reason "gm0001 verhuist zijn systeem"
row 1 'hook is paused already, since .* by .*: gm0001 verhuist zijn systeem' connect --pause "$hook" --reason "nog eens"
for round in one two; do
        begin "$round" "$hook"
        wait_for $wait_s "the inbox of a paused connector" says '"connect-assigned".*"parts":[1-9]' "$round" || failed=1
        says '"connect-halted".*"connector":"hook".*"reason":"gm0001 verhuist zijn systeem"' "$round" || { echo "the log says no pause"; failed=1; }
        wait_for $wait_s "readyz" answers '^200 None \{"status":"ready","reasons":\[\],"notes":\[\{"code":"paused"' GET "$port/readyz" '' '' || failed=1
        expect 'ketenwacht_connect_paused 1' GET "$port/metrics" '' ''
        row 1 '"code":"PAUSED","about":"hook".*"paused":\[\{"connector":"hook","since":"2[^"]*","by":"[^"]+","reason":"gm0001 verhuist zijn systeem"\}\]' \
                status --json
        [ $round = two ] || end $process
done
hook_process=$process
row 1 '^paused: hook since [^,]*, by .*: gm0001 verhuist zijn systeem$' status
events 108 115
row 0 '"published":8' publish "$fixture_dir/events"
row 0 '"told":[1-9]' rules --once --now 2023-02-20T12:00:00+01:00
told=$(stands inbox.gm0001 | wc -l)
[ "$(calls)" -eq 0 ] || { echo "a paused connector delivered $(calls)"; failed=1; }
[ "$told" -gt 16 ] || { echo "only $told wait"; failed=1; }

# Resumed: everything once, in order (each case by itself, as its offsets stand), by the process that runs.
row 0 '^\{"resumed":"hook","paused_since":"2[^"]*"\}$' connect --resume "$hook" --reason "is klaar"
wait_for $wait_s "all deliveries" delivered "$told" || failed=1
[ "$(sort -u "$fixture_dir/calls" | wc -l)" -eq "$told" ] && [ "$(calls)" -eq "$told" ] || { echo "$(calls) calls for $told records"; failed=1; }
says '"connect-goes-on".*"connector":"hook","reason":"is klaar"' two || { echo "the log says no resumption"; failed=1; }
row 0 '"action":"PAUSE","object":"connector/hook","result":"DONE","reason":"gm0001 verhuist zijn systeem"' tail audit --until-end
row 0 '"action":"RESUME","object":"connector/hook","result":"DONE","reason":"is klaar"' tail audit --until-end
[ "$(stands audit | wc -l)" -eq 2 ] || { echo "audit has more than what was done"; failed=1; }
end $hook_process

# Nothing waits, and whoever asks the broker alone sees so: behind the last record stands the marker of its transaction.
lag=$("$topic_tool" "$KETENWACHT_BOOTSTRAP" lag "$fixture_name.ketenwacht-connect-hook" "$fixture_name.inbox.gm0001")
[[ $lag =~ ^0\ of\ [1-9] ]] || { echo "the group of what delivered everything lags $lag"; failed=1; }

# gi-http, while it runs; who gives the order needs no token of it.
events 116 116
TOKEN_OF_GI_A=$token begin door "$door"
address=$(sed -n 's/.*"connect-listens".*:\([0-9]*\)".*/\1/p' "$fixture_dir/door.log")
expect '^202 ' POST "$address/events/measure-started" $token "$(<"$fixture_dir/events")"
row 0 '^\{"paused":"door"\}$' connect --pause "$door" --reason onderhoud
wait_for 10 "a pause that is seen within seconds" \
        answers '^503 60 .*"code":"PAUSED"' POST "$address/events/measure-started" $token "$(<"$fixture_dir/events")" || failed=1
row 0 '^\{"resumed":"door","paused_since":' connect --resume "$door"
wait_for 10 "that it takes again" answers '^202 ' POST "$address/events/measure-started" $token "$(<"$fixture_dir/events")" || failed=1
fixture_row 1 '"paused":\[\]' "$folder" status --json
end $process

[ $failed -eq 0 ] || tail -n 3 "$fixture_dir"/*.log | cut -c1-500
exit $failed

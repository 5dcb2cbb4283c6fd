#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `status` says of a real broker what waits, for whom, and what is wrong, whoever of the readers is gone.
# Method: a small chain of which first nothing runs, then the worker did, then a webhook does, then its target is gone; each step with what
# must be said and the exit status. Behind everything that the worker wrote stands the marker of its transaction, for which nobody waits.
# Usage: status.sh KETENWACHT PROJECT
set -uo pipefail

ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP
failed=0
folder=$fixture_dir/config
case_id=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0c01

# row STATUS EXPRESSION COMMAND…
row() {
        fixture_row "$1" "$2" "$folder" "${@:3}"
}

# says EXPRESSION: whatever the exit status.
says() {
        "$ketenwacht" status --json --late 0 --config "$folder" --schemas "$project/schemas" >"$fixture_dir/says" 2>&1
        grep -Eq "$1" "$fixture_dir/says"
}

event() { # NUMBER TYPE DATE FIELDS
        printf '{"event":"%s","event_id":"5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c%s","case_id":"%s","source":"gi-a",' "$2" "$1" "$case_id"
        printf '"occurred_at":"%sT10:00:00Z","recorded_at":"%sT10:00:00Z","measure_id":"%s",%s}\n' "$3" "$3" "$case_id" "$4"
}

fixture_configuration "$folder" "$fixture_name" 2
# Answers what the file says; begins with 204.
echo 204 >"$fixture_dir/answer"
cat >"$fixture_dir/receiver.py" <<'RECEIVER'
import http.server, sys
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(int(open(sys.argv[1]).read()))
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
open(sys.argv[2], "w").write(str(server.server_port))
server.serve_forever()
RECEIVER

event 0c11 measure-started 2023-02-01 \
        '"kind":"OTS","verdict_date":"2023-02-01","informed_date":"2023-02-01","gi":"gi-a","municipality":"gm0001"' >"$fixture_dir/first"
event 0c12 measure-ended 2023-03-01 '"date":"2023-03-01","reason":"EXPIRED"' >"$fixture_dir/second"

# No topics, then nobody who reads: both are said. Nothing waits, so nothing is late.
row 1 '"NO_TOPIC"' status --json
row 0 ' 0 refused$' topics apply
row 1 '^\{"at":"[^"]*","ok":false,"problems":\[\{"code":"NO_OWNER","about":"ketenwacht-rules","problem":"[^"]*"\}\],' status --json
row 0 '"published":1' publish "$fixture_dir/first"
row 1 '"group":"ketenwacht-rules","kind":"rules","members":0,[^[]*"waiting":1,"oldest_seconds":[0-9]+,"parts":\[\{"topic":"measure-started"' status --json

# Read and told: nothing waits for the workers, and inboxes wait for somebody. What waits is what tail shows, without markers.
row 0 '"told":[1-9]' rules --once --now 2023-02-20T12:00:00+01:00
row 1 '"group":"ketenwacht-rules","kind":"rules",[^[]*"waiting":0,"parts":\[\]' status --json
row 1 '"open_alerts":\{"gi-a":1,"gm0001":1\}.*"dead_letters":\{\},"version":5,"versions":\[(5,5|5,null|null,5)\]' status --json
waiting=$("$ketenwacht" tail inbox.gm0001 --until-end --config "$folder" --schemas "$project/schemas" | wc -l)
row 1 "\"not_collected\":\[.*\"organisation\":\"gm0001\",\"waiting\":$waiting,\"oldest_seconds\":" status --json

# A webhook collects: at the end of its inbox stands a marker, and nothing waits.
python3 "$fixture_dir/receiver.py" "$fixture_dir/answer" "$fixture_dir/port" &
wait_for 10 "the receiver" test -s "$fixture_dir/port" || exit 1
printf 'connector: webhook\norganisation: gm0001\nurl: http://127.0.0.1:%s/\n' "$(<"$fixture_dir/port")" >"$fixture_dir/webhook-gm0001.yaml"
"$ketenwacht" connect "$fixture_dir/webhook-gm0001.yaml" --config "$folder" --schemas "$project/schemas" 2>"$fixture_dir/connect.log" &
connector=$!
wait_for 30 "nothing waits for the webhook" \
        says '"group":"ketenwacht-connect-webhook-gm0001","kind":"connector","members":1,"partitions":2,"unowned":0,"waiting":0,' || failed=1

# What an organisation writes itself waits for admission, also when that never ran.
event 0c13 measure-ended 2023-03-01 '"date":"2023-03-01","reason":"EXPIRED"' >"$fixture_dir/own"
row 0 '"published":1' publish "$fixture_dir/own" --as gi-a
wait_for 30 "that nobody reads the outbox" says '"code":"NOT_ADMITTED","about":"gi-a".*"not_admitted":\[\{"organisation":"gi-a","waiting":1,' || failed=1
echo 'connector: admission' >"$fixture_dir/admission.yaml"
"$ketenwacht" connect "$fixture_dir/admission.yaml" --config "$folder" --schemas "$project/schemas" 2>"$fixture_dir/admission.log" &
wait_for 30 "nothing waits for admission" \
        says '"group":"ketenwacht-connect-admission","kind":"connector","members":1,"partitions":[1-9][0-9]*,"unowned":0,"waiting":0,.*"not_admitted":\[\]' ||
        failed=1
row 0 '"event_id":"5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0c13"' tail measure-ended --until-end

# Its target is gone: the delivery is stopped, and the record waits.
echo 410 >"$fixture_dir/answer"
row 0 '"published":1' publish "$fixture_dir/second"
row 0 '"told":[1-9]' rules --once --now 2023-03-02T12:00:00+01:00
wait_for 30 "the stop" \
        says '"code":"STOPPED","about":"webhook-gm0001".*"stopped":\[\{"connector":"webhook-gm0001","since":"[^"]*","inbox_offset":[0-9]+\}\]' || failed=1

# And now the connector itself: only the broker knows that it was ever there.
kill "$connector"
wait "$connector" 2>/dev/null
wait_for 30 "that nobody reads for the webhook" says '"code":"NO_OWNER","about":"ketenwacht-connect-webhook-gm0001"' || failed=1

# A broker that is not there is no verdict.
row 3 'no answer' status --bootstrap 127.0.0.1:1

[ $failed -eq 0 ] || tail -3 "$fixture_dir/connect.log" | cut -c1-500
exit $failed

#!/bin/bash
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: dead letters are shown, judged anew and sent again exactly once, also by who is killed in the midst; those of a delivery go to their
# connector alone.
# Method: a worker that does not know a source yet refuses its events; its configuration is mended, and they are sent again by a process that is
# killed -9 after its first transaction. Then two webhooks read one inbox, the receiver of one of them refuses.
# Usage: letters.sh KETENWACHT PROJECT
set -uo pipefail

ketenwacht=$1
project=$2
. "$project/tests/integration/kafka_fixture.sh"
fixture_broker || exit 1
export KETENWACHT_BOOTSTRAP=$KETENWACHT_TEST_BOOTSTRAP
readonly events=24 wait_s=60
failed=0
before=$fixture_dir/before after=$fixture_dir/after

# count WANT WHAT COMMAND…: so many lines.
count() {
        local want=$1 what=$2 lines
        shift 2
        lines=$("$@" 2>"$fixture_dir/errors" | wc -l)
        [ "$lines" -eq "$want" ] && return
        printf '%s: %s, expected %s\n' "$what" "$lines" "$want"
        head -3 "$fixture_dir/errors"
        failed=1
}

stands() { "$ketenwacht" tail "$1" --until-end --config "$after" --schemas "$project/schemas"; }
letters() { "$ketenwacht" dead-letters "$@" --config "$after" --schemas "$project/schemas"; }
sent_once() { stands measure-started | grep '"kw-redriven":"1"' | grep -o '"event_id":"[^"]*"' | sort | uniq -c | grep ' 1 '; }
some_sent() { [ "$(stands audit | wc -l)" -gt 0 ]; }
calls() { grep -c "^$1 $2" "$fixture_dir/calls"; }
called() { [ "$(calls "$1" "$2")" -ge "$3" ]; }
delivered() { [ "$(stands deliveries | grep -c "$1")" -ge "$2" ]; }

fixture_configuration "$before" "$fixture_name" 2
fixture_configuration "$after" "$fixture_name" 2
sed -i 's/^  - {id: gi-a, .*/&\n  - {id: gi-b, kind: gi, name: B}/' "$after/organisations.yaml"
echo 6 >"$after/version"
for ((i = 100; i < 100 + events; i++)); do
        id=5f0e2f0a-54cf-4b0a-9d0e-3a1f3d5c0$i
        printf '{"event":"measure-started","event_id":"%s","case_id":"%s","source":"gi-b","occurred_at":"2023-02-01T10:00:00Z",' "$id" "$id"
        printf '"recorded_at":"2023-02-01T10:00:00Z","measure_id":"%s","kind":"OTS","verdict_date":"2023-02-01",' "$id"
        printf '"informed_date":"2023-02-01","gi":"gi-b","municipality":"gm0001"}\n'
done >"$fixture_dir/events"

# A source that the worker does not know: all are refused, and stay as long as nothing is mended.
fixture_row 0 ' 0 refused$' "$after" topics apply
fixture_row 0 "\"published\":$events," "$after" publish "$fixture_dir/events"
fixture_row 0 "\"dead\":$events" "$before" rules --once --now 2023-02-02T12:00:00+01:00
fixture_row 1 "\"would_be_sent\":0,\"already_sent\":0,\"refused\":\{\"UNKNOWN_ORGANISATION\":$events\}" "$before" dead-letters replay --dry-run
count $events "letters of the code" letters list --json --code UNKNOWN_ORGANISATION --organisation gi-b --topic measure-started --stage check
count 0 "letters of another code" letters list --code BAD_VALUE
count 0 "letters of a delivery" letters list --stage deliver
count 3 "letters within the limit" letters list --json --limit 3
fixture_row 0 "$((events - 3)) more; say --limit" "$after" dead-letters list --json --limit 3
fixture_row 0 '^\{"letter":"0/0",.*"code":"UNKNOWN_ORGANISATION","stage":"check","topic":"measure-started",.*"now":"ACCEPTED"\}$' "$after" dead-letters show 0/0
fixture_row 2 'needs a --reason' "$after" dead-letters show 0/0 --value
fixture_row 2 'needs a --reason' "$after" dead-letters replay
fixture_row 2 "did you mean 'gi-b'" "$after" dead-letters list --organisation gi-bb
fixture_row 1 'has no letter 0/999999' "$after" dead-letters show 999999

# Mended. A dry run sends nothing; then it is killed after its first transaction, and run again.
fixture_row 0 "\"would_be_sent\":$events,\"already_sent\":0,\"refused\":\{\}" "$after" dead-letters replay --dry-run
count $events "what a dry run leaves" stands measure-started
"$ketenwacht" dead-letters replay --reason proef --per-second 2 --config "$after" --schemas "$project/schemas" >"$fixture_dir/killed" 2>&1 &
killed=$!
wait_for $wait_s "the first transaction" some_sent || failed=1
kill -9 $killed
wait $killed 2>/dev/null
[ -s "$fixture_dir/killed" ] && echo "it ended before it was killed" && failed=1
fixture_row 0 "\"letters\":$events,\"sent\":[1-9][0-9]*,\"already_sent\":[1-9][0-9]*,\"refused\":\{\}" "$after" dead-letters replay --reason proef
count $events "events that were sent again once" sent_once
count $((2 * events)) "all that stands there" stands measure-started
count $events "acts in audit" stands audit
fixture_row 0 "\"sent\":0,\"already_sent\":$events" "$after" dead-letters replay --reason "nog eens"
fixture_row 0 "\"facts\":$events,.*\"dead\":0" "$after" rules --once --now 2023-02-20T12:00:00+01:00
fixture_row 0 '"action":"REDRIVE","object":"dead-letters/0/0@[0-9]+","result":"DONE","reason":"proef"' "$after" tail audit --until-end
fixture_row 0 '"sent_again":"2' "$after" dead-letters list --json

# The value of a letter is seen only with a reason, which stands in audit first.
fixture_row 0 '"event":"measure-started","value":\{"event_id":' "$after" dead-letters show 0/0 --value --reason "vraag van gi-b"
fixture_row 0 '"action":"VIEW_PERSONAL","object":"dead-letters/0/0@[0-9]+","result":"DONE","reason":"vraag van gi-b"' "$after" tail audit --until-end

# Two connectors of one inbox: what the receiver of one refused goes to that one again, and to nobody else.
cat >"$fixture_dir/receiver.py" <<'RECEIVER'
import http.server, sys
folder = sys.argv[1]
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status = int(open(folder + self.path).read())
        with open(folder + "/calls", "a") as calls:
            calls.write("%s %d %s\n" % (self.path, status, self.headers["Idempotency-Key"]))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Receiver)
open(folder + "/port", "w").write(str(server.server_port))
server.serve_forever()
RECEIVER
: >"$fixture_dir/calls"
echo 400 >"$fixture_dir/a"
echo 204 >"$fixture_dir/b"
python3 "$fixture_dir/receiver.py" "$fixture_dir" &
wait_for $wait_s "the receiver" test -s "$fixture_dir/port" || exit 1
told=$(stands inbox.gm0001 | wc -l)
[ "$told" -gt 0 ] || failed=1
for name in a b; do
        printf 'connector: webhook\nname: hook-%s\norganisation: gm0001\nurl: http://127.0.0.1:%s/%s\n' $name "$(<"$fixture_dir/port")" $name \
                >"$fixture_dir/$name.yaml"
        "$ketenwacht" connect "$fixture_dir/$name.yaml" --config "$after" --schemas "$project/schemas" 2>"$fixture_dir/connect-$name.log" &
done
wait_for $wait_s "all refusals" delivered '"outcome":"REFUSED"' "$told" || failed=1
wait_for $wait_s "all deliveries of the other" delivered '"outcome":"DELIVERED"' "$told" || failed=1
echo 204 >"$fixture_dir/a"
fixture_row 0 "\"would_be_sent\":$told,\"already_sent\":0,\"refused\":\{\}" "$after" dead-letters replay --stage deliver --organisation gm0001 --dry-run
fixture_row 0 "\"sent\":$told,\"already_sent\":0,\"refused\":\{\}" "$after" dead-letters replay --stage deliver --reason "gm0001 heeft het hersteld"
wait_for $wait_s "the deliveries of what was sent again" delivered '"connector":"hook-a".*"outcome":"DELIVERED"' "$told" || failed=1
[ "$(calls /b '')" -eq "$told" ] || { echo "the other connector was called $(calls /b '') times, not $told"; failed=1; }
[ "$(grep '^/a' "$fixture_dir/calls" | cut -d' ' -f3 | sort | uniq -c | grep -c ' 2 ')" -eq "$told" ] || { echo "not the same keys twice each"; failed=1; }
count "$told" "what stands in the inbox" stands inbox.gm0001
fixture_row 0 '"connector":"hook-a".*"outcome":"PARKED","status":null,"attempts":0,"reason":"sent again by [^:"]*: gm0001 heeft het hersteld"' "$after" \
        tail deliveries --until-end

[ $failed -eq 0 ] || tail -n 3 "$fixture_dir"/connect-*.log | cut -c1-500
exit $failed

#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht report` and `explain` know a region that lives without an event, from the first day of its protocol on and not before.
# Method: the region of the cases from practice of which that is configured, and a file that holds nothing but a moment.
# Usage: report.sh KETENWACHT CONFIG

ketenwacht=$1
root=$(dirname "$2")
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
failed=0
twente=4ee53af7-75b2-56a9-aa96-f5019f8df6db

# row STATUS OUTPUT COMMAND ARGUMENTS…: OUTPUT is a pattern of the shell, of the whole stream.
row() {
        want_status=$1 want=$2 command=$3
        shift 3
        out=$("$ketenwacht" "$command" "$@" --config "$root/tests/stories/cases/config" --schemas "$root/schemas" 2>"$work/err")
        status=$?
        # shellcheck disable=SC2254 # the pattern is meant
        case $status:$out in $want_status:$want) ;; *)
                printf '%s %s: status %s, expected %s and\n%s\ninstead of\n%s\n' "$command" "$*" "$status" "$want_status" "$want" "$out"
                cat "$work/err"
                failed=1
                ;;
        esac
}

echo '{"clock":"2029-01-01T00:00:00+01:00"}' >"$work/moment"
row 0 '{"protocol":"twente","norm":"signed","total":2,"in_order":0,"not_in_order":2,*
{"protocol":"twente","norm":"together",*"running":1,*' report norms "$work/moment" --at 2030-04-02T00:00:00+02:00 --format json
row 0 '' report norms "$work/moment" --at 2029-12-31T00:00:00+01:00 --format json
row 0 '*Regio Twente.*
Alle gemeenten hebben getekend: niet gehaald*norm signed, kenmerk gm0153*' explain "$work/moment" --case $twente --at 2030-04-02T00:00:00+02:00
row 1 '*begint op dinsdag 1 januari 2030*' explain "$work/moment" --case $twente --norm together
exit $failed

#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht explain` says all that it says, word for word, and its status says what it could not.
# Method: cases of the worked examples against what was read and found right: a move to another region, a merger with a term
# in hours, a norm that asks nothing, and a deadline as JSON in the middle of the story.
# Usage: explain.sh KETENWACHT CONFIG

ketenwacht=$1
root=$(dirname "$2")
examples=$root/tests/stories/examples
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
failed=0

# row STATUS EXPECTED EXAMPLE ARGUMENTS…: the file that holds what is printed, - for nothing.
row() {
        want_status=$1 want=$2 example=$3
        shift 3
        "$ketenwacht" explain "$examples/$example/events.jsonl" --config "$examples/config" --schemas "$root/schemas" "$@" >"$work/out" 2>"$work/err"
        status=$?
        [ "$want" = - ] && want=/dev/null || want=$root/tests/stories/explain/$want
        if [ $status -ne "$want_status" ] || ! diff "$want" "$work/out"; then
                printf 'explain %s: status %s, expected %s\n' "$*" "$status" "$want_status"
                cat "$work/err"
                failed=1
        fi
}

row 0 moved.txt 05-moved --case 64c188d3-1bba-5277-be45-b2ec809548e2
row 0 merged.txt 08-hours --case 436acfd5-39f9-56e6-af78-c4338b24ae5e
row 0 deadline.json 01-deadline --case 1b15b2de-8ab7-5c72-9d63-9cd08b0efbef --at 2022-10-20T12:00:00+02:00 --json
row 1 unknown-norm.txt 01-deadline --case 1b15b2de-8ab7-5c72-9d63-9cd08b0efbef --norm protector-asigned
row 1 other-region.json 05-moved --case 64c188d3-1bba-5277-be45-b2ec809548e2 --norm protector-fixed --json
row 1 - 01-deadline --case 64c188d3-1bba-5277-be45-b2ec809548e2
row 2 - 01-deadline --case 1b15
row 2 - 01-deadline --case 1b15b2de-8ab7-5c72-9d63-9cd08b0efbef --at gisteren
exit $failed

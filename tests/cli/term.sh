#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht term` prints what it promises, and its exit status says how it went.
# Method: rows of arguments, the expected output (standard output and error together) and the status.
# Usage: term.sh KETENWACHT CONFIG

ketenwacht=$1
config=$2
failed=0

# row STATUS OUTPUT ARGUMENTS…: the output is a pattern of the shell.
row() {
        want_status=$1
        want=$2
        shift 2
        got=$("$ketenwacht" term --config "$config" "$@" 2>&1)
        status=$?
        # shellcheck disable=SC2254 # the pattern is meant
        case $got in
        $want) ;;
        *)
                printf 'term %s\n  printed  %s\n  expected %s\n' "$*" "$got" "$want"
                failed=1
                ;;
        esac
        if [ "$status" -ne "$want_status" ]; then
                printf 'term %s: status %s, expected %s\n' "$*" "$status" "$want_status"
                failed=1
        fi
}

row 0 2020-05-26 2020-05-15 "5 working days"
row 0 2026-02-28 2026-04-30 "-2 months"
row 0 2026-02-28 2026-04-30 -- "-2 months"
row 0 2025-08-28 2008-02-29 "18 years" "-6 months"
row 0 2024-05-09 2024-03-28 "6 weeks" --roll none
row 0 2024-05-13 --roll legal 2024-03-28 "6 weeks"
row 0 2024-05-13 2024-03-28 --roll=legal "6 weeks"
row 0 2023-10-29T21:00:00+01:00 2023-10-28T22:00:00+02:00 "24 hours"
row 0 2022-03-22T20:59:59.500+01:00 2022-03-22T18:59:59.5Z "1 hour"
row 0 "2022-10-11
1 werkdag na maandag 10 oktober 2022: einde dinsdag 11 oktober 2022." 2022-10-10 "1 working day" --explain
row 0 '{"date":"2020-05-26"}' 2020-05-15 "5 working days" --json
row 0 '{"instant":"2023-10-29T21:00:00+01:00"}' 2023-10-28T22:00:00+02:00 "24 hours" --json
row 0 '{"date":"2022-10-11","calculation":{"from":"2022-10-10",*"explanation":"1 werkdag na maandag 10 oktober 2022: einde dinsdag 11 oktober 2022."}' \
        2022-10-10 "1 working day" --explain --json
row 0 "Usage: ketenwacht term DATE STEP*" --help
row 0 "Usage: ketenwacht term DATE STEP*" 2020-05-15 --help

row 2 "ketenwacht term: the term from 2028-12-27 needs a day of 2029, a year that $config/calendar.yaml does not have; list*" 2028-12-27 "5 working days"
row 2 "ketenwacht term: the term from 2016-12-20 needs a day of 2017,*" 2016-12-20 "2 weeks" --roll legal
row 2 "ketenwacht term: the term from 2018-06-01 needs a day of 2018,*" 2018-06-01 "5 working days" --explain --json
row 2 "ketenwacht term: the term from 2150-01-01 leaves the years 1900 to 2200,*" 2150-01-01 "100 years"
row 2 "ketenwacht term: the term from 2000-01-01T00:00:00Z leaves the years 2000 to 2200,*" 2000-01-01T00:00:00Z "-1 hour"
row 2 "ketenwacht term: hours are counted from an instant, not from a day: write the time too,*" 2023-10-28 "24 hours"
row 2 "ketenwacht term: only hours are counted from an instant: write the date alone,*" 2023-10-28T22:00:00+02:00 "1 day"
row 2 "ketenwacht term: a step in hours stands alone:*" 2023-10-28T22:00:00+02:00 "1 hour" "1 day"
row 2 "ketenwacht term: the date is missing;*"
row 2 "ketenwacht term: a step is missing behind 2020-05-15;*" 2020-05-15
row 2 "ketenwacht term: '15-05-2020' is neither a date (YYYY-MM-DD, 1900 to 2200) nor an instant*" 15-05-2020 "1 day"
row 2 "ketenwacht term: '5' has no unit;*put the whole step into quotes*" 2020-05-15 5 working days
row 2 "ketenwacht term: 'wrking days' is no unit of time (did you mean 'working days'?);*" 2020-05-15 "5 wrking days"
row 2 "ketenwacht term: '13 weeks' cannot roll:*" 2020-05-15 "13 weeks" --roll legal
row 2 "ketenwacht term: --roll 'dutch' is unknown; expected 'legal' or 'none'*" 2020-05-15 "1 week" --roll dutch
row 2 "ketenwacht term: no option '--explian' (did you mean '--explain'?)*" 2020-05-15 "1 week" --explian
row 2 "ketenwacht term: the option --roll needs a value*" 2020-05-15 "1 week" --roll
row 2 "ketenwacht term: more than 8 steps*" 2020-05-15 "1 day" "1 day" "1 day" "1 day" "1 day" "1 day" "1 day" "1 day" "1 day"
row 2 "cannot read /nowhere/calendar.yaml: it does not exist*" --config /nowhere 2020-05-15 "1 day"

exit $failed

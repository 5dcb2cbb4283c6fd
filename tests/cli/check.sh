#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht check` answers on standard output, tells every mistake on standard error, and its status says which it was.
# Method: the project's configuration, and a copy with two mistakes in two files.
# Usage: check.sh KETENWACHT CONFIG

ketenwacht=$1
config=$2
schemas=$(dirname "$config")/schemas
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
failed=0

# row STATUS OUTPUT ERRORS ARGUMENTS…: both are patterns of the shell, of the whole stream.
row() {
        want_status=$1
        want_out=$2
        want_err=$3
        shift 3
        "$ketenwacht" check "$@" >"$work/out" 2>"$work/err"
        status=$?
        out=$(cat "$work/out")
        err=$(cat "$work/err")
        # shellcheck disable=SC2254 # the patterns are meant
        case $out in $want_out) ;; *)
                printf 'check %s\n  printed  %s\n  expected %s\n' "$*" "$out" "$want_out"
                failed=1
                ;;
        esac
        # shellcheck disable=SC2254
        case $err in $want_err) ;; *)
                printf 'check %s\n  said     %s\n  expected %s\n' "$*" "$err" "$want_err"
                failed=1
                ;;
        esac
        if [ "$status" -ne "$want_status" ]; then
                printf 'check %s: status %s, expected %s\n' "$*" "$status" "$want_status"
                failed=1
        fi
}

cp -r "$config" "$work/bad"
sed -i 's/starts: referral-issued.date/starts: referral-isued.date/' "$work/bad/protocols/groningen-gi-2022.yaml"
sed -i 's/kind: inspectorate/kind: inspector/' "$work/bad/organisations.yaml"

row 0 'version *: * event types, * organisations, * regions, * protocols, * norms, * routes, * assumed keys
assumed: groningen-gi-2022 valid
*' '' --config "$config" --schemas "$schemas"
row 0 '{"ok":true,"version":*,"event_types":*,"assumed":[[]{"protocol":"groningen-gi-2022","key":"valid"},*}' '' --json --config "$config" --schemas "$schemas"
row 2 '' "$work/bad/organisations.yaml:*: no kind of organisation is called 'inspector' (did you mean 'inspectorate'?)
$work/bad/protocols/groningen-gi-2022.yaml:*:13: no event is called 'referral-isued' (did you mean 'referral-issued'?)*
ketenwacht check: * mistakes in $work/bad and $schemas; correct the lines above" --config "$work/bad" --schemas "$schemas"
row 2 '{"ok":false,"mistakes":*,"lines":[[]"*/organisations.yaml:*}' '*correct the lines above' --json --config "$work/bad" --schemas "$schemas"
row 2 '' "*/none/calendar.yaml*" --config "$work/none" --schemas "$schemas"
row 2 '' "ketenwacht check: takes no argument 'x'; see ketenwacht check --help" x
row 2 '' "ketenwacht check: no option '--jsn', or its value is missing; see ketenwacht check --help" --jsn
row 0 'Usage: ketenwacht check *' '' --help
exit $failed

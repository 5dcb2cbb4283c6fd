#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: what holds for every command: where the folders are when no option says it, and what is said about a command or a folder that is not there.
# Method: rows of an environment, arguments, the expected output (standard output and error together) and the status, in a folder that is empty.
# Usage: command.sh KETENWACHT CONFIG

ketenwacht=$(realpath "$1")
config=$(realpath "$2")
schemas=$(dirname "$config")/schemas
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work" || exit 1
failed=0

# row STATUS OUTPUT [NAME=VALUE…] COMMAND…: the output is a pattern of the shell.
row() {
        want_status=$1
        want=$2
        shift 2
        env=
        while case $1 in *=*) true ;; *) false ;; esac; do
                env="$env $1"
                shift
        done
        # shellcheck disable=SC2086 # words are meant
        got=$(env $env "$ketenwacht" "$@" 2>&1)
        status=$?
        # shellcheck disable=SC2254 # the pattern is meant
        case $got in
        $want) ;;
        *)
                printf '%s ketenwacht %s\n  printed  %s\n  expected %s\n' "$env" "$*" "$got" "$want"
                failed=1
                ;;
        esac
        if [ "$status" -ne "$want_status" ]; then
                printf '%s ketenwacht %s: status %s, expected %s\n' "$env" "$*" "$status" "$want_status"
                failed=1
        fi
}

row 0 "ketenwacht [0-9]*librdkafka [0-9]*libcurl [0-9]*libmicrohttpd [0-9]*jansson [0-9]*libyaml [0-9]*" --version
row 0 "*
built with * [0-9]*, allocator *; Avro is ketenwacht's own (avro-c, [0-9]*" --version
row 0 "ketenwacht [0-9]*" version
# A path that is not there names the nearest that is, or the folder that is not.
both="--config $config --schemas $schemas"
# shellcheck disable=SC2086  # a list of words is meant
{
        row 2 "*config/conectors/x.yaml*there is no folder */config/conectors (did you mean 'connectors'?)*" connect "$config/conectors/x.yaml" $both
        row 2 "*config/connectors/gi-http: *(did you mean 'gi-http.yaml'?)*" connect "$config/connectors/gi-http" $both
        row 2 "*conf/calendar.yaml: *there is no folder */conf (did you mean 'config'?)*" check --config "$config/../conf"
        row 2 "*cannot read */schema: * (did you mean 'schemas'?)*" check --config "$config" --schemas "$config/../schema"
        row 2 "*cannot open */LICENS: * (did you mean 'LICENSE'?)" replay "$config/../LICENS" $both
        row 2 "*cannot open /nothing/at/all: No such file or directory; there is no folder /nothing/at" replay /nothing/at/all $both
}
row 2 "*no command 'explian' (did you mean 'explain'?)*" explian
row 2 "*no command '--vesrion' (did you mean '--version'?)*" --vesrion
row 2 "*no option '--hlp' (did you mean '--help'?)*" term --hlp
row 2 "*no 'aply' of topics (did you mean 'apply'?); say plan or apply*" topics aply
row 2 "*no 'stat' of state (did you mean 'stats'?)*" state stat
row 2 "*no event 'measure-strted' (did you mean 'measure-started'?)*" "KETENWACHT_CONFIG=$config" "KETENWACHT_SCHEMAS=$schemas" \
        report norms /dev/null --by measure-strted.kind
row 0 "Usage: ketenwacht term*" help term
row 0 "*listen*" help connect gi-http
row 2 "*no command 'trem' (did you mean 'term'?)*" help trem
row 2 "*no option '--confg' (did you mean '--config'?)*" term --confg x

# The environment stands in for the options, an option goes before it, and an empty variable is none.
row 0 2020-05-26 "KETENWACHT_CONFIG=$config" term 2020-05-15 "5 working days"
row 0 2020-05-26 KETENWACHT_CONFIG=/nowhere term --config "$config" 2020-05-15 "5 working days"
row 0 "*measure-started*" "KETENWACHT_SCHEMAS=$schemas" "KETENWACHT_CONFIG=$config" schema list
row 0 "*" "KETENWACHT_SCHEMAS=$schemas" "KETENWACHT_CONFIG=$config" check
row 2 "*cannot read config/calendar.yaml*" KETENWACHT_CONFIG= term 2020-05-15 "5 working days"

row 2 "*config/calendar.yaml (not there; --config or KETENWACHT_CONFIG says where it is) cannot be used*" term 2020-05-15 "5 working days"
row 2 "*audit says who did what, and of no record of which case it is; ketenwacht trace --case *" \
        tail inbox.gm0014 audit --case 6e3c1d1a-0a3e-4f6e-9a52-6f0c7a110002
row 2 "*the schemas in schemas (not there; --schemas or KETENWACHT_SCHEMAS says where they are) cannot be used*" tail measure-started

# Whoever mistypes a folder is told where it came from.
row 2 "*mistakes in /nowhere (KETENWACHT_CONFIG) and schemas (not there; *); *" KETENWACHT_CONFIG=/nowhere check
row 2 "*/nowhere/calendar.yaml (KETENWACHT_CONFIG) cannot be used*" KETENWACHT_CONFIG=/nowhere term 2020-05-15 "5 working days"
row 2 "*the configuration in $config with the schemas in /nowhere (KETENWACHT_SCHEMAS) *" KETENWACHT_SCHEMAS=/nowhere replay --config "$config" x.jsonl
row 2 "*the schemas in /nowhere (KETENWACHT_SCHEMAS) cannot be used*" KETENWACHT_SCHEMAS=/nowhere tail measure-started
row 2 "*/nowhere/broker.yaml (KETENWACHT_CONFIG)*" "KETENWACHT_SCHEMAS=$schemas" KETENWACHT_CONFIG=/nowhere tail measure-started
row 2 "*the configuration in /nowhere with the schemas in *" KETENWACHT_CONFIG=/elsewhere "KETENWACHT_SCHEMAS=$schemas" replay --config /nowhere x.jsonl

exit $failed

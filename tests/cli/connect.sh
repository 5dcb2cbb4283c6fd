#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
#
# Goal: `ketenwacht connect` says what there is, refuses what cannot be, and its exit status says which.
# Method: rows of arguments without a broker; files of connectors with one mistake each.
# Usage: connect.sh KETENWACHT CONFIG

ketenwacht=$1
config=$2
schemas=$(dirname "$config")/schemas
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
failed=0

# row STATUS OUTPUT ARGUMENTS…: the output, standard output and error together, is a pattern of the shell.
row() {
        want_status=$1
        want=$2
        shift 2
        got=$("$ketenwacht" connect --config "$config" --schemas "$schemas" "$@" 2>&1)
        status=$?
        # shellcheck disable=SC2254 # the pattern is meant
        case $got in
        $want) ;;
        *)
                printf 'connect %s\n  printed  %s\n  expected %s\n' "$*" "$got" "$want"
                failed=1
                ;;
        esac
        if [ "$status" -ne "$want_status" ]; then
                printf 'connect %s: status %s, expected %s\n' "$*" "$status" "$want_status"
                failed=1
        fi
}

# file NAME TEXT
file() {
        printf '%b' "$2" >"$work/$1"
}

unset KETENWACHT_BOOTSTRAP KETENWACHT_TOKEN_GI_JBN KETENWACHT_TOKEN_GI_LJR KETENWACHT_TOKEN_GI_WSS

row 0 'admission *
gi-http *
webhook *' --list
row 0 'admission: *connector: admission*' --help admission
row 0 'Usage: ketenwacht connect FILE*connect check FILE*--pause*--resume*--list*' --help
row 0 'gi-http: *connector: gi-http*in_flight: *answer_within: *listen: *tokens: *' --help gi-http
row 0 'webhook: *organisation: *parallel: *tries: *url: *mode: structured or binary; default structured*' --help webhook
row 2 "*no connector 'webhok' (did you mean 'webhook'?)*" --help webhok
row 2 '*the FILE of a connector is missing*'
row 2 '*one FILE at a time*' a.yaml b.yaml
row 2 '*--try goes with check*' --try "$config/connectors/webhook-gm0014.yaml"
row 0 'webhook-gm0014: webhook, ready to run' check "$config/connectors/webhook-gm0014.yaml"
row 2 '*admission has nothing to try*' check --try "$config/connectors/admission.yaml"
row 2 '*check needs no broker*' check --pause "$config/connectors/webhook-gm0014.yaml"
row 0 '*CREATE TABLE *' ddl "$config/connectors/outbox-table.yaml"
row 2 "*--metrics 'x' is no port*" --metrics x "$config/connectors/gi-http.yaml"
row 2 '*not-there.yaml*' "$work/not-there.yaml"
row 2 '*gi-http.yaml:*: the environment has no variable KETENWACHT_TOKEN_GI_JBN*KETENWACHT_TOKEN_GI_WSS*cannot be used; mend what is said above' \
        "$config/connectors/gi-http.yaml"

file webhook.yaml 'connector: webhook\norganisation: gm0014\nurl: http://gemeente.example/in\nparalel: 3\n'
row 2 "*webhook.yaml:4:1: this connector has no key 'paralel' (did you mean 'parallel'?)*" "$work/webhook.yaml"
file webhook.yaml 'connector: webhook\norganisation: gm0014\nurl: https://gemeente.example/in\ntoken: {file: short.token}\n'
file short.token 'too-short\n'
row 2 '*webhook.yaml:4:15: token: a token has 32 to 256 characters, and one here has 9*' "$work/webhook.yaml"
case $got in *too-short*)
        echo 'connect: a token was printed'
        failed=1
        ;;
esac
file files-in.yaml 'connector: files-in\norganisation: gi-jbn\nfolder: files\n'
row 0 'files-in: files-in, ready to run' check "$work/files-in.yaml"
row 1 '*/files: files cannot be taken from here and moved away: No such file or directory*' check --try "$work/files-in.yaml"
mkdir "$work/files"
row 0 '*/files: files can be taken and moved away*files-in: files-in, ready to run' check --try "$work/files-in.yaml"
[ -z "$(ls -A "$work/files")" ] || { echo 'connect: --try left something in the folder'; failed=1; }
file files-out.yaml 'connector: files-out\norganisation: gm0014\nfolder: files\ncolumns: [event, colour]\n'
row 2 "*no event has a field 'colour'*" check "$work/files-out.yaml"
file webhook.yaml 'connector: webhook\norganisation: gm0014\nurl: http://127.0.0.1:1/in\n'
row 1 '*1 of 1 receivers would not take messages: gm0014: no answer: *' check --try "$work/webhook.yaml"
file webhook.yaml 'connector: webhook\norganisation: gm0014\nurl: http://127.0.0.1:1/in\nauth: oauth2\nclient_id: us\n'
row 2 '*auth: oauth2 needs token_url*' check "$work/webhook.yaml"
row 2 '*--pause needs a --reason: it stands in audit*' --pause "$work/webhook.yaml"
row 2 '*--pause or --resume, not both*' --pause --resume "$work/webhook.yaml" --reason r
row 2 '*--reason goes with --pause and --resume*' "$work/webhook.yaml" --reason r
row 2 '*--metrics is for a connector that runs*' --pause "$work/webhook.yaml" --reason r --metrics 0
exit $failed
